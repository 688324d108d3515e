"""What the engine keeps of a window, as it lies in columns, with sums at hand."""

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any, overload

import numpy as np

from rules.columns.buffers import Floats, Longs
from rules.columns.history.moves import scale
from rules.columns.history.records import shortest
from rules.columns.history.windows import Stretch
from rules.engine import Member, Members, Take, Trace, Window, fold_of, member_of

#: Sums of whole numbers below this are exact as doubles, and fit in 64 bits.
_EXACT = 2.0**53
_SUMMED = frozenset({Take.AVG, Take.SUM, Take.STDDEV})
_EXTREME = frozenset({Take.MIN, Take.MAX, Trace.EXTREMES})


@dataclass(frozen=True, slots=True)
class Sums:
    """Sums up to each value and of their squares, in whole numbers of a unit."""

    unit: int
    values: Longs
    squares: Longs

    @classmethod
    def of(cls, values: Floats) -> "Sums | None":
        """Add up; none if what comes of it would not be exact."""
        scaled = scale(values)
        if scaled is None or float(np.square(scaled[0]).sum()) >= _EXACT:
            return None
        whole = scaled[0].astype(np.int64)
        return cls(int(scaled[1]), _added(whole), _added(whole * whole))

    def between(self, low: int, high: int) -> tuple[Decimal, Decimal]:
        """Give the sum of some values, and of their squares."""
        unit = Decimal(self.unit)
        total = int(self.values[high] - self.values[low])
        squares = int(self.squares[high] - self.squares[low])
        return Decimal(total) / unit, Decimal(squares) / unit / unit


class Lots:
    """The values of one field, of which the engine keeps some in a window."""

    def __init__(self, window: Window, stretch: Stretch) -> None:
        self._fold = fold_of(window)
        self._window, self._take = window, window.take
        self._at = stretch.members.at
        self._values = stretch.members.value
        self._sums = Sums.of(self._values) if self._take in _SUMMED else None

    def members(self, low: int, high: int) -> Members:
        """Give those at some places as the engine keeps them."""
        if self._sums is None and self._take in _SUMMED:
            some = [self.member(place) for place in range(low, high)]
            return Members.of(self._fold, some)
        return Members.totalled(self._fold, _Lot(self, low, high))

    def member(self, place: int) -> Member:
        """Give the one at a place."""
        value, at = shortest(float(self._values[place])), int(self._at[place])
        return member_of(self._window, value, at) or Member(at, value)

    def total(self, low: int, high: int) -> Any:  # Any: each fold has totals of its own
        """Give what the window's fold makes of those at some places."""
        if self._take in _EXTREME:
            inside = self._values[low:high]
            ends = shortest(float(inside.min())), shortest(float(inside.max()))
            if self._take is Trace.EXTREMES:
                return ends
            return ends[self._take is Take.MAX]
        if self._sums is None:
            return None
        total, squares = self._sums.between(low, high)
        return (total, squares) if self._take is Take.STDDEV else total


class _Lot(Sequence[tuple[Member, Any]]):  # Any: each fold has totals of its own
    """Values side by side, each with the total from itself to the last."""

    def __init__(self, lots: Lots, low: int, high: int) -> None:
        self._lots, self._low, self._high = lots, low, high

    def __len__(self) -> int:
        return self._high - self._low

    @overload
    def __getitem__(self, place: int) -> tuple[Member, Any]: ...
    @overload
    def __getitem__(self, place: slice) -> Sequence[tuple[Member, Any]]: ...
    def __getitem__(
        self, place: int | slice
    ) -> tuple[Member, Any] | Sequence[tuple[Member, Any]]:
        if isinstance(place, slice):
            return [self[one] for one in range(*place.indices(len(self)))]
        if not 0 <= place < len(self):
            raise IndexError(place)
        own = self._low + place
        return self._lots.member(own), self._lots.total(own, self._high)


def _added(whole: Longs) -> Longs:
    return np.concatenate([[0], np.cumsum(whole)])
