"""How often rules ran, passed and were unknown, without touching a rule that ran.

Per key and shape a series counts the events that ran rules. A rule ran as often as
shapes were seen that carry one of its fields. When a rule turns true, the runs so far
are taken from its ``passed``; when it is true no more they are added: the difference is
how often it passed meanwhile. A rule that is true now has passed as often again as it
ran so far. ``unknown`` is counted in the same way, and what remains has failed.
"""

from bisect import bisect_left
from collections.abc import Mapping

import numpy as np

from rules.columns.batches import Batch
from rules.columns.buffers import Flags, Longs, distinct
from rules.columns.rows import SEVERAL, Rows
from rules.columns.series import Series
from rules.columns.truth import CROSSED, TRUE, UNKNOWN, Changes

Runners = list[tuple[Series, int, int]]
"""What runs a rule of several keys: series, key and interest of each."""


def settle_batch(
    rows: Rows, several: Mapping[int, Runners], batch: Batch, changes: Changes
) -> None:
    """Settle the counters of rules that a batch changed, then count its events."""
    if len(changes):
        runs = _runs_before(rows, several, batch, changes)
        _settle(rows.passed.array, TRUE, changes, runs)
        if max(changes.before.max(), changes.after.max()) >= UNKNOWN:
            _settle(rows.unknown.array, UNKNOWN, changes, runs)
            crossed = changes.after == CROSSED
            ran = True if batch.runs is None else batch.runs[changes.event[crossed]]
            np.add.at(rows.passed.array, changes.of[crossed], ran)
    _count_events(batch)


def settle_single(
    rows: Rows,
    several: Mapping[int, Runners],
    series: Series,
    key: int,
    changes: list[tuple[int, int, int, int]],
) -> None:
    """Settle the counters of rules that one event changed, before it is counted.

    Its shape is known; while it is the only one, it ran every rule that it changed.
    """
    runs = series.seen_view[key, 0]
    passed = rows.passed.view
    is_alike = len(series.shapes) == 1 and not several
    for _, row, before, after in changes:
        if not is_alike:
            runs = _runs(rows, several, series, key, row)
        if before + after == TRUE:  # from false to true, or from true to false
            passed[row] += runs if before else -runs
        elif after == CROSSED:
            passed[row] += 1
        else:
            _settle_one(rows, row, after, -runs)
            _settle_one(rows, row, before, runs)


def _runs(
    rows: Rows, several: Mapping[int, Runners], series: Series, key: int, row: int
) -> int:
    if rows.key.view[row] == SEVERAL:
        return runs_of_several(several[row])
    seen = series.seen_view
    return sum([seen[key, shape] for shape in series.hits[rows.interest.view[row]]])


def _settle_one(rows: Rows, row: int, truth: int, runs: int) -> None:
    if truth == TRUE:
        rows.passed.view[row] += runs
    elif truth == UNKNOWN:
        rows.unknown.view[row] += runs


def runs_of_several(runners: Runners) -> int:
    """Count what ran a rule of several keys."""
    return sum(series.runs(key, interest) for series, key, interest in runners)


def runs_in(batch: Batch, interest: int, key: int) -> list[int]:
    """List the events of a batch that ran the rules of an interest under a key."""
    mask = batch.key == key
    if batch.runs is not None:
        mask &= batch.runs
    hits = _hits(batch.series, interest)
    mask &= hits[batch.full if batch.shape is None else batch.shape]
    return [int(one) for one in np.flatnonzero(mask)]


def _settle(counter: Longs, truth: int, changes: Changes, runs: Longs) -> None:
    sign = (changes.before == truth).astype(np.int64)
    sign -= changes.after == truth
    sign *= runs
    np.add.at(counter, changes.of, sign)


def _runs_before(
    rows: Rows, several: Mapping[int, Runners], batch: Batch, changes: Changes
) -> Longs:
    """Count, for each change, the runs of its rule before its event."""
    key = batch.key[changes.event]
    series = batch.series
    if len(series.shapes) == 1 and batch.shape is None and batch.runs is None:
        runs: Longs = series.seen[key, 0] + batch.sorted.ranks[changes.event]
    else:
        runs = np.zeros(len(changes), dtype=np.int64)
        interest = rows.interest.array[changes.of]
        for one in distinct(interest):
            here = interest == one
            hits = _hits(series, int(one))
            runs[here] = series.seen[key[here]][:, : len(hits)] @ hits
            ranks = _ranks(batch, _ran(batch, hits))
            runs[here] += ranks[changes.event[here]]
    if not several:
        return runs
    for place in np.flatnonzero(rows.key.array[changes.of] == SEVERAL):
        runners = several[int(changes.of[place])]
        runs[place] = _several_before(runners, batch, int(changes.event[place]))
    return runs


def _several_before(runners: Runners, batch: Batch, event: int) -> int:
    runs = runs_of_several(runners)
    for series, key, interest in runners:
        if series is batch.series:
            runs += bisect_left(runs_in(batch, interest, key), event)
    return runs


def _ran(batch: Batch, hits: Flags) -> Flags:
    """Tell which events of a batch ran the rules of an interest."""
    if batch.shape is None:
        ran = np.full(len(batch.key), hits[batch.full])
    else:
        ran = hits[batch.shape]
    return ran if batch.runs is None else ran & batch.runs


def _ranks(batch: Batch, ran: Flags) -> Longs:
    """Count, for each event, the runs of its key before it in the batch."""
    events = batch.sorted
    own = ran[events.event].astype(np.int64)
    before: Longs = np.cumsum(own) - own
    ranks: Longs = np.empty_like(before)
    sizes = events.last - events.first + 1
    ranks[events.event] = before - np.repeat(before[events.first], sizes)
    return ranks


def _hits(series: Series, interest: int) -> Flags:
    hits = np.zeros(len(series.shapes), dtype=np.bool_)
    hits[series.hits[interest]] = True
    return hits


def _count_events(batch: Batch) -> None:
    series, events = batch.series, batch.sorted
    if batch.shape is None and batch.runs is None:
        sizes = events.last - events.first + 1
        series.seen[events.key[events.first], batch.full] += sizes
        return
    shape = np.full(len(batch.key), batch.full) if batch.shape is None else batch.shape
    key = batch.key
    if batch.runs is not None:
        key, shape = key[batch.runs], shape[batch.runs]
    np.add.at(series.seen, (key, shape), 1)
