"""Judge a lane under many quiet rules, which `drain.py --calm` has stored.

Prints how long its program took to load and how much memory a rule takes, the first
event, events a second without alerts and with one alert per thousand events, and how
long one rule takes from being saved, changed or deleted to being judged so.
"""

from __future__ import annotations

import gc
import json
import os
import sys
import time
from collections.abc import Callable
from datetime import timedelta
from decimal import Decimal
from itertools import count
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent.parent))
os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings.base")

import django

django.setup()

import numpy as np  # noqa: E402
from django.db import connection  # noqa: E402

from alerts.models import Alert  # noqa: E402
from alerts.pipeline import drain_lane  # noqa: E402
from benchmarks.calm import (  # noqa: E402
    KEYS,
    Event,
    alarmed,
    alarming_events,
    first_events,
    walk,
)
from benchmarks.workload import make_rules, name_of  # noqa: E402
from config.clock import database_now  # noqa: E402
from datasets.models import Dataset, Lane  # noqa: E402
from datasets.services import (  # noqa: E402
    Ingest,
    accept_batch,
    is_waiting,
    open_lane,
)
from rules.models import Rule  # noqa: E402
from rules.services import (  # noqa: E402
    borrow_program,
    change_rule,
    create_rule,
    delete_rule,
    return_program,
)
from workspaces.access import open_for_system  # noqa: E402

CHANGED = 200


def main() -> None:
    """Measure one after another."""
    dataset_id, rules, events, *sizes = map(int, sys.argv[1:])
    dataset = Dataset.objects.select_related("workspace").get(pk=dataset_id)
    lane = Lane.objects.select_related("dataset__workspace").get(
        pk=open_lane(dataset).pk
    )
    measured: dict[str, object] = {"database": connection.vendor, "rules": rules}
    memory = _Memory(rules)
    began, worked = time.perf_counter(), time.process_time()
    program = borrow_program(lane)
    measured["load_seconds"] = round(time.perf_counter() - began, 3)
    measured["load_processor_seconds"] = round(time.process_time() - worked, 3)
    return_program(lane, program, next_seq=lane.next_seq)
    measured["load_bytes_a_rule"] = memory.bytes_a_rule()
    firsts = first_events()
    measured["first_event_seconds"] = _seconds(lambda: _judge(dataset, firsts[:1], 1))
    measured["each_key_once_seconds"] = _seconds(lambda: _judge(dataset, firsts, 500))
    measured["memory_after_bytes_a_rule"] = memory.bytes_a_rule()
    alarming = alarming_events(make_rules(rules, KEYS))
    for size in sizes:
        measured |= _pace(dataset, f"calm_{size}", walk(events), size)
        told = list(alarmed(walk(events), alarming))
        measured |= _pace(dataset, f"alarmed_{size}", told, size)
    measured["alerts"] = Alert.objects.filter(workspace=dataset.workspace).count()
    measured |= _changes(dataset)
    sys.stdout.write(json.dumps(measured) + "\n")


class _Memory:
    """What the process takes beyond what it took at first, by rule."""

    def __init__(self, rules: int) -> None:
        self._rules = rules
        gc.collect()
        self._first = _resident()

    def bytes_a_rule(self) -> int:
        gc.collect()
        return round((_resident() - self._first) / self._rules)


def _resident() -> int:
    pages = int(Path("/proc/self/statm").read_text().split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE")


def _pace(
    dataset: Dataset, name: str, events: list[Event], size: int
) -> dict[str, object]:
    """Store events in batches of a size, then judge them: events a second."""
    _accept(dataset, events, size)
    began, worked = time.perf_counter(), time.process_time()
    _drain(dataset)
    seconds, processor = time.perf_counter() - began, time.process_time() - worked
    return {
        f"{name}_per_second": round(len(events) / seconds),
        f"{name}_per_processor_second": round(len(events) / processor),
    }


def _judge(dataset: Dataset, events: list[Event], size: int) -> None:
    _accept(dataset, events, size)
    _drain(dataset)


def _accept(dataset: Dataset, events: list[Event], size: int) -> None:
    now = database_now()
    for start in range(0, len(events), size):
        at = now + timedelta(milliseconds=start)
        part = events[start : start + size]
        accept_batch(dataset=dataset, events=part, ingest=Ingest(), now=at)


def _drain(dataset: Dataset) -> None:
    lane_id = open_lane(dataset).pk
    while is_waiting(lane_id=lane_id):
        drain_lane(lane_id=lane_id)


def _changes(dataset: Dataset) -> dict[str, object]:
    """Save, change and delete rules one by one, each until its lane judges so."""
    access = open_for_system(workspace=dataset.workspace)
    numbers, saved = count(), list[Rule]()

    def definition(price: float) -> dict[str, object]:
        number = next(numbers)
        fact = f"{dataset.workspace.slug}:PRICES:{name_of(number % KEYS)}:price"
        when = {"fact": 0, "op": "gte", "value": Decimal(f"{price + number}")}
        name = f"Another {number}"
        return {"name": name, "watch": {"facts": [fact]}, "when": when}

    def save() -> None:
        rule = create_rule(
            access=access, definition=definition(1e6), now=database_now()
        )
        _drain(dataset)
        saved.append(rule)

    def change() -> None:
        rule = saved[next(changed)]
        change_rule(
            access=access, rule=rule, definition=definition(2e6), now=database_now()
        )
        _drain(dataset)

    def delete() -> None:
        delete_rule(access=access, rule=saved.pop(), now=database_now())
        _drain(dataset)

    changed = count()
    return {
        **_times("saved", save),
        **_times("changed", change),
        **_times("deleted", delete),
    }


def _times(name: str, act: Callable[[], None]) -> dict[str, object]:
    seconds = [_seconds(act) for _ in range(CHANGED)]
    median, most = np.quantile(seconds, [0.5, 0.99])
    return {
        f"{name}_ms": round(median * 1e3, 1),
        f"{name}_p99_ms": round(most * 1e3, 1),
    }


def _seconds(act: Callable[[], None]) -> float:
    began = time.perf_counter()
    act()
    return round(time.perf_counter() - began, 3)


if __name__ == "__main__":
    main()
