"""Events, and the facts that they move.

A fact is the last value of one field of one key. Facts follow the lane's order; the
watermark of a key is its greatest event time.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from types import MappingProxyType
from typing import Any, Self

from rules.engine.paths import FactPath, Step
from rules.engine.values import Value

Subject = tuple[str, str]
"""A series (``CORE:STOCK``) and one of its keys."""

NO_VALUES: Mapping[str, "FactValue"] = MappingProxyType({})


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
    afterwards as before (``updateState=false``).
    """

    series: str
    key: str
    fields: Mapping[str, Value]
    at: datetime
    position: Position
    raises: bool = True
    moves_facts: bool = True

    @property
    def subject(self) -> Subject:
        """Name what the event is about."""
        return self.series, self.key


@dataclass(frozen=True, slots=True, kw_only=True)
class FactValue:
    """The last value of a field, the value before it, and the time of the event.

    A value of ``None`` is a null that an event carried; ``previous`` is ``None`` also
    when there was nothing before.
    """

    value: Value
    previous: Value
    at: datetime


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
        values = dict(self.values)
        for name, value in event.fields.items():
            before = values.get(name)
            values[name] = FactValue(
                value=value, previous=before.value if before else None, at=event.at
            )
        latest = event.at if self.watermark is None else max(self.watermark, event.at)
        return KeyFacts(values=values, watermark=latest)

    def to_json(self) -> dict[str, object]:
        """Write the facts as plain values; numbers stay exact."""
        return {
            "values": {
                name: [fact.value, fact.previous, fact.at.isoformat()]
                for name, fact in self.values.items()
            },
            "watermark": self.watermark and self.watermark.isoformat(),
        }

    @classmethod
    def from_json(cls, written: Mapping[str, Any]) -> Self:  # Any: parsed JSON
        """Read what ``to_json`` wrote."""
        watermark = written["watermark"]
        return cls(
            values={
                name: FactValue(
                    value=value, previous=previous, at=datetime.fromisoformat(at)
                )
                for name, (value, previous, at) in written["values"].items()
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
class View:
    """What rules see of an event: the facts, with the event's own fields taken in.

    ``folds`` are the series whose keys are stored in capitals.
    """

    facts: Mapping[Subject, KeyFacts]
    subject: Subject
    own: KeyFacts
    folds: frozenset[str] = frozenset()

    def find(self, path: FactPath, key: str) -> FactValue | None:
        """Find a fact, ``*`` read under ``key``; ``None`` if it was never seen."""
        subject = subject_of(path, key, self.folds)
        known = self.own if subject == self.subject else self.facts.get(subject)
        return None if known is None else known.values.get(path.root)

    def value(self, path: FactPath, key: str) -> Value:
        """Give the last known value of a fact; null if there is none."""
        found = self.find(path, key)
        return None if found is None else value_at(found.value, path.steps)


def subject_of(path: FactPath, key: str, folds: frozenset[str]) -> Subject:
    """Name the subject whose fact a path reads, ``*`` standing for ``key``."""
    named = key if path.named_key is None else path.named_key
    return path.series, named.upper() if path.series in folds else named
