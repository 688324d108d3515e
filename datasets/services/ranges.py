"""Ranges by name, as in `last-week`, `3m` or `Q12026`, and the days that they mean.

The names are those of Apperate's `range`; a week begins on Monday.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from datetime import date, datetime, timedelta, tzinfo

from datasets.services.periods import Period, PeriodInvalid, read_period

_DAY = timedelta(days=1)
#: Days, and months: how far the units of a range reach.
_DAYS: Mapping[str, int] = {"d": 1, "w": 7}
_MONTHS: Mapping[str, int] = {"m": 1, "q": 3, "y": 12, "h": 6}
_CALENDAR: Mapping[str, int] = {"month": 1, "quarter": 3, "year": 12}
_STEPS: Mapping[str, int] = {"last": -1, "this": 0, "next": 1}

_BACK = re.compile(r"([0-9]{1,5})([dwmqy])")
_NAMED = re.compile(r"(last|this|next)-(week|month|quarter|year)")
_PART = re.compile(r"(?:q([1-4])|h([12]))?([12][0-9]{3})")

_WORDS: Mapping[str, Callable[[date], tuple[date, date]]] = {
    "today": lambda today: (today, today),
    "yesterday": lambda today: (today - _DAY, today - _DAY),
    "tomorrow": lambda today: (today + _DAY, today + _DAY),
    "ytd": lambda today: (today.replace(month=1, day=1), today),
}


def read_range(text: str, *, zone: tzinfo, now: datetime) -> Period:
    """Return the period of a named range; days are whole, in the dataset's zone.

    Raises:
        PeriodInvalid: if there is no such range, or it reaches beyond all dates.
    """
    try:
        days = _days_of(text.strip().lower(), now.astimezone(zone).date())
    except (ValueError, OverflowError):
        days = None
    if days is None:
        raise PeriodInvalid(
            "range",
            "Send today, yesterday, tomorrow or ytd; last-, this- or next- before "
            "week, month, quarter or year; 5d, 2w, 1m, 1q or 1y; 2026, Q12026 or "
            "H12026.",
        )
    first, last = days
    return read_period(zone=zone, since=first.isoformat(), until=last.isoformat())


def _days_of(text: str, today: date) -> tuple[date, date] | None:
    """Return the first and the last day of a range, None if it is none."""
    if words := _WORDS.get(text):
        return words(today)
    if back := _BACK.fullmatch(text):
        return _before(today, int(back[1]), back[2]), today
    if named := _NAMED.fullmatch(text):
        return _around(today, _STEPS[named[1]], named[2])
    if part := _PART.fullmatch(text):
        quarter, half, year = part.groups()
        months = _MONTHS["q" if quarter else "h" if half else "y"]
        number = int(quarter or half or 1)
        return _stretch(date(int(year), 1 + months * (number - 1), 1), months)
    return None


def _before(today: date, count: int, unit: str) -> date:
    """Return the day so many units back; a month that is too short ends on its last."""
    if unit in _DAYS:
        return today - count * _DAYS[unit] * _DAY
    month = _moved(today.replace(day=1), -count * _MONTHS[unit])
    return min(month + (today.day - 1) * _DAY, _moved(month, 1) - _DAY)


def _around(today: date, step: int, unit: str) -> tuple[date, date]:
    """Return the week, month, quarter or year of today, or the one beside it."""
    if unit == "week":
        monday = today + (7 * step - today.weekday()) * _DAY
        return monday, monday + 6 * _DAY
    months = _CALENDAR[unit]
    first = today.replace(month=today.month - (today.month - 1) % months, day=1)
    return _stretch(_moved(first, months * step), months)


def _stretch(first: date, months: int) -> tuple[date, date]:
    return first, _moved(first, months) - _DAY


def _moved(first: date, months: int) -> date:
    """Return the first of a month, so many months away from another."""
    year, month = divmod(first.year * 12 + first.month - 1 + months, 12)
    return date(year, month + 1, 1)
