"""Events, and the facts that they move.

A fact is the last value of one field of one key. Facts follow the lane's order; the
watermark of a key is its greatest event time.
"""

from collections.abc import Mapping, Sequence, Set
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta, tzinfo
from types import MappingProxyType
from typing import Any, NamedTuple, Self

from rules.engine.paths import FactPath, Step
from rules.engine.values import Value, same_value

Subject = tuple[str, str]
"""A series (``CORE:STOCK``) and one of its keys."""

DEFAULT_LATENESS = timedelta(seconds=60)
NO_VALUES: Mapping[str, "FactValue"] = MappingProxyType({})

# A named tuple's own constructor unpacks what it packs again: twice the time.
_made = tuple.__new__


@dataclass(frozen=True, slots=True, order=True)
class Position:
    """The place of an event in its lane: the batch's sequence, the order within it."""

    seq: int
    ord: int

    def to_json(self) -> list[int]:
        """Write the position as ``[seq, ord]``."""
        return [self.seq, self.ord]


@dataclass(frozen=True, slots=True, kw_only=True)
class Event:
    """What a producer sent about one key.

    ``raises`` false moves facts and runs no rule (Apperate's ``event=false``).
    ``moves_facts`` false lets rules see the fields over the facts, which stand
    afterwards as before (``updateState=false``). ``late`` is what another lane found,
    which forwarded the event; ``None`` lets the watermark of its key decide.
    ``is_guest`` says that another lane of its dataset judges its key: here it runs the
    rules that name the key, and none on any key.
    """

    series: str
    key: str
    fields: Mapping[str, Value]
    at: datetime
    position: Position
    raises: bool = True
    moves_facts: bool = True
    late: bool | None = None
    is_guest: bool = False

    @property
    def subject(self) -> Subject:
        """Name what the event is about."""
        return self.series, self.key


@dataclass(frozen=True, slots=True, kw_only=True)
class Tick:
    """A place in the lane's order at which timers of one instance may fire.

    Those that are due by ``at``, an event time, do.
    """

    rule_id: int
    key: str
    at: datetime
    position: Position


