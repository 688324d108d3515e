"""What a rule would have done over a lane's history, found with columns alone."""

from bisect import bisect_left
from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace

import numpy as np

from rules.columns.buffers import Flags, Floats, Longs
from rules.columns.cuts import Number
from rules.columns.history.cooling import told_apart
from rules.columns.history.curves import PlacedRuns
from rules.columns.history.moves import Steps, steps_of
from rules.columns.history.pictures import thin_out
from rules.columns.history.questions import Move, Question
from rules.columns.history.records import Records
from rules.columns.history.runs import Runs, has_plain_past, runs_of
from rules.columns.history.spans import Miss, Span, nearest_of, span_of, within
from rules.columns.history.truths import (
    Source,
    changes,
    crossed,
    entered,
    truths_on,
    values_of,
)
from rules.engine import Mode, RuleKind


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """The transitions of a rule, by key and each key's in the lane's order.

    They came about at the ``places`` among the rule's ``runs``; ``begins`` says which
    raise or open an alert, the others resolve one; ``told`` has a bit for each output,
    in the rule's order. ``passes`` says where it was true, run by run or by place.
    """

    runs: Runs
    passes: Flags | Longs
    places: Longs
    begins: Flags
    told: Longs
    outputs: int

    @property
    def rows(self) -> Longs:
        """Name the rows of the records at which the transitions came about."""
        return self.runs.row[self.places]

    @property
    def at(self) -> Longs:
        """Give the times of the transitions."""
        return self.runs.at[self.places]

    @property
    def passed(self) -> int:
        """Count the runs at which the rule was true."""
        if self.passes.dtype == np.bool_:
            return int(np.count_nonzero(self.passes))
        return len(self.passes)

    def began(self) -> "Answer":
        """Leave the beginnings of alerts alone."""
        if self.begins.all():
            return self
        return replace(
            self,
            places=self.places[self.begins],
            begins=self.begins[self.begins],
            told=self.told[self.begins],
        )

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

    def keys_counted(self, records: Records) -> list[tuple[str, int]]:
        """Count the transitions of each key: most first, of equals the earlier."""
        rows = self.rows
        bounds = np.searchsorted(rows, records.starts)
        numbers = np.flatnonzero(bounds[:-1] < bounds[1:])
        first = rows[bounds[:-1][numbers]]
        counts = np.diff(bounds)[numbers]
        order = np.lexsort((records.ord[first], records.seq[first], -counts))
        return [
            (records.keys[number], count)
            for number, count in zip(
                numbers[order].tolist(), counts[order].tolist(), strict=True
            )
        ]

    @property
    def sent(self) -> int:
        """Count the passes told to an output; the feed is none."""
        return int(np.count_nonzero(self.told[self.begins]))

    def newest(self, records: Records, count: int) -> list[int]:
        """Name the newest transitions, by their places here, in the lane's order."""
        rows = self.rows
        seq, ord_ = records.seq[rows], records.ord[rows]
        chosen = np.arange(len(rows))
        if len(rows) > count:
            # All of the last position that is reached are taken, and then put in order.
            least = np.partition(seq, len(rows) - count)[len(rows) - count]
            chosen = np.flatnonzero(seq >= least)
        order = np.lexsort((ord_[chosen], seq[chosen]))
        newest: list[int] = chosen[order][-count:].tolist()
        return newest

    def past_of(self, question: Question, place: int) -> list[int]:
        """Name the runs before one that decide it, by their places, earliest first.

        For a crossing these are the last that was on a side, the last that was known,
        and the last of all.
        """
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

    def between(self, earliest: int | None, latest: int | None) -> "Answer":
        """Leave out what came about before a time, or after another."""
        if earliest is None and latest is None:
            return self
        kept = within(self.at, earliest, latest)
        passes = self.passes
        if passes.dtype == np.bool_:
            passes = np.flatnonzero(passes)
        return replace(
            self,
            passes=passes[within(self.runs.at[passes], earliest, latest)],
            places=self.places[kept],
            begins=self.begins[kept],
            told=self.told[kept],
        )


