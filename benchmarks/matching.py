"""How fast the index matches, with rivals in the same run on the same events.

    python benchmarks/matching.py [--rules 1000 1000000] [--batch 1 100 1000 5000]

Prints JSON lines. Events are taken in turn: a block by the index, the same block by
SQLite, so that what else the machine does meets both. Every key has had its first value
before the clock starts, and a match is a rule's id and its new truth. SQLite finds the
same matches, and beside that only those that are rules turned true by price alone. The
rule engines run where they are installed: give them a virtual environment of their own,
with numpy.
"""

from __future__ import annotations

import argparse
import json
import platform
import sqlite3
import statistics
import sys
import time
from collections.abc import Callable, Iterator
from decimal import Decimal
from importlib import metadata
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).parent.parent))

import numpy as np

from benchmarks.rival_sqlite import Flip, Matches, build_prices
from benchmarks.rivals import Match, installed_engines
from benchmarks.workload import SERIES, Event, Rules, make_events, make_rules, name_of
from rules.columns import OPERATORS, TRUE, Events, Index, Place, Predicates
from rules.engine import Specification, parse_definition

KEYS = 1_000
FIELDS = ("price", "volume")
WARM = 10_000
BLOCK = 5_000
Rivals = tuple[Match, Callable[[Event], list[Flip]]]
"""SQLite, finding rules turned true by price alone, and finding the same matches."""
AT_OR_BELOW, AT_OR_ABOVE = OPERATORS.index("lte"), OPERATORS.index("gte")


def main() -> None:
    """Measure what was asked for."""
    options = _options()
    _print(
        what="versions",
        python=platform.python_version(),
        numpy=np.__version__,
        sqlite=sqlite3.sqlite_version,
        machine=platform.machine(),
        rivals={name: metadata.version(name) for name in installed_engines()},
    )
    events = make_events(WARM + BLOCK * (options.blocks + 1), KEYS)
    for count in options.rules:
        rules = make_rules(count, KEYS)
        measure_index(rules, events, options.batch)
        measure_changes(rules)
        measure_engines(rules, events)
    for count in options.hot:
        measure_hot(count)


def measure_index(rules: Rules, events: list[Event], batches: list[int]) -> None:
    """Measure matching in batches of each size, and SQLite beside it."""
    began, memory = time.process_time(), _resident()
    index = load(rules)
    _print(
        what="load",
        rules=len(rules),
        seconds=round(time.process_time() - began, 2),
        array_bytes_a_rule=round(index.nbytes / len(rules), 1),
        resident_bytes_a_rule=round((_resident() - memory) / len(rules), 1),
    )
    for size in batches:
        index = load(rules)
        prices, matches = build_prices(rules, KEYS), Matches(rules, KEYS).find
        for block in _blocks(events[:WARM], BLOCK):
            _match(index, block, BLOCK)
            _ask_all(prices, block)
            _ask_all(matches, block)
        check_same(index, (prices, matches), rules, events[WARM : WARM + BLOCK])
        _print(
            what="match",
            rules=len(rules),
            batch=size,
            **_in_turn(index, (prices, matches), events[WARM + BLOCK :], size),
        )


def _in_turn(
    index: Index, rivals: Rivals, events: list[Event], size: int
) -> dict[str, float]:
    """Time the index and both rivals block by block, microseconds an event."""
    spent: list[list[float]] = [[], [], []]
    flips = 0
    for block in _blocks(events, BLOCK):
        seconds, found = _timed(_match, index, block, size)
        flips += found
        taken = [seconds] + [_timed(_ask_all, rival, block)[0] for rival in rivals]
        for own, one in zip(spent, taken, strict=True):
            own.append(one / len(block) * 1e6)
    ours, prices, matches = (statistics.median(own) for own in spent)
    return {
        "us_an_event": round(ours, 2),
        "events_a_second": round(1e6 / ours),
        "best_us_an_event": round(min(spent[0]), 2),
        "flips_an_event": round(flips / len(events), 2),
        "sqlite_by_price_us": round(prices, 2),
        "times_sqlite_by_price": _times(spent[1], spent[0]),
        "sqlite_same_us": round(matches, 2),
        "times_sqlite_same": _times(spent[2], spent[0]),
    }


def _times(theirs: list[float], ours: list[float]) -> float:
    """Give the ratio in the middle block: both had the same neighbours meanwhile."""
    ratios = [their / our for their, our in zip(theirs, ours, strict=True)]
    return round(statistics.median(ratios), 2)


