"""How fast columns answer a back-test, beside the engine and a plain numpy comparison.

    python benchmarks/backtest.py [--events 1000000 10000000] [--judged 20000]

Prints JSON lines. Prices of two decimals walk in 1,000 keys; each rule is asked about
at 60 levels that from one in ten thousand to one in twenty values pass, and at one that
half of them do, the columns in memory. An answer has the counts, those of each key, and
the newest 20 transitions. Rules that cannot bear it are asked again where an event of
one key in a hundred came late: those keys are the engine's. It also judges the first
events one by one, and both have to find the same; and by rules that are the engine's.
Times are the processor's, in milliseconds.
"""

from __future__ import annotations

import argparse
import json
import platform
import statistics
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from decimal import Decimal
from functools import partial
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).parent.parent))

import numpy as np

from benchmarks.backtest_history import (
    KEYS,
    LATENESS,
    events_of,
    gathered,
    judge,
    walk,
)
from benchmarks.backtest_kinds import (
    ALONE,
    KINDS,
    SERIES,
    alone,
    fall_under_some_keys,
    kind,
)
from rules.columns.buffers import Floats, Longs
from rules.columns.history import (
    Answer,
    History,
    Question,
    Records,
    choose_levels,
    find_segments,
    merge,
    outline_of,
    question_of,
    write_segment,
)
from rules.engine import (
    Specification,
    parse_definition,
)

LEVELS = 60
#: Name -> operator, rest of the definition, and the key.
RULES: dict[str, tuple[str, dict[str, Any], str]] = {
    "threshold, cool-down 60 s": ("gte", {}, "*"),
    "threshold, on entering": ("gte", {"raise": {"mode": "on_enter"}}, "*"),
    "crossing, cool-down 60 s": ("cross_up", {}, "*"),
    "state": ("gte", {"kind": "state"}, "*"),
    "state held for 1 min, both ways": (
        "gte",
        {"kind": "state", "hold": "1m", "recover": {"hold": "1m"}},
        "*",
    ),
    "rise in percent": ("rise", {}, "*"),
    "threshold in active hours": (
        "gte",
        {"active": {"hours": "19:00-20:00", "zone": "America/New_York"}},
        "*",
    ),
    "one key of 1,000": ("gte", {}, "K0500"),
}


