"""The door to a lane's history in columns: rules are asked about, and answered."""

from collections.abc import Callable, Collection, Sequence
from typing import NamedTuple

import numpy as np

from rules.columns.buffers import Floats
from rules.columns.cuts import Number
from rules.columns.history.answering import answer_from, answer_together
from rules.columns.history.answers import Answer
from rules.columns.history.beside import with_beside
from rules.columns.history.curves import PlacedRuns
from rules.columns.history.departures import with_departures, with_silences
from rules.columns.history.moves import Steps, steps_of
from rules.columns.history.parting import Need, keys_apart, need_of
from rules.columns.history.pictures import thin_out
from rules.columns.history.questions import Move, Question, Watch
from rules.columns.history.records import LATE, SILENT, STILL, Records
from rules.columns.history.resting import awake_at, awake_of
from rules.columns.history.runs import Runs, has_plain_past, runs_of
from rules.columns.history.silences import answer_silence
from rules.columns.history.spans import Miss, Span, nearest_of, span_of, within
from rules.columns.history.together import Together, together_of
from rules.columns.history.trees import Over
from rules.columns.history.truths import Source
from rules.columns.history.windowed import make_room
from rules.columns.history.windows import LeftToEngine
from rules.engine import Mode

#: Where more than this share of the events is of keys that columns cannot follow, they
#: answer for none.
_MOST_APART = 1 / 3


class Parting(NamedTuple):
    """The history of the keys that columns can follow, and the names of the others."""

    history: "History"
    apart: Sequence[str]
    events_apart: int


