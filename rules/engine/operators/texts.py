"""Operators on texts; code points compare as they are, or without regard to case."""

from collections.abc import Callable

from rules.engine.operators.base import Judge, Operand, Operator, Option, Sides, labels
from rules.engine.values import FieldType, Truth, same_value

_CASED = frozenset({Option.IGNORE_CASE})
Holds = Callable[[str, str], bool]


def _holds(holds: Holds) -> Judge:
    def judge(sides: Sides) -> Truth:
        if not (isinstance(sides.found, str) and isinstance(sides.wanted, str)):
            return None
        if sides.ignore_case:
            return holds(sides.found.casefold(), sides.wanted.casefold())
        return holds(sides.found, sides.wanted)

    return judge


def _contains(sides: Sides) -> Truth:
    """A text contains a part of it; a list contains one of its items."""
    if isinstance(sides.found, list) and sides.wanted is not None:
        return any(same_value(item, sides.wanted) for item in sides.found)
    return _in_text(sides)


_in_text = _holds(lambda found, wanted: wanted in found)


def _contains_not(sides: Sides) -> Truth:
    contained = _contains(sides)
    return None if contained is None else not contained


def _matches(sides: Sides) -> Truth:
    if not isinstance(sides.found, str):
        return None
    return bool(sides.wanted.search(sides.found))


def _is_empty(*, wanted: bool) -> Judge:
    def judge(sides: Sides) -> Truth:
        if not isinstance(sides.found, str | list | dict):
            return None
        return (len(sides.found) == 0) is wanted

    return judge


def _text(
    name: str, words: str, phrase: str, judge: Judge, *more: FieldType
) -> Operator:
    return Operator(
        id=name,
        labels=labels(words, FieldType.TEXT, *more),
        phrase=phrase,
        operand=Operand.VALUE,
        judge=judge,
        options=_CASED,
    )


def _emptiness(name: str, words: str, phrase: str, *, wanted: bool) -> Operator:
    return Operator(
        id=name,
        labels=labels(words, FieldType.TEXT, FieldType.ARRAY, FieldType.OBJECT),
        phrase=phrase,
        operand=Operand.NOTHING,
        judge=_is_empty(wanted=wanted),
    )


TEXTS = (
    _text("contains", "contains", "containing", _contains, FieldType.ARRAY),
    _text(
        "not_contains",
        "does not contain",
        "without",
        _contains_not,
        FieldType.ARRAY,
    ),
    _text(
        "starts_with",
        "starts with",
        "starting with",
        _holds(str.startswith),
    ),
    _text("ends_with", "ends with", "ending with", _holds(str.endswith)),
    Operator(
        id="matches",
        labels=labels("matches the pattern", FieldType.TEXT),
        phrase="matching the pattern",
        operand=Operand.PATTERN,
        judge=_matches,
        options=_CASED,
    ),
    _emptiness("empty", "is empty", "empty", wanted=True),
    _emptiness("not_empty", "is not empty", "with something in it", wanted=False),
)
