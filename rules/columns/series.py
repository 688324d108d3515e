"""What the index knows of one series: its keys, its facts, and who ran how often."""

from collections.abc import Iterable
from decimal import Decimal
from math import inf, isnan, nan
from typing import Any, NamedTuple

import numpy as np

from rules.columns.buffers import Buffer, Longs
from rules.columns.groups import Groups
from rules.columns.segments import Segments

NO_SEGMENT = -1


class Positions:
    """Where the value of each key stands among the cuts of a segment.

    ``position`` (int32) counts the cuts passed; ``low`` and ``high`` (float64) are the
    last cut passed and the first that is not: while a value stays in ``[low, high)``
    nothing changes. ``segment`` (int32) is each key's own, or for rules on any key the
    same for all; a key without one has no cuts, and stands between the infinities.
    """

    def __init__(self, *, shared: bool) -> None:
        self.is_shared = shared
        self.common = NO_SEGMENT
        self.segment = Buffer(np.int32, NO_SEGMENT)
        self.position = Buffer(np.int32)
        self.low = Buffer(np.float64, -inf)
        self.high = Buffer(np.float64, inf)

    def reach(self, keys: int) -> None:
        """Have room for so many keys."""
        for buffer in (self.position, self.low, self.high):
            buffer.reach(keys)
        if not self.is_shared:
            self.segment.reach(keys)

    def segment_of(self, key: int) -> int:
        """Give the segment of a key."""
        return self.common if self.is_shared else int(self.segment.view[key])

    def settle(self, key: int, segments: Segments, position: int) -> None:
        """Note where a key stands, and between which cuts."""
        place = segments.base.view[self.segment_of(key)] + position
        self.position.view[key] = position
        self.low.view[key] = segments.at.view[place]
        self.high.view[key] = segments.at.view[place + 1]

    def settle_all(self, keys: Longs, segments: Segments, positions: Longs) -> None:
        """Note where some keys stand; each key once."""
        own = self.common if self.is_shared else self.segment.array[keys]
        places = segments.base.array[own] + positions
        self.position.array[keys] = positions
        self.low.array[keys] = segments.at.array[places]
        self.high.array[keys] = segments.at.array[places + 1]

    @property
    def nbytes(self) -> int:
        """Give the size of the memory."""
        buffers = (self.segment, self.position, self.low, self.high)
        return sum(buffer.nbytes for buffer in buffers)


class Column:
    """One field of a series: the last number of every key, and where it stands.

    ``value`` (float64) is the last number, NaN before the first; ``prior`` the last
    distinct one before it, followed only while a rule waits for a crossing. A column
    ``is_simple`` while no rule does, and no number has too many digits. ``known``
    (bool) is false while the fact is missing, null or no number. Numbers that a double
    does not decide are in ``exact`` and ``exact_prior`` as well.
    """

    def __init__(self, name: str, number: int) -> None:
        self.name = name
        self.number = number
        self.bit = 1 << number
        self.value = Buffer(np.float64, nan)
        self.prior = Buffer(np.float64, nan)
        self.known = Buffer(np.bool_)
        self.exact: dict[int, Decimal] = {}
        self.exact_prior: dict[int, Decimal] = {}
        self.crossings = 0
        self.is_simple = True
        self.own = Positions(shared=False)
        self.common = Positions(shared=True)
        self.standings: tuple[Positions, ...] = ()

    def reach(self, keys: int) -> None:
        """Have room for so many keys."""
        for buffer in (self.value, self.prior, self.known):
            buffer.reach(keys)
        self.own.reach(keys)
        self.common.reach(keys)

    def watch_crossings(self, change: int) -> None:
        """Count a rule that waits for a crossing, or discount it."""
        if not self.crossings:
            self.prior.array[:] = nan
            self.exact_prior.clear()
        self.crossings += change
        self.is_simple = not self.crossings and not self.exact

    def use(self, standing: Positions) -> None:
        """Note that there are cuts to stand among."""
        if standing not in self.standings:
            self.standings = (*self.standings, standing)

    def number_of(self, key: int) -> Decimal | None:
        """Give the last number of a key exactly; none if there was none."""
        double = self.value.view[key]
        if isnan(double):
            return None
        return self.exact.get(key, Decimal(repr(double)))

    def prior_of(self, key: int) -> Decimal | None:
        """Give the last distinct number before it; none if there was none."""
        double = self.prior.view[key]
        if isnan(double):
            return None
        return self.exact_prior.get(key, Decimal(repr(double)))

    def keep(self, key: int, double: float, exact: Decimal | None) -> None:
        """Take in a number, which is not the last one again."""
        self.prior.view[key] = self.value.view[key]
        self.value.view[key] = double
        for table, number in (
            (self.exact_prior, self.exact.pop(key, None)),
            (self.exact, exact),
        ):
            table.pop(key, None)
            if number is not None:
                table[key] = number
        self.is_simple = not self.crossings and not self.exact

    @property
    def nbytes(self) -> int:
        """Give the size of the memory."""
        buffers = (self.value, self.prior, self.known)
        own = sum(buffer.nbytes for buffer in buffers)
        return own + self.own.nbytes + self.common.nbytes


