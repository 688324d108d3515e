"""Values in the order of their size: where their middle is, and how they spread."""

from bisect import bisect_left, insort
from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal

from rules.engine.folds import EXACT

_FEW = 16
"""So many values that leave are looked for one by one; more are left out in a pass."""


@dataclass(frozen=True, slots=True)
class Ranks:
    """Numbers from the lowest to the highest; nothing that was given out is altered."""

    values: Sequence[Decimal] = ()

    def put(self, value: Decimal) -> "Ranks":
        """Put a number in its place."""
        values = list(self.values)
        insort(values, value)
        return Ranks(values)

    def without(self, gone: Sequence[Decimal]) -> "Ranks":
        """Leave out numbers, all of which are here, as often as they are named."""
        if len(gone) > _FEW:
            return self._pass_over(sorted(gone))
        values = list(self.values)
        for value in gone:
            del values[bisect_left(values, value)]
        return Ranks(values)

    def _pass_over(self, gone: Sequence[Decimal]) -> "Ranks":
        kept, place = [], 0
        for value in self.values:
            if place < len(gone) and value == gone[place]:
                place += 1
            else:
                kept.append(value)
        return Ranks(kept)

    def median(self) -> Decimal:
        """Give the middle, of an even number the mean of the middle two; exact."""
        below, above = self._middle
        return _between(self.values[below], self.values[above])

    def deviation(self, centre: Decimal) -> Decimal:
        """Give the median of how far the numbers lie from their middle; exact."""
        below, above = self._middle
        return _between(
            self._nth_distance(below + 1, centre), self._nth_distance(above + 1, centre)
        )

    @property
    def _middle(self) -> tuple[int, int]:
        count = len(self.values)
        return (count - 1) // 2, count // 2

    def _nth_distance(self, count: int, centre: Decimal) -> Decimal:
        """Give how far from a number the farthest of the so many nearest ones lies.

        The nearest of sorted numbers lie side by side, so it is enough to find where
        they begin: the search halves what is left, as for any place in a sorted list.
        """
        low, high = 0, len(self.values) - count
        while low < high:
            begin = (low + high) // 2
            left = EXACT.subtract(centre, self.values[begin])
            right = EXACT.subtract(self.values[begin + count], centre)
            if left > right:
                low = begin + 1
            else:
                high = begin
        return max(
            EXACT.subtract(centre, self.values[low]),
            EXACT.subtract(self.values[low + count - 1], centre),
        )


def _between(one: Decimal, other: Decimal) -> Decimal:
    if one == other:
        return one
    return EXACT.divide(EXACT.add(one, other), Decimal(2))
