"""What a rule of each kind costs an event, judged as a lane judges it.

    python benchmarks/matching_kinds.py [--rules 1000 10000] [--kinds "all or any" ...]

Prints JSON lines. The program chooses the runs of a batch of 1,000 events, and the
engine steps through them: where the index follows a kind, few runs are chosen; where it
does not, every rule runs that reads the event. All is in memory, parsed before the
clock starts; every key has had some values by then. A lane without rules judges the
same batches in turn: ``us_more`` is what the rules cost an event beyond it.
"""

from __future__ import annotations

import argparse
import gc
import json
import statistics
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from math import log
from operator import sub
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).parent.parent))

import numpy as np

from benchmarks.workload import SERIES, make_events, make_rules, name_of, opening_prices
from rules.columns import ChoosingProgram
from rules.engine import (
    Event,
    Instance,
    KeyFacts,
    Position,
    Slice,
    StepResult,
    Subject,
    parse_definition,
    step,
)

KEYS = 1_000
BATCH = 1_000
WARM = 5
BLOCKS = 5
START = datetime(2026, 1, 1, tzinfo=UTC)
APART = timedelta(milliseconds=10)
"""Between two events; those of one key lie some ten seconds apart."""
LEAST, MOST = log(1e3), log(1e6)
"""Of the volumes that are waited for."""
ANY = f"{SERIES}:*:price"
InstanceId = tuple[int, str]
Part = dict[str, Any]  # Any: JSON


OPENING = opening_prices(KEYS).tolist()


class Drawn:
    """The numbers of one rule: its key and another, and what it waits for."""

    def __init__(self, key: int, op: str, price: float, volume: float) -> None:
        self.price = f"{SERIES}:{name_of(key)}:price"
        self.volume = f"{SERIES}:{name_of(key)}:volume"
        other = (key + 1) % KEYS
        self.other = f"{SERIES}:{name_of(other)}:price"
        self.share = _exact(price / OPENING[other], digits=6)
        furthest = min(OPENING) if op == "lte" else max(OPENING)
        self.beyond_all = _exact(price / OPENING[key] * furthest)
        self.op = op
        self.limit = _exact(price)
        self.calm = _exact(price * (1.01 if op == "lte" else 0.99))
        self.worse = _exact(price * (0.99 if op == "lte" else 1.01))
        self.traded = _exact(volume, digits=1)

    def over(self, **more: object) -> Part:
        """Ask for the price at or beyond the limit."""
        return {"fact": self.price, "op": self.op, "value": self.limit, **more}


def _exact(number: float, *, digits: int = 4) -> Decimal:
    return Decimal(repr(round(number, digits)))


KINDS: dict[str, Callable[[Drawn], Part]] = {
    "threshold": lambda one: {"when": one.over()},
    "all or any": lambda one: {
        "when": {
            "all" if one.op == "lte" else "any": [
                one.over(),
                {"fact": one.volume, "op": "gte", "value": one.traded},
            ]
        }
    },
    "any key": lambda one: {"when": one.over(fact=ANY, value=one.beyond_all)},
    "crossing": lambda one: {
        "when": one.over(op="cross_down" if one.op == "lte" else "cross_up")
    },
    "fact against fact": lambda one: {
        "when": one.over(value={"fact": one.other, "times": one.share})
    },
    "held": lambda one: {"kind": "state", "when": one.over(), "hold": "30s"},
    "ended by another level": lambda one: {
        "kind": "state",
        "when": one.over(),
        "recover": {
            "when": one.over(op="gt" if one.op == "lte" else "lt", value=one.calm)
        },
    },
    "ladder": lambda one: {
        "kind": "state",
        "severity": "info",
        "when": one.over(),
        "ladder": [{"when": one.over(value=one.worse), "is": "critical"}],
    },
    "average over 1 h": lambda one: {
        "when": one.over(over={"take": "avg", "length": "1h"})
    },
    "3 times within 10 min": lambda one: {
        "when": one.over(times={"at_least": 3, "within": "10m"})
    },
    "one after the other": lambda one: {
        "when": {
            "sequence": [one.over(), one.over(fact=one.volume, op="gte")],
            "within": "10m",
        }
    },
}


