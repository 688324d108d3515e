"""Which values are unusual among those before them, as the engine's bands say it."""

from bisect import bisect_left, bisect_right, insort
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from fractions import Fraction
from typing import Final

import numpy as np

from rules.columns.buffers import Flags, Longs
from rules.columns.history.holding import Said
from rules.columns.history.moves import scale
from rules.columns.history.records import shortest
from rules.columns.history.runs import Runs
from rules.columns.history.windows import LeftToEngine, Stretch, stretch_of
from rules.engine import Baseline, Direction, Ranks, Scores, Truth, Window

#: A robust deviation is so many times the median of the distances from the median.
_TO_DEVIATION: Final = Fraction("1.4826")


@dataclass(frozen=True, slots=True)
class Before:
    """The values that came before each of a field's own, and are in the window yet."""

    own: Runs
    window: Window
    stretch: Stretch

    @classmethod
    def of(cls, own: Runs, window: Window, length: int | None) -> "Before":
        """Find them.

        Raises:
            LeftToEngine: times of a key fall, or a window is too large.
        """
        # Of the last few the value itself is one more.
        wider = replace(window, last=window.last + 1) if length is None else window
        stretch = stretch_of(own, np.arange(len(own)), own, wider, length)
        counts = (~np.isnan(own.value)).astype(np.int64)
        return cls(own, window, stretch.before(counts))

    def judge(self, scores: Scores) -> Said:
        """Tell of each value whether it is unusual.

        Raises:
            LeftToEngine: the values have too many decimals.
        """
        scaled = scale(self.own.value)
        if scaled is None:
            raise LeftToEngine("The values have too many decimals.")
        whole, unit = scaled
        places = np.flatnonzero(~np.isnan(whole))
        values = whole[places].astype(np.int64).tolist()
        band, odd = _Band(scores, int(unit)), list[tuple[int, Truth]]()
        for place, value, ranks in zip(
            places.tolist(), values, self._ranked(places, values), strict=True
        ):
            if len(ranks) >= self.window.at_least:
                truth = band.is_unusual(value, ranks)
                if truth is not False:
                    odd.append((place, truth))
        true: Flags = np.zeros(len(whole), dtype=np.bool_)
        true[[place for place, truth in odd if truth]] = True
        false = ~np.isnan(whole) & (self.stretch.count >= self.window.at_least)
        false[[place for place, _ in odd]] = False
        return Said(true, false)

    def _ranked(self, places: Longs, values: Sequence[int]) -> Iterator[Sequence[int]]:
        """Give the values before each of some, by their size; in one list."""
        ranks, begin, end = list[int](), 0, 0
        low, high = self.stretch.low[places], self.stretch.high[places]
        for first, after in zip(low.tolist(), high.tolist(), strict=True):
            if first >= end:
                ranks, begin, end = [], first, first
            while end < after:
                insort(ranks, values[end])
                end += 1
            while begin < first:
                del ranks[bisect_left(ranks, values[begin])]
                begin += 1
            yield ranks

    def baseline(self, place: int) -> Baseline | None:
        """Give what the engine knew of the values before one; none if that is null."""
        if np.isnan(self.own.value[place]):
            return None
        ranks = self.ranks(int(self.stretch.low[place]), int(self.stretch.high[place]))
        return Baseline.of(ranks, at_least=self.window.at_least, is_whole=True)

    def ranks(self, low: int, high: int) -> Ranks:
        """Give some values by their size."""
        values = self.stretch.members.value[low:high]
        return Ranks([shortest(one) for one in np.sort(values).tolist()])


class _Band:
    """Between which numbers a value is not unusual, in whole numbers of a unit.

    All that is measured is doubled, so that the middle of two is a whole number too.
    """

    def __init__(self, scores: Scores, unit: int) -> None:
        self._direction = scores.direction
        factor = Fraction(scores.number) * _TO_DEVIATION
        if factor <= 0:
            raise LeftToEngine("No score is no band.")
        self._times, self._parts = factor.numerator, factor.denominator
        self._is_share = scores.by is not None and scores.by.is_percent
        self._least: Fraction | None = None
        if scores.by is not None:
            by = Fraction(scores.by.number)
            self._least = by / 100 if self._is_share else 2 * by * unit

    def is_unusual(self, value: int, ranks: Sequence[int]) -> Truth:
        """Tell whether a value lies beyond the band around others, sorted.

        1. It does if it lies farther off than the author said, and than so many times
           the median of how far the others lie off.
        2. That is so if more than half of them lie nearer than its share of that.
        3. Where both are nothing only the middle itself is known not to be.
        """
        count = len(ranks)
        below = (count - 1) // 2
        centre = ranks[below] + ranks[count // 2]
        off, least = abs(2 * value - centre), self._least
        if least is not None and self._is_share:
            if not centre:
                return None
            least *= abs(centre)
        if not off or (least and off <= least):
            return False
        # Of the most values of a history it is known here.
        nearer = (off * self._parts - 1) // self._times
        begin = bisect_left(ranks, -((nearer - centre) // 2)) + below
        if begin >= count or 2 * ranks[begin] - centre > nearer:
            return False
        inside = _count_near(ranks, centre, nearer)
        if inside <= count // 2 and not self._is_beyond(off, centre, ranks):
            return False
        if not least and _count_near(ranks, centre, 0) > count // 2:
            return None
        way = Direction.ABOVE if 2 * value > centre else Direction.BELOW
        return self._direction in (Direction.EITHER, way)

    def _is_beyond(self, off: int, centre: int, ranks: Sequence[int]) -> bool:
        """Tell it where the middle two of the distances are one nearer, one farther."""
        distances = sorted(abs(2 * one - centre) for one in ranks)
        count = len(ranks)
        middle = distances[(count - 1) // 2] + distances[count // 2]
        return off * self._parts * 2 > self._times * middle


def _count_near(ranks: Sequence[int], centre: int, off: int) -> int:
    """Count the numbers that lie so near to half of a centre, both ends included."""
    least, most = -((off - centre) // 2), (centre + off) // 2
    return bisect_right(ranks, most) - bisect_left(ranks, least)
