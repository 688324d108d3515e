"""From and to, as people write them: a day counts whole, in the dataset's zone."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta, tzinfo

from datasets.times import TimeInvalid, first_instant, read_event_time
from workspaces.refusals import FieldError, Invalid


class PeriodInvalid(Invalid):
    """A bound of a period is no time that we can read, or they are in wrong order."""

    code = "period_invalid"

    def __init__(self, name: str, detail: str) -> None:
        text = f"{name}: {detail}"
        error = FieldError(pointer=f"/{name}", code=self.code, detail=text)
        super().__init__(text, errors=[error])


@dataclass(frozen=True, slots=True, kw_only=True)
class Period:
    """A stretch of event time, both ends included; None is open."""

    earliest: datetime | None = None
    latest: datetime | None = None


def read_period(
    *,
    zone: tzinfo,
    since: str = "",
    until: str = "",
    on: str = "",
    since_name: str = "from",
    until_name: str = "to",
) -> Period:
    """Return the period between two times, or the day `on`; blank means open.

    `since_name` and `until_name` are what the caller's parameters are called.

    Raises:
        PeriodInvalid: naming the parameter.
    """
    earliest = _read(since_name, since, zone)
    latest = _read(until_name, until, zone)
    if on:
        earliest = latest = _read("on", on, zone)
    if latest is not None and _is_day(on or until):
        latest = _end_of_day(latest, zone)
    if earliest and latest and earliest > latest:
        detail = f"This lies after {until_name}; exchange the two."
        raise PeriodInvalid(since_name, detail)
    return Period(earliest=earliest, latest=latest)


def _read(name: str, text: str, zone: tzinfo) -> datetime | None:
    if not text:
        return None
    try:
        return read_event_time(text, zone)
    except TimeInvalid as error:
        raise PeriodInvalid(name, error.detail) from error


def _is_day(text: str) -> bool:
    """Say whether a readable time has no time of day."""
    text = text.strip()
    return ":" not in text and (len(text) == 8 or not _is_count(text))


def _is_count(text: str) -> bool:
    return text.lstrip("+-").replace(".", "", 1).isdigit()


def _end_of_day(start: datetime, zone: tzinfo) -> datetime:
    """Return the last microsecond of the day that begins at `start` in `zone`."""
    local = start.astimezone(zone).replace(tzinfo=None)
    midnight = local.replace(hour=0, minute=0, second=0, microsecond=0)
    following = first_instant(midnight + timedelta(days=1), zone)
    return (following - timedelta(microseconds=1)).astimezone(UTC)
