"""What a rule would have done over a lane's history, found with columns alone."""

from dataclasses import dataclass, replace

import numpy as np

from rules.columns.buffers import Flags, Longs
from rules.columns.history.cooling import told_apart
from rules.columns.history.moves import Steps
from rules.columns.history.questions import Question
from rules.columns.history.records import Records
from rules.columns.history.runs import Runs
from rules.columns.history.spans import within
from rules.columns.history.together import Together
from rules.columns.history.truths import (
    Source,
    changes,
    crossed,
    entered,
    truths_on,
    values_of,
)
from rules.engine import Mode, RuleKind

_QUARTER_HOUR = 15 * 60 * 1_000_000
#: Since then every zone is off by whole quarters of an hour.
_EVEN_SINCE = 100_000_000 * 1_000_000


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
    together: Together | None = None

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

    def keys_passed(self, records: Records) -> list[str]:
        """Name the keys under which the rule was true, ever."""
        places = self.passes
        if places.dtype == np.bool_:
            places = np.flatnonzero(places)
        rows = self.runs.row[places]
        numbers = np.unique(np.searchsorted(records.starts, rows, side="right") - 1)
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
        """Count the passes told to an output; the feed is none."""
        return int(np.count_nonzero(self.told[self.begins]))

    def moments(self, records: Records) -> list[tuple[int, int, str]]:
        """Name where the transitions came about: sequence, order and key."""
        rows = self.rows
        number = np.searchsorted(records.starts, rows, side="right") - 1
        keys = [records.keys[one] for one in number.tolist()]
        seq, ord_ = records.seq[rows].tolist(), records.ord[rows].tolist()
        return list(zip(seq, ord_, keys, strict=True))

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
        and the last of all; of several fields those that carried what is not new.
        """
        if self.together is not None:
            rows = self.together.rows_behind(place)
            behind: list[int] = np.searchsorted(self.runs.row, rows).tolist()
            return [one for one in behind if one != place]
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


def answer_from(question: Question, source: Source) -> Answer | None:
    """Answer from runs, or from the moves between them; none if columns cannot."""
    runs = source.runs if isinstance(source, Steps) else source
    if question.kind is not RuleKind.STATE:
        return _signal(question, runs, *_passes(question, source, runs))
    truth = truths_on(question.line, source)
    if question.ends is None:
        return _state(question, runs, truth, _decided(source))
    return _state_ended(question, runs, truth, truths_on(question.ends, runs))


def answer_together(question: Question, together: Together) -> Answer | None:
    """Answer for conditions that are joined; none if columns cannot."""
    if question.tree is None:
        raise ValueError("There are no joined conditions.")
    runs = together.runs
    truth, falsity = together.judge(question.tree)
    found: Answer | None
    if question.kind is not RuleKind.STATE:
        found = _signal(question, runs, *_passes_of(question, truth, runs))
    elif question.ends_tree is None:
        found = _state(question, runs, truth, truth | falsity)
    else:
        ends, _ = together.judge(question.ends_tree)
        found = _state_ended(question, runs, truth, ends)
    return None if found is None else replace(found, together=together)


def _signal(
    question: Question, runs: Runs, passes: Flags | Longs, places: Longs
) -> Answer:
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
    return _passes_of(question, truths_on(question.line, source), runs)


def _passes_of(
    question: Question, truth: Flags, runs: Runs
) -> tuple[Flags | Longs, Longs]:
    if question.mode is Mode.ON_ENTER:
        return truth, entered(truth, runs.starts)
    places = np.flatnonzero(truth)
    return places, places


def _state_ended(
    question: Question, runs: Runs, truth: Flags, ends: Flags
) -> Answer | None:
    """Answer for what ends by a condition of its own, which must not hold with it."""
    if (ends & truth).any():
        return None
    return _state(question, runs, truth, ends | truth)


def _state(
    question: Question, runs: Runs, truth: Flags, decided: Flags | None
) -> Answer:
    """Open where it turns true, resolve where it ends; unknown changes nothing."""
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