def measure_changes(rules: Rules, number: int = 2_000) -> None:
    """Measure putting one rule and removing one, among all."""
    index = load(rules)
    first: list[Event] = [
        {"symbol": name_of(key), "price": 100.0, "volume": 1.0} for key in range(KEYS)
    ]
    _match(index, first, BLOCK)
    drawn = list(enumerate(_specifications(number), start=len(rules) + 1))
    spent: dict[str, list[float]] = {"put": [], "remove": []}
    for rule_id, specification in drawn:
        spent["put"].append(_timed(index.put, rule_id, specification)[0])
    for rule_id, _ in drawn:
        spent["remove"].append(_timed(index.remove, rule_id)[0])
    for what, seconds in spent.items():
        ordered = sorted(seconds)
        _print(
            what=what,
            rules=len(rules),
            p50_us=round(ordered[number // 2] * 1e6, 1),
            p99_us=round(ordered[number * 99 // 100] * 1e6, 1),
            most_us=round(ordered[-1] * 1e6, 1),
        )


def measure_hot(count: int) -> None:
    """Measure with all rules and all events on one key."""
    rules, events = (
        make_rules(count, KEYS, hot=True),
        make_events(7_000, KEYS, hot=True),
    )
    for size in (1, 1_000):
        index = load(rules)
        _match(index, events[:2_000], 1_000)
        seconds, flips = _timed(_match, index, events[2_000:], size)
        _print(
            what="hot key",
            rules=count,
            batch=size,
            us_an_event=round(seconds / 5_000 * 1e6, 2),
            flips_an_event=round(flips / 5_000, 1),
            us_a_flip_beyond_2_us=round((seconds * 1e6 - 10_000) / max(flips, 1), 3),
        )


def measure_engines(rules: Rules, events: list[Event], number: int = 200) -> None:
    """Measure rule engines on the first events; check that all find the same rules."""
    if len(rules) > 100_000:
        return
    index, true = load(rules), {name_of(key): set[int]() for key in range(KEYS)}
    wanted = []
    for event in events[:number]:
        key = str(event["symbol"])
        for _, rule, truth in index.flips(Events(SERIES, [key], [event])):
            (true[key].add if truth == TRUE else true[key].discard)(rule)
        wanted.append(sorted(true[key]))
    for name, build in installed_engines().items():
        match = build(rules)
        seconds, found = _timed(_ask_all, match, events[:number])
        _print(
            what="engine, partitioned by key by hand",
            engine=name,
            rules=len(rules),
            us_an_event=round(seconds / number * 1e6, 1),
            same_matches=found == wanted,
        )


def check_same(index: Index, rivals: Rivals, rules: Rules, events: list[Event]) -> None:
    """Compare what the index finds with all that SQLite finds, and with its part."""
    prices, matches = rivals
    found: list[set[Flip]] = [set() for _ in events]
    for place, rule, truth in index.flips(_columns(events)):
        found[place].add((rule, truth == TRUE))
    for place, event in enumerate(events):
        same = set(matches(event))
        turned = {rule for rule, is_true in found[place] if is_true}
        single = {rule for rule in turned if np.isnan(rules.volume[rule])}
        by_price = {rule for rule in prices(event) if np.isnan(rules.volume[rule])}
        if same != found[place] or by_price != single:
            raise SystemExit(f"Event {place}: {found[place]}, SQLite {same}.")


def load(rules: Rules) -> Index:
    """Load an index from the columns of the workload."""
    two = np.flatnonzero(~np.isnan(rules.volume))
    rule = np.concatenate([np.arange(len(rules)), two])
    order = rule.argsort(kind="stable")
    op = np.where(rules.down, AT_OR_BELOW, AT_OR_ABOVE)
    index = Index()
    index.load(
        Predicates(
            places=[
                Place(SERIES, name_of(key), field)
                for key in range(KEYS)
                for field in FIELDS
            ],
            rule=rule[order],
            place=np.concatenate([rules.key * 2, rules.key[two] * 2 + 1])[order].astype(
                np.int32
            ),
            op=np.concatenate([op, np.full(len(two), AT_OR_ABOVE)])[order].astype(
                np.int8
            ),
            constant=np.concatenate([rules.price, rules.volume[two]])[order],
            is_all=rules.is_all[rule[order]],
        )
    )
    return index


def _match(index: Index, events: list[Event], size: int) -> int:
    flips = 0
    for batch in _blocks(events, size):
        flips += len(index.flips(_columns(batch)).event)
    return flips


def _columns(events: list[Event]) -> Events:
    keys: list[Any] = [event["symbol"] for event in events]  # Any: str, by the workload
    return Events(SERIES, keys, events)


def _ask_all(match: Callable[[Event], list[Any]], events: list[Event]) -> list[Any]:
    return [match(event) for event in events]


def _timed(work: Callable[..., Any], *given: object) -> tuple[float, Any]:
    """Give the seconds of the processor that some work took, and what it gave."""
    began = time.process_time()
    found = work(*given)
    return time.process_time() - began, found


def _blocks(events: list[Event], size: int) -> Iterator[list[Event]]:
    for start in range(0, len(events), size):
        yield events[start : start + size]


def _specifications(number: int) -> Iterator[Specification]:
    """Write rules as people do: nine in ten one price, the tenth a volume as well."""
    drawn = make_rules(number, KEYS)
    workspace, dataset = SERIES.split(":")
    for key, down, price, volume in zip(
        drawn.key.tolist(), drawn.down, drawn.price, drawn.volume, strict=True
    ):
        fact = f"{workspace}:{dataset}:{name_of(key)}"
        members: list[dict[str, object]] = [
            {
                "fact": f"{fact}:price",
                "op": "lte" if down else "gte",
                "value": Decimal(repr(float(price))),
            }
        ]
        if not np.isnan(volume):
            limit = Decimal(repr(float(volume)))
            members.append({"fact": f"{fact}:volume", "op": "gte", "value": limit})
        definition = {"kind": "signal", "name": "Measured", "when": {"all": members}}
        yield parse_definition(definition, workspace=workspace)


def _resident() -> int:
    pages = int(Path("/proc/self/statm").read_text(encoding="ascii").split()[1])
    return pages * 4096


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    counts = [1_000, 10_000, 100_000, 1_000_000]
    parser.add_argument("--rules", type=int, nargs="*", default=counts)
    parser.add_argument("--batch", type=int, nargs="+", default=[1, 100, 1_000, 5_000])
    parser.add_argument("--hot", type=int, nargs="*", default=[1_000_000])
    parser.add_argument("--blocks", type=int, default=9)
    return parser.parse_args()


def _print(**measured: object) -> None:
    sys.stdout.write(json.dumps(measured) + "\n")
    sys.stdout.flush()


if __name__ == "__main__":
    main()
