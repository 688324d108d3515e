"""Modifiers: for how long, or how often, a condition or a group must be true.

``held`` counts time without interruption, ``times`` the events at which it was true
within a span, ``of_last`` those among the last so many.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import ClassVar

from rules.engine.durations import render_duration, say_duration
from rules.engine.places import Place

MAX_TIMES = 100
LONGEST_SPAN = timedelta(days=90)


@dataclass(frozen=True, slots=True)
class Held:
    """True for so long without interruption; what is unknown interrupts nothing."""

    length: timedelta
    name: ClassVar[str] = "held"

    @property
    def meaning(self) -> str:
        """Give what two spellings have in common."""
        return f"held {self.length // timedelta(microseconds=1)}"

    def to_json(self) -> str:
        """Write ``"5m"``."""
        return render_duration(self.length)

    def say(self) -> str:
        """Say it behind what must be true."""
        return f"held for {say_duration(self.length)}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Times:
    """True at so many events within a span; each event that finds it true counts."""

    at_least: int
    within: timedelta
    name: ClassVar[str] = "times"

    @property
    def meaning(self) -> str:
        """Give what two spellings have in common."""
        return f"times {self.at_least} {self.within // timedelta(microseconds=1)}"

    def to_json(self) -> dict[str, object]:
        """Write ``{"at_least": 3, "within": "10m"}``."""
        return {"at_least": self.at_least, "within": render_duration(self.within)}

    def say(self) -> str:
        """Say it behind what must be true."""
        events = "event" if self.at_least == 1 else "events"
        span = say_duration(self.within)
        return f"at {self.at_least} or more {events} within {span}"


@dataclass(frozen=True, slots=True, kw_only=True)
class OfLast:
    """True at so many of the last events that ran the rule for the key."""

    at_least: int
    of: int
    name: ClassVar[str] = "of_last"

    @property
    def meaning(self) -> str:
        """Give what two spellings have in common."""
        return f"of_last {self.at_least} {self.of}"

    def to_json(self) -> dict[str, object]:
        """Write ``{"at_least": 3, "of": 5}``."""
        return {"at_least": self.at_least, "of": self.of}

    def say(self) -> str:
        """Say it behind what must be true."""
        return f"at {self.at_least} or more of the last {self.of} events"


Modifier = Held | Times | OfLast

MODIFIERS = (Held.name, Times.name, OfLast.name)


def read_modifier(place: Place, name: str) -> Modifier | None:
    """Read one of the modifiers; ``None`` once a problem is noted."""
    match name:
        case Held.name:
            length = read_span(place)
            return None if length is None else Held(length)
        case Times.name:
            return _read_times(place)
    return _read_of_last(place)


def read_span(
    place: Place, *, at_most: timedelta = timedelta(days=366)
) -> timedelta | None:
    """Read a length of time above 0."""
    length = place.duration()
    if length is None:
        return None
    if not length:
        place.refuse("bad_duration", "This length of time must be above 0.")
        return None
    if length > at_most:
        place.refuse(
            "bad_duration", f"This length of time is at most {say_duration(at_most)}."
        )
        return None
    return length


def _read_times(place: Place) -> Times | None:
    members = _both(place, "at_least", "within", 'as {"at_least": 3, "within": "10m"}')
    if members is None:
        return None
    at_least = _read_count(members["at_least"])
    within = read_span(members["within"], at_most=LONGEST_SPAN)
    if at_least is None or within is None:
        return None
    return Times(at_least=at_least, within=within)


def _read_of_last(place: Place) -> OfLast | None:
    members = _both(place, "at_least", "of", 'as {"at_least": 3, "of": 5}')
    if members is None:
        return None
    at_least, of = _read_count(members["at_least"]), _read_count(members["of"])
    if at_least is None or of is None:
        return None
    if at_least > of:
        members["at_least"].refuse(
            "bad_count", f"{at_least} can never be reached among {of} events."
        )
        return None
    return OfLast(at_least=at_least, of=of)


def _both(
    place: Place, first: str, second: str, example: str
) -> Mapping[str, Place] | None:
    members = place.members((first, second))
    if members is None:
        return None
    if members.keys() != {first, second}:
        place.refuse("missing", f'Say "{first}" and "{second}", {example}.')
        return None
    return members


def _read_count(place: Place) -> int | None:
    count = place.value
    if isinstance(count, int) and count is not True and 1 <= count <= MAX_TIMES:
        return count
    place.refuse("bad_count", f"Give a whole number from 1 to {MAX_TIMES}.")
    return None
