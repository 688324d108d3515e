"""The filters of message templates: exact numbers, and no text beyond its limit.

Nothing in, nothing out: a filter over a value that is not there, of the wrong type or
divided by zero gives nothing, so a message never says 0 of what is unknown.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from datetime import datetime
from decimal import ROUND_CEILING, ROUND_FLOOR, ROUND_HALF_UP, Context, Decimal
from urllib.parse import quote

from liquid.undefined import Undefined

Filter = Callable[..., object]

MAX_TEXT_LENGTH = 8_000
_ARITHMETIC = Context(prec=34, Emax=400, Emin=-400)
_MOST_DIGITS = 34
_PLAIN_EXPONENTS = range(-40, 41)
# No width before the letter: the C library would obey any.
_DATE_FORMAT = re.compile(r"(?:[^%]|%[YmdHMSyBbAaIpjZz%])*")


class FilterFailed(ValueError):
    """A filter that cannot do what it was asked; says why as the end of a sentence."""


def plain(value: object) -> object:
    """Reduce a value to what templates may touch: JSON's kinds, numbers readable.

    Raises:
        FilterFailed: it is of another kind, such as a range.
    """
    if isinstance(value, float | Decimal):
        return _readable(Decimal(str(value)))
    if isinstance(value, list):
        return [plain(item) for item in value]
    if isinstance(value, dict):
        return {str(name): plain(item) for name, item in value.items()}
    if isinstance(value, str):
        return value[:MAX_TEXT_LENGTH]
    if value is None or isinstance(value, bool | int):
        return value
    if isinstance(value, Undefined):
        return None
    raise FilterFailed(f"a {type(value).__name__} cannot be used here")


def _readable(number: Decimal) -> Decimal:
    if number.is_finite() and number.adjusted() in _PLAIN_EXPONENTS:
        return Decimal(format(number, "f"))
    return number


def _text(value: object) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    return "" if value is None else str(value)


def _number(value: object) -> Decimal | None:
    if isinstance(value, bool) or not isinstance(value, int | Decimal | str):
        return None
    try:
        number = _ARITHMETIC.create_decimal(value)
    except ArithmeticError:
        return None
    return number if number.is_finite() else None


def _whole(value: object, at_most: int) -> int:
    number = _number(value)
    if number is None or not 0 <= number <= at_most or number != int(number):
        raise FilterFailed(
            f"{_text(value)[:40]!r} is not a whole number up to {at_most}"
        )
    return int(number)


def _of_text(apply: Callable[..., str]) -> Filter:
    """Make a filter of a function over texts, with its result cut to the limit."""

    def over_text(value: object, *arguments: object) -> str:
        return apply(_text(value), *arguments)[:MAX_TEXT_LENGTH]

    return over_text


def _of_number(apply: Callable[..., Decimal]) -> Filter:
    """Make a filter of a function over exact numbers; what has no result is nothing."""

    def over_number(value: object, *arguments: object) -> Decimal | None:
        operands = [_number(operand) for operand in (value, *arguments)]
        if None in operands:
            return None
        try:
            return _readable(apply(*operands))
        except ArithmeticError:
            return None

    return over_number


def _append(text: str, more: object = "") -> str:
    return text + _text(more)


def _prepend(text: str, more: object = "") -> str:
    return _text(more) + text


def _truncate(text: str, length: object = 50, ending: object = "...") -> str:
    kept = _whole(length, MAX_TEXT_LENGTH)
    if len(text) <= kept:
        return text
    return text[: max(kept - len(_text(ending)), 0)] + _text(ending)


def _round(number: Decimal, digits: Decimal = Decimal(0)) -> Decimal:
    places = _whole(digits, _MOST_DIGITS)
    return number.quantize(Decimal(1).scaleb(-places), ROUND_HALF_UP, _ARITHMETIC)


def _default(value: object, instead: object = "") -> object:
    is_nothing = value is None or value is False or value in ("", [], {})
    return instead if is_nothing else value


def _size(value: object) -> int:
    return len(value) if isinstance(value, str | list | dict) else 0


def _date(value: object, form: object = "%Y-%m-%d %H:%M") -> str:
    written = _text(value)
    if not written:
        return ""
    if not _DATE_FORMAT.fullmatch(_text(form)):
        raise FilterFailed(f"{_text(form)[:40]!r} is not a date format like %Y-%m-%d")
    try:
        instant = datetime.fromisoformat(written)
    except ValueError:
        return written
    return instant.strftime(_text(form))[:MAX_TEXT_LENGTH]


def _whole_towards(rounding: str) -> Callable[[Decimal], Decimal]:
    return lambda number: number.to_integral_value(rounding)


FILTERS: Mapping[str, Filter] = {
    "abs": _of_number(_ARITHMETIC.abs),
    "append": _of_text(_append),
    "capitalize": _of_text(str.capitalize),
    "ceil": _of_number(_whole_towards(ROUND_CEILING)),
    "date": _date,
    "default": _default,
    "divided_by": _of_number(_ARITHMETIC.divide),
    "downcase": _of_text(str.lower),
    "floor": _of_number(_whole_towards(ROUND_FLOOR)),
    "minus": _of_number(_ARITHMETIC.subtract),
    "modulo": _of_number(_ARITHMETIC.remainder),
    "plus": _of_number(_ARITHMETIC.add),
    "prepend": _of_text(_prepend),
    "round": _of_number(_round),
    "size": _size,
    "strip": _of_text(str.strip),
    "times": _of_number(_ARITHMETIC.multiply),
    "truncate": _of_text(_truncate),
    "upcase": _of_text(str.upper),
    "url_encode": _of_text(quote),
}
