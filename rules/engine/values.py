"""The values that facts and constants can have, and how they compare and look.

Types do not convert. Integers and decimals are one kind and compare exactly; a boolean
is never a number; a date is its text as sent; null is the absence of a value.
"""

from decimal import ROUND_HALF_EVEN, Context, Decimal
from enum import StrEnum
from typing import TypeGuard

from rules.engine.errors import UnsupportedValue

Value = None | bool | int | Decimal | str | list["Value"] | dict[str, "Value"]
Scalar = bool | int | Decimal | str
Number = int | Decimal
Truth = bool | None
"""True, false, or unknown."""

# Division and averages are decimals of 34 digits, half even; a margin obeys the same.
_ARITHMETIC = Context(prec=34, rounding=ROUND_HALF_EVEN, traps=[])
_BRIEF = Context(prec=8, rounding=ROUND_HALF_EVEN, traps=[])
_PLAIN_EXPONENTS = range(-40, 41)
_CONTAINERS = frozenset((list, dict))


class FieldType(StrEnum):
    """What a schema says of a field, and what a value turns out to be.

    ``ANY`` means that the schema leaves it open. Values are never ``DATE`` or ``ANY``.
    """

    NUMBER = "number"
    TEXT = "text"
    BOOLEAN = "boolean"
    DATE = "date"
    ARRAY = "array"
    OBJECT = "object"
    ANY = "any"


_TYPE_OF: dict[type, FieldType] = {
    bool: FieldType.BOOLEAN,
    int: FieldType.NUMBER,
    Decimal: FieldType.NUMBER,
    str: FieldType.TEXT,
    list: FieldType.ARRAY,
    dict: FieldType.OBJECT,
}


def type_of(value: Value) -> FieldType | None:
    """Name the type of a value; ``None`` for null.

    Raises:
        UnsupportedValue: the value is of a type that loses exactness (a float) or that
            no event can carry.
    """
    if value is None:
        return None
    try:
        return _TYPE_OF[type(value)]
    except KeyError:
        raise UnsupportedValue(
            f"{value!r} is a {type(value).__name__}; numbers come as int or Decimal,"
            " everything else as JSON gives it."
        ) from None


def is_number(value: Value) -> TypeGuard[Number]:
    """Tell whether a value can be compared as a number; not-a-number cannot."""
    if isinstance(value, Decimal):
        return value.is_finite()
    return type_of(value) is FieldType.NUMBER


def same_value(one: Value, other: Value) -> bool:
    """Tell whether two values are one: 1 is 1.0, and is not true, inside lists too."""
    kind = type(one)
    if kind is type(other) and kind not in _CONTAINERS:  # nearly always, and often
        return one == other
    kinds = [_TYPE_OF.get(type(value), type(value)) for value in (one, other)]
    if kinds[0] is not kinds[1]:
        return False
    if isinstance(one, list) and isinstance(other, list):
        return len(one) == len(other) and all(map(same_value, one, other))
    if isinstance(one, dict) and isinstance(other, dict):
        return one.keys() == other.keys() and all(
            same_value(value, other[name]) for name, value in one.items()
        )
    return one == other


def side_of(value: Number, level: Number) -> int:
    """Tell whether a number lies below a level (-1), on it (0), or above it (1)."""
    return (value > level) - (value < level)


def scale(value: Number, *, times: Number, plus: Number) -> Decimal:
    """Give ``value * times + plus`` to 34 digits."""
    scaled = _ARITHMETIC.multiply(Decimal(value), Decimal(times))
    return _ARITHMETIC.add(scaled, Decimal(plus))


def distance(one: Number, other: Number) -> Decimal:
    """Give how far two numbers lie apart, to 34 digits."""
    return _ARITHMETIC.abs(_ARITHMETIC.subtract(Decimal(one), Decimal(other)))


def show(value: Value) -> str:
    """Write a value as a person reads it: ``309.20``, ``"halted"``, ``true``."""
    if isinstance(value, Decimal):  # nearly always
        return _show_decimal(value)
    match value:
        case None:
            shown = "nothing"
        case bool():
            shown = "true" if value else "false"
        case str():
            shown = f'"{value}"'
        case list():
            shown = f"[{', '.join(show(item) for item in value)}]"
        case dict():
            inside = (f"{name}: {show(item)}" for name, item in value.items())
            shown = f"{{{', '.join(inside)}}}"
        case _:
            shown = str(value)
    return shown


def show_brief(number: Number) -> str:
    """Write a number with no more digits than are read at a glance."""
    return show(_BRIEF.normalize(Decimal(number)))


def brief(written: object, *, at_most: int = 60) -> str:
    """Quote in a message what an author wrote, however long it is."""
    text = str(written)
    return text if len(text) <= at_most else f"{text[:at_most]}..."


def _show_decimal(value: Decimal) -> str:
    if value.is_finite() and value.adjusted() in _PLAIN_EXPONENTS:
        return format(value, "f")
    return str(value)
