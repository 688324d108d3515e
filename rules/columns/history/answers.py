"""What a rule would have done over a lane's history, found with columns alone."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np

from rules.columns.buffers import Flags, Longs, distinct
from rules.columns.history.holding import NOT_YET, Course
from rules.columns.history.questions import Question
from rules.columns.history.records import Records
from rules.columns.history.runs import Runs
from rules.columns.history.spans import within
from rules.columns.history.together import Together

_QUARTER_HOUR = 15 * 60 * 1_000_000
#: Since then every zone is off by whole quarters of an hour.
_EVEN_SINCE = 100_000_000 * 1_000_000


@dataclass(frozen=True, slots=True)
class KeyCount:
    """How many transitions a key had, and where the first of them stands."""

    key: str
    count: int
    seq: int
    ord: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """The transitions of a rule, by key and each key's in the lane's order.

    They came about at the ``places`` among the rule's ``runs``; ``begins`` says which
    raise or open an alert, the others resolve one; ``told`` has a bit for each output,
    in the rule's order. ``passes`` says where it was true, run by run or by place.
    Where timers may have brought them about, ``course`` says how; ``ticks`` are then
    the positions of those that no event fired, in the order of the transitions. Where
    ``ticks_run``, each that was is a run at which the rule was true. A rule that is
    done with its one alert only ``ran_until`` that, so many times.
    """

    runs: Runs
    passes: Flags | Longs
    places: Longs
    begins: Flags
    told: Longs
    outputs: int
    together: Together | None = None
    course: Course | None = None
    ticks: Longs | None = None
    ticks_run: bool = False
    ran_until: int | None = None

    @property
    def rows(self) -> Longs:
        """Name the rows of the records at which the transitions came about.

        Where no event brought one about, that is the row after which it did.
        """
        rows: Longs = self.runs.row[self.places]
        if self.course is None:
            return rows
        return np.where(self.course.rows == NOT_YET, rows, self.course.rows)

    @property
    def at(self) -> Longs:
        """Give the times of the transitions."""
        return self.runs.at[self.places] if self.course is None else self.course.at

    @property
    def awaited(self) -> Flags:
        """Tell which came about after the last event of their key."""
        if self.course is None:
            return np.zeros(len(self.places), dtype=np.bool_)
        awaited: Flags = self.course.rows == NOT_YET
        return awaited

    def positions(self, records: Records) -> tuple[Longs, Longs]:
        """Give sequence and order of the transitions."""
        rows = self.rows
        seq, order = records.seq[rows], records.ord[rows].astype(np.int64)
        if self.course is not None and self.ticks is not None:
            ticking = self.course.rows == NOT_YET
            seq = np.where(ticking, self.ticks, seq)
            order = np.where(ticking, 0, order)
        return seq, order

    def is_of_timer(self, place: int) -> bool:
        """Tell whether a timer brought a transition about, and no run."""
        if self.course is None:
            return False
        return bool(self.course.rows[place] != self.runs.row[self.places[place]])

    def is_quiet(self, question: Question, place: int) -> bool:
        """Tell whether an alert resolved because nothing was heard of its key."""
        return bool(question.quiet) and self.is_of_timer(place)

    @property
    def ran(self) -> int:
        """Count the runs."""
        if self.ran_until is not None:
            return self.ran_until
        departs = None if self.together is None else self.together.departs
        if self.ticks_run:
            return len(self.runs) + self.passed
        if departs is None:
            return len(self.runs)
        return len(self.runs) - int(np.count_nonzero(departs))

    @property
    def passed(self) -> int:
        """Count the runs at which the rule was true."""
        if self.passes.dtype == np.bool_:
            return int(np.count_nonzero(self.passes))
        found = len(self.passes)
        return found + int(np.count_nonzero(self.awaited)) * self.ticks_run

    def began(self) -> "Answer":
        """Leave the beginnings of alerts alone."""
        return self if self.begins.all() else self.only(self.begins)

    def only(self, kept: Flags) -> "Answer":
        """Leave some of the transitions alone."""
        return replace(
            self,
            places=self.places[kept],
            begins=self.begins[kept],
            told=self.told[kept],
            course=None if self.course is None else self.course.only(kept),
            ticks=None if self.ticks is None else self.ticks[kept],
        )

    def settled(self, positions: Mapping[int, int]) -> "Answer":
        """Say of transitions that no event fired, by their numbers, where they stand.

        Those without a position have not come about.
        """
        if self.course is None:
            return self
        ticks = np.zeros(len(self.places), dtype=np.int64)
        for number, position in positions.items():
            ticks[number] = position
        happened = (self.course.rows != NOT_YET) | (ticks != 0)
        return replace(self, ticks=ticks).only(happened)

    def count_begun(self) -> int:
        """Count the alerts that begin."""
        return int(np.count_nonzero(self.begins))

    def count_told(self) -> int:
        """Count the transitions of which an output is told."""
        return int(np.count_nonzero(self.told))

    def told_by_output(self) -> list[int]:
        """Count what each output is told, in the rule's order."""
        return [
            int(np.count_nonzero(self.told & (1 << number)))
            for number in range(self.outputs)
        ]

    def keys_counted(self, records: Records) -> list[KeyCount]:
        """Count the transitions of each key: most first, of equals the earlier."""
        bounds = np.searchsorted(self.runs.row[self.places], records.starts)
        numbers = np.flatnonzero(bounds[:-1] < bounds[1:])
        first = bounds[:-1][numbers]
        counts = np.diff(bounds)[numbers]
        seq, order_in = (one[first] for one in self.positions(records))
        order = np.lexsort((order_in, seq, -counts))
        return [
            KeyCount(records.keys[number], *counted)
            for number, *counted in zip(
                numbers[order].tolist(),
                counts[order].tolist(),
                seq[order].tolist(),
                order_in[order].tolist(),
                strict=True,
            )
        ]

    def keys_passed(self, records: Records) -> list[str]:
        """Name the keys under which the rule was true, ever."""
        places = self.passes
        if places.dtype == np.bool_:
            places = np.flatnonzero(places)
        rows = self.runs.row[places]
        numbers = distinct(np.searchsorted(records.starts, rows, side="right") - 1)
        return [records.keys[number] for number in numbers.tolist()]

    def quarters_counted(self) -> list[tuple[int, int]]:
        """Count the transitions of each quarter of an hour, by its beginning.

        Days of every zone begin with one. Of early times each counts for itself.
        """
        at = self.at
        begun = np.where(at >= _EVEN_SINCE, at - at % _QUARTER_HOUR, at)
        quarters, counts = np.unique(begun, return_counts=True)
        return list(zip(quarters.tolist(), counts.tolist(), strict=True))

    @property
    def sent(self) -> int:
        """Count the passes told to an output; the feed is none, and a timer no pass."""
        told = self.begins & (self.told != 0)
        if self.course is not None and not self.ticks_run:
            told &= self.course.rows == self.runs.row[self.places]
        return int(np.count_nonzero(told))

    def moments(self, records: Records) -> list[tuple[int, int, str]]:
        """Name where the transitions came about: sequence, order and key."""
        number = np.searchsorted(records.starts, self.rows, side="right") - 1
        keys = [records.keys[one] for one in number.tolist()]
        seq, order = self.positions(records)
        return list(zip(seq.tolist(), order.tolist(), keys, strict=True))

    def newest(self, records: Records, count: int) -> list[int]:
        """Name the newest transitions, by their places here, in the lane's order."""
        seq, ord_ = self.positions(records)
        chosen = np.arange(len(seq))
        if len(seq) > count:
            # All of the last position that is reached are taken, and then put in order.
            least = np.partition(seq, len(seq) - count)[len(seq) - count]
            chosen = np.flatnonzero(seq >= least)
        order = np.lexsort((ord_[chosen], seq[chosen]))
        newest: list[int] = chosen[order][-count:].tolist()
        return newest

    def past_of(
        self, question: Question, place: int, *, with_own: bool = False
    ) -> list[int]:
        """Name the runs before one that decide it, by their places, earliest first.

        For a crossing these are the last that was on a side, the last that was known,
        and the last of all; of several fields those that carried what is not new. What
        a timer finds was left by the run itself as well. Of a silence the last event of
        all is one of them.
        """
        if self.together is not None and question.silence:
            return self._heard_before(place if with_own else place - 1)
        if self.together is not None:
            rows = self.together.rows_behind(place)
            behind: list[int] = np.searchsorted(self.runs.row, rows).tolist()
            return [one for one in behind if with_own or one != place]
        if with_own:
            return [place]
        number = int(np.searchsorted(self.runs.starts, place, side="right")) - 1
        first = int(self.runs.starts[number])
        if place == first or not question.needs_past:
            return []
        if question.move:
            return [place - 1]
        value = self.runs.value[first:place]
        known = np.flatnonzero(~np.isnan(value))
        level = question.level
        sides = known if level is None else known[value[known] != float(level)]
        found = {first + int(some[-1]) for some in (sides, known) if len(some)}
        return sorted({*found, place - 1})

    def _heard_before(self, place: int) -> list[int]:
        """Name the run at a place, and that before it which had the fact's value."""
        assert self.together is not None  # noqa: S101 - the caller has looked
        rows = self.together.rows_behind(place)
        behind: list[int] = np.searchsorted(self.runs.row, rows).tolist()
        return sorted({*behind, place})

    def remembered(
        self, question: Question, places: Sequence[int]
    ) -> list[dict[str, object]]:
        """Write what conditions kept, by their names, before some transitions.

        What a timer finds was left by the run before it.
        """
        if self.together is None:
            return [{} for _ in places]
        recalls = {one.name: self.together.recall(one) for one in question.remembering}
        return [
            {
                name: recall(int(self.places[place]), self.is_of_timer(place))
                for name, recall in recalls.items()
            }
            for place in places
        ]

    def between(self, earliest: int | None, latest: int | None) -> "Answer":
        """Leave out what came about before a time, or after another."""
        if earliest is None and latest is None:
            return self
        passes = self.passes
        if passes.dtype == np.bool_:
            passes = np.flatnonzero(passes)
        inside = passes[within(self.runs.at[passes], earliest, latest)]
        return replace(self.only(within(self.at, earliest, latest)), passes=inside)