def main() -> None:
    """Measure what was asked for."""
    options = _options()
    _print(
        what="versions",
        python=platform.python_version(),
        numpy=np.__version__,
        machine=platform.machine(),
    )
    for count in options.events:
        records = walk(count)
        measure_disk(records)
        history = History(records)
        measure_limit(records)
        for name in RULES:
            measure_rule(name, history)
        for name in KINDS:
            measure_kind(name, history)
        late = fall_under_some_keys(records, LATENESS // 2)
        for name in KINDS:
            measure_parted(name, late)
    measure_engine(options.judged)
    measure_alone(options.judged)


def measure_disk(records: Records) -> None:
    """Write the records as one segment, and read them back."""
    with tempfile.TemporaryDirectory() as name:
        directory = Path(name)
        written = _timed(
            lambda: write_segment(directory, records, first=1, last=1, seen=1)
        )
        (segment,), _ = find_segments(directory)
        read = _timed(lambda: merge([segment.read(), walk(KEYS)]))
        size = sum(size for size, _ in segment.files.values())
    _print(
        what="segment",
        events=len(records),
        bytes_an_event=round(size / len(records), 1),
        write_ms=round(written),
        read_and_merge_with_news_ms=round(read),
    )


def measure_limit(records: Records) -> None:
    """Compare all values and find those that pass: nobody does less."""
    values = records.columns["x"].value
    levels = [float(one) for one in _levels(values)]
    times = [_timed(partial(_pass, values, level)) for level in levels]
    _print(what="numpy alone", events=len(records), **_spread(times))


def _pass(values: Floats, level: float) -> Longs:
    return np.flatnonzero(values >= level)


def measure_rule(name: str, history: History) -> None:
    """Ask about a rule at many levels, and for its curve."""
    key = _key_of(name)
    question = _question(specification(name, Decimal(1)))
    first = _found(history, question, key)
    measured = history.measured(question, first)
    levels = _levels(measured)
    moved = [question.at_level(one) for one in (*levels, _median(measured))]
    took = [_timed(partial(_answer, history, one, key)) for one in moved]
    alerts = [_found(history, one, key).count_begun() for one in moved]
    curve = choose_levels(measured, count=LEVELS, with_level=levels[-1])
    rising = [one for one in curve if one > 0]
    everything = (None, None)
    _print(
        what=name,
        events=len(history.records),
        **_spread(took[:-1]),
        alerts_median=int(statistics.median(alerts[:-1])),
        alerts_most=max(alerts[:-1]),
        half_pass_ms=round(took[-1], 1),
        half_pass_alerts=alerts[-1],
        curve_ms=round(
            _timed(partial(history.curve, question, first, rising, everything)), 1
        ),
        curve_levels=len(rising),
    )


def measure_kind(name: str, history: History) -> None:
    """Ask about a kind of rule for the first time, and at other levels after that."""
    moved = [_question(kind(name, place)) for place in range(3)]
    took = [_timed(partial(_answer, history, one, None)) for one in moved]
    again = [_timed(partial(_answer, history, one, None)) for one in moved]
    _print(
        what=name,
        events=len(history.records),
        first_ms=round(took[0], 1),
        levels_ms=[round(one, 1) for one in again],
        alerts=[_found(history, one, None).count_begun() for one in moved],
        curve_ms=_curve_ms(history, moved[1]),
    )


def _curve_ms(history: History, question: Question) -> float | None:
    """Time what levels of a window would have raised; none if a rule has no one."""
    if question.level is None:
        return None
    answer = _found(history, question, None)
    measured = history.measured(question, answer)
    levels = choose_levels(measured, count=LEVELS, with_level=question.level)
    return round(
        _timed(partial(history.curve, question, answer, levels, (None, None))), 1
    )


def measure_parted(name: str, records: Records) -> None:
    """Ask columns about most keys, and the engine about those where times fall.

    Their events come from memory, not from the row store.
    """
    history = History(records)
    asked = [_question(kind(name, place)) for place in range(3)]
    took = [_timed(partial(_answer_parted, history, one)) for one in (*asked, *asked)]
    parting = history.parted(asked[1], None)
    apart = () if parting is None else parting.apart
    numbers = np.searchsorted(records.keys, apart)
    events = events_of(records.only(np.isin(records.numbers, numbers)))
    began: set[tuple[int, int]] = set()
    _print(
        what=f"late under some keys: {name}",
        events=len(records),
        events_apart=len(events),
        first_ms=round(took[0], 1),
        levels_ms=[round(one, 1) for one in took[3:]],
        engine_ms=round(_timed(partial(judge, kind(name, 1), events, began))),
    )


def _answer_parted(history: History, question: Question) -> Answer:
    parting = history.parted(question, None)
    if parting is None:
        raise SystemExit("Too many events are apart.")
    return _answer(parting.history, question, None)


def measure_engine(count: int) -> None:
    """Judge the first events one by one, and compare what both found."""
    events = events_of(walk(max(count, KEYS)))
    records = gathered(events)
    history = History(records)
    for name in (*RULES, *KINDS):
        spec = _middle(name)
        began: set[tuple[int, int]] = set()
        took = _timed(partial(judge, spec, events, began))
        question = _question(spec)
        columns = _timed(partial(_answer, history, question, _key_of(name)))
        rows = _found(history, question, _key_of(name)).began().rows
        found = zip(records.seq[rows].tolist(), records.ord[rows].tolist(), strict=True)
        if set(found) != began:
            raise SystemExit(f"{name}: columns and engine disagree")
        _print(
            what=f"engine: {name}",
            events=len(events),
            engine_ms=round(took),
            columns_ms=round(columns, 2),
            times=round(took / columns),
            alerts=len(began),
        )


def measure_alone(count: int) -> None:
    """Judge the first events by rules for which columns do not answer."""
    events = events_of(walk(max(count, KEYS)))
    for name in ALONE:
        spec = alone(name)
        if question_of(spec) or outline_of(spec):
            raise SystemExit(f"Columns answer for {name}.")
        began: set[tuple[int, int]] = set()
        took = _timed(partial(judge, spec, events, began))
        _print(
            what=f"engine alone: {name}",
            events=len(events),
            seconds_a_million=round(took * 1_000 / len(events), 1),
            alerts=len(began),
        )


def _middle(name: str) -> Specification:
    if name in KINDS:
        return kind(name, 1)
    level = Decimal("0.05") if RULES[name][0] == "rise" else Decimal(300)
    return specification(name, level)


def specification(name: str, level: Decimal) -> Specification:
    """Write a rule at a level."""
    op, rest, key = RULES[name]
    operand = {"by": f"{level}%"} if op == "rise" else {"value": level}
    definition = {
        "kind": "signal",
        "name": name,
        "when": {"fact": f"{SERIES}:{key}:x", "op": op, **operand},
        "outputs": [{"output": "mail", "at_most_every": "60s"}],
        **rest,
    }
    return parse_definition(definition, workspace="DEMO")


def _answer(history: History, question: Question, key: str | None) -> Answer:
    """Do what an answer to somebody who drags takes."""
    answer = _found(history, question, key)
    begun = answer.began()
    begun.keys_counted(history.records)
    answer.newest(history.records, 20)
    answer.told_by_output()
    return answer


def _found(history: History, question: Question, key: str | None) -> Answer:
    answer = history.answer(question, key)
    if answer is None:
        raise SystemExit("The columns cannot answer.")
    # What no event has brought about is left out.
    return answer.settled({})


def _question(spec: Specification) -> Question:
    question = question_of(spec)
    if question is None:
        raise SystemExit(f"The columns do not answer for {spec.name}.")
    return question


def _key_of(name: str) -> str | None:
    key = "*" if name in KINDS else RULES[name][2]
    return None if key == "*" else key


def _levels(measured: Floats) -> list[Decimal]:
    """Choose levels, most of which few values pass."""
    shares = 1 - np.geomspace(1e-4, 0.05, LEVELS)
    levels = np.quantile(_sample(measured), shares).tolist()
    return sorted({Decimal(str(round(one, 3))) for one in levels if one > 0})


def _median(measured: Floats) -> Decimal:
    sample = _sample(measured)
    return Decimal(str(round(float(np.median(sample[sample > 0])), 3)))


def _sample(measured: Floats) -> Floats:
    sample = measured[:: max(len(measured) // 100_000, 1)]
    return sample[np.isfinite(sample)]


def _timed(work: Callable[[], object]) -> float:
    began = time.process_time()
    work()
    return (time.process_time() - began) * 1_000


def _spread(times: Sequence[float]) -> dict[str, float]:
    ordered = sorted(times)
    return {
        "p50_ms": round(statistics.median(ordered), 2),
        "p95_ms": round(ordered[int(len(ordered) * 0.95)], 2),
    }


def _print(**said: object) -> None:
    sys.stdout.write(json.dumps(said) + "\n")
    sys.stdout.flush()


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--events", type=int, nargs="+", default=[1_000_000])
    parser.add_argument("--judged", type=int, default=20_000)
    return parser.parse_args()


if __name__ == "__main__":
    main()
