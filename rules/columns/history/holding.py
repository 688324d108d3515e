"""State rules that wait: what must last, and the timers that see that it has.

The rules of ``engine.lifecycle``, over what conditions said at the runs of each key.
"""

from bisect import bisect_left
from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import NamedTuple

import numpy as np

from rules.columns.buffers import Flags, Longs
from rules.columns.history.records import LATE, Records
from rules.columns.history.runs import Runs, in_order
from rules.columns.history.truths import changes

NOT_YET = -1
"""In place of a row: no event of the key has fired the timer."""


@dataclass(frozen=True, slots=True)
class Said:
    """Where conditions are true, and where they are false; else they are unknown."""

    true: Flags
    false: Flags

    @property
    def contrary(self) -> "Said":
        """Be true where this is false."""
        return Said(self.false, self.true)


@dataclass(frozen=True, slots=True, kw_only=True)
class Await:
    """A timer that no event has fired: whether it would turn anything, and what.

    ``armed`` are the rows of the events of which one set it, ``number`` that of its
    transition among all, none if it turns nothing.
    """

    armed: Longs
    due: int
    number: int | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Course:
    """How the alerts of a rule went, by key and each key's in the lane's order.

    Each transition came about as things stood after the run at its place, at its row
    (``NOT_YET`` if none fired the timer) and time. Where a timer did it, that row is
    of a later event than the run.
    """

    places: Longs
    rows: Longs
    at: Longs
    begins: Flags
    awaits: tuple[Await, ...]

    def only(self, kept: Flags) -> "Course":
        """Leave some of the transitions alone; what is awaited goes by all of them."""
        return replace(
            self,
            places=self.places[kept],
            rows=self.rows[kept],
            at=self.at[kept],
            begins=self.begins[kept],
        )


class _Step(NamedTuple):
    place: int
    row: int
    at: int
    begins: bool


class _Waited(NamedTuple):
    """How waiting ended: with a step, at a place without one, or not at all."""

    step: _Step | None
    place: int
    awaits: Await | None = None


def course_of(
    runs: Runs, records: Records, opens: Said, ends: Said | None, holds: tuple[int, int]
) -> Course:
    """Follow the alerts of a rule that must be true so long, and recovered so long."""
    walk = _Walk(runs, records, opens, ends, holds)
    steps: list[_Step] = []
    awaits: list[Await] = []
    for number in range(len(runs.starts) - 1):
        low, high = int(runs.starts[number]), int(runs.starts[number + 1])
        if low == high:
            continue
        for step, pending in walk.key(low, high):
            if pending is not None:
                awaits.append(
                    Await(
                        armed=pending.armed,
                        due=pending.due,
                        number=None if step is None else len(steps),
                    )
                )
            if step is not None:
                steps.append(step)
    flat = np.array(steps, dtype=np.int64).reshape(-1, 4)
    return Course(
        places=flat[:, 0],
        rows=flat[:, 1],
        at=flat[:, 2],
        begins=flat[:, 3] != 0,
        awaits=tuple(awaits),
    )


