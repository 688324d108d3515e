"""Which keys of a history columns cannot follow, where they can follow the others."""

from dataclasses import dataclass

import numpy as np

from rules.columns.buffers import Flags
from rules.columns.history.questions import Question
from rules.columns.history.records import (
    ABSENT,
    LATE,
    LONG,
    NUMBER,
    OTHER,
    SILENT,
    STILL,
    Records,
)
from rules.columns.history.runs import in_order
from rules.columns.history.trees import Counted, Following


@dataclass(frozen=True, slots=True, kw_only=True)
class Need:
    """What a rule needs of every key, so that columns can say what became of it.

    No event has one of the ``flags``, the ``numeric`` fields carried numbers or
    nothing, the ``worded`` ones words or nothing, the ``short`` ones no number of many
    digits. Times never fall: those of events that carry one of the fields ``in_order``,
    or those of all (``keeps_order``); but what came late does not count.
    """

    flags: int = 0
    numeric: frozenset[str] = frozenset()
    short: frozenset[str] = frozenset()
    worded: frozenset[str] = frozenset()
    in_order: frozenset[str] = frozenset()
    keeps_order: bool = False


def need_of(question: Question) -> Need:
    """Say what a rule needs of every key."""
    field = frozenset({question.fact.root})
    if question.silence:
        return Need(flags=SILENT | STILL, keeps_order=True)
    if question.tree is None:
        waits = question.needs_past or question.waits or question.only_new
        return Need(
            flags=SILENT | STILL if waits else 0,
            numeric=field if question.needs_past else frozenset(),
            short=field if question.move else frozenset(),
        )
    windows = frozenset(one.field for one in question.windows)
    follows = any(isinstance(one, Following) for one in question.remembering)
    return Need(
        flags=SILENT | STILL | (0 if question.looks_back else LATE),
        numeric=windows | question.equated,
        short=windows,
        worded=question.worded,
        in_order=frozenset(question.fields if windows or follows else ()),
        keeps_order=bool(question.departing or question.quiet)
        or any(
            isinstance(one, Counted) and one.within > 0 for one in question.remembering
        ),
    )


def keys_apart(records: Records, need: Need) -> Flags:
    """Tell which keys are not as a rule needs them."""
    if not len(records):
        return np.zeros(0, dtype=np.bool_)
    seen = (records.flags & LATE) == 0
    odd = (records.flags & need.flags) != 0
    for name in need.numeric:
        odd |= records.columns[name].state == OTHER
    for name in need.worded:
        column = records.columns[name]
        odd |= (column.state >= NUMBER) & column.words.unkept(len(records))
    for name in need.short:
        odd |= seen & (records.columns[name].state == LONG)
    apart: Flags = np.logical_or.reduceat(odd, records.starts[:-1])
    if need.keeps_order:
        apart |= _fall(records, seen)
    elif need.in_order:
        apart |= _fall(records, seen & _carries(records, need.in_order))
    return apart


def _carries(records: Records, fields: frozenset[str]) -> Flags:
    carries = np.zeros(len(records), dtype=np.bool_)
    for name in fields:
        carries |= records.columns[name].state != ABSENT
    return carries


def _fall(records: Records, counts: Flags) -> Flags:
    """Tell of which keys times fall, among the events that count."""
    rows = np.flatnonzero(counts)
    return ~in_order(records.at[rows], np.searchsorted(rows, records.starts))
