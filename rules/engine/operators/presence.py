"""Operators that ask whether there is a value; they alone answer for null."""

from rules.engine.operators.base import Operand, Operator, Sides, labels
from rules.engine.values import Truth


def _is_missing(sides: Sides) -> Truth:
    return sides.found is None


def _is_present(sides: Sides) -> Truth:
    return sides.found is not None


def _is_absent(sides: Sides) -> Truth:
    return not sides.carried


PRESENCE = (
    Operator(
        id="is_missing",
        labels=labels("has no value"),
        phrase="missing",
        operand=Operand.NOTHING,
        judge=_is_missing,
    ),
    Operator(
        id="is_present",
        labels=labels("has a value"),
        phrase="present",
        operand=Operand.NOTHING,
        judge=_is_present,
    ),
    Operator(
        id="is_absent",
        labels=labels("is absent from the event"),
        phrase="absent from the event",
        operand=Operand.NOTHING,
        judge=_is_absent,
        asks_event=True,
    ),
)
