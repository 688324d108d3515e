"""What is kept of the values in a window, so that nobody adds them up anew.

Sums are exact, whatever the numbers: nothing is rounded before the end.
"""

from collections.abc import Callable
from dataclasses import dataclass
from decimal import ROUND_HALF_EVEN, Context, Decimal
from typing import Any

MAX_DIGITS = 400
MAX_MAGNITUDE = 400
"""Numbers beyond this many digits, or powers of ten, are too wild to be reckoned."""

# Far wider than the sum of as many squares of such numbers as a window holds.
EXACT = Context(prec=5_000, rounding=ROUND_HALF_EVEN, traps=[])
_ROUNDED = Context(prec=34, rounding=ROUND_HALF_EVEN, traps=[])
_WIDE = Context(prec=100, rounding=ROUND_HALF_EVEN, traps=[])


@dataclass(frozen=True, slots=True)
class Fold:
    """How a value becomes a total, and two totals one; any grouping gives the same."""

    lift: Callable[[Any], Any]  # Any: each fold has totals of its own
    join: Callable[[Any, Any], Any]


SUM = Fold(lambda value: value, EXACT.add)
SQUARES = Fold(
    lambda value: (value, EXACT.multiply(value, value)),
    lambda one, two: (EXACT.add(one[0], two[0]), EXACT.add(one[1], two[1])),
)
LOWEST = Fold(lambda value: value, min)
HIGHEST = Fold(lambda value: value, max)
EXTREMES = Fold(
    lambda value: (value, value),
    lambda one, two: (min(one[0], two[0]), max(one[1], two[1])),
)
NOTHING = Fold(lambda _: None, lambda _one, _two: None)


def can_be_reckoned(number: int | Decimal) -> bool:
    """Tell whether a number is one that sums and squares stay exact with."""
    exact = Decimal(number)
    if not exact.is_finite():
        return False
    digits = len(exact.as_tuple().digits)
    return digits <= MAX_DIGITS and abs(exact.adjusted()) <= MAX_MAGNITUDE


def average(total: Decimal, count: int) -> Decimal:
    """Divide an exact sum, to 34 digits."""
    return _ROUNDED.divide(total, Decimal(count))


def deviation(totals: tuple[Decimal, Decimal], count: int) -> Decimal:
    """Give the standard deviation of the values themselves, to 34 digits.

    It is that of a population, divided by the count: the values in the window are all
    that is asked about, not a sample of others. So that of one value is 0, as
    Prometheus and TradingView have it.
    """
    total, squares = totals
    spread = EXACT.subtract(
        EXACT.multiply(squares, Decimal(count)), EXACT.multiply(total, total)
    )
    root = _WIDE.sqrt(spread)
    return _ROUNDED.divide(root, Decimal(count))


def difference(later: Decimal, earlier: Decimal) -> Decimal:
    """Subtract exactly."""
    return EXACT.subtract(later, earlier)