class History:
    """A lane's records, and what was worked out of them for the rules asked about."""

    def __init__(self, records: Records) -> None:
        self.records = records
        self._runs: dict[tuple[str, bool], Runs] = {}
        self._steps: dict[tuple[str, Move], Steps | None] = {}
        self._plain: dict[str, bool] = {}
        self._span: Span | None = None

    def answer(self, question: Question, key: str | None) -> Answer | None:
        """Say what a rule would have done under a key, or under any.

        None says that columns cannot tell, for what the field has carried.
        """
        field = question.fact.root
        if field not in self.records.columns:
            return None
        if question.needs_past and not self._has_plain_past(field):
            return None
        runs = self.runs(field, key, looks_back=question.looks_back)
        source: Source | None = runs
        if question.move:
            source = self._steps_of(question, runs)
        return None if source is None else _answer(question, source)

    def curve(
        self,
        question: Question,
        answer: Answer,
        levels: Sequence[Number],
        bounds: tuple[int | None, int | None],
    ) -> list[int]:
        """Count the alerts that each of some levels, which rise, would have raised."""
        source: Source | None = PlacedRuns.of(answer.runs, levels)
        if question.move:
            source = self._steps_of(question, answer.runs)
        if source is None:
            return []
        counts = []
        for level in levels:
            found = _answer(question.at_level(level), source)
            begun = 0 if found is None else found.between(*bounds).count_begun()
            counts.append(begun)
        return counts

    def measured(self, question: Question, answer: Answer) -> Floats:
        """Give what the level of a rule is compared with: values, or moves."""
        steps = self._steps_of(question, answer.runs) if question.move else None
        return answer.runs.value if steps is None else steps.moved

    def picture(
        self, question: Question, answer: Answer, key: str, most: int
    ) -> tuple[list[int], list[float]]:
        """Give what is compared with the level under a key, thinned out."""
        inside = self._under(answer.runs, key)
        values = self.measured(question, answer)[inside]
        return thin_out(answer.runs.at[inside], values, most)

    def marks(
        self, question: Question, answer: Answer, key: str
    ) -> tuple[list[int], list[float]]:
        """Give the times of a key's alerts, and what was compared with the level."""
        inside = self._under(answer.runs, key)
        places = answer.began().places
        low, high = np.searchsorted(places, [inside.start, inside.stop])
        own = places[low:high]
        return answer.runs.at[own].tolist(), (
            self.measured(question, answer)[own].tolist()
        )

    def busiest(self, count: int) -> list[str]:
        """Name the keys of most events."""
        events = np.diff(self.records.starts)
        order = np.argsort(-events, kind="stable")[:count]
        return [self.records.keys[number] for number in order.tolist()]

    def _under(self, runs: Runs, key: str) -> slice:
        """Give the stretch of runs that are a key's; runs of one key are all its."""
        if len(runs.starts) == 2:
            return slice(0, len(runs))
        number = self.number_of(key)
        if number is None:
            return slice(0, 0)
        return slice(int(runs.starts[number]), int(runs.starts[number + 1]))

    def span(
        self, keys: Collection[str] | None, earliest: int | None, latest: int | None
    ) -> Span:
        """Count the events of some keys, or of all, within bounds of time."""
        at, starts = self.records.at, self.records.starts
        if keys is None:
            if earliest is None and latest is None:
                self._span = self._span or span_of([at], None, None)
                return self._span
            return span_of([at], earliest, latest)
        numbers = [self.number_of(key) for key in sorted(keys)]
        stretches = [
            at[starts[number] : starts[number + 1]]
            for number in numbers
            if number is not None
        ]
        return span_of(stretches, earliest, latest)

    def closest(
        self, question: Question, answer: Answer, bounds: tuple[int | None, int | None]
    ) -> Miss | None:
        """Find the value that came nearest to making a rule true; by its place.

        Of a rule that was true within the bounds nothing is to be said.
        """
        if answer.between(*bounds).passed:
            return None
        source: Source | None = answer.runs
        if question.move:
            source = self._steps_of(question, answer.runs)
        levels = (
            [question.level]
            if question.crossing
            else ([number for number, _ in question.line.bounds])
        )
        asked = None if bounds == (None, None) else within(answer.runs.at, *bounds)
        numbers = [one for one in levels if one is not None]
        return None if source is None else nearest_of(source, numbers, asked)

    def runs(self, field: str, key: str | None, *, looks_back: bool) -> Runs:
        """Give the runs of rules on a field, under a key or under any."""
        known = self._runs.get((field, looks_back))
        if known is None:
            known = runs_of(self.records, field, looks_back=looks_back)
            self._runs[field, looks_back] = known
        if key is None:
            return known
        number = self.number_of(key)
        return (
            known.only(np.zeros(len(known), bool))
            if number is None
            else (known.of_key(number))
        )

    def number_of(self, key: str) -> int | None:
        """Give the number of a key; none if it has no events."""
        keys = self.records.keys
        place = bisect_left(keys, key)
        return place if place < len(keys) and keys[place] == key else None

    def _has_plain_past(self, field: str) -> bool:
        if field not in self._plain:
            self._plain[field] = has_plain_past(self.records, field)
        return self._plain[field]

    def _steps_of(self, question: Question, runs: Runs) -> Steps | None:
        """Measure the moves once for all levels; only those of one key are not kept."""
        if question.move is None:
            return None
        kept = self._runs.get((question.fact.root, question.looks_back))
        if runs is not kept:
            return steps_of(runs, question.move)
        named = (question.fact.root, question.move)
        if named not in self._steps:
            self._steps[named] = steps_of(runs, question.move)
        return self._steps[named]


