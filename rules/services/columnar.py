"""Back-tests that columns answer: what was found in them, as everyone is told it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime, tzinfo
from decimal import Decimal
from typing import NamedTuple

from datasets.models import Lane
from datasets.services import Period, read_zone
from rules.columns.history import (
    Answer,
    History,
    KeyCount,
    Parting,
    Question,
    question_of,
)
from rules.engine import (
    Program,
    Specification,
    subject_of,
)
from rules.services.awaiting import Awaiting, Undecided
from rules.services.backtests import (
    HITS_SHOWN,
    KEYS_SHOWN,
    Backtest,
    Closest,
    Hit,
)
from rules.services.facts import series_of, traits_of
from rules.services.gathering import instant_of, microseconds_of
from rules.services.histories import history_of
from rules.services.homes import is_spread
from rules.services.witnesses import Witness

_DRAFT = 1
#: Keys of which the events are looked for by name.
_KEYS_APART = 5_000


class Begun(NamedTuple):
    """Where an alert begins; `is_after` says that no event had fired its timer."""

    seq: int
    ord: int
    key: str
    at: int
    is_after: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Survey:
    """A rule, the columns that answer for it, and what they said of all history.

    Of the keys that are `apart` they cannot tell: what is said here is of the others,
    but for how many events there were, and when.
    """

    spec: Specification
    program: Program
    lane: Lane
    question: Question
    history: History
    key: str | None
    answer: Answer
    awaiting: Awaiting
    apart: Sequence[str] = ()

    def tell(self, period: Period, *, most_hits: int = HITS_SHOWN) -> Backtest:
        """Tell what came about within a period.

        Raises:
            ColumnsDisagree: the engine does not find true what columns did.
        """
        earliest, latest = bounds_of(period)
        answer = self.answer.between(earliest, latest)
        begun = answer.began()
        span = self.history.span(
            None if self.key is None else self._keys_read(), earliest, latest
        )
        zone = read_zone(self.lane.dataset.zone)
        keys = begun.keys_counted(self.history.records)
        return Backtest(
            hits=Witness(self, answer).hits(most_hits),
            alerts=len(begun.places),
            told=answer.count_told(),
            told_by_output=dict(
                zip(self.question.outputs, answer.told_by_output(), strict=True)
            ),
            passes=answer.passed,
            per_day=_days(begun.quarters_counted(), zone),
            per_key=[(one.key, one.count) for one in keys[:KEYS_SHOWN]],
            keys=len(keys),
            events=span.events,
            earliest=None if span.earliest is None else instant_of(span.earliest),
            latest=None if span.latest is None else instant_of(span.latest),
            is_cut=False,
            closest=self._closest((earliest, latest)),
        )

    def keys_counted(self, period: Period) -> list[KeyCount]:
        """Count the alerts of each key within a period: most first."""
        begun = self.answer.between(*bounds_of(period)).began()
        return begun.keys_counted(self.history.records)

    def keys_passed(self) -> list[str]:
        """Name the keys under which the rule was true, ever."""
        return self.answer.keys_passed(self.history.records)

    def span(self, period: Period) -> tuple[int, datetime | None, datetime | None]:
        """Count the events of all keys within a period; say when they begin and end."""
        span = self.history.span(None, *bounds_of(period))
        earliest, latest = (
            None if one is None else instant_of(one)
            for one in (span.earliest, span.latest)
        )
        return span.events, earliest, latest

    def begun(self, period: Period) -> Iterator[Begun]:
        """Say where the alerts begin within a period, key by key."""
        answer = self.answer.between(*bounds_of(period)).began()
        moments = answer.moments(self.history.records)
        times, awaited = answer.at.tolist(), answer.awaited.tolist()
        for (seq, ord_, key), at, is_after in zip(moments, times, awaited, strict=True):
            yield Begun(seq, ord_, key, at, is_after)

    def tell_of(self, period: Period, places: Sequence[int]) -> tuple[Hit, ...]:
        """Tell of some alerts that begin within a period, by their numbers there."""
        answer = self.answer.between(*bounds_of(period)).began()
        return Witness(self, answer).hits_at(places)

    def count_at(self, levels: Sequence[int | Decimal], period: Period) -> list[int]:
        """Count the alerts that each of some levels, which rise, would have raised."""
        return self.history.curve(
            self.question,
            self.answer,
            levels,
            bounds_of(period),
            settle=self.awaiting.settle,
        )

    def series(self, key: str, most: int) -> tuple[list[float], list[float]]:
        """Give what is compared with the level under a key, few enough to draw."""
        at, values = self.history.picture(self.question, self.answer, key, most)
        return [one / 1_000_000 for one in at], values

    def marks(self, key: str, most: int) -> tuple[tuple[list[float], list[float]], int]:
        """Give times and values of a key's newest alerts, and how many there are."""
        at, values = self.history.marks(self.question, self.answer, key)
        newest = [one / 1_000_000 for one in at[-most:]]
        return (newest, values[-most:]), len(at)

    def _keys_read(self) -> set[str]:
        own_key = self.program.rule(_DRAFT).own_key or ""
        return {key for _, key in self.program.facts_of(_DRAFT, own_key)}

    def _closest(self, bounds: tuple[int | None, int | None]) -> Closest | None:
        found = self.history.closest(self.question, self.answer, bounds)
        if found is None:
            return None
        row = int(self.answer.runs.row[found.place])
        return Closest(
            key=self.history.records.key_at(row),
            at=instant_of(int(self.history.records.at[row])),
            value=found.value,
            margin=found.margin,
        )


