"""Operators that compare a value with one, two or several others."""

import operator
from collections.abc import Callable
from typing import Any

from rules.engine.operators.base import (
    Judge,
    Operand,
    Operator,
    Option,
    Sides,
    both_of,
    labels,
)
from rules.engine.values import FieldType, Truth, Value, is_number, same_value

Holds = Callable[[Any, Any], bool]  # Any: both numbers
_EQUATED = (FieldType.NUMBER, FieldType.TEXT, FieldType.BOOLEAN)


def _orders(holds: Holds) -> Judge:
    def judge(sides: Sides) -> Truth:
        if not both_of(sides.found, sides.wanted, FieldType.NUMBER):
            return None
        return holds(sides.found, sides.wanted)

    return judge


def _equates(*, wanted: bool) -> Judge:
    def judge(sides: Sides) -> Truth:
        if not both_of(sides.found, sides.wanted, *_EQUATED):
            return None
        return (_cased(sides, sides.found) == _cased(sides, sides.wanted)) is wanted

    return judge


def _lies_between(sides: Sides) -> Truth:
    """Both ends count; texts are compared as the times that they spell."""
    if isinstance(sides.found, str):
        return _lies_in_time(sides)
    found, (lowest, highest) = sides.found, sides.wanted
    if not (is_number(found) and is_number(lowest) and is_number(highest)):
        return None
    return lowest <= found <= highest


def _lies_in_time(sides: Sides) -> Truth:
    found = sides.read_time(sides.found, sides.zone)
    ends = [sides.read_time(one, sides.zone) for one in sides.wanted]
    known = [end for end in ends if end is not None]
    if found is None or len(known) < len(ends):
        return None
    return known[0] <= found <= known[1]


def _lies_outside(sides: Sides) -> Truth:
    inside = _lies_between(sides)
    return None if inside is None else not inside


def _is_among(*, wanted: bool) -> Judge:
    def judge(sides: Sides) -> Truth:
        if not both_of(sides.found, sides.wanted[0], *_EQUATED):
            return None
        found = _cased(sides, sides.found)
        among = any(same_value(found, _cased(sides, one)) for one in sides.wanted)
        return among is wanted

    return judge


def _cased(sides: Sides, value: Value) -> Value:
    if sides.ignore_case and isinstance(value, str):
        return value.casefold()
    return value


def _ordering(name: str, symbol: str, phrase: str, holds: Holds) -> Operator:
    return Operator(
        id=name,
        symbol=symbol,
        aliases=(symbol,),
        labels=labels(f"is {phrase}", FieldType.NUMBER),
        phrase=phrase,
        operand=Operand.VALUE_OR_FACT,
        judge=_orders(holds),
        measures=True,
    )


def _one_of(name: str, words: str, phrase: str, *, wanted: bool) -> Operator:
    return Operator(
        id=name,
        labels=labels(words, *_EQUATED),
        phrase=phrase,
        operand=Operand.VALUES,
        judge=_is_among(wanted=wanted),
        options=frozenset({Option.IGNORE_CASE}),
    )


COMPARISONS = (
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
        judge=_equates(wanted=True),
        measures=True,
        options=frozenset({Option.IGNORE_CASE}),
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
        judge=_equates(wanted=False),
        measures=True,
        options=frozenset({Option.IGNORE_CASE}),
    ),
    Operator(
        id="between",
        labels=labels("is between", FieldType.NUMBER, FieldType.DATE),
        phrase="between",
        operand=Operand.RANGE,
        judge=_lies_between,
        measures=True,
        options=frozenset({Option.ZONE}),
    ),
    Operator(
        id="outside",
        labels=labels("is outside of", FieldType.NUMBER, FieldType.DATE),
        phrase="outside of",
        operand=Operand.RANGE,
        judge=_lies_outside,
        measures=True,
        options=frozenset({Option.ZONE}),
    ),
    _one_of("in", "is one of", "one of", wanted=True),
    _one_of("nin", "is none of", "none of", wanted=False),
)
