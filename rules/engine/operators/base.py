"""What an operator is, and what it is asked about."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, tzinfo
from enum import StrEnum
from typing import Any, NamedTuple

from rules.engine.bands import Baseline
from rules.engine.values import FieldType, Truth, Value, is_number, type_of


class Operand(StrEnum):
    """What stands on the right side of an operator."""

    NOTHING = "nothing"
    VALUE = "value"
    VALUE_OR_FACT = "value_or_fact"
    RANGE = "range"
    VALUES = "values"
    PATTERN = "pattern"
    AMOUNT = "amount"
    SPAN = "span"
    COUNT = "count"
    NAME = "name"
    TIME = "time"
    DAYS = "days"
    HOURS = "hours"
    SCORES = "scores"


class Option(StrEnum):
    """What else a condition may say beside its operator."""

    IGNORE_CASE = "ignore_case"
    ZONE = "zone"
    SINCE = "since"
    DIRECTION = "direction"
    BY = "by"


class Since(StrEnum):
    """Against what a move is measured, if not against the value before the event."""

    LAST_ALERT = "last_alert"


class Sides(NamedTuple):
    """The two sides of a condition at one event, as an operator sees them.

    ``before`` is the left side as it was before the event; the same as ``found`` when
    the event does not carry the fact. ``last`` and ``other`` look further back: the
    newest value before the event that was not null, and the newest that differed from
    that one. ``wanted`` is what the operator's operand reads to; null if it is a fact
    without a value. ``read_time`` makes an instant of a value, or answers ``None``.
    ``memory`` is what the condition remembered after the run before, if it remembers.
    ``seen`` is the watermark of the left side's key, ``baseline`` what values came
    before its value, for operators that ask. A tuple, as one is made for every
    condition at every event: a third of what a frozen dataclass costs.
    """

    found: Value
    wanted: Any  # Any: each operator knows what its own operand reads to
    before: Value
    last: Value
    other: Value
    carried: bool
    at: datetime
    zone: tzinfo
    read_time: Callable[[Value, tzinfo], datetime | None]
    ignore_case: bool = False
    memory: object = None
    seen: datetime | None = None
    baseline: Baseline | None = None


Judge = Callable[[Sides], Truth]


@dataclass(frozen=True, slots=True, kw_only=True)
class Operator:
    """One way to ask something of a fact.

    ``labels`` are the words between the two sides of a sentence, one for each type that
    the operator can be asked of; ``phrase`` stands in reasons, after the value that was
    found. ``looks_back`` tells that the answer depends on values before the event, so
    that a late event must not be asked. ``remember`` gives what a condition must know
    at its next run, where the facts alone do not tell it. ``wake`` gives the instant at
    which time alone may make it true. ``measures`` tells that it can be asked of a
    number that is taken over a window, ``reaches`` that it can ask how far a value lies
    from the extremes of a stretch of time, ``extends`` that it asks nothing else,
    ``deviates`` that it asks how far a value lies from those before it, and
    ``asks_event`` that it asks what the event itself carries.
    """

    id: str
    labels: Mapping[FieldType, str]
    phrase: str
    operand: Operand
    judge: Judge
    symbol: str = ""
    aliases: tuple[str, ...] = ()
    options: frozenset[Option] = frozenset()
    looks_back: bool = False
    measures: bool = False
    reaches: bool = False
    extends: bool = False
    deviates: bool = False
    asks_event: bool = False
    remember: Callable[[Sides], object] | None = None
    wake: Callable[[Sides], datetime | None] | None = None

    @property
    def label(self) -> str:
        """Give the words for the first type in the table."""
        return next(iter(self.labels.values()))

    @property
    def types(self) -> frozenset[FieldType]:
        """Name the types of values that the operator can be asked of."""
        return frozenset(self.labels)

    @property
    def compares_alike(self) -> bool:
        """Tell whether both sides must be of one type."""
        return self.operand in _ALIKE

    def label_for(self, field_type: FieldType | None) -> str:
        """Give the words for one type, or the general ones."""
        if field_type is None:
            return self.label
        return self.labels.get(field_type, self.label)


_ALIKE = frozenset({Operand.VALUE, Operand.VALUE_OR_FACT})
ANY_TYPE = frozenset(FieldType) - {FieldType.ANY}


def labels(words: str, *types: FieldType) -> Mapping[FieldType, str]:
    """Give every one of the types, or all there are, the same words."""
    return dict.fromkeys(types or sorted(ANY_TYPE), words)


def both_of(found: Value, wanted: Value, *types: FieldType) -> bool:
    """Tell whether two values are known, of one type, and of one that is compared."""
    if found is None or wanted is None:
        return False
    found_type = type_of(found)
    if found_type is not type_of(wanted) or found_type not in types:
        return False
    return found_type is not FieldType.NUMBER or (
        is_number(found) and is_number(wanted)
    )