class _Walk:
    """Goes from what begins to last to what has lasted, key by key."""

    def __init__(
        self,
        runs: Runs,
        records: Records,
        opens: Said,
        ends: Said | None,
        holds: tuple[int, int],
    ) -> None:
        self._records = records
        self._all_at = np.ascontiguousarray(records.at)
        self._ordered = in_order(records.at, records.starts)
        self._at = np.ascontiguousarray(runs.at).data
        self._row = np.ascontiguousarray(runs.row).data
        self._holds = holds
        self._both = (opens, opens.contrary if ends is None else ends)
        if ends is None:
            self._begins = self._heads(runs, opens)
        else:
            self._begins = (_places(opens.true), _places(ends.true))
        self._breaks = tuple(_places(said.false) for said in self._both)
        self._trues = tuple(_places(said.true) for said in self._both)
        self._end, self._is_ordered = 0, True

    def key(self, low: int, high: int) -> Iterator[tuple[_Step | None, Await | None]]:
        """Give the transitions of a key, and what it waits for at the end."""
        number = int(
            np.searchsorted(self._records.starts, self._row[low], side="right") - 1
        )
        self._end = int(self._records.starts[number + 1])
        self._is_ordered = bool(self._ordered[number])
        place, is_open = low, False
        while place < high:
            begins = _next(self._begins[is_open], place, high)
            if begins == high:
                return
            waited = self._wait(begins, high, is_open=is_open)
            if waited.step is not None or waited.awaits is not None:
                yield waited.step, waited.awaits
            is_open ^= waited.step is not None
            place = waited.place

    def _wait(self, begin: int, high: int, *, is_open: bool) -> _Waited:
        """Wait until what is true at a run has lasted.

        1. Without a hold it has at once.
        2. The timer is fired by the first event of the key, of any fields, from its
           time on. If it then is true, it has lasted; if unknown, the timer is spent.
        3. Then it has at the first run that finds it true long enough after.
        4. What is false before that breaks it.
        """
        hold = self._holds[is_open]
        if not hold:
            step = _Step(begin, self._row[begin], self._at[begin], not is_open)
            return _Waited(step, begin + 1)
        due = self._at[begin] + hold
        breaks = _next(self._breaks[is_open], begin + 1, high)
        fires = self._first_row(self._row[begin] + 1, due)
        if breaks < high and self._row[breaks] < fires:
            return _Waited(None, breaks + 1)
        true = self._both[is_open].true
        if fires == self._end:
            stands = high - 1
            step = _Step(stands, NOT_YET, due, not is_open)
            pending = Await(armed=np.array([self._row[begin]]), due=due, number=None)
            return _Waited(step if true[stands] else None, high, pending)
        stands = bisect_left(self._row, fires, begin + 1, high) - 1
        if true[stands]:
            return _Waited(_Step(stands, fires, due, not is_open), stands + 1)
        return self._wait_on(stands + 1, breaks, high, due, is_open=is_open)

    def _wait_on(
        self, place: int, breaks: int, high: int, due: int, *, is_open: bool
    ) -> _Waited:
        true = self._trues[is_open]
        found = _next(true, place, breaks)
        while found < breaks:
            if self._at[found] >= due:
                step = _Step(found, self._row[found], self._at[found], not is_open)
                return _Waited(step, found + 1)
            found = _next(true, found + 1, breaks)
        return _Waited(None, min(breaks + 1, high))

    def _first_row(self, row: int, due: int) -> int:
        """Find the first event from a row on that fires what is due, else the end."""
        if self._is_ordered:
            return bisect_left(self._all_at.data, due, row, self._end)
        fires = self._all_at[row : self._end] >= due
        fires &= (self._records.flags[row : self._end] & LATE) == 0
        return row + int(np.argmax(fires)) if fires.any() else self._end

    def _heads(self, runs: Runs, opens: Said) -> tuple[memoryview, memoryview]:
        """Give where it turns true, and where false; those of too short a time not.

        Where the times of a key fall, what lasts is not seen from them alone.
        """
        known = np.flatnonzero(opens.true | opens.false)
        starts = np.searchsorted(known, runs.starts)
        true = opens.true[known]
        places = known[changes(true, starts)]
        begins = opens.true[places]
        key = np.searchsorted(runs.starts, places, side="right")
        lasts = np.full(len(places), np.iinfo(np.int64).max)
        if len(places) > 1:
            at, same = runs.at[places], key[1:] == key[:-1]
            lasts[:-1][same] = np.diff(at)[same]
        numbers = (
            np.searchsorted(self._records.starts, runs.row[places], side="right") - 1
        )
        falls = ~self._ordered[numbers]
        waits, ends_after = (falls | (lasts >= hold) for hold in self._holds)
        return places[begins & waits].data, places[~begins & ends_after].data


def _places(flags: Flags) -> memoryview:
    return np.flatnonzero(flags).data


def _next(places: memoryview, low: int, high: int) -> int:
    """Give the first of some places from one on, else the end."""
    found = bisect_left(places, low)
    return min(places[found], high) if found < len(places) else high
