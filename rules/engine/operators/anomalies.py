"""Operators that ask whether a value is unusual beside those that came before it."""

from rules.engine.operators.base import Operand, Operator, Option, Sides, labels
from rules.engine.values import FieldType, Truth, is_number


def _is_unusual(sides: Sides) -> Truth:
    if sides.baseline is None or not is_number(sides.found):
        return None
    return sides.baseline.is_unusual(sides.found, sides.wanted)


ANOMALIES = (
    Operator(
        id="anomaly",
        labels=labels("is unusual", FieldType.NUMBER),
        phrase="unusual",
        operand=Operand.SCORES,
        judge=_is_unusual,
        options=frozenset({Option.DIRECTION, Option.BY}),
        looks_back=True,
        deviates=True,
    ),
)
