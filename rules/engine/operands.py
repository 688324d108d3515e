"""What stands on the right side of a condition, once it has been read."""

import re
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, time, timedelta, tzinfo
from decimal import Decimal
from enum import StrEnum
from fractions import Fraction
from typing import Protocol

from rules.engine.durations import render_duration
from rules.engine.paths import FactPath
from rules.engine.values import Number, Scalar, Value, is_number, scale, show


class Search(Protocol):
    """A compiled pattern that is searched for in linear time, such as google-re2's."""

    def search(self, text: str, /) -> object:
        """Answer something true if the pattern occurs in ``text``."""
        ...


class PatternCompiler(Protocol):
    """Compiles a pattern, with or without regard to case."""

    def __call__(self, pattern: str, *, ignore_case: bool) -> Search:
        """Give what searches for the pattern; ``ValueError`` says what is wrong."""
        ...


TimeReader = Callable[[Value, tzinfo], datetime | None]
"""Reads an instant, naive texts in the zone given; ``None`` for what is no time."""


def refuse_pattern(pattern: str, *, ignore_case: bool) -> Search:
    """Refuse every pattern: the standard library has no linear-time search."""
    raise ValueError("patterns need a linear-time library, and none is plugged in")


def read_iso_time(value: Value, zone: tzinfo) -> datetime | None:
    """Read the spellings of ISO 8601 that Python knows."""
    if not isinstance(value, str) or not re.match(r"\d{4}-\d", value, re.ASCII):
        return None
    try:
        instant = datetime.fromisoformat(value)
    except ValueError:
        return None
    return instant if instant.tzinfo else instant.replace(tzinfo=zone)


@dataclass(frozen=True, slots=True, kw_only=True)
class Ports:
    """What the engine cannot have of its own, and is given.

    Without them there are no patterns, and times are those of ISO 8601.
    """

    compile_pattern: PatternCompiler = refuse_pattern
    read_time: TimeReader = read_iso_time


def meaning_of_value(value: Scalar) -> str:
    """Write a value so that two spellings of one look alike: 1 and 1.0, never true."""
    if isinstance(value, int | Decimal) and not isinstance(value, bool):
        return str(Fraction(value))
    return repr(value)


@dataclass(frozen=True, slots=True)
class Constant:
    """A value that the author wrote."""

    value: Scalar

    @property
    def given(self) -> Scalar:
        """Give what the operator takes."""
        return self.value

    @property
    def meaning(self) -> str:
        """Give what two spellings of one value have in common."""
        return meaning_of_value(self.value)

    def to_json(self) -> Value:
        """Write the value."""
        return self.value


@dataclass(frozen=True, slots=True)
class Constants:
    """Several values that the author wrote, in their order."""

    values: tuple[Scalar, ...]

    @property
    def given(self) -> tuple[Scalar, ...]:
        """Give what the operator takes."""
        return self.values

    @property
    def meaning(self) -> str:
        """Give the meanings of the values, in their order."""
        return "|".join(map(meaning_of_value, self.values))

    def to_json(self) -> Value:
        """Write a list."""
        return list(self.values)


@dataclass(frozen=True, slots=True, kw_only=True)
class Amount:
    """How far a number must move: by so much, or by a share of where it was."""

    number: Number
    is_percent: bool

    @property
    def given(self) -> "Amount":
        """Give what the operator takes."""
        return self

    @property
    def meaning(self) -> str:
        """Give the number's meaning, and whether it is a share."""
        return f"{meaning_of_value(self.number)}{'%' if self.is_percent else ''}"

    def to_json(self) -> Value:
        """Write ``5``, or ``"5%"``."""
        return f"{show(self.number)}%" if self.is_percent else self.number


@dataclass(frozen=True, slots=True)
class Span:
    """A length of time."""

    length: timedelta

    @property
    def given(self) -> timedelta:
        """Give what the operator takes."""
        return self.length

    @property
    def meaning(self) -> str:
        """Give the length in microseconds."""
        return str(self.length // timedelta(microseconds=1))

    def to_json(self) -> Value:
        """Write ``"1h"``."""
        return render_duration(self.length)


@dataclass(frozen=True, slots=True, kw_only=True)
class Hours:
    """A part of each day, ``[start, end)``; it may pass midnight."""

    start: time
    end: time

    @property
    def given(self) -> tuple[time, time]:
        """Give what the operator takes."""
        return self.start, self.end

    @property
    def meaning(self) -> str:
        """Give both ends."""
        return f"{self.start}-{self.end}"

    def to_json(self) -> Value:
        """Write ``["09:30", "16:00"]``."""
        return [f"{self.start:%H:%M}", f"{self.end:%H:%M}"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Pattern:
    """A pattern as written, and ready to search."""

    text: str
    compiled: Search = field(compare=False, repr=False)

    @property
    def given(self) -> Search:
        """Give what the operator takes."""
        return self.compiled

    @property
    def meaning(self) -> str:
        """Give the pattern as written."""
        return self.text

    def to_json(self) -> Value:
        """Write the pattern."""
        return self.text


class Direction(StrEnum):
    """On which side of a baseline a value is called unusual."""

    ABOVE = "above"
    BELOW = "below"
    EITHER = "either"


@dataclass(frozen=True, slots=True, kw_only=True)
class Scores:
    """How many scores a value must lie off, and, if said, how far as well."""

    number: Number
    direction: Direction = Direction.EITHER
    by: Amount | None = None

    @property
    def given(self) -> "Scores":
        """Give what the operator takes."""
        return self

    @property
    def meaning(self) -> str:
        """Give the number, the side, and how far."""
        by = f" by {self.by.meaning}" if self.by else ""
        return f"{meaning_of_value(self.number)} {self.direction}{by}"

    def to_json(self) -> Value:
        """Write the number."""
        return self.number


@dataclass(frozen=True, slots=True, kw_only=True)
class OtherFact:
    """Another fact, times a factor, plus an offset."""

    fact: FactPath
    times: Number = 1
    plus: Number = 0

    @property
    def meaning(self) -> str:
        """Give the fact's identity, and what is made of its value."""
        numbers = (meaning_of_value(one) for one in (self.times, self.plus))
        return f"{self.fact.identity}*{'+'.join(numbers)}"

    def of(self, value: Value) -> Value:
        """Make of the fact's value what is compared; unknown if it is no number."""
        if self.times == 1 and self.plus == 0:
            return value
        if not is_number(value):
            return None
        return scale(value, times=self.times, plus=self.plus)


Written = Constant | Constants | Amount | Span | Hours | Pattern | Scores
"""A right side that the author wrote out; it is the same at every event."""

Wanted = Written | OtherFact | None
"""The right side of a condition; nothing for operators that need none."""
