"""Runs of cuts, sorted, with slack, in flat arrays: one run for each place watched.

A segment holds a sentinel at minus infinity, its cuts in order, and slack filled with
plus infinity; its capacity is a power of two, so that a search needs no bounds. The
*position* of a value is the number of cuts it passes: the cut at ``base + position`` is
the last one passed, the next one is the first that is not. Cuts that share a double are
in the order of their constants. A segment that is full moves to a block twice the size,
and blocks left behind are used again.
"""

from bisect import bisect_left, bisect_right
from collections.abc import Sequence
from decimal import Decimal
from math import inf, nextafter

import numpy as np

from rules.columns.buffers import Buffer, Bytes, Floats, Ints, Longs, distinct
from rules.columns.cuts import EXACT, OPEN, Cut, bound_of

_SENTINELS = 2
"""Elements of a block that no cut may take: the first, and one at the end."""
_FEW = 32
"""So few values are found sooner one by one than all at once."""


class Segments:
    """Sorted runs of cuts and what each cut belongs to.

    ``at`` (float64), ``target`` (int32: a rule's row, or a group's node) and ``kind``
    (int8: the bits of ``cuts``) are the cuts; ``base`` (int64), ``length`` (int32) and
    ``capacity`` (int64) have one element a segment, and so have ``series``, ``column``
    and ``key`` (int32), which say whose it is.
    """

    def __init__(self) -> None:
        self.at = Buffer(np.float64, inf)
        self.target = Buffer(np.int32)
        self.kind = Buffer(np.int8)
        self.base = Buffer(np.int64)
        self.length = Buffer(np.int32)
        self.capacity = Buffer(np.int64)
        self.series = Buffer(np.int32)
        self.column = Buffer(np.int32)
        self.key = Buffer(np.int32)
        self.number = 0
        self._end = 1  # element 0 belongs to nobody, and is never passed
        self._free: dict[int, list[int]] = {}
        self._exact: dict[tuple[int, int, float, int], Decimal] = {}

    def open(self, series: int, column: int, key: int) -> int:
        """Open an empty segment; give its number."""
        segment = self.number
        self.number += 1
        for buffer in (
            self.base,
            self.length,
            self.capacity,
            self.series,
            self.column,
            self.key,
        ):
            buffer.reach(self.number)
        self.series.view[segment] = series
        self.column.view[segment] = column
        self.key.view[segment] = key
        return segment

    def insert(self, segment: int, cut: Cut, target: int) -> int:
        """Put in a cut; give its position."""
        length = self.length.view[segment]
        if length + _SENTINELS >= self.capacity.view[segment]:
            self._move(segment, int(self.capacity.view[segment]) * 2)
        first = self.base.view[segment] + 1
        place = self._place_of(segment, cut)
        for view in (self.at.view, self.target.view, self.kind.view):
            # A memoryview moves overlapping memory in one go; an array copies it first.
            view[place + 1 : first + length + 1] = view[place : first + length]
        self.at.view[place] = cut.at
        self.target.view[place] = target
        self.kind.view[place] = cut.kind
        self.length.view[segment] = length + 1
        if cut.exact is not None:
            self._exact[segment, target, cut.at, cut.kind] = cut.exact
        return int(place - first + 1)

    def remove(self, segment: int, at: float, kind: int, target: int) -> int:
        """Take out a cut; give the position it had."""
        first, length = self.base.view[segment] + 1, self.length.view[segment]
        place = self._find(segment, at, kind, target)
        for view in (self.at.view, self.target.view, self.kind.view):
            view[place : first + length - 1] = view[place + 1 : first + length]
        self.at.view[first + length - 1] = inf
        self.length.view[segment] = length - 1
        if kind & EXACT:
            self._exact.pop((segment, target, at, kind), None)
        return int(place - first + 1)

    def index_of(self, segment: int, at: float, kind: int, target: int) -> int:
        """Give the position of a cut."""
        place = self._find(segment, at, kind, target)
        return place - int(self.base.view[segment])

    def position(self, segment: int, value: float) -> int:
        """Count the cuts that a value passes, where its double decides."""
        first = self.base.view[segment] + 1
        end = first + self.length.view[segment]
        return int(bisect_right(self.at.view, value, first, end) - first)

    def exact_position(self, segment: int, value: Decimal, double: float) -> int:
        """Count the cuts that a value passes, by its decimal where doubles tie."""
        first = self.base.view[segment] + 1
        end = first + self.length.view[segment]
        low = bisect_left(self.at.view, double, first, end)
        high = bisect_right(self.at.view, nextafter(double, inf), low, end)
        while low < high and passes(value, self._cut(segment, low)):
            low += 1
        return int(low - first)

    def positions(self, segments: Longs, values: Floats) -> Longs:
        """Count the cuts that each value passes in its segment.

        A halving search of all at once: in round ``step`` every value looks ``step``
        cuts ahead, in rounds longer than its own segment it waits. A few values are
        searched one by one.
        """
        if len(values) < _FEW:
            pairs = zip(segments.tolist(), values.tolist(), strict=True)
            return np.array([self.position(*pair) for pair in pairs], dtype=np.int64)
        base, capacity = self.base.array[segments], self.capacity.array[segments]
        at = self.at.array
        least, step = int(capacity.min()), int(capacity.max()) // 2
        found, ahead = base.copy(), np.empty_like(base)
        while step:
            np.add(found, step, out=ahead)
            if step >= least:
                ahead[step >= capacity] = 0  # a sentinel that is never passed
            np.copyto(found, ahead, where=at[ahead] <= values)
            step //= 2
        found -= base
        return found

    def fill(
        self, segments: Longs, at: Floats, kind: Bytes, target: Ints
    ) -> Sequence[int]:
        """Put in many cuts at once, none of them exact; give the segments touched."""
        touched = distinct(segments)
        kept, kept_segments = self._take_out(touched)
        segments = np.concatenate([kept_segments, segments])
        at = np.concatenate([self.at.array[kept], at])
        kind = np.concatenate([self.kind.array[kept], kind])
        target = np.concatenate([self.target.array[kept], target])
        # Just after a constant comes before at the next double, exact ones are between.
        tie = np.where(kind & EXACT, 1, np.where(kind & OPEN, 0, 2))
        order = _sorted_by(segments, at, tie.astype(np.int8))
        self._lay_out(touched, segments[order], at[order], kind[order], target[order])
        return [int(one) for one in touched]

    @property
    def nbytes(self) -> int:
        """Give the size of the memory, slack included."""
        buffers = [one for one in vars(self).values() if isinstance(one, Buffer)]
        return sum(buffer.nbytes for buffer in buffers)

    def exact_of(self, segment: int, place: int) -> Decimal:
        """Give the constant of a cut by its place in the arrays."""
        return bound_of(self._cut(segment, place))[0]

    def _cut(self, segment: int, place: int) -> Cut:
        at, kind = self.at.view[place], self.kind.view[place]
        exact = None
        if kind & EXACT:
            exact = self._exact[segment, self.target.view[place], at, kind]
        return Cut(at, kind, exact)

    def _place_of(self, segment: int, cut: Cut) -> int:
        """Find where a cut goes: after those at or below it, by constant in a tie."""
        first = self.base.view[segment] + 1
        end = first + self.length.view[segment]
        high = bisect_right(self.at.view, cut.at, first, end)
        if high == first or self.at.view[high - 1] != cut.at:
            return int(high)
        low = bisect_left(self.at.view, cut.at, first, high)
        return low + bisect_right(
            range(low, high),
            bound_of(cut),
            key=lambda place: bound_of(self._cut(segment, place)),
        )

    def _find(self, segment: int, at: float, kind: int, target: int) -> int:
        first = self.base.view[segment] + 1
        end = first + self.length.view[segment]
        low = bisect_left(self.at.view, at, first, end)
        high = bisect_right(self.at.view, at, low, end)
        same = self.target.array[low:high] == target
        same &= self.kind.array[low:high] == kind
        return int(low + same.argmax())

    def _move(self, segment: int, capacity: int) -> None:
        """Give a segment another block."""
        capacity = max(capacity, 2 * _SENTINELS)
        old, length = int(self.base.view[segment]), int(self.length.view[segment])
        new = self._allot(capacity)
        for buffer in (self.at, self.target, self.kind):
            buffer.array[new : new + length + 1] = buffer.array[old : old + length + 1]
        self.at.array[new] = -inf
        self._release(segment)
        self.base.view[segment] = new
        self.capacity.view[segment] = capacity

    def _release(self, segment: int) -> None:
        base, capacity = int(self.base.view[segment]), int(self.capacity.view[segment])
        if capacity:
            self.at.array[base : base + capacity] = inf
            self._free.setdefault(capacity, []).append(base)

    def _allot(self, capacity: int) -> int:
        free = self._free.get(capacity)
        if free:
            return free.pop()
        base = self._end
        self._end += capacity
        for buffer in (self.at, self.target, self.kind):
            buffer.reach(self._end)
        return base

    def _take_out(self, touched: Longs) -> tuple[Longs, Longs]:
        """List the places of the cuts in some segments, and the segment of each."""
        lengths = self.length.array[touched].astype(np.int64)
        return spread(self.base.array[touched] + 1, lengths), np.repeat(
            touched, lengths
        )

    def _lay_out(
        self, touched: Longs, segments: Longs, at: Floats, kind: Bytes, target: Ints
    ) -> None:
        """Give each segment a new block, and put its sorted cuts there."""
        lengths = np.bincount(np.searchsorted(touched, segments))
        capacities = 1 << np.ceil(np.log2(lengths + _SENTINELS)).astype(np.int64)
        for one in touched:
            self._release(int(one))
        ends = np.cumsum(capacities)
        start = self._end
        self._end += int(ends[-1])
        for buffer in (self.at, self.target, self.kind):
            buffer.reach(self._end)
        bases = start + ends - capacities
        self.at.array[bases] = -inf
        places = spread(bases + 1, lengths)
        self.at.array[places] = at
        self.kind.array[places] = kind
        self.target.array[places] = target
        self.base.array[touched] = bases
        self.length.array[touched] = lengths
        self.capacity.array[touched] = capacities


def _sorted_by(segments: Longs, at: Floats, tie: Bytes) -> Longs:
    """Sort as ``lexsort`` does, several times faster: small numbers sort by radix."""
    order: Longs = tie.argsort(kind="stable")
    order = order[at[order].argsort(kind="stable")]
    numbers = segments[order]
    if int(numbers.max()) < 1 << 15:
        numbers = numbers.astype(np.int16)
    return order[numbers.argsort(kind="stable")]


def passes(value: Decimal, cut: Cut) -> bool:
    """Tell whether a value passes a cut, exactly."""
    bound, is_open = bound_of(cut)
    return value > bound if is_open else value >= bound


def spread(firsts: Longs, lengths: Longs) -> Longs:
    """List the elements of many runs: ``first``, ``first + 1``, ... of each."""
    ends = lengths.cumsum()
    listed: Longs = (firsts - ends + lengths).repeat(lengths)
    listed += np.arange(len(listed))
    return listed
