"""What a back-test costs of which the engine sees only the events that may matter.

    python benchmarks/backtest_woven.py [--events 1000000] [--judged 20000] [KIND ...]

Prints a JSON line for each kind of rule: how many events the engine saw of all, and the
processor's seconds, the first for what columns say and all of them together. Beside it
stands what a million events take the engine alone, from the first `--judged`; over
these both have to find the same.
"""

from __future__ import annotations

import argparse
import json
import sys
import time
from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent.parent))

from benchmarks.backtest_history import KEYS, events_of, gathered, walk
from benchmarks.backtest_kinds import OTHER_SERIES, SERIES, WOVEN, alone
from rules.columns.history import (
    History,
    Logs,
    Records,
    Sources,
    Weave,
    outline_of,
    weave_of,
)
from rules.engine import (
    Event,
    Instance,
    KeyFacts,
    Program,
    Slice,
    Specification,
    Subject,
    TransitionKind,
    step,
)

Told = tuple[str, TransitionKind, datetime, tuple[str, ...]]
"""Under which key something came about, what, when, and who is told."""


def main() -> None:
    """Measure what was asked for."""
    options = _options()
    records = walk(options.events)
    first = events_of(walk(max(options.judged, KEYS)))
    for name in options.kinds or WOVEN:
        measure(name, records, first)


def measure(name: str, records: Records, first: Sequence[Event]) -> None:
    """Look back over all records, and over the first events in both ways."""
    spec = alone(name)
    began = time.process_time()
    weave = woven(spec, records)
    chosen = time.process_time() - began
    seen, found = see(weave)
    took = time.process_time() - began
    began = time.process_time()
    judged = judge_all(spec, _divided(spec, first))
    alone_took = time.process_time() - began
    if see(woven(spec, gathered(first)))[1] != judged:
        raise SystemExit(f"{name}: what was left out mattered.")
    said = {
        "what": name,
        "events": len(records),
        "seen": seen,
        "transitions": len(found),
        "columns_seconds": round(chosen, 2),
        "seconds": round(took, 2),
        "alone_seconds_a_million": round(alone_took * 1_000_000 / len(first), 1),
    }
    sys.stdout.write(json.dumps(said) + "\n")
    sys.stdout.flush()


def woven(spec: Specification, records: Records) -> Weave:
    """Find what the engine must see."""
    outline = outline_of(spec)
    weave = None
    if outline is not None:
        weave = weave_of(outline, _logs(records, outline.sources), _program(spec), 1)
    if weave is None:
        raise SystemExit(f"The engine must see all of {spec.name}.")
    return weave


def _logs(records: Records, sources: Sources) -> Logs:
    """Have every second event in another dataset, if the rule is about two."""
    if len(sources.series) == 1:
        return [(SERIES, History(records))]
    is_other = records.seq % 2 == 0
    return [
        (SERIES, History(records.only(~is_other))),
        (OTHER_SERIES, History(records.only(is_other))),
    ]


def see(weave: Weave) -> tuple[int, list[Told]]:
    """Let the engine see it, and count that."""
    seen, found = 0, list[Told]()
    for one in weave.see():
        seen += 1
        found += [(one.moment.instance.key, *mark) for mark in one.marks]
    return seen, found


def judge_all(spec: Specification, events: Sequence[Event]) -> list[Told]:
    """Judge events one by one."""
    program, found = _program(spec), list[Told]()
    facts, instances = dict[Subject, KeyFacts](), dict[tuple[int, str], Instance]()
    for event in events:
        result = step(program, Slice(facts=facts, instances=instances), event)
        facts |= result.facts
        instances |= result.instances
        found += [(one.key, one.kind, one.at, one.told) for one in result.transitions]
    return found


def _divided(spec: Specification, events: Sequence[Event]) -> Sequence[Event]:
    if all(one.series == SERIES for one in spec.facts):
        return events
    return [
        one if one.position.seq % 2 else replace(one, series=OTHER_SERIES)
        for one in events
    ]


def _program(spec: Specification) -> Program:
    program = Program()
    program.put(1, 1, spec)
    return program


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--events", type=int, default=1_000_000)
    parser.add_argument("--judged", type=int, default=20_000)
    parser.add_argument("kinds", nargs="*", choices=[[], *WOVEN])
    return parser.parse_args()


if __name__ == "__main__":
    main()