class FactValue(NamedTuple):
    """The last value of a field, the value before it, and the time of the event.

    A value of ``None`` is a null that an event carried; ``previous`` is ``None`` also
    when there was nothing before. ``last`` is the newest value that was not null, and
    ``other`` the newest before it that differed: where a crossing came from.

    A tuple, since every field of every event makes one: it costs a quarter of what a
    frozen dataclass does.
    """

    value: Value
    previous: Value
    at: datetime
    last: Value
    other: Value

    @classmethod
    def first(cls, value: Value, at: datetime) -> Self:
        """Begin with the first value that was seen."""
        return cls(value, None, at, value, None)

    def then(self, value: Value, at: datetime) -> "FactValue":
        """Give the fact once the next value is known."""
        known, _, _, last, other = self
        if value is None:
            return _made(FactValue, (None, known, at, last, other))
        other = other if same_value(value, last) else last
        return _made(FactValue, (value, known, at, value, other))

    def past(self, steps: tuple[Step, ...]) -> tuple[Value, Value, Value]:
        """Give its value, its last and its other one, each at a path inside."""
        if not steps:
            return self.value, self.last, self.other
        return (
            value_at(self.value, steps),
            value_at(self.last, steps),
            value_at(self.other, steps),
        )

    def to_json(self) -> list[object]:
        """Write the fact; what follows from its two values is left out."""
        written: list[object] = [self.value, self.previous, self.at.isoformat()]
        if not same_value(self.last, self.value):
            return [*written, self.other, self.last]
        if not same_value(self.other, self.previous):
            return [*written, self.other]
        return written

    @classmethod
    def from_json(cls, written: Sequence[Any]) -> Self:  # Any: parsed JSON
        """Read what ``to_json`` wrote."""
        value, previous, at, *past = written
        return cls(
            value=value,
            previous=previous,
            at=datetime.fromisoformat(at),
            other=past[0] if past else previous,
            last=past[1] if len(past) > 1 else value,
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class KeyFacts:
    """The facts of one key, and its watermark."""

    values: Mapping[str, FactValue] = field(default_factory=lambda: NO_VALUES)
    watermark: datetime | None = None

    def is_late(self, at: datetime, lateness: timedelta) -> bool:
        """Tell whether a time lies before the watermark by more than ``lateness``."""
        return self.watermark is not None and at < self.watermark - lateness

    def take_in(self, event: Event) -> "KeyFacts":
        """Give the facts as they are once the event's fields are known.

        A field counts when the event carries it, even as null, even unchanged.
        """
        at, values = event.at, dict(self.values)
        for name, value in event.fields.items():
            known = values.get(name)
            values[name] = (
                known.then(value, at) if known else FactValue.first(value, at)
            )
        latest = at if self.watermark is None else max(self.watermark, at)
        return KeyFacts(values=values, watermark=latest)

    def with_newer(self, other: "KeyFacts") -> "KeyFacts":
        """Give these facts with those of others that are known better."""
        marks = [one for one in (self.watermark, other.watermark) if one is not None]
        return KeyFacts(
            values={**self.values, **other.values}, watermark=max(marks, default=None)
        )

    def to_json(self) -> dict[str, object]:
        """Write the facts as plain values; numbers stay exact."""
        return {
            "values": {name: fact.to_json() for name, fact in self.values.items()},
            "watermark": self.watermark and self.watermark.isoformat(),
        }

    @classmethod
    def from_json(cls, written: Mapping[str, Any]) -> Self:  # Any: parsed JSON
        """Read what ``to_json`` wrote."""
        watermark = written["watermark"]
        return cls(
            values={
                name: FactValue.from_json(fact)
                for name, fact in written["values"].items()
            },
            watermark=datetime.fromisoformat(watermark) if watermark else None,
        )


NO_FACTS = KeyFacts()


def value_at(value: Value, steps: tuple[Step, ...]) -> Value:
    """Follow a path into an object or list; what is not there is null."""
    for step in steps:
        if isinstance(step, str) and isinstance(value, dict):
            value = value.get(step)
        elif isinstance(step, int) and isinstance(value, list) and step < len(value):
            value = value[step]
        else:
            return None
    return value


@dataclass(frozen=True, slots=True, kw_only=True)
class Series:
    """What the engine knows of a dataset beside its events.

    ``lateness`` is how far behind its key's watermark an event may come. Keys that
    ``folds`` are stored in capitals, so that ``aapl`` finds ``AAPL``. Naive times are
    read in ``zone``.
    """

    lateness: timedelta = DEFAULT_LATENESS
    folds: bool = False
    zone: tzinfo = UTC


AllSeries = Mapping[str, Series]
NO_SERIES: AllSeries = MappingProxyType({})
PLAIN_SERIES = Series()


class Sight(NamedTuple):
    """A fact as an event finds it; ``seen`` is the watermark of its key."""

    now: FactValue | None
    before: FactValue | None
    carried: bool
    seen: datetime | None


@dataclass(frozen=True, slots=True, kw_only=True)
class View:
    """What rules see of an event: the facts, with the event's own fields taken in.

    ``before`` are the facts of its subject without them, ``carried`` the fields' names.
    ``arrives`` tells that there is an event, ``keeps`` that what it brings stays.
    """

    facts: Mapping[Subject, KeyFacts]
    subject: Subject
    own: KeyFacts
    before: KeyFacts
    carried: Set[str]
    at: datetime
    series: AllSeries = field(default_factory=lambda: NO_SERIES)
    arrives: bool = True
    keeps: bool = True

    @classmethod
    def of_event(
        cls,
        event: Event,
        facts: Mapping[Subject, KeyFacts],
        *,
        series: AllSeries = NO_SERIES,
    ) -> Self:
        """See the facts as rules do that an event runs: all its fields taken in."""
        before = facts.get(event.subject, NO_FACTS)
        return cls(
            facts=facts,
            subject=event.subject,
            own=before.take_in(event),
            before=before,
            carried=event.fields.keys(),
            at=event.at,
            series=series,
            keeps=event.moves_facts,
        )

    @classmethod
    def standing(
        cls,
        facts: Mapping[Subject, KeyFacts],
        subject: Subject,
        *,
        at: datetime,
        series: AllSeries = NO_SERIES,
    ) -> Self:
        """See the facts as they are, as an event that moves none of them would."""
        own = facts.get(subject, NO_FACTS)
        return cls(
            facts=facts,
            subject=subject,
            own=own,
            before=own,
            carried=own.values.keys(),
            at=at,
            series=series,
            arrives=False,
        )

    def find(self, path: FactPath, key: str) -> FactValue | None:
        """Find a fact, ``*`` read under ``key``; ``None`` if it was never seen."""
        subject = subject_of(path, key, self.series)
        known = self.own if subject == self.subject else self.facts.get(subject)
        return None if known is None else known.values.get(path.root)

    def look(self, path: FactPath, key: str) -> "Sight":
        """See a fact now and before the event, all at once: this is the hot path."""
        subject = subject_of(path, key, self.series)
        if subject == self.subject:
            return Sight(
                now=self.own.values.get(path.root),
                before=self.before.values.get(path.root),
                carried=path.root in self.carried,
                seen=self.own.watermark,
            )
        known = self.facts.get(subject, NO_FACTS)
        found = known.values.get(path.root)
        return Sight(now=found, before=found, carried=False, seen=known.watermark)

    def value(self, path: FactPath, key: str) -> Value:
        """Give the last known value of a fact; null if there is none."""
        found = self.find(path, key)
        return None if found is None else value_at(found.value, path.steps)

    def seen(self, path: FactPath, key: str) -> datetime | None:
        """Give the watermark of a fact's key; ``None`` if it was never seen."""
        subject = subject_of(path, key, self.series)
        known = self.own if subject == self.subject else self.facts.get(subject)
        return None if known is None else known.watermark

    def zone_of(self, path: FactPath) -> tzinfo:
        """Give the zone in which naive times of a fact are read."""
        return self.series.get(path.series, PLAIN_SERIES).zone


def subject_of(path: FactPath, key: str, series: AllSeries) -> Subject:
    """Name the subject whose fact a path reads, ``*`` standing for ``key``."""
    named = key if path.named_key is None else path.named_key
    folds = series.get(path.series, PLAIN_SERIES).folds
    return path.series, named.upper() if folds else named
