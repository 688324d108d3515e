"""What is taken over windows, from the list of all values and their times."""

from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from decimal import Context, Decimal
from fractions import Fraction
from typing import Any

from tests.rules.engine.reference.comparing import alike, is_number, rises, said
from tests.rules.engine.reference.reading import every

DIGITS = Context(prec=34)
MANY_DIGITS = Context(prec=150)

Timed = list[tuple[datetime, Any]]


def counted(values: Timed, take: str) -> Timed:
    """Leave out what does not count, and put the rest in the order of time."""
    fit = [
        (at, value)
        for at, value in values
        if value is not None and (take in ("count", "distinct") or is_number(value))
    ]
    return sorted(fit, key=lambda one: one[0])


def length_of(node: Mapping[str, Any]) -> timedelta:
    """Give how long the window of a condition is; nothing for one without."""
    return every(node.get("within", node.get("over", {}).get("length", 0)))


def inside(values: Timed, over: Mapping[str, Any], now: datetime) -> Timed:
    """Give the values in the window that ends at an instant."""
    if "last" in over:
        return values[-over["last"] :]
    length = every(over["length"])
    return [(at, value) for at, value in values if now - length < at <= now]


def in_force(values: Timed, length: timedelta, now: datetime) -> Timed:
    """Give the values that a fact had in a stretch of time, the one before it too."""
    begins = now - length
    inside = [(at, value) for at, value in values if begins < at <= now]
    return [one for one in values if one[0] <= begins][-1:] + inside


def moved(values: Timed, begins: datetime, op: str, by: Any) -> str:
    """Tell whether the newest value lies so far from the extremes."""
    if not values or (len(values) == 1 and values[0][0] > begins):
        return "unknown"
    numbers = [value for _, value in values]
    low, high = min(numbers, key=Fraction), max(numbers, key=Fraction)
    bases = {"rise": [low], "fall": [high]}.get(op, [low, high])
    said = {rises(numbers[-1], base, op, by) for base in bases}
    return next(one for one in ("true", "unknown", "false") if one in said)


def take(values: list[Any], wanted: str) -> Any:
    """Reckon with fractions, and round once at the end."""
    if wanted == "count":
        return len(values)
    if wanted == "distinct":
        different: list[Any] = []
        for value in values:
            if not any(alike(value, known) for known in different):
                different.append(value)
        return len(different)
    return TAKES[wanted](list(map(Fraction, values))) if values else None


def rounded(value: Fraction) -> Fraction:
    """Round to 34 digits."""
    return Fraction(DIGITS.divide(Decimal(value.numerator), Decimal(value.denominator)))


def mean(values: list[Fraction]) -> Fraction:
    """Give the mean, not rounded."""
    return sum(values, Fraction(0)) / len(values)


def spread(values: list[Fraction]) -> Fraction:
    """Give the standard deviation of exactly these values."""
    middle = mean(values)
    variance = mean([(value - middle) ** 2 for value in values])
    root = MANY_DIGITS.divide(
        Decimal(variance.numerator), Decimal(variance.denominator)
    ).sqrt(MANY_DIGITS)
    return Fraction(DIGITS.plus(root))


TAKES: Mapping[str, Callable[[list[Fraction]], Fraction]] = {
    "avg": lambda values: rounded(mean(values)),
    "min": min,
    "max": max,
    "sum": sum,  # type: ignore[dict-item] # of fractions it is one
    "stddev": spread,
    "first": lambda values: values[0],
    "last": lambda values: values[-1],
    "change": lambda values: values[-1] - values[0],
}


def median(values: list[Fraction]) -> Fraction:
    """Give the middle one, or the mean of the middle two."""
    ranked, half = sorted(values), len(values) // 2
    if len(ranked) % 2:
        return ranked[half]
    return (ranked[half - 1] + ranked[half]) / 2


def unusual(found: Any, others: list[Any], node: Mapping[str, Any]) -> str:
    """Tell whether a value lies too many robust deviations from the others."""
    over, before = node["over"], list(map(Fraction, others))
    if len(before) < over.get("at_least", min(10, over.get("last", 10))):
        return "unknown"
    middle = median(before)
    deviation = median([abs(one - middle) for one in before]) * Fraction("1.4826")
    width = Fraction(node["value"]) * deviation
    by = node.get("by", 0)
    if isinstance(by, str):
        if not middle:
            return "unknown"
        by = Fraction(by.strip().removesuffix("%").strip()) / 100 * abs(middle)
    width = max(width, Fraction(by))
    if not width:
        return "false" if found == middle else "unknown"
    off = {"above": [1], "below": [-1]}.get(node.get("direction", ""), [1, -1])
    return said(any((found - middle) * way > width for way in off))


JUST = timedelta(microseconds=1)
