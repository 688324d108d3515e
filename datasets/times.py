"""When an event happened: many spellings in, one aware instant in UTC out.

* A text with a zone is that instant. A naive one is read in the dataset's zone, a bare
  date as its first instant there; a time that the zone skips is the first one after,
  a time that comes twice the first of the two.
* A number, or digits in a text, counts from 1970 in UTC. Its size tells the unit:
  below 10^11 seconds, below 10^14 milliseconds, below 10^17 microseconds, else
  nanoseconds. Eight or fourteen digits that begin with 19 or 20 and spell a calendar
  day (20040819, 20040819143000) are that day, in the dataset's zone.
* What is finer than a microsecond is cut off.
"""

import re
from datetime import UTC, datetime, timedelta, timezone, tzinfo
from decimal import Decimal
from functools import cache
from typing import Final
from zoneinfo import ZoneInfo, available_timezones

EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
#: Outside of these no zone could show the instant, or its year lacks four digits.
EARLIEST: Final = datetime(1000, 1, 1, tzinfo=UTC)
LATEST: Final = datetime(9999, 1, 1, tzinfo=UTC)

_FORMS: Final = (
    "write it like 2023-05-12, 2023-05-12T14:30:00Z, 2023-05-12 14:30:00, "
    "May 12 2023, Fri, 12 May 2023 14:30:00 +0000, or as seconds or milliseconds "
    "since 1970"
)
_TEXT_LIMIT: Final = 64

_MONTHS: Final = {
    "jan": 1, "feb": 2, "mar": 3, "apr": 4, "may": 5, "jun": 6,
    "jul": 7, "aug": 8, "sep": 9, "oct": 10, "nov": 11, "dec": 12,
}  # fmt: skip
#: The zone names of RFC 2822, 4.3; others there are to be read as unknown.
_ZONE_HOURS: Final = {
    "Z": 0, "UT": 0, "UTC": 0, "GMT": 0,
    "EST": -5, "EDT": -4, "CST": -6, "CDT": -5,
    "MST": -7, "MDT": -6, "PST": -8, "PDT": -7,
}  # fmt: skip

_TIME: Final = r"""
    (?P<hour>\d{1,2}):(?P<minute>\d{2})
    (?: :(?P<second>\d{2}) (?:[.,](?P<fraction>\d+))? )?
    (?: \s*(?P<half>[ap]m) )?
    (?: \s*(?P<zone>[+-]\d{2}(?::?\d{2})?|[A-Za-z]{1,3}) )?
"""
_MONTH: Final = (
    r"(?P<month>jan|feb|mar|apr|may|jun|jul|aug|sep|oct|nov|dec)"
    r"(?:uary|ruary|ch|il|e|y|ust|t|tember|ober|ember)?\.?"
)
_WEEKDAY: Final = r"(?:(?:mon|tue|wed|thu|fri|sat|sun)[a-z]*,?\s+)?"
_SPELLINGS: Final = tuple(
    re.compile(
        rf"(?:{day})(?:(?:\s*,?\s+|T){_TIME})?\Z",
        re.VERBOSE | re.IGNORECASE | re.ASCII,
    )
    for day in (
        r"(?P<year>\d{4})(?P<mark>[-/.])(?P<month>\d{1,2})(?P=mark)(?P<day>\d{1,2})",
        _WEEKDAY + _MONTH + r"\s+(?P<day>\d{1,2}),?\s+(?P<year>\d{4})",
        _WEEKDAY + r"(?P<day>\d{1,2})[\s-]+" + _MONTH + r"[\s,-]+(?P<year>\d{4})",
    )
)
_DIGITS: Final = re.compile(r"[+-]?\d+(?:\.\d+)?\Z", re.ASCII)
_FIRST_YEAR, _END_YEAR = 1900, 2100  # of what reads as a day, with its time or not
_DAY_SCALE, _TIME_SCALE = 10**4, 10**10
_UNITS: Final = (  # up to this magnitude, this many microseconds
    (10**11, 10**6),
    (10**14, 10**3),
    (10**17, 1),
)


class TimeInvalid(ValueError):
    """The value is no time that we can read; `detail` says how to write one."""

    def __init__(self, code: str, detail: str) -> None:
        super().__init__(detail)
        self.code = code
        self.detail = detail


@cache
def _zone_names() -> frozenset[str]:
    return frozenset(available_timezones())


def read_zone(name: str) -> ZoneInfo:
    """Return the time zone of that name.

    Raises:
        TimeInvalid: for a name that the time zone database does not hold.
    """
    if name not in _zone_names():
        raise TimeInvalid(
            "zone_unknown",
            f"{name[:_TEXT_LIMIT]!r} is no time zone; write one like "
            "America/New_York, Europe/Berlin or UTC.",
        )
    return ZoneInfo(name)


def read_event_time(value: object, zone: tzinfo) -> datetime:
    """Return the instant that `value` names, in UTC; naive times are read in `zone`.

    Raises:
        TimeInvalid: for what is no time, and for days and hours that do not exist.
    """
    if isinstance(value, str):
        instant = _read_text(value.strip(), zone)
    elif isinstance(value, int | Decimal) and not isinstance(value, bool):
        instant = _read_number(value, zone)
    else:
        raise TimeInvalid("time_type", f"This is no time: {_FORMS}.")
    if not EARLIEST <= instant < LATEST:
        raise _out_of_range(value)
    return instant


