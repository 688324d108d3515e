"""The words for the right side of a condition, in sentences and in reasons alike."""

from collections.abc import Callable, Sequence
from datetime import timedelta

from rules.engine.bands import say_scores
from rules.engine.durations import say_duration
from rules.engine.operands import (
    Amount,
    Constant,
    Constants,
    Hours,
    OtherFact,
    Pattern,
    Scores,
    Span,
    Wanted,
)
from rules.engine.operators import Operand, Operator
from rules.engine.paths import FactPath
from rules.engine.values import Scalar, show

DAYS = {
    "mon": "Monday",
    "tue": "Tuesday",
    "wed": "Wednesday",
    "thu": "Thursday",
    "fri": "Friday",
    "sat": "Saturday",
    "sun": "Sunday",
}


def say_wanted(
    operator: Operator, wanted: Wanted, name: Callable[[FactPath], str]
) -> str:
    """Say the right side; ``name`` says how to call a fact there. Blank for none."""
    match wanted:
        case Constant(value=value):
            return _say_constant(operator, value)
        case Constants(values=values):
            return _say_constants(operator, values)
        case OtherFact():
            return _say_fact(wanted, name)
        case Scores():
            return say_scores(wanted)
    return _say_measure(wanted)


def _say_measure(wanted: Amount | Span | Hours | Pattern | None) -> str:
    match wanted:
        case Amount():
            return say_amount(wanted)
        case Span(length=length):
            return _say_span(length)
        case Hours(start=start, end=end):
            return f"{start:%H:%M} to {end:%H:%M}"
        case Pattern(text=text):
            return show(text)
    return ""


def say_amount(amount: Amount) -> str:
    """Say how far: ``5``, ``2.5 %``."""
    return f"{show(amount.number)}{' %' if amount.is_percent else ''}"


def say_list(words: Sequence[str], between: str) -> str:
    """Say several: ``a``, ``a or b``, ``a, b or c``."""
    if len(words) < 2:
        return "".join(words)
    return f"{', '.join(words[:-1])} {between} {words[-1]}"


def _say_constant(operator: Operator, value: Scalar) -> str:
    if operator.operand is Operand.COUNT:
        return "1 item" if value == 1 else f"{show(value)} items"
    if operator.operand is Operand.TIME:
        return str(value)
    return show(value)


def _say_constants(operator: Operator, values: Sequence[Scalar]) -> str:
    if operator.operand is Operand.DAYS:
        return say_list([DAYS[str(day)] for day in values], "or")
    both = operator.operand is Operand.RANGE or operator.id == "contains_all"
    return say_list([show(value) for value in values], "and" if both else "or")


def _say_fact(wanted: OtherFact, name: Callable[[FactPath], str]) -> str:
    said = name(wanted.fact)
    if wanted.times != 1:
        said = f"{show(wanted.times)} times {said}"
    if wanted.plus > 0:
        return f"{said} plus {show(wanted.plus)}"
    if wanted.plus < 0:
        return f"{said} minus {show(-wanted.plus)}"
    return said


def _say_span(length: timedelta) -> str:
    """Say a length after "the last" or "ago": ``hour``, ``90 seconds``."""
    said = say_duration(length)
    return said.removeprefix("1 ") if said.startswith("1 ") else said
