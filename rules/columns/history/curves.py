"""How many alerts a rule would have raised at each of many levels, from one pass.

Every value is placed among the levels once, as a small integer; what a level decides
is then one comparison of bytes.
"""

from bisect import bisect_left, bisect_right
from collections.abc import Sequence
from dataclasses import dataclass, field, fields
from decimal import ROUND_CEILING, ROUND_FLOOR, Decimal
from typing import Self

import numpy as np

from rules.columns.buffers import Flags, Floats
from rules.columns.cuts import Number, place
from rules.columns.history.runs import Runs

#: As many levels have room in a byte.
MOST_LEVELS = 250
#: Values that are looked at to choose levels; what is counted is counted of all.
_SAMPLE = 100_000
_STEPS = (Decimal(1), Decimal("2.5"), Decimal(5), Decimal(10))


@dataclass(frozen=True, slots=True, kw_only=True)
class PlacedRuns(Runs):
    """Runs that know between which of some levels each value lies."""

    levels: Sequence[Number]
    _ranks: dict[bool, "np.ndarray[tuple[int], np.dtype[np.uint8]]"] = field(
        default_factory=dict
    )

    @classmethod
    def of(cls, runs: Runs, levels: Sequence[Number]) -> Self:
        """Place runs among levels that rise."""
        same = {one.name: getattr(runs, one.name) for one in fields(runs)}
        return cls(levels=levels, **same)

    def passed(self, number: Number, *, is_open: bool) -> Flags:
        """Tell which values are at a number or above it, or above it only."""
        number_of = bisect_left(self.levels, number)
        if number not in self.levels[number_of : number_of + 1]:
            return Runs.passed(self, number, is_open=is_open)
        if is_open not in self._ranks:
            self._ranks[is_open] = self._rank(is_open=is_open)
        passed: Flags = self._ranks[is_open] > number_of
        return passed

    def _rank(self, *, is_open: bool) -> "np.ndarray[tuple[int], np.dtype[np.uint8]]":
        """Count for each value the levels that it passes; exactly, also of ties."""
        cuts = [place(level, is_open=is_open) for level in self.levels]
        at = np.array([np.inf if cut is None else cut.at for cut in cuts])
        ranks = np.searchsorted(at, self.value, side="right").astype(np.uint8)
        if self.unknown:
            # Unknown values sort after all levels, and pass none.
            ranks[np.isnan(self.value)] = 0
        count = bisect_left if is_open else bisect_right
        for number, row in enumerate(self.exacts.rows.tolist()):
            ranks[row] = count(self.levels, self.exacts.number(number))
        return ranks


def choose_levels(values: Floats, *, count: int, with_level: Number) -> list[Number]:
    """Choose round levels over the range of some values, and one that is to be there.

    The outermost thousandths of the values do not stretch the range.
    """
    known = values[:: max(len(values) // _SAMPLE, 1)]
    known = known[np.isfinite(known)]
    level = Decimal(with_level)
    if not len(known):
        return [with_level]
    low, high = (
        Decimal(repr(float(one))) for one in np.quantile(known, [0.001, 0.999])
    )
    low, high = min(low, level), max(high, level)
    step = round_step((high - low) / max(count - 1, 1))
    if not step:
        return [with_level]
    first = (low / step).to_integral_value(ROUND_FLOOR)
    last = (high / step).to_integral_value(ROUND_CEILING)
    found: set[Number] = {(first + n) * step for n in range(int(last - first) + 1)}
    return sorted({*found, level})[:MOST_LEVELS]


def round_step(length: Decimal) -> Decimal:
    """Give the round number that is at least a length: 1, 2.5 or 5, times a ten."""
    if length <= 0:
        return Decimal(0)
    unit = Decimal(1).scaleb(length.adjusted())
    return next(unit * one for one in _STEPS if unit * one >= length)