def survey_rule(
    *, spec: Specification, lane: Lane, now: datetime, most_apart: int = 0
) -> Survey | None:
    """Ask the columns what a rule would have done; none if they cannot answer.

    Keys with at most so many events as `most_apart` may be left to somebody else.
    """
    question = question_of(spec)
    if question is None:
        return None
    history = history_for(spec, lane, question, now=now)
    if history is None:
        return None
    program = Program(traits_of(lane.dataset))
    program.put(_DRAFT, _DRAFT, spec)
    key = program.rule(_DRAFT).own_key
    parting = history.parted(question, key)
    if parting is None or not _may_part(parting, most_apart):
        return None
    history = parting.history
    answer = history.answer(question, key)
    if answer is None:
        return None
    awaiting = Awaiting(history.records, lane, now)
    try:
        answer = awaiting.settle(answer)
    except Undecided:
        return None
    return Survey(
        spec=spec,
        program=program,
        lane=lane,
        question=question,
        history=history,
        key=key,
        answer=answer,
        awaiting=awaiting,
        apart=parting.apart,
    )


def history_for(
    spec: Specification, lane: Lane, question: Question, *, now: datetime
) -> History | None:
    """Give the columns of what is asked; none if there are none that tell all.

    Those of a lane are of its own keys, and of the events of its dataset. A key that is
    named beside any is to be written as it is stored.
    """
    if question.fact.series != series_of(lane.dataset) or is_spread(spec, lane):
        return None
    traits = traits_of(lane.dataset)
    named = [
        (subject_of(one.wanted.fact, "", traits)[1], one) for one in question.beside
    ]
    if any(key != one.of_key for key, one in named):
        return None
    return history_of(lane, question.columns, now=now)


def _may_part(parting: Parting, most_apart: int) -> bool:
    return parting.events_apart <= most_apart and len(parting.apart) <= _KEYS_APART


def bounds_of(period: Period) -> tuple[int | None, int | None]:
    """Give the bounds of a period as columns keep them."""
    return (
        None if period.earliest is None else microseconds_of(period.earliest),
        None if period.latest is None else microseconds_of(period.latest),
    )


def _days(times: Iterable[tuple[int, int]], zone: tzinfo) -> dict[date, int]:
    """Add up counts of quarters of an hour by their day in a zone."""
    days: Counter[date] = Counter()
    for at, count in times:
        days[instant_of(at).astimezone(zone).date()] += count
    return dict(sorted(days.items()))
