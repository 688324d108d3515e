"""Operators that compare a fact with what it was before the event.

An event that does not carry the fact has not moved it: nothing changed, nothing rose,
nothing was crossed. What was never seen before cannot have moved either: unknown.
"""

from collections.abc import Callable
from fractions import Fraction
from typing import Any

from rules.engine.operands import Amount
from rules.engine.operators.base import (
    Judge,
    Operand,
    Operator,
    Option,
    Sides,
    both_of,
    labels,
)
from rules.engine.values import (
    FieldType,
    Truth,
    Value,
    is_number,
    same_value,
    side_of,
)

_NUMBERS = (FieldType.NUMBER,)
_SINCE = frozenset({Option.SINCE})


def _changed(sides: Sides) -> Truth:
    """Nulls between two values are passed over."""
    if sides.found is None or sides.last is None:
        return None
    return not same_value(sides.found, sides.last)


def _changed_to(sides: Sides) -> Truth:
    changed = _changed(sides)
    if changed is None or sides.wanted is None:
        return None
    return changed and same_value(sides.found, sides.wanted)


def _becomes(*, wanted: bool) -> Judge:
    def judge(sides: Sides) -> Truth:
        if not both_of(sides.found, sides.last, FieldType.BOOLEAN):
            return None
        return sides.found is wanted and sides.last is not wanted

    return judge


def _crosses(*, up: bool, down: bool) -> Judge:
    """The side is remembered while the value equals what it may cross, or is null."""

    def judge(sides: Sides) -> Truth:
        came_from = side_before(sides)
        stands = _side(sides.found, sides.wanted)
        if came_from is None or stands is None:
            return None
        return (up and came_from < 0 < stands) or (down and stands < 0 < came_from)

    return judge


def side_before(sides: Sides) -> int | None:
    """Tell on which side the fact was last: -1, 1, or unknown if it was on none.

    Of a constant the fact's own past tells it. Beside another fact, which moves too,
    the condition remembers it from run to run.
    """
    if isinstance(sides.memory, int):
        return sides.memory
    for earlier in (sides.last, sides.other):
        side = _side(earlier, sides.wanted)
        if side != 0:
            return side
    return None


def side_after(sides: Sides) -> int | None:
    """Give the side to remember once the event is over."""
    return _side(sides.found, sides.wanted) or side_before(sides)


def _side(value: Value, level: Value) -> int | None:
    if not (is_number(value) and is_number(level)):
        return None
    return side_of(value, level)


def _passes(*, way: int) -> Judge:
    """What stands on the far side of all values before it, which are ``before``."""

    def judge(sides: Sides) -> Truth:
        if not (is_number(sides.found) and is_number(sides.before)):
            return None
        return sides.carried and side_of(sides.found, sides.before) == way

    return judge


Moved = Callable[[Fraction, Fraction], bool]


def _moves(moved: Moved) -> Judge:
    """Compare exactly: a share of the base is multiplied out, never divided."""

    def judge(sides: Sides) -> Truth:
        found, base = sides.found, sides.before
        if not (is_number(found) and is_number(base)):
            return None
        least = least_move(base, sides.wanted)
        return None if least is None else moved(Fraction(found) - Fraction(base), least)

    return judge


def base_since_alert(sides: Sides) -> Value:
    """Give where a move since the last alert begins: at first, where it was first seen.

    The value at an alert is kept by whoever raises it.
    """
    base: Any = sides.memory  # Any: what was kept of a run before
    if is_number(base):
        return base
    return sides.found if is_number(sides.found) else None


def least_move(base: Value, amount: Amount) -> Fraction | None:
    """Give the move that an amount asks for; a share of 0 is unknown."""
    if not amount.is_percent:
        return Fraction(amount.number)
    if not is_number(base) or base == 0:
        return None
    return Fraction(amount.number) / 100 * abs(Fraction(base))


def _move(name: str, words: str, phrase: str, moved: Moved) -> Operator:
    return Operator(
        id=name,
        labels=labels(words, *_NUMBERS),
        phrase=phrase,
        operand=Operand.AMOUNT,
        judge=_moves(moved),
        options=_SINCE,
        reaches=True,
        looks_back=True,
    )


def _crossing(
    name: str, words: str, phrase: str, *, up: bool = False, down: bool = False
) -> Operator:
    return Operator(
        id=name,
        labels=labels(words, *_NUMBERS),
        phrase=phrase,
        operand=Operand.VALUE_OR_FACT,
        judge=_crosses(up=up, down=down),
        measures=True,
        remember=side_after,
        looks_back=True,
    )


def _record(name: str, words: str, phrase: str, *, way: int) -> Operator:
    return Operator(
        id=name,
        labels=labels(words, *_NUMBERS),
        phrase=phrase,
        operand=Operand.NOTHING,
        judge=_passes(way=way),
        reaches=True,
        extends=True,
        looks_back=True,
    )


MOVES = (
    _record("new_high", "sets a new high", "a new high", way=1),
    _record("new_low", "sets a new low", "a new low", way=-1),
    _crossing("cross_up", "crosses above", "crossing above", up=True),
    _crossing("cross_down", "crosses below", "crossing below", down=True),
    _crossing("cross", "crosses", "crossing", up=True, down=True),
    _move("rise", "rises by at least", "up by at least", lambda by, least: by >= least),
    _move(
        "fall", "falls by at least", "down by at least", lambda by, least: -by >= least
    ),
    _move(
        "change",
        "moves by at least",
        "moved by at least",
        lambda by, least: abs(by) >= least,
    ),
    Operator(
        id="changed",
        labels=labels("changes"),
        phrase="changed",
        operand=Operand.NOTHING,
        judge=_changed,
        looks_back=True,
    ),
    Operator(
        id="changed_to",
        labels=labels(
            "changes to", FieldType.NUMBER, FieldType.TEXT, FieldType.BOOLEAN
        ),
        phrase="changed to",
        operand=Operand.VALUE,
        judge=_changed_to,
        looks_back=True,
    ),
    Operator(
        id="becomes_true",
        labels=labels("becomes true", FieldType.BOOLEAN),
        phrase="turned true",
        operand=Operand.NOTHING,
        judge=_becomes(wanted=True),
        looks_back=True,
    ),
    Operator(
        id="becomes_false",
        labels=labels("becomes false", FieldType.BOOLEAN),
        phrase="turned false",
        operand=Operand.NOTHING,
        judge=_becomes(wanted=False),
        looks_back=True,
    ),
)
