"""Schedules in words: "at 09:30 on weekdays", "every 5 minutes from 09:00 to 16:55"."""

from __future__ import annotations

import calendar
from collections.abc import Callable, Iterable, Sequence
from datetime import timedelta
from itertools import pairwise
from typing import Final

from datasets.schedules.cron import Cron

_UNITS: Final = (("day", 86_400), ("hour", 3_600), ("minute", 60), ("second", 1))
#: As cron counts them, from Sunday.
_WEEKDAYS: Final = (calendar.day_name[6], *calendar.day_name[:6])
_SETS: Final = {
    frozenset(range(1, 6)): "on weekdays",
    frozenset({0, 6}): "on Saturdays and Sundays",
}
#: Times of a day that are named one by one.
_MOST_TIMES: Final = 6


def say_step(step: timedelta) -> str:
    """Return words like "every 5 minutes"."""
    seconds = round(step.total_seconds())
    unit, size = next(one for one in _UNITS if seconds % one[1] == 0)
    count = seconds // size
    return f"every {unit}" if count == 1 else f"every {count:,} {unit}s"


def say_cron(cron: Cron) -> str:
    """Return words like "at 09:30 on weekdays"."""
    return " ".join(filter(None, (_times(cron), _days(cron), _months(cron))))


def _times(cron: Cron) -> str:
    minutes, hours = sorted(cron.minutes), sorted(cron.hours)
    every = _every(minutes)
    if cron.is_every_hour:
        return every or f"at {_minutes(minutes)} past every hour"
    if len(minutes) * len(hours) <= _MOST_TIMES:
        times = [_clock(hour, one) for hour in hours for one in minutes]
        return f"at {_and(times)}"
    span = f"from {_clock(hours[0], minutes[0])} to {_clock(hours[-1], minutes[-1])}"
    if every and len(minutes) > 1 and hours == [*range(hours[0], hours[-1] + 1)]:
        return f"{every} {span}"
    if len(minutes) == 1 and (step := _step(hours)):
        whole = "every hour" if step == 1 else f"every {step} hours"
        return f"{whole} {span}"
    return f"at {_minutes(minutes)} past the hours {_and(map(str, hours))}"


def _every(minutes: Sequence[int]) -> str:
    if [*minutes] == [0]:
        return "every hour"
    if len(minutes) == 1 or minutes[0]:
        return ""
    step = _step(minutes)
    if not step or minutes[-1] + step != 60:
        return ""
    return "every minute" if step == 1 else f"every {step} minutes"


def _step(numbers: Sequence[int]) -> int:
    """Return the step between numbers that are equally far apart, else 0."""
    steps = {after - before for before, after in pairwise(numbers)}
    return steps.pop() if len(steps) == 1 else 0


def _minutes(minutes: Sequence[int]) -> str:
    return f"{_and(map(str, minutes))} minute{'s' if [*minutes] != [1] else ''}"


def _days(cron: Cron) -> str:
    days = "" if len(cron.days) == 31 else f"on the {_rows(cron.days, _nth)}"
    weekdays = "" if len(cron.weekdays) == 7 else _weekdays(cron.weekdays)
    if not (days and weekdays):
        return "" if cron.is_either_day else days or weekdays
    return f"{days} and {weekdays}" if cron.is_either_day else f"{weekdays} {days}"


def _weekdays(numbers: frozenset[int]) -> str:
    # Weeks begin on Monday where days are told in a row.
    ordered = sorted(numbers, key=lambda one: (one - 1) % 7)
    return _SETS.get(numbers) or f"on {_and(f'{_WEEKDAYS[one]}s' for one in ordered)}"


def _months(cron: Cron) -> str:
    if len(cron.months) == 12:
        return ""
    return f"in {_rows(cron.months, lambda one: calendar.month_name[one])}"


def _rows(numbers: Iterable[int], name: Callable[[int], str]) -> str:
    """Name numbers; of three and more in a row the first and the last."""
    rows: list[list[int]] = []
    for number in sorted(numbers):
        if rows and rows[-1][-1] == number - 1:
            rows[-1].append(number)
        else:
            rows.append([number])
    words: list[str] = []
    for row in rows:
        if len(row) > 2:
            words.append(f"{name(row[0])} to {name(row[-1])}")
        else:
            words += map(name, row)
    return _and(words)


def _nth(number: int) -> str:
    ending = {1: "st", 2: "nd", 3: "rd"}.get(number % 10, "th")
    return f"{number}{'th' if 11 <= number <= 13 else ending}"


def _clock(hour: int, minute: int) -> str:
    return f"{hour:02}:{minute:02}"


def _and(words: Iterable[str]) -> str:
    *first, last = words
    return f"{', '.join(first)} and {last}" if first else last
