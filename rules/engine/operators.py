"""The table of operators. A new operator is one entry here, its tests, and its docs.

Both sides of an operator are known and of one type when ``holds`` is asked; everything
about unknown sides is decided before, in ``verdicts``.
"""

import operator
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from rules.engine.errors import UnknownOperator
from rules.engine.values import FieldType, brief

Holds = Callable[[Any, Any], bool]  # Any: both of one type that the operator compares


class Operand(StrEnum):
    """What stands on the right side of an operator."""

    VALUE_OR_FACT = "value_or_fact"


@dataclass(frozen=True, slots=True, kw_only=True)
class Operator:
    """One way to compare a fact with what is wanted of it.

    ``labels`` are the words between the two sides, one for each type that the operator
    can compare; ``phrase`` stands in reasons, after the value that was found.
    """

    id: str
    symbol: str
    aliases: tuple[str, ...]
    labels: Mapping[FieldType, str]
    phrase: str
    operand: Operand
    holds: Holds

    @property
    def label(self) -> str:
        """Give the words for the first type in the table."""
        return next(iter(self.labels.values()))

    @property
    def types(self) -> frozenset[FieldType]:
        """Name the types of values that the operator compares."""
        return frozenset(self.labels)

    def label_for(self, field_type: FieldType | None) -> str:
        """Give the words for one type, or the general ones."""
        return (
            self.label
            if field_type is None
            else self.labels.get(field_type, self.label)
        )


def _ordering(name: str, symbol: str, phrase: str, holds: Holds) -> Operator:
    return Operator(
        id=name,
        symbol=symbol,
        aliases=(symbol,),
        labels={FieldType.NUMBER: f"is {phrase}"},
        phrase=phrase,
        operand=Operand.VALUE_OR_FACT,
        holds=holds,
    )


OPERATORS: Mapping[str, Operator] = {
    entry.id: entry
    for entry in (
        _ordering("gt", ">", "above", operator.gt),
        _ordering("gte", ">=", "at or above", operator.ge),
        _ordering("lt", "<", "below", operator.lt),
        _ordering("lte", "<=", "at or below", operator.le),
        Operator(
            id="eq",
            symbol="==",
            aliases=("==", "="),
            labels={
                FieldType.NUMBER: "equals",
                FieldType.TEXT: "is",
                FieldType.BOOLEAN: "is",
            },
            phrase="equal to",
            operand=Operand.VALUE_OR_FACT,
            holds=operator.eq,
        ),
        Operator(
            id="ne",
            symbol="!=",
            aliases=("!=", "<>"),
            labels={
                FieldType.NUMBER: "does not equal",
                FieldType.TEXT: "is not",
                FieldType.BOOLEAN: "is not",
            },
            phrase="other than",
            operand=Operand.VALUE_OR_FACT,
            holds=operator.ne,
        ),
    )
}

PLANNED = frozenset(
    {
        "between",
        "outside",
        "in",
        "nin",
        "cross_up",
        "cross_down",
        "cross",
        "rise",
        "fall",
        "change",
        "new_high",
        "new_low",
        "anomaly",
        "contains",
        "not_contains",
        "starts_with",
        "ends_with",
        "matches",
        "changed",
        "changed_to",
        "empty",
        "not_empty",
        "becomes_true",
        "becomes_false",
        "before",
        "after",
        "within_last",
        "more_than_ago",
        "day_of_week",
        "time_of_day",
        "contains_any",
        "contains_all",
        "contains_none",
        "has_at_least",
        "has_key",
        "is_missing",
        "is_present",
        "is_absent",
        "silent",
    }
)
"""Ids that the language reserves and this version does not offer yet."""

_BY_NAME = {
    name: entry for entry in OPERATORS.values() for name in (entry.id, *entry.aliases)
}


def find_operator(name: str) -> Operator:
    """Find an operator by its id or one of its symbols, such as ``<=`` or ``<>``.

    Raises:
        UnknownOperator: there is none; the message lists those there are.
    """
    try:
        return _BY_NAME[name.strip()]
    except KeyError:
        known = ", ".join(
            f"{entry.id} ({entry.symbol})" for entry in OPERATORS.values()
        )
        raise UnknownOperator(
            f'"{brief(name)}" is not an operator; use one of {known}.'
        ) from None