class Lane:
    """A lane in memory: facts, instances and timers, as one drain keeps them."""

    def __init__(self) -> None:
        self.program = ChoosingProgram(home=SERIES)
        self.facts: dict[Subject, KeyFacts] = {}
        self.instances: dict[InstanceId, Instance] = {}
        self.armed: dict[Subject, set[InstanceId]] = {}
        self.runs = 0
        self.transitions = 0

    def judge(self, events: Sequence[Event]) -> None:
        """Judge a batch as ``rules.services`` does between two changes of rules."""
        self.program.choose(events, self.facts)
        state = Slice(facts=self.facts, instances=self.instances, armed=self.armed)
        for event in events:
            result = step(self.program, state, event)
            self._take(result)
            self.program.note(event, result, self.instances)

    def _take(self, result: StepResult) -> None:
        self.facts.update(result.facts)
        self.instances.update(result.instances)
        self.runs += sum(counted.ran for counted in result.counts.values())
        self.transitions += len(result.transitions)
        for named, instance in result.instances.items():
            rule = self.program.rule(instance.rule_id)
            subject = self.program.subject_of(rule, instance.key)
            if instance.timers:
                self.armed.setdefault(subject, set()).add(named)
            else:
                self.armed.get(subject, set()).discard(named)


def main() -> None:
    """Measure what was asked for."""
    options = _options()
    events = list(_events((WARM + BLOCKS) * BATCH))
    for kind in options.kinds:
        for count in options.rules:
            measure(kind, count, events)


def measure(kind: str, count: int, events: Sequence[Event]) -> None:
    """Measure one kind with so many rules over all keys."""
    gc.unfreeze()
    lane = Lane()
    for rule_id, definition in enumerate(_definitions(kind, count), start=1):
        lane.program.put(rule_id, 1, parse_definition(definition, workspace="BENCH"))
    # A lane keeps few of the rules at hand that are followed; all of them are here, and
    # to walk over them again and again is none of what an event costs.
    gc.collect()
    gc.freeze()
    followed = sum(map(lane.program.is_followed, range(1, count + 1)))
    bare, spent = Lane(), []
    for at in range(0, len(events), BATCH):
        spent.append([_timed(one, events[at : at + BATCH]) for one in (bare, lane)])
        if at == (WARM - 1) * BATCH:
            lane.runs = lane.transitions = 0
    without, ours = zip(*spent[WARM:], strict=True)
    measured = {
        "what": "kind",
        "kind": kind,
        "rules": count,
        "by": "index" if followed == count else "engine",
        "us_an_event": round(statistics.median(ours), 1),
        "us_without_rules": round(statistics.median(without), 1),
        "us_more": round(statistics.median(map(sub, ours, without)), 1),
        "runs_an_event": round(lane.runs / BLOCKS / BATCH, 3),
        "transitions_an_event": round(lane.transitions / BLOCKS / BATCH, 3),
    }
    sys.stdout.write(json.dumps(measured) + "\n")
    sys.stdout.flush()


def _timed(lane: Lane, events: Sequence[Event]) -> float:
    """Judge a batch; give the microseconds of the processor that an event took."""
    began = time.process_time()
    lane.judge(events)
    return (time.process_time() - began) / len(events) * 1e6


def _definitions(kind: str, count: int) -> Iterator[Part]:
    drawn = make_rules(count, KEYS)
    traded = np.exp(np.random.default_rng(4).uniform(LEAST, MOST, count))
    parts = (drawn.key, drawn.down, drawn.price, traded)
    for key, down, price, volume in zip(*map(np.ndarray.tolist, parts), strict=True):
        asked = KINDS[kind](Drawn(key, "lte" if down else "gte", price, volume))
        usual = (
            {} if "kind" in asked else {"kind": "signal", "raise": {"mode": "on_enter"}}
        )
        yield {"name": kind, **usual, **asked}


def _events(count: int) -> Iterator[Event]:
    for place, sent in enumerate(make_events(count, KEYS)):
        yield Event(
            series=SERIES,
            key=sent["symbol"],
            fields={
                "price": _exact(sent["price"]),
                "volume": _exact(sent["volume"], digits=1),
            },
            at=START + place * APART,
            position=Position(seq=1, ord=place),
        )


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rules", type=int, nargs="+", default=[1_000, 10_000])
    parser.add_argument("--kinds", nargs="+", choices=KINDS, default=list(KINDS))
    return parser.parse_args()


if __name__ == "__main__":
    main()
