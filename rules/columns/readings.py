"""Values of events as numbers: doubles where a double decides, decimals where not.

A float stands for its own shortest decimal: a parser may hand one over where the text
had no more digits than that. Integers and decimals are exact, as the engine has them.
Null, text, booleans, lists and numbers that are none make a fact unknown.
"""

from decimal import Context, Decimal, Inexact
from math import isfinite, nan
from sys import float_info

import numpy as np

from rules.columns.buffers import Floats, Longs
from rules.columns.cuts import EXACT_INTEGERS, LEAST, MOST, as_double, is_short

Reading = tuple[float, Decimal | None]
"""A double, and the decimal if the double does not decide."""


def read_number(value: object) -> Reading | None:
    """Read one value; none if it makes the fact unknown."""
    if isinstance(value, float):
        return (value, None) if isfinite(value) else None
    if isinstance(value, bool) or not isinstance(value, int | Decimal):
        return None
    if isinstance(value, Decimal) and not value.is_finite():
        return None
    double = max(-float_info.max, min(float_info.max, as_double(value)))
    return double, None if is_short(value) else Decimal(value)


def read_numbers(values: list[object]) -> tuple[Floats, Longs]:
    """Read a column of values at once.

    Returns:
        The doubles, and the places of the values that their doubles do not decide:
        what makes a fact unknown, and numbers of many digits. Those are to be read one
        by one.
    """
    kinds = set(map(type, values))
    if kinds == {float}:
        doubles = np.array(values, dtype=np.float64)
        return doubles, np.flatnonzero(~np.isfinite(doubles))
    if kinds == {int}:
        return _read_integers(values)
    if kinds == {Decimal}:
        return _read_decimals(values)
    return _read_mixed(values)


def _read_integers(values: list[object]) -> tuple[Floats, Longs]:
    try:
        doubles = np.array(values, dtype=np.float64)
    except OverflowError:
        return _read_mixed(values)
    return doubles, np.flatnonzero(np.abs(doubles) >= EXACT_INTEGERS)


def _read_decimals(values: list[object]) -> tuple[Floats, Longs]:
    """Read decimals, of which seldom one has more digits than a double.

    Rounding all of them to 15 digits tells whether one did not fit, much faster than
    counting digits.
    """
    context = Context(prec=15, traps=[])
    for _ in map(context.plus, values):  # type: ignore[arg-type]  # decimals, by type
        pass
    if context.flags[Inexact] or any(map(Decimal.is_nan, values)):  # type: ignore[arg-type]
        return _read_mixed(values)
    doubles = np.array(list(map(float, values)), dtype=np.float64)  # type: ignore[arg-type]
    size = np.abs(doubles)
    odd = np.flatnonzero(~((size > LEAST) & (size < MOST)))
    return doubles, np.array([one for one in odd if values[one]], dtype=np.int64)


def _read_mixed(values: list[object]) -> tuple[Floats, Longs]:
    readings = [read_number(value) for value in values]
    doubles = [nan if reading is None else reading[0] for reading in readings]
    odd = [
        place
        for place, reading in enumerate(readings)
        if reading is None or reading[1] is not None
    ]
    return np.array(doubles, dtype=np.float64), np.array(odd, dtype=np.int64)
