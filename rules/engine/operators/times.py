"""Operators on times. "Now" is the event's own time: the engine reads no clock."""

from collections.abc import Callable
from datetime import datetime, time

from rules.engine.operators.base import Judge, Operand, Operator, Option, Sides, labels
from rules.engine.values import FieldType, Truth

_ZONED = frozenset({Option.ZONE})
WEEKDAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")

Holds = Callable[[datetime, Sides], bool]


def _asks(holds: Holds) -> Judge:
    """Ask of the instant that the left side spells; unknown if it spells none."""

    def judge(sides: Sides) -> Truth:
        found = sides.read_time(sides.found, sides.zone)
        return None if found is None else holds(found, sides)

    return judge


def _against(holds: Callable[[datetime, datetime], bool]) -> Judge:
    def judge(sides: Sides) -> Truth:
        found = sides.read_time(sides.found, sides.zone)
        wanted = sides.read_time(sides.wanted, sides.zone)
        return None if found is None or wanted is None else holds(found, wanted)

    return judge


def _is_within_last(found: datetime, sides: Sides) -> bool:
    return bool(sides.at - sides.wanted < found <= sides.at)


def _is_more_than_ago(found: datetime, sides: Sides) -> bool:
    return bool(found < sides.at - sides.wanted)


def _is_on_day(found: datetime, sides: Sides) -> bool:
    return WEEKDAYS[found.astimezone(sides.zone).weekday()] in sides.wanted


def _is_in_hours(found: datetime, sides: Sides) -> bool:
    return is_in_hours(clock_of(found.astimezone(sides.zone)), *sides.wanted)


def clock_of(local: datetime) -> time:
    """Give the time of day, without its zone."""
    return time(local.hour, local.minute, local.second, local.microsecond)


def is_in_hours(local: time, start: time, end: time) -> bool:
    """Tell whether a time of day lies in ``[start, end)``, which may pass midnight."""
    if start <= end:
        return start <= local < end
    return local >= start or local < end


def _time(
    name: str, words: str, operand: Operand, judge: Judge, phrase: str = ""
) -> Operator:
    return Operator(
        id=name,
        labels=labels(f"is {words}", FieldType.DATE),
        phrase=phrase or words,
        operand=operand,
        judge=judge,
        options=_ZONED,
    )


def _is_silent(sides: Sides) -> Truth:
    """An event ends the silence at once; only time can bring it back."""
    return sides.seen is not None and sides.at - sides.seen >= sides.wanted


def _silent_from(sides: Sides) -> datetime | None:
    return None if sides.seen is None else sides.seen + sides.wanted


TIMES = (
    _time("before", "before", Operand.TIME, _against(lambda one, two: one < two)),
    _time("after", "after", Operand.TIME, _against(lambda one, two: one > two)),
    _time("within_last", "within the last", Operand.SPAN, _asks(_is_within_last)),
    _time("more_than_ago", "longer ago than", Operand.SPAN, _asks(_is_more_than_ago)),
    _time("day_of_week", "on a", Operand.DAYS, _asks(_is_on_day)),
    _time("time_of_day", "at a time from", Operand.HOURS, _asks(_is_in_hours)),
    Operator(
        id="silent",
        labels=labels("has been silent for"),
        phrase="silent for",
        operand=Operand.SPAN,
        judge=_is_silent,
        wake=_silent_from,
        looks_back=True,
    ),
)