def _answer(question: Question, source: Source) -> Answer | None:
    if question.kind is RuleKind.STATE:
        return _answer_state(question, source)
    return _answer_signal(question, source)


def _answer_signal(question: Question, source: Source) -> Answer:
    runs = source.runs if isinstance(source, Steps) else source
    passes, places = _passes(question, source, runs)
    if question.mode is Mode.ONCE_PER_KEY:
        bounds = np.searchsorted(places, runs.starts)
        places = places[bounds[:-1][bounds[:-1] < bounds[1:]]]
    told, noticed = _tell(question, runs, places)
    return Answer(
        runs=runs,
        passes=passes,
        places=places[noticed],
        begins=np.ones(np.count_nonzero(noticed), dtype=np.bool_),
        told=told[noticed],
        outputs=len(question.outputs),
    )


def _passes(
    question: Question, source: Source, runs: Runs
) -> tuple[Flags | Longs, Longs]:
    """Say where a rule is true, and at which of those runs its mode would tell."""
    is_entering = question.mode is Mode.ON_ENTER
    if question.crossing:
        places = crossed(question, runs)
        if not is_entering:
            return places, places
        truth = np.zeros(len(runs), dtype=np.bool_)
        truth[places] = True
        return places, entered(truth, runs.starts)
    truth = truths_on(question.line, source)
    if is_entering:
        return truth, entered(truth, runs.starts)
    places = np.flatnonzero(truth)
    return places, places


def _answer_state(question: Question, source: Source) -> Answer | None:
    """Open where it turns true, resolve where it ends; unknown changes nothing."""
    runs = source.runs if isinstance(source, Steps) else source
    truth = truths_on(question.line, source)
    if question.ends is None:
        decided = _decided(source)
    else:
        decided = truths_on(question.ends, runs)
        if (decided & truth).any():
            return None
        decided |= truth
    if decided is None:
        places = changes(truth, runs.starts)
    else:
        known = np.flatnonzero(decided)
        starts = np.searchsorted(known, runs.starts)
        places = known[changes(truth[known], starts)]
    begins = truth[places]
    told = np.zeros(len(places), dtype=np.int64)
    told[begins], _ = _tell(question, runs, places[begins])
    if question.announces:
        # Every resolve follows the opening that it ends.
        ends = np.flatnonzero(~begins)
        told[ends] = told[ends - 1]
    return Answer(
        runs=runs,
        passes=truth,
        places=places,
        begins=begins,
        told=told,
        outputs=len(question.outputs),
    )


def _decided(source: Source) -> Flags | None:
    """Tell which runs are true or false; none if all of them are."""
    if isinstance(source, Runs) and not source.unknown:
        return None
    return ~np.isnan(values_of(source))


def _tell(question: Question, runs: Runs, places: Longs) -> tuple[Longs, Flags]:
    """Say which outputs are told at some runs, and at which anybody is, or the feed."""
    at = runs.at[places]
    bounds = np.searchsorted(places, runs.starts)
    told = np.zeros(len(places), dtype=np.int64)
    for cool_down in {*question.cool_downs}:
        bits = sum(
            1 << n for n, one in enumerate(question.cool_downs) if one == cool_down
        )
        told[told_apart(at, bounds, runs.in_order, cool_down)] |= bits
    noticed = told != 0
    if question.feed_cool_down not in question.cool_downs:
        noticed[told_apart(at, bounds, runs.in_order, question.feed_cool_down)] = True
    return told, noticed