def first_instant(local: datetime, zone: tzinfo) -> datetime:
    """Return the first instant, in UTC, at which clocks in `zone` show `local`.

    If they never do, because they are put forward over it, it is the instant at which
    they are.

    Raises:
        OverflowError: at the ends of the calendar.
    """
    instant = local.replace(tzinfo=zone, fold=0).astimezone(UTC)
    if instant.astimezone(zone).replace(tzinfo=None) == local:
        return instant
    return _end_of_gap(
        local.replace(tzinfo=zone, fold=1).astimezone(UTC), instant, zone
    )


def _end_of_gap(before: datetime, after: datetime, zone: tzinfo) -> datetime:
    """Return the instant between the two at which clocks in `zone` are put forward.

    A time inside the gap, read with the offset that held before it, lies after that
    instant; read with the one that holds afterwards it lies before. Clocks are put
    forward at whole seconds.
    """
    second = timedelta(seconds=1)
    offset = after.astimezone(zone).utcoffset()
    low, high = (before - EPOCH) // second, (after - EPOCH) // second
    while high - low > 1:
        middle = (low + high) // 2
        if (EPOCH + middle * second).astimezone(zone).utcoffset() == offset:
            high = middle
        else:
            low = middle
    return EPOCH + high * second


def _read_text(text: str, zone: tzinfo) -> datetime:
    moment = _read_iso(text)
    if moment is None:
        if len(text) <= _TEXT_LIMIT and _DIGITS.match(text):
            return _read_number(Decimal(text), zone)
        moment = _read_spelling(text)
    try:
        if moment.tzinfo is None:
            return first_instant(moment, zone)
        return moment.astimezone(UTC)
    except OverflowError:
        raise _out_of_range(text) from None


def _read_iso(text: str) -> datetime | None:
    """Read the common spelling quickly, or leave it to `_read_spelling`."""
    if text[4:5] == "-" == text[7:8] and text[10:11] in ("", "T", " "):
        try:
            return datetime.fromisoformat(text)
        except ValueError:
            return None
    return None


def _read_spelling(text: str) -> datetime:
    if not text:
        raise TimeInvalid("time_empty", f"The time is empty; {_FORMS}.")
    if len(text) <= _TEXT_LIMIT:
        for spelling in _SPELLINGS:
            found = spelling.match(text)
            if found:
                return _assemble(text, found.groupdict())
    raise TimeInvalid(
        "time_unreadable", f"{_shown(text)} cannot be read as a time; {_FORMS}."
    )


def _assemble(text: str, parts: dict[str, str | None]) -> datetime:
    month = parts["month"] or ""
    try:
        return datetime(
            year=int(parts["year"] or 0),
            month=_MONTHS.get(month[:3].lower()) or int(month),
            day=int(parts["day"] or 0),
            hour=_hour(int(parts["hour"] or 0), parts["half"]),
            minute=int(parts["minute"] or 0),
            second=int(parts["second"] or 0),
            microsecond=int((parts["fraction"] or "0")[:6].ljust(6, "0")),
            tzinfo=_offset(parts["zone"]),
        )
    except ValueError as error:
        raise TimeInvalid(
            "time_impossible", f"{_shown(text)} is not a time that exists: {error}."
        ) from None


def _hour(hour: int, half: str | None) -> int:
    if half is None:
        return hour
    if not 1 <= hour <= 12:
        raise ValueError(f"hour {hour} does not go with {half}")
    return hour % 12 + (12 if half.lower() == "pm" else 0)


def _offset(zone: str | None) -> tzinfo | None:
    if zone is None:
        return None
    if zone[0] in "+-":
        hours, minutes = int(zone[1:3]), int(zone[3:].lstrip(":") or 0)
        if hours > 23 or minutes > 59:
            raise ValueError(f"{zone} is no distance from UTC")
        length = timedelta(hours=hours, minutes=minutes)
        return timezone(-length if zone[0] == "-" else length)
    if zone.upper() not in _ZONE_HOURS:
        raise ValueError(f"{zone} is not one of {', '.join(_ZONE_HOURS)}, or +hh:mm")
    return timezone(timedelta(hours=_ZONE_HOURS[zone.upper()]))


def _read_number(number: int | Decimal, zone: tzinfo) -> datetime:
    day = _read_compact(number)
    if day is not None:
        return first_instant(day, zone)
    size = -number if number < 0 else number
    try:
        for limit, microseconds in _UNITS:
            if size < limit:
                return EPOCH + timedelta(microseconds=int(number * microseconds // 1))
        return EPOCH + timedelta(microseconds=int(number // 1000))
    except (OverflowError, ArithmeticError):
        raise _out_of_range(number) from None


def _read_compact(number: int | Decimal) -> datetime | None:
    scale = _TIME_SCALE if number >= _TIME_SCALE else _DAY_SCALE
    if not _FIRST_YEAR * scale <= number < _END_YEAR * scale:
        return None
    digits = str(number)
    try:
        return datetime.fromisoformat(f"{digits[:8]}T{digits[8:] or '00'}")
    except ValueError:
        return None  # no day of the calendar, so it counts seconds or milliseconds


def _out_of_range(value: object) -> TimeInvalid:
    return TimeInvalid(
        "time_out_of_range",
        f"{_shown(str(value))} lies outside of the years 1000 to 9998; check its unit.",
    )


def _shown(text: str) -> str:
    return repr(text if len(text) <= _TEXT_LIMIT else text[:_TEXT_LIMIT] + "…")