class Watched(NamedTuple):
    """A column as plain Python meets it: its memory is looked up once, not by event."""

    column: Column
    name: str
    bit: int
    known: "memoryview[Any]"
    value: "memoryview[Any]"
    standings: "tuple[tuple[Positions, memoryview[Any], memoryview[Any]], ...]"
    """Where it stands, with the last cut passed and the first that is not."""

    @classmethod
    def of(cls, column: Column) -> "Watched":
        """Look up the memory of a column, as it is until it grows."""
        return cls(
            column,
            column.name,
            column.bit,
            column.known.view,
            column.value.view,
            tuple((one, one.low.view, one.high.view) for one in column.standings),
        )


class Series:
    """The keys and watched fields of one series, numbered as they are first seen.

    An event's *shape* is the set of watched fields that it carries; ``seen`` counts,
    per key and shape, the events that ran rules (``columns.counters``).
    """

    def __init__(self, name: str, place: int) -> None:
        self.name = name
        self.place = place
        self.numbers: dict[str, int] = {}
        self.names: list[str] = []
        self.columns: dict[str, Column] = {}
        self.by_number: list[Column] = []
        self.watched: tuple[Watched, ...] = ()
        self.groups = Groups(width=0)
        self.shapes: dict[int, int] = {}
        self.interests: dict[int, int] = {}
        self.hits: list[list[int]] = []
        self._fields: list[frozenset[str]] = []
        self._see(np.zeros((0, 1), dtype=np.int64))
        self.newcomers: list[tuple[int, int]] = []
        self.read = Buffer(np.int32)

    def number(self, key: str) -> int:
        """Give the number of a key, a new one if need be."""
        known = self.numbers.get(key)
        if known is not None:
            return known
        number = len(self.names)
        self.numbers[key] = number
        self.names.append(key)
        self._reach(number + 1)
        # A key that was never seen finds every rule that is here, new or not.
        self.read.view[number] = len(self.newcomers)
        return number

    def column(self, name: str) -> Column:
        """Give the column of a field, a new one if need be."""
        known = self.columns.get(name)
        if known is None:
            known = self.columns[name] = Column(name, len(self.columns))
            self.by_number.append(known)
            known.reach(len(self.seen))
            self._watch()
        return known

    def use(self, column: Column, standing: Positions) -> None:
        """Note that there are cuts for a column to stand among."""
        column.use(standing)
        self._watch()

    def shape(self, carried: int) -> int:
        """Give the number of a shape, by the bits of its columns."""
        known = self.shapes.get(carried)
        if known is not None:
            return known
        shape = self.shapes[carried] = len(self.shapes)
        if shape >= self.seen.shape[1]:
            wider = np.zeros((len(self.seen), 2 * shape), dtype=np.int64)
            wider[:, :shape] = self.seen
            self._see(wider)
        for fields, interest in self.interests.items():
            if fields & carried:
                self.hits[interest].append(shape)
        return shape

    def interest(self, fields: Iterable[str]) -> int:
        """Give the number of a set of fields by which rules are run."""
        bits, named = 0, frozenset(fields)
        for field in named:
            bits |= self.column(field).bit
        known = self.interests.get(bits)
        if known is not None:
            return known
        interest = self.interests[bits] = len(self.interests)
        self._fields.append(named)
        self.hits.append(
            [shape for carried, shape in self.shapes.items() if carried & bits]
        )
        return interest

    def fields_of(self, interest: int) -> frozenset[str]:
        """Name the fields of an interest."""
        return self._fields[interest]

    def runs(self, key: int, interest: int) -> int:
        """Count the events of a key that carried a field of an interest."""
        return int(self.seen[key, self.hits[interest]].sum())

    def runs_of_all(self, interest: int) -> Longs:
        """Count, for every key, the events that carried a field of an interest."""
        counts: Longs = self.seen[: len(self.names), self.hits[interest]].sum(axis=1)
        return counts

    @property
    def nbytes(self) -> int:
        """Give the size of the arrays."""
        columns = sum(column.nbytes for column in self.columns.values())
        return columns + self.seen.nbytes + self.read.nbytes + self.groups.nbytes

    def _reach(self, keys: int) -> None:
        room = len(self.seen)
        if keys <= room:
            return
        room = max(16, room * 2, keys)
        seen = np.zeros((room, self.seen.shape[1]), dtype=np.int64)
        seen[: len(self.seen)] = self.seen
        self._see(seen)
        self.read.reach(room)
        self.groups.widen(room)
        for column in self.columns.values():
            column.reach(room)
        self._watch()

    def _watch(self) -> None:
        self.watched = tuple(map(Watched.of, self.by_number))

    def _see(self, counts: Longs) -> None:
        self.seen = counts
        self.seen_view: memoryview[Any] = counts.data  # Any: two-dimensional
