"""One fact against another of the same key, compared at all runs at once."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from decimal import Decimal
from operator import eq, ge, gt, le, lt, ne
from typing import Any, Final

import numpy as np

from rules.columns.buffers import Flags, Floats, Longs
from rules.columns.cuts import as_double
from rules.columns.history.records import shortest
from rules.columns.history.runs import Runs
from rules.columns.history.trees import Against
from rules.columns.history.windows import LeftToEngine

_HOLDS: Final[Mapping[str, Callable[[Any, Any], Any]]] = {  # Any: numbers, or arrays
    "gt": gt,
    "gte": ge,
    "lt": lt,
    "lte": le,
    "eq": eq,
    "ne": ne,
}
#: Wider than what six roundings can do, as a share of what is put together.
_DOUBT = 2.0**-49
#: So many are decided as decimals, before columns leave it to the engine.
_MOST_DECIDED = 200_000


@dataclass(frozen=True, slots=True)
class Newest:
    """What a field was at some runs: ``last`` are the places of its ``own``, or -1."""

    own: Runs
    last: Longs

    @property
    def value(self) -> Floats:
        """Give the doubles; NaN where none is known."""
        if not len(self.own):
            return np.full(len(self.last), np.nan)
        return np.where(self.last >= 0, self.own.value[self.last], np.nan)

    @property
    def is_long(self) -> Flags:
        """Tell where the double does not decide."""
        rows = self.own.exacts.rows
        if not len(rows):
            return np.zeros(len(self.last), dtype=np.bool_)
        return np.isin(self.last, rows)

    def exact(self, run: int) -> Decimal:
        """Give the number at a run as it was sent."""
        place = int(self.last[run])
        number = int(np.searchsorted(self.own.exacts.rows, place))
        if self.own.exacts.rows[number : number + 1].tolist() == [place]:
            return self.own.exacts.number(number)
        return shortest(float(self.own.value[place]))


def judge_against(asked: Against, left: Newest, right: Newest) -> tuple[Flags, Flags]:
    """Tell where a fact is to another as is asked, and where it is not.

    1. Doubles that differ by more than rounding may have done decide, and so do those
       of few digits of two facts as they are: no two of them share a double.
    2. The others are compared as the engine does it.

    Raises:
        LeftToEngine: that would be too many.
    """
    holds = _HOLDS[asked.op]
    found, other = left.value, right.value
    known = ~np.isnan(found) & ~np.isnan(other)
    with np.errstate(all="ignore"):
        wanted, near = _wanted(asked, left, right, found, other)
        true = np.asarray(holds(found, wanted))
    unsure = np.flatnonzero(near & known)
    if len(unsure) > _MOST_DECIDED:
        raise LeftToEngine("Too many lie on each other.")
    for run in unsure.tolist():
        beside = asked.wanted.of(right.exact(run))
        true[run] = holds(left.exact(run), beside)
    true, false = true & known, ~true & known
    return (false, true) if asked.is_inverted else (true, false)


def _wanted(
    asked: Against, left: Newest, right: Newest, found: Floats, other: Floats
) -> tuple[Floats, Flags]:
    """Give what is compared with, and tell where doubles leave it open."""
    times, plus = asked.wanted.times, asked.wanted.plus
    if (times, plus) == (1, 0):
        near = found == other
        near &= left.is_long | right.is_long
        return other, near
    scaled = other * as_double(times)
    wanted = scaled + as_double(plus)
    sizes = np.abs(found) + np.abs(scaled) + abs(as_double(plus))
    # What is no number, being infinite, is not further away either.
    return wanted, ~(np.abs(found - wanted) > sizes * _DOUBT)
