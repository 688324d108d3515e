"""How many events a second a lane judges: 10,000 events under 100 rules, or more.

With ``--calm`` the rules are the workload's over 1,000 keys, stored at once, with
thresholds so far away that no event raises an alert unless it is to; `calm_lane.py`
judges them and says what it measures.

Run it against the databases that DATABASE_URL names, or SQLite in a new directory;
README.md says how to read what it prints. It leaves its rows behind, so give it a
PostgreSQL database of its own.
"""

from __future__ import annotations

import argparse
import cProfile
import json
import os
import pstats
import random
import subprocess
import sys
import tempfile
import time
from datetime import timedelta
from decimal import Decimal
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent.parent))
_data = tempfile.TemporaryDirectory(prefix="bw-bench-")
os.environ.setdefault("BELLWETHER_DATA_DIR", _data.name)
os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings.base")

import django  # noqa: E402

django.setup()

from django.core.management import call_command  # noqa: E402
from django.db import connection  # noqa: E402

from alerts.models import Alert, Delivery  # noqa: E402
from alerts.pipeline import drain_lane  # noqa: E402
from alerts.services import create_output, number_entries  # noqa: E402
from benchmarks.calm import Storing, make_dataset, store_first_values  # noqa: E402
from config.clock import database_now  # noqa: E402
from datasets.models import Dataset  # noqa: E402
from datasets.services import (  # noqa: E402
    Ingest,
    accept_batch,
    is_waiting,
    open_lane,
)
from rules.services import create_rule  # noqa: E402
from workspaces.access import Access, open_for_system  # noqa: E402
from workspaces.models import Workspace  # noqa: E402

SYMBOLS = 60


def main() -> None:
    """Measure once for each size of batch."""
    options = _options()
    call_command("migrate", verbosity=0, interactive=False)
    if options.calm:
        _measure_calm(options)
        return
    for place, size in enumerate(options.batch):
        access = _workspace(f"BENCH{place}_{int(time.time())}")
        dataset = make_dataset(access)
        _make_rules(access, options.rules)
        drain_lane(lane_id=open_lane(dataset).pk)
        accepted = _accept(dataset, options.events, size, random.Random(7))  # noqa: S311
        profile = cProfile.Profile() if options.profile else None
        drained, processor = _drain(dataset, profile)
        numbered = _number(access)
        _print(
            database=connection.vendor,
            batch=size,
            events=options.events,
            rules=options.rules,
            accepted_per_second=round(options.events / accepted),
            drained_per_second=round(options.events / drained),
            drained_per_processor_second=round(options.events / processor),
            numbered_seconds=round(numbered, 2),
            alerts=Alert.objects.filter(workspace=access.workspace).count(),
            deliveries=Delivery.objects.filter(workspace=access.workspace).count(),
        )
        if profile is not None:
            stats = pstats.Stats(profile, stream=sys.stderr)
            stats.sort_stats("cumulative").print_stats(45)


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--events", type=int, default=10_000)
    parser.add_argument("--rules", type=int, default=100)
    parser.add_argument("--batch", type=int, nargs="+", default=[1, 20, 500])
    parser.add_argument("--calm", action="store_true")
    parser.add_argument("--profile", action="store_true")
    return parser.parse_args()


def _measure_calm(options: argparse.Namespace) -> None:
    """Store rules and have another process judge them, whose memory is its own."""
    access = _workspace(f"CALM_{int(time.time())}")
    dataset = make_dataset(access)
    store_first_values(dataset, database_now())
    drain_lane(lane_id=open_lane(dataset).pk)
    began = time.perf_counter()
    Storing(access, dataset, database_now()).store(options.rules)
    stored = time.perf_counter() - began
    sys.stderr.write(f"{options.rules} rules stored in {stored:.0f} s\n")
    connection.close()
    script = Path(__file__).parent / "calm_lane.py"
    arguments = [str(dataset.pk), str(options.rules), str(options.events)]
    sizes = [str(size) for size in options.batch]
    subprocess.run([sys.executable, script, *arguments, *sizes], check=True)  # noqa: S603 - our own script


def _workspace(slug: str) -> Access:
    workspace = Workspace.objects.create(slug=slug, created_at=database_now())
    return open_for_system(workspace=workspace)


def _make_rules(access: Access, count: int) -> None:
    """Make rules on one key each, a tenth of them on any key; all tell one output."""
    slug, now = access.workspace.slug, database_now()
    output = create_output(
        access=access, kind="email", config={"to": "bench@example.com"}, now=now
    )
    for number in range(count):
        key = "*" if number % 10 == 0 else f"S{number % SYMBOLS}"
        definition = {
            "kind": "state" if number % 2 else "signal",
            "name": f"Rule {number}",
            "watch": {"facts": [f"{slug}:PRICES:{key}:price"]},
            "when": {"fact": 0, "op": "lte", "value": 85 + number % 20},
            "outputs": [{"output": output.slug, "at_most_every": "60s"}],
        }
        create_rule(access=access, definition=definition, now=now)


def _accept(dataset: Dataset, events: int, size: int, draw: random.Random) -> float:
    """Store a random walk of each symbol; return the seconds it took."""
    prices = {f"S{number}": Decimal(100) for number in range(SYMBOLS)}
    began, now = time.perf_counter(), database_now()
    for start in range(0, events, size):
        batch = []
        for _ in range(min(size, events - start)):
            symbol = f"S{draw.randrange(SYMBOLS)}"
            prices[symbol] = max(
                Decimal(1), prices[symbol] + Decimal(draw.randrange(-300, 301)) / 100
            )
            volume = draw.randrange(10_000)
            batch.append({"symbol": symbol, "price": prices[symbol], "volume": volume})
        at = now + timedelta(milliseconds=start)
        accept_batch(dataset=dataset, events=batch, ingest=Ingest(), now=at)
    return time.perf_counter() - began


def _drain(dataset: Dataset, profile: cProfile.Profile | None) -> tuple[float, float]:
    """Empty the lane; return the seconds it took, and those of the processor."""
    lane_id = open_lane(dataset).pk
    began, worked = time.perf_counter(), time.process_time()
    if profile is not None:
        profile.enable()
    while is_waiting(lane_id=lane_id):
        drain_lane(lane_id=lane_id)
    if profile is not None:
        profile.disable()
    return time.perf_counter() - began, time.process_time() - worked


def _number(access: Access) -> float:
    began = time.perf_counter()
    number_entries(workspace_id=access.workspace.pk)
    return time.perf_counter() - began


def _print(**measured: object) -> None:
    sys.stdout.write(json.dumps(measured) + "\n")
    sys.stdout.flush()


if __name__ == "__main__":
    main()
