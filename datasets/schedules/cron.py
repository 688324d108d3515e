"""Cron expressions: five fields that say which minutes of which days are meant.

A field is a list of parts with commas. A part is `*`, a number, a name (`MON`, `JAN`),
a range (`9-16`, `MON-FRI`), or one of them with a step (`*/15`, `8-18/2`, `5/10` from 5
on). Sunday is 0, 7 or `SUN`.

If day and weekday are both said, either will do (`0 9 1 * MON`: on the 1st, and on
Mondays); if one of them begins with `*`, both must fit. So does Debian's cron.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from itertools import product
from typing import Final

_LONGEST: Final = 200
_PART: Final = re.compile(r"(?P<begin>\*|\w+)(?:-(?P<end>\w+))?(?:/(?P<step>\w+))?")
_MONTHS: Final = {
    "JAN": 1, "FEB": 2, "MAR": 3, "APR": 4, "MAY": 5, "JUN": 6,
    "JUL": 7, "AUG": 8, "SEP": 9, "OCT": 10, "NOV": 11, "DEC": 12,
}  # fmt: skip
_WEEKDAYS: Final = {
    "SUN": 0, "MON": 1, "TUE": 2, "WED": 3, "THU": 4, "FRI": 5, "SAT": 6,
}  # fmt: skip
_DAY: Final = timedelta(days=1)


class CronInvalid(ValueError):
    """The text is no cron expression, or names no day; `detail` says how to mend it."""

    def __init__(self, code: str, detail: str) -> None:
        super().__init__(detail)
        self.code = code
        self.detail = detail


@dataclass(frozen=True, slots=True, kw_only=True)
class _Field:
    name: str
    least: int
    most: int
    names: Mapping[str, int]

    def numbers(self, text: str) -> frozenset[int]:
        return frozenset(
            number for part in text.split(",") for number in self._of_part(part)
        )

    def _of_part(self, part: str) -> range:
        found = _PART.fullmatch(part)
        if found is None or (found["begin"] == "*" and found["end"]):
            raise self._refuse(f"{part!r} is no {self.name}")
        step = self._step(found["step"])
        if found["begin"] == "*":
            return range(self.least, self.most + 1, step)
        begin = self._number(found["begin"])
        if found["end"]:
            end = self._number(found["end"])
            if end < begin and end % 7 == 0 and self is _FIELDS[-1]:
                end = 7  # FRI-SUN: the Sunday after
        else:
            end = self.most if found["step"] else begin
        if end < begin:
            raise self._refuse(f"the range {part!r} ends before it begins")
        return range(begin, end + 1, step)

    def _step(self, text: str | None) -> int:
        if text is None:
            return 1
        if not (text.isascii() and text.isdigit() and int(text[:9])):
            raise self._refuse(f"the step {text!r} is no number from 1 on")
        return int(text[:9])

    def _number(self, text: str) -> int:
        if text.upper() in self.names:
            return self.names[text.upper()]
        if not (text.isascii() and text.isdigit()):
            raise self._refuse(f"{text!r} is no {self.name}")
        number = int(text[:9])
        # Sunday may be 7, too.
        if not self.least <= number <= (7 if self is _FIELDS[-1] else self.most):
            raise self._refuse(f"{text!r} is no {self.name}")
        return number

    def _refuse(self, what: str) -> CronInvalid:
        names = f" or {'-'.join([*self.names][:: len(self.names) - 1])}"
        return CronInvalid(
            "cron_field",
            f"{what[0].upper()}{what[1:]}; write {self.least} to {self.most}"
            f"{names if self.names else ''}, *, a range like {self.least}-"
            f"{self.least + 3}, a step like */2, or several of them with commas.",
        )


_FIELDS: Final = (
    _Field(name="minute", least=0, most=59, names={}),
    _Field(name="hour", least=0, most=23, names={}),
    _Field(name="day of the month", least=1, most=31, names={}),
    _Field(
        name="month",
        least=1,
        most=12,
        names=_MONTHS,
    ),
    _Field(
        name="weekday",
        least=0,
        most=6,
        names=_WEEKDAYS,
    ),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Cron:
    """Which minutes of which days are meant; weekdays count from Sunday, 0."""

    #: As it was written, with one space between fields.
    text: str
    minutes: frozenset[int]
    hours: frozenset[int]
    days: frozenset[int]
    months: frozenset[int]
    weekdays: frozenset[int]
    #: Whether one of day and weekday is enough.
    is_either_day: bool

    @property
    def is_every_hour(self) -> bool:
        """Say whether it means every hour that passes rather than times of day."""
        return len(self.hours) == 24

    def has_day(self, day: date) -> bool:
        """Say whether it means some minute of a day."""
        if day.month not in self.months:
            return False
        fits = day.day in self.days, day.isoweekday() % 7 in self.weekdays
        return any(fits) if self.is_either_day else all(fits)

    def times_of(self, day: date) -> Iterator[datetime]:
        """Yield what clocks show at the minutes of a day that are meant, in order."""
        if self.has_day(day):
            for hour, minute in product(sorted(self.hours), sorted(self.minutes)):
                yield datetime.combine(day, time(hour, minute))

    def times_from(self, begin: datetime) -> Iterator[datetime]:
        """Yield what clocks show at each minute that is meant, from `begin` on."""
        day = begin.date()
        while True:
            yield from (one for one in self.times_of(day) if one >= begin)
            day += _DAY


def read_cron(text: str) -> Cron:
    """Return what a cron expression means.

    Raises:
        CronInvalid: saying which part cannot be, and what could.
    """
    fields = text[: _LONGEST + 1].split()
    if len(fields) != len(_FIELDS) or len(text) > _LONGEST:
        found = f"{len(fields)} fields and {len(text):,} characters"
        raise CronInvalid(
            "cron_fields",
            "A cron expression has five fields, minute, hour, day, month and weekday, "
            f"like 30 9 * * MON-FRI, and {_LONGEST} characters at most; here are "
            f"{found}.",
        )
    minutes, hours, days, months, weekdays = (
        field.numbers(one) for field, one in zip(_FIELDS, fields, strict=True)
    )
    cron = Cron(
        text=" ".join(fields),
        minutes=minutes,
        hours=hours,
        days=days,
        months=months,
        weekdays=frozenset(one % 7 for one in weekdays),
        is_either_day=not any(fields[one].startswith("*") for one in (2, 4)),
    )
    if not cron.is_either_day and min(days) > max(map(_longest, months)):
        raise CronInvalid(
            "cron_never",
            f"No month that it names has a day {min(days)}, so it never runs; name "
            "another day or month.",
        )
    return cron


def _longest(month: int) -> int:
    if month == 2:
        return 29
    return 30 if month in (4, 6, 9, 11) else 31
