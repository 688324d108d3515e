"""What columns found, judged by the engine once more: its word counts."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import replace
from typing import Any, Protocol

from datasets.models import Batch, Lane, Record
from rules.columns.history import Answer, History, Question
from rules.engine import (
    Event,
    KeyFacts,
    Position,
    Program,
    RuleKind,
    Specification,
    Subject,
    TransitionKind,
    Value,
    Verdict,
    judge_event,
    judge_facts,
    say_silence,
)
from rules.services.backtests import Hit
from rules.services.facts import series_of
from rules.services.gathering import instant_of

Facts = Mapping[Subject, KeyFacts]


class ColumnsDisagree(Exception):
    """The engine does not confirm what the columns found: one of them is wrong."""


class Asked(Protocol):
    """A rule, and the columns that answer for it."""

    @property
    def spec(self) -> Specification:
        """Give the rule."""

    @property
    def program(self) -> Program:
        """Give the rule as it is judged."""

    @property
    def lane(self) -> Lane:
        """Give the lane that judges it."""

    @property
    def question(self) -> Question:
        """Give what is asked of the columns."""

    @property
    def history(self) -> History:
        """Give the columns."""


class Witness:
    """Lets the engine judge once more where columns found that something came about."""

    def __init__(self, asked: Asked, answer: Answer) -> None:
        self._asked = asked
        self._answer = answer
        self._records = asked.history.records
        self._series = series_of(asked.lane.dataset)
        self._fields = asked.question.columns

    def hits(self, most: int) -> tuple[Hit, ...]:
        """Tell of the newest transitions, in the order in which they came."""
        return self.hits_at(self._answer.newest(self._records, most) if most else [])

    def hits_at(self, places: Sequence[int]) -> tuple[Hit, ...]:
        """Tell of some transitions, by their places in the answer."""
        past = {
            place: self._answer.past_of(
                self._asked.question,
                int(self._answer.places[place]),
                with_own=self._answer.is_of_timer(place),
            )
            for place in places
        }
        row = self._answer.runs.row
        behind = {
            place: [*self._beside(place), *(int(row[one]) for one in runs)]
            for place, runs in past.items()
        }
        rows = {one for some in behind.values() for one in some}
        rows |= {int(row[self._answer.places[place]]) for place in places}
        values = self._values(rows)
        remembered = self._answer.remembered(self._asked.question, places)
        return tuple(
            self._hit(place, behind[place], values, kept)
            for place, kept in zip(places, remembered, strict=True)
        )

    def _beside(self, place: int) -> list[int]:
        """Name the rows of other keys of which the values were found."""
        together = self._answer.together
        own = int(self._answer.places[place])
        return [] if together is None else together.rows_beside(own)

    def _hit(
        self,
        place: int,
        past: Iterable[int],
        values: Mapping[int, Mapping[str, Any]],  # Any: JSON as decoded
        remembered: Mapping[str, object],
    ) -> Hit:
        row = int(self._answer.runs.row[self._answer.places[place]])
        facts: dict[Subject, KeyFacts] = {}
        for before in past:
            moving = self._event(before, values[before])
            known = facts.get(moving.subject, KeyFacts())
            facts[moving.subject] = known.take_in(moving)
        if self._answer.is_of_timer(place):
            event = self._instant(place, row)
        else:
            event = self._event(row, values[row])
        begins = bool(self._answer.begins[place])
        no_data = self._asked.spec.no_data
        if no_data and self._answer.is_quiet(self._asked.question, place):
            # Its conditions are not asked: the silence ends it, whatever they are.
            reason = say_silence(event.key, no_data)
        elif begins and self._asked.question.silence:
            reason = self._stand(event, facts).reason
        else:
            reason = self._judge(event, facts, remembered, begins=begins).reason
        told = int(self._answer.told[place])
        return Hit(
            kind=self._kind(begins=begins),
            key=event.key,
            at=event.at,
            position=event.position,
            value=self._value(event, facts),
            reason=reason,
            told=tuple(
                name
                for number, name in enumerate(self._asked.question.outputs)
                if told >> number & 1
            ),
        )

    def _value(self, event: Event, facts: Facts) -> Value:
        """Give the leading fact's value: the event's, or the last one before."""
        leading = self._asked.question.fact.root
        if leading in event.fields:
            return event.fields[leading]
        known = facts.get(event.subject, KeyFacts()).values.get(leading)
        return None if known is None else known.value

    def _kind(self, *, begins: bool) -> TransitionKind:
        if not begins:
            return TransitionKind.RESOLVED
        is_state = self._asked.question.kind is RuleKind.STATE
        return TransitionKind.OPENED if is_state else TransitionKind.RAISED

    def _judge(
        self,
        event: Event,
        facts: Facts,
        remembered: Mapping[str, object],
        *,
        begins: bool,
    ) -> Verdict:
        spec = self._asked.spec
        ends = spec.recover.when
        if not begins and ends is not None:
            spec = replace(spec, when=ends)
        verdict = judge_event(
            spec,
            facts,
            event,
            key=event.key,
            series=self._asked.program.series,
            remembered=remembered,
        )
        if verdict.truth is not (begins or ends is not None):
            raise ColumnsDisagree(f"{verdict.reason}, at {event.position}.")
        return verdict

    def _stand(self, event: Event, facts: Facts) -> Verdict:
        """Judge what a timer finds where nothing was heard."""
        verdict = judge_facts(
            self._asked.spec,
            facts,
            key=event.key,
            at=event.at,
            series=self._asked.program.series,
        )
        if verdict.truth is not True:
            raise ColumnsDisagree(f"{verdict.reason}, at {event.position}.")
        return verdict

    def _event(self, row: int, fields: Mapping[str, Any]) -> Event:  # Any: JSON
        return Event(
            series=self._series,
            key=self._records.key_at(row),
            fields=fields,
            at=instant_of(int(self._records.at[row])),
            position=self._position(row),
        )

    def _instant(self, place: int, row: int) -> Event:
        """Stand in for what a timer finds: things as they are, at its own time."""
        sequences, orders = self._answer.positions(self._records)
        return Event(
            series=self._series,
            key=self._records.key_at(row),
            fields={},
            at=instant_of(int(self._answer.at[place])),
            position=Position(seq=int(sequences[place]), ord=int(orders[place])),
        )

    def _position(self, row: int) -> Position:
        return Position(
            seq=int(self._records.seq[row]), ord=int(self._records.ord[row])
        )

    def _values(self, rows: Iterable[int]) -> dict[int, dict[str, Any]]:  # Any: JSON
        """Read what the events carried, digit by digit as they were sent.

        What was removed a moment ago is told as the columns still have it.
        """
        places = {row: self._position(row) for row in rows}
        sent = sent_at(self._asked.lane, places.values(), self._fields)
        return {
            row: sent[one]
            if one in sent
            else self._records.values_at(self._fields, row)
            for row, one in places.items()
        }


def sent_at(
    lane: Lane, places: Iterable[Position], fields: Collection[str]
) -> dict[Position, dict[str, Any]]:  # Any: JSON
    """Read what events carried of some fields, of those that are still stored."""
    wanted = set(places)
    batches = Batch.objects.filter(lane=lane, seq__in={one.seq for one in wanted})
    ids = dict(batches.values_list("seq", "pk"))
    known = {(ids[one.seq], one.ord): one for one in wanted if one.seq in ids}
    return {
        known[record.pk]: {
            name: record.body[name] for name in fields if name in record.body
        }
        for record in Record.objects.filter(pk__in=list(known))
    }
