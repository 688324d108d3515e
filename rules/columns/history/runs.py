"""The runs of a rule: the events that carry its field, as columns of their own."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from rules.columns.buffers import Flags, Floats, Longs
from rules.columns.cuts import Number, place
from rules.columns.history.records import (
    ABSENT,
    LATE,
    NO_EXACTS,
    OTHER,
    SILENT,
    STILL,
    Exacts,
    Records,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Runs:
    """The runs under some keys, each key's in the lane's order.

    Those of one key are from ``starts[n]`` to ``starts[n + 1]``; ``row`` are their rows
    among the records. ``value`` is NaN where the value is unknown, as it is in
    ``unknown`` of them. ``in_order`` says of each key whether its times never fall.
    """

    starts: Longs
    row: Longs
    at: Longs
    value: Floats
    exacts: Exacts
    unknown: int
    in_order: Flags

    def __len__(self) -> int:
        """Count the runs."""
        return len(self.value)

    def of_key(self, number: int) -> "Runs":
        """Give the runs under one key."""
        low, high = self.starts[number], self.starts[number + 1]
        value = self.value[low:high]
        return Runs(
            starts=np.array([0, high - low]),
            row=self.row[low:high],
            at=self.at[low:high],
            value=value,
            exacts=_between(self.exacts, int(low), int(high)),
            unknown=int(np.isnan(value).sum()) if self.unknown else 0,
            in_order=self.in_order[number : number + 1],
        )

    def known(self) -> "Runs":
        """Leave out those whose value is unknown."""
        return self.only(~np.isnan(self.value)) if self.unknown else self

    def only(self, kept: Flags) -> "Runs":
        """Leave out some of them."""
        places = np.flatnonzero(kept)
        value = self.value[places]
        return replace(
            self,
            starts=np.searchsorted(places, self.starts),
            row=self.row[places],
            at=self.at[places],
            value=value,
            exacts=_placed(self.exacts, places),
            unknown=int(np.isnan(value).sum()) if self.unknown else 0,
        )

    def passed(self, number: Number, *, is_open: bool) -> Flags:
        """Tell which values are at a number or above it, or above it only.

        Doubles decide, but for the numbers of many digits that share the double.
        """
        cut = place(number, is_open=is_open)
        if cut is None:
            raise ValueError(f"{number} lies outside of the doubles.")
        passed: Flags = self.value >= cut.at
        rows = self.exacts.rows
        if len(rows):
            for one in np.flatnonzero(self.value[rows] == float(number)).tolist():
                exact = self.exacts.number(one)
                passed[rows[one]] = exact > number if is_open else exact >= number
        return passed


def runs_of(records: Records, field: str, *, looks_back: bool) -> Runs:
    """Give the runs of a rule on a field: those that it sees, if it looks back."""
    column, flags = records.columns[field], records.flags
    unseen = SILENT | (LATE if looks_back else 0)
    kept = (column.state != ABSENT) & ((flags & unseen) == 0)
    all_of_them = Runs(
        starts=records.starts,
        row=np.arange(len(records)),
        at=records.at,
        value=column.value,
        exacts=column.exacts,
        unknown=int(np.isnan(column.value).sum()),
        in_order=in_order(records.at, records.starts),
    )
    if kept.all():
        return all_of_them
    runs = all_of_them.only(kept)
    return replace(runs, in_order=in_order(runs.at, runs.starts))


def has_plain_past(records: Records, field: str) -> bool:
    """Tell whether the values before an event are those of the runs before it.

    Not so where events move facts and run nothing, or the other way round, or carried
    what is no number.
    """
    odd = records.flags & (SILENT | STILL)
    return not odd.any() and not (records.columns[field].state == OTHER).any()


def first_of_keys(starts: Longs) -> Longs:
    """Give the places at which a key begins that has runs."""
    return starts[:-1][starts[:-1] < starts[1:]]


def in_order(at: Longs, starts: Longs) -> Flags:
    """Tell of each key whether its times never fall."""
    falls = np.zeros(len(at) + 1, dtype=np.int64)
    if len(at) > 1:
        fell = at[1:] < at[:-1]
        inner = starts[(starts > 0) & (starts < len(at))]
        fell[inner - 1] = False
        np.cumsum(fell, out=falls[2:])
    # A fall is noted at the run after it, so it is counted within that key.
    rises: Flags = falls[starts[1:]] == falls[starts[:-1]]
    return rises


def _between(exacts: Exacts, low: int, high: int) -> Exacts:
    if not len(exacts.rows):
        return NO_EXACTS
    first, last = np.searchsorted(exacts.rows, [low, high]).tolist()
    return _some(exacts, range(first, last), exacts.rows[first:last] - low)


def _placed(exacts: Exacts, places: Longs) -> Exacts:
    if not len(exacts.rows):
        return NO_EXACTS
    if not len(places):
        return NO_EXACTS
    found = np.minimum(np.searchsorted(places, exacts.rows), len(places) - 1)
    kept = np.flatnonzero(places[found] == exacts.rows)
    return _some(exacts, kept.tolist(), found[kept])


def _some(exacts: Exacts, chosen: Sequence[int], rows: Longs) -> Exacts:
    return Exacts.of(rows, [exacts.text(one) for one in chosen])
