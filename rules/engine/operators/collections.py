"""Operators on lists and objects; whether a list holds one thing is ``contains``."""

from collections.abc import Callable, Iterable

from rules.engine.operators.base import Judge, Operand, Operator, Sides, labels
from rules.engine.values import FieldType, Truth, same_value


def _holds(quantify: Callable[[Iterable[bool]], bool]) -> Judge:
    def judge(sides: Sides) -> Truth:
        found = sides.found
        if not isinstance(found, list):
            return None
        return quantify(
            any(same_value(item, one) for item in found) for one in sides.wanted
        )

    return judge


def _none(held: Iterable[bool]) -> bool:
    return not any(held)


def _has_at_least(sides: Sides) -> Truth:
    if not isinstance(sides.found, list | dict):
        return None
    return bool(len(sides.found) >= sides.wanted)


def _has_key(sides: Sides) -> Truth:
    if not isinstance(sides.found, dict):
        return None
    return sides.wanted in sides.found


def _items(name: str, words: str, phrase: str, judge: Judge) -> Operator:
    return Operator(
        id=name,
        labels=labels(words, FieldType.ARRAY),
        phrase=phrase,
        operand=Operand.VALUES,
        judge=judge,
    )


COLLECTIONS = (
    _items("contains_any", "contains any of", "containing any of", _holds(any)),
    _items("contains_all", "contains all of", "containing all of", _holds(all)),
    _items("contains_none", "contains none of", "containing none of", _holds(_none)),
    Operator(
        id="has_at_least",
        labels=labels("has at least", FieldType.ARRAY, FieldType.OBJECT),
        phrase="of at least",
        operand=Operand.COUNT,
        judge=_has_at_least,
    ),
    Operator(
        id="has_key",
        labels=labels("has the key", FieldType.OBJECT),
        phrase="with the key",
        operand=Operand.NAME,
        judge=_has_key,
    ),
)
