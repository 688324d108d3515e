"""What the processor does for one event that raises very many alerts, step by step.

The event comes into a lane of rules that are in effect and mostly not read yet, and is
drained in this process. On PostgreSQL what its server does for it is said beside.

README.md says how to read what it prints. It leaves its rows behind, so give it a
PostgreSQL database of its own, or none for SQLite in a new directory.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
import time
from collections.abc import Callable
from decimal import Decimal
from pathlib import Path
from types import ModuleType
from typing import Any

sys.path.insert(0, str(Path(__file__).parent.parent))

# The first of all: it names a directory for the data before Django is set up.
from benchmarks.storm import STORM, store_rules  # isort: skip
from django.core.management import call_command
from django.db import connection

from alerts import pipeline
from alerts.models import Alert
from alerts.services import feed
from alerts.up.loading import freeze
from benchmarks.calm import KEYS
from benchmarks.workload import name_of, opening_prices
from config.clock import database_now
from datasets.models import Dataset
from datasets.services import Ingest, accept_batch, is_waiting, open_lane
from rules.services.programs import forget_programs

#: What takes a step, by where it is called from.
STEPS: list[tuple[ModuleType, str, str]] = [
    (pipeline, "judge_batches", "rules read, and judged"),
    (pipeline, "gather_states", "made ready before the commit"),
    (pipeline, "gather_alerts", "made ready before the commit"),
    (pipeline, "finish_batches", "stored"),
    (pipeline, "save_facts", "stored"),
    (pipeline, "save_states", "stored"),
    (pipeline, "record_transitions", "stored"),
    (pipeline, "save_counters", "stored"),
    (pipeline, "enter_round", "stored"),
    (feed, "_number", "numbered in the feed"),
]


def main() -> None:
    """Store the rules, load the lane, and drain the event."""
    count = _count()
    call_command("migrate", verbosity=0, interactive=False)
    store_rules(count)
    prices = Dataset.objects.get(workspace__slug=STORM)
    opening = Decimal(str(opening_prices(KEYS)[0]))
    # The lane's program is loaded by an event that changes nothing.
    forget_programs()
    _drain(prices, opening)
    freeze()
    seconds: dict[str, float] = {}
    for module, function, step in STEPS:
        _watch(module, function, step, seconds)
    served, began = _served(), time.process_time()
    _drain(prices, opening * 3)
    took = time.process_time() - began
    _say(
        database=connection.vendor,
        alerts=Alert.objects.filter(workspace__slug=STORM).count(),
        **{step: round(each, 2) for step, each in seconds.items()},
        all=round(took, 2),
        served=round(_served() - served, 2),
    )


def _count() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--alerts", type=int, default=10_000)
    count: int = parser.parse_args().alerts
    return count


def _drain(prices: Dataset, price: Decimal) -> None:
    """Bring a price of the key that all rules watch, and drain it."""
    lane_id = open_lane(prices).pk
    event = {"symbol": name_of(0), "price": price, "volume": 1}
    accept_batch(dataset=prices, events=[event], ingest=Ingest(), now=database_now())
    while is_waiting(lane_id=lane_id):
        pipeline.drain_lane(lane_id=lane_id)


def _watch(
    module: ModuleType, function: str, step: str, seconds: dict[str, float]
) -> None:
    """Add to a step what a function takes of the processor."""
    act: Callable[..., Any] = getattr(module, function)

    def watched(*words: Any, **named: Any) -> Any:
        began = time.process_time()
        try:
            return act(*words, **named)
        finally:
            took = time.process_time() - began
            seconds[step] = seconds.get(step, 0.0) + took

    setattr(module, function, watched)


def _served() -> float:
    """Return the processor's seconds that the server at our side has taken."""
    if connection.vendor != "postgresql":
        return 0.0
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_backend_pid()")
        (process,) = cursor.fetchone()
    # Behind its name: user's and system's ticks are the 12th and 13th of the rest.
    status = Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()
    return (int(status[11]) + int(status[12])) / os.sysconf("SC_CLK_TCK")


def _say(**measured: object) -> None:
    sys.stdout.write(json.dumps(measured) + "\n")
    sys.stdout.flush()


if __name__ == "__main__":
    main()
