"""The history of back-tests that are measured, as columns and as events."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

import numpy as np

from benchmarks.backtest_kinds import SERIES
from rules.columns.history import Gathering, Records
from rules.columns.history.records import NUMBER, OTHER, Column
from rules.columns.history.words import Words
from rules.engine import Event, Position, Program, Slice, Specification, step

KEYS = 1_000
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
MICROSECOND = timedelta(microseconds=1)
LATENESS = timedelta(seconds=60) // MICROSECOND
BEGAN = datetime(2026, 1, 5, tzinfo=UTC)


def walk(count: int, seed: int = 7) -> Records:
    """Let prices walk in all keys, an event of each about every six seconds."""
    chance = np.random.default_rng(seed)
    each = count // KEYS
    first = (BEGAN - EPOCH) // MICROSECOND
    gaps = chance.integers(1_000_000, 11_000_000, (KEYS, each))
    at = first + np.cumsum(gaps, axis=1)
    shares = np.cumsum(chance.normal(0, 0.0005, (KEYS, each)), axis=1)
    prices = np.round(chance.uniform(50, 500, (KEYS, 1)) * np.exp(shares), 2)
    state = np.full(KEYS * each, NUMBER, np.int8)
    # What a price was some time ago, to be compared with.
    before = np.roll(prices, 8, axis=1)
    words = Words(("up", "down"), (prices < before).ravel().astype(np.int32))
    return Records(
        keys=[f"K{number:04}" for number in range(KEYS)],
        starts=np.arange(KEYS + 1, dtype=np.int64) * each,
        at=at.ravel(),
        seq=np.argsort(np.argsort(at.ravel(), kind="stable")) + 1,
        ord=np.zeros(KEYS * each, dtype=np.int32),
        flags=np.zeros(KEYS * each, dtype=np.int8),
        columns={
            "x": Column(prices.ravel(), state),
            "y": Column(before.ravel(), state),
            "w": Column(
                np.full(KEYS * each, np.nan), np.full_like(state, OTHER), words=words
            ),
        },
    )


def events_of(records: Records) -> list[Event]:
    """Give records as events, in the order of the lane."""
    order = np.argsort(records.seq, kind="stable").tolist()
    return [
        Event(
            series=SERIES,
            key=records.key_at(row),
            fields=records.values_at(records.columns, row),
            at=EPOCH + int(records.at[row]) * MICROSECOND,
            position=Position(seq=int(records.seq[row]), ord=0),
        )
        for row in order
    ]


def gathered(events: Sequence[Event]) -> Records:
    """Gather events into columns, as the sweep does."""
    gathering = Gathering(fields=("x", "y", "w"), lateness=LATENESS)
    for event in events:
        gathering.add(
            key=event.key,
            at=(event.at - EPOCH) // MICROSECOND,
            place=(event.position.seq, event.position.ord),
            fields=event.fields,
        )
    return gathering.done()


def judge(
    spec: Specification, events: Sequence[Event], began: set[tuple[int, int]]
) -> None:
    """Judge events one by one, and note where alerts begin."""
    program = Program()
    program.put(1, 1, spec)
    facts: dict[Any, Any] = {}
    instances: dict[Any, Any] = {}
    for event in events:
        result = step(program, Slice(facts=facts, instances=instances), event)
        facts.update(result.facts)
        instances.update(result.instances)
        for one in result.transitions:
            if one.kind != "resolved":
                began.add((one.position.seq, one.position.ord))