class History:
    """A lane's records, and what was worked out of them for the rules asked about.

    Where only some keys are looked at, spans still are those of the ``whole``.
    """

    def __init__(self, records: Records, whole: Records | None = None) -> None:
        self.records = records
        self._whole = records if whole is None else whole
        self._parted: dict[Need, tuple[History | None, Sequence[str], int]] = {}
        self._runs: dict[tuple[str, bool], Runs] = {}
        self._steps: dict[tuple[str, Move], Steps | None] = {}
        self._watched: dict[tuple[int, Watch], Runs] = {}
        self._plain: dict[str, bool] = {}
        self._together: dict[tuple[object, ...], Together] = {}
        self._span: Span | None = None

    @property
    def rows_kept(self) -> int:
        """Count the rows in memory, those that are there twice as well."""
        left = [one for one, *_ in self._parted.values() if one is not None]
        return len(self.records) + sum(len(one.records) for one in left)

    @property
    def last_seq(self) -> int:
        """Give the position of the newest event; 0 if there is none."""
        return int(self._whole.seq.max(initial=0))

    def parted(self, question: Question, key: str | None) -> Parting | None:
        """Part the keys that columns can follow, for such a rule, from the others.

        None if too many events are of the others, or a rule is on one of them. Of a
        rule on another key none is named: they do not matter to it.
        """
        if any(name not in self.records.columns for name in question.columns):
            return Parting(self, (), 0)
        parting = self.parted_by(need_of(question))
        if parting is None or key in parting.apart:
            return None
        if parting.apart and (question.beside or question.mode is Mode.ONCE):
            # The engine would have to see the named key beside those, or all keys.
            return None
        return parting if key is None else Parting(parting.history, (), 0)

    def parted_by(self, need: Need) -> Parting | None:
        """Part the keys of which all is as is needed from the others.

        None if too many events are of the others.
        """
        if need not in self._parted:
            # Those of one kind of rule are kept: they are as large as the history.
            self._parted = {need: self._part(need)}
        left, apart, events = self._parted[need]
        if events > _MOST_APART * len(self.records):
            return None
        return Parting(left or self, apart, events)

    def _part(self, need: Need) -> "tuple[History | None, Sequence[str], int]":
        """Leave keys out, if they are some and not too many; name them."""
        apart = keys_apart(self.records, need)
        counts = np.diff(self.records.starts)
        names = [self.records.keys[one] for one in np.flatnonzero(apart).tolist()]
        events = int(counts[apart].sum())
        if not events or events > _MOST_APART * len(self.records):
            return None, names, events
        left = self.records.only(np.repeat(~apart, counts))
        return History(left, whole=self.records), names, events

    def answer(self, question: Question, key: str | None) -> Answer | None:
        """Say what a rule would have done under a key, or under any.

        None says that columns cannot tell, for what the field has carried.
        """
        if any(name not in self.records.columns for name in question.columns):
            return None
        try:
            if question.silence:
                return self._answer_silence(question, key)
            if question.tree is not None:
                return self._answer_together(question, key)
            source = self._source_for(question, key)
        except LeftToEngine:
            return None
        return None if source is None else answer_from(question, source, self.records)

    def _source_for(self, question: Question, key: str | None) -> Source | None:
        """Give what a rule of one condition compares; none if columns cannot tell."""
        field = question.fact.root
        if question.needs_past and not self._has_plain_past(field):
            return None
        goes_on = question.waits or question.only_new
        if goes_on and self._is_odd(SILENT | STILL):
            return None
        runs = self.runs(field, key, looks_back=question.looks_back)
        if question.watch is not None:
            runs = self._awake(question.watch, runs)
        return self._steps_of(question, runs) if question.move else runs

    def _awake(self, watch: Watch, runs: Runs) -> Runs:
        """Leave out those at which a rule rests; only those of one key are not kept."""
        if not any(runs is one for one in self._runs.values()):
            return runs.only(awake_at(watch, runs.at))
        named = (id(runs), watch)
        if named not in self._watched:
            make_room(self._watched)
            self._watched[named] = runs.only(awake_at(watch, runs.at))
        return self._watched[named]

    def _is_odd(self, flags: int) -> bool:
        return bool((self.records.flags & flags).any())

    def _answer_together(self, question: Question, key: str | None) -> Answer | None:
        """Answer for joined conditions, where all events are of the usual kind."""
        odd = SILENT | STILL | (0 if question.looks_back else LATE)
        if self._is_odd(odd):
            return None
        if any(not self._has_plain_past(one.field) for one in question.windows):
            return None
        together = self.together_for(question, key)
        return answer_together(question, together, self.records)

    def _answer_silence(self, question: Question, key: str | None) -> Answer | None:
        """Answer for a rule that all events of a key run."""
        if self._is_odd(SILENT | STILL):
            return None
        field = question.fact.root
        seen = (self.records.flags & LATE) == 0
        if key is not None:
            own = self._under_key(key)
            seen[: own.start] = seen[own.stop :] = False
        together = together_of(
            self.records,
            {field: self.runs(field, key, looks_back=True)},
            are_all_keys=key is None,
            seen=seen,
        )
        return answer_silence(question, together, self.records)

    def together_for(self, question: Question, key: str | None) -> Together:
        """Put the runs of a rule's fields together; those of one key are not kept."""
        spans = tuple(sorted((one.field, one.length) for one in question.departing))
        rest = (question.watch, question.quiet, question.beside)
        named = (question.fields, question.looks_back, spans, *rest)
        together = self._together.get(named) if key is None else None
        if together is not None:
            return together
        own = {
            name: self.runs(name, key, looks_back=question.looks_back)
            for name in question.fields
        }
        together = together_of(self.records, own, are_all_keys=key is None)
        if question.beside:
            together = with_beside(together, self.records, question.beside)
        if spans:
            together = with_departures(together, question.departing)
        if question.quiet:
            together = with_silences(together, self.records, question.quiet)
        if question.watch is not None:
            together = awake_of(question.watch, together)
        if key is None:
            make_room(self._together)
            self._together[named] = together
        return together

    def curve(
        self,
        question: Question,
        answer: Answer,
        levels: Sequence[Number],
        bounds: tuple[int | None, int | None],
        settle: Callable[[Answer], Answer] = lambda answer: answer,
    ) -> list[int]:
        """Count the alerts that each of some levels, which rise, would have raised.

        ``settle`` says what became of the timers that no event has fired.
        """
        source: Source | Together | None = answer.together
        if source is None:
            source = PlacedRuns.of(answer.runs, levels)
        if question.move:
            source = self._steps_of(question, answer.runs)
        if source is None:
            return []
        counts = []
        for level in levels:
            found = self._answer_at(question.at_level(level), source)
            begun = None if found is None else settle(found).between(*bounds)
            counts.append(0 if begun is None else begun.count_begun())
        return counts

    def _answer_at(
        self, question: Question, source: Source | Together
    ) -> Answer | None:
        if not isinstance(source, Together):
            return answer_from(question, source, self.records)
        try:
            return answer_together(question, source, self.records)
        except LeftToEngine:
            return None

    def measured(self, question: Question, answer: Answer) -> Floats:
        """Give what the level of a rule is compared with: values, moves, or windows."""
        if answer.together is not None and isinstance(question.tree, Over):
            windows = answer.together.windows_of(question.tree.field)
            return windows.measured(question.tree)
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
        begun = answer.began()
        low, high = np.searchsorted(begun.places, [inside.start, inside.stop])
        own = begun.places[low:high]
        return begun.at[low:high].tolist(), (
            self.measured(question, answer)[own].tolist()
        )

    def busiest(self, count: int) -> list[str]:
        """Name the keys of most events."""
        events = np.diff(self.records.starts)
        order = np.argsort(-events, kind="stable")[:count]
        return [self.records.keys[number] for number in order.tolist()]

    def _under_key(self, key: str) -> slice:
        """Give the stretch of rows that are a key's."""
        number, starts = self.records.number_of(key), self.records.starts
        if number is None:
            return slice(0, 0)
        return slice(int(starts[number]), int(starts[number + 1]))

    def _under(self, runs: Runs, key: str) -> slice:
        """Give the stretch of runs that are a key's; runs of one key are all its."""
        if len(runs.starts) == 2:
            return slice(0, len(runs))
        number = self.records.number_of(key)
        if number is None:
            return slice(0, 0)
        return slice(int(runs.starts[number]), int(runs.starts[number + 1]))

    def span(
        self, keys: Collection[str] | None, earliest: int | None, latest: int | None
    ) -> Span:
        """Count the events of some keys, or of all, within bounds of time."""
        at, starts = self._whole.at, self._whole.starts
        if keys is None:
            if earliest is None and latest is None:
                self._span = self._span or span_of([at], None, None)
                return self._span
            return span_of([at], earliest, latest)
        numbers = [self._whole.number_of(key) for key in sorted(keys)]
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
        if question.silence or question.tree or answer.between(*bounds).passed:
            return None
        if question.mode is Mode.ONCE and answer.passed:
            # It has not run since.
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
        number = self.records.number_of(key)
        return (
            known.only(np.zeros(len(known), bool))
            if number is None
            else (known.of_key(number))
        )

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
