"""How large the database of an installation becomes while only the market trades.

    python benchmarks/market_size.py DIRECTORY [--hours 56] [--kept-hours 48]

Seeds a new installation in an empty directory and lets the simulator trade as fast as
it can: each hour is stored as the fetches of its slots and the drain would have left
it, then the upkeep runs. Once as much goes as comes, the size stays; with fewer
`--kept-hours` that is seen sooner.
"""

from __future__ import annotations

import argparse
import os
import sys
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
START = datetime(2026, 3, 2, tzinfo=UTC)
HOUR = timedelta(hours=1)
#: Between a slot and what its fetch stores.
DELAY = timedelta(milliseconds=123, microseconds=456)

_parser = argparse.ArgumentParser(description=__doc__)
_parser.add_argument("directory", type=Path)
_parser.add_argument("--hours", type=int, default=56)
_parser.add_argument("--kept-hours", type=int, default=48)
WANTED = _parser.parse_args()

# The settings read where to keep the data, and models need the settings.
os.environ["BELLWETHER_DATA_DIR"] = str(WANTED.directory)
os.environ["DJANGO_SETTINGS_MODULE"] = "config.settings.base"
sys.path.insert(0, str(ROOT))

import django  # noqa: E402

django.setup()

from django.core.management import call_command  # noqa: E402

from benchmarks.market_hours import seed, store_hour  # noqa: E402


def main() -> None:
    """Print the size of the database after every hour of the market."""
    call_command("migrate", verbosity=0)
    for line in trade(hours=WANTED.hours, kept=WANTED.kept_hours * HOUR):
        size = sum(one.stat().st_size for one in WANTED.directory.glob("*.sqlite3*"))
        sys.stdout.write(f"{line} {size / 1e6:7.1f} MB\n")
        sys.stdout.flush()


def trade(*, hours: int, kept: timedelta) -> Iterator[str]:
    """Seed, then store hour by hour; yield what was done."""
    begun = time.perf_counter()
    seed(now=START, kept=kept)
    yield f"seeded in {time.perf_counter() - begun:.1f} s"
    for number in range(hours):
        upkeep = store_hour(begin=START + number * HOUR, delay=DELAY)
        yield f"hour {number + 1:3}, upkeep {upkeep:.2f} s"


if __name__ == "__main__":
    main()
