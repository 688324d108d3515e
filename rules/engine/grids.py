"""Where tumbling windows begin and end."""

from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta, tzinfo
from typing import Final

_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_TICK: Final = timedelta(microseconds=1)
_DAY: Final = timedelta(days=1)
_A_MONDAY: Final = date(1970, 1, 5).toordinal()


def ticks_of(instant: datetime) -> int:
    """Count the microseconds up to an instant; time is kept and compared as those."""
    return (instant - _EPOCH) // _TICK


def instant_of(ticks: int) -> datetime:
    """Give the instant so many microseconds after the epoch."""
    return _EPOCH + ticks * _TICK


def is_of_days(length: timedelta) -> bool:
    """Tell whether windows of a length begin at midnight, and so have a zone."""
    return not length % _DAY


@dataclass(frozen=True, slots=True)
class Grid:
    """Windows that follow one another without a gap.

    Those of whole days begin at midnight in the zone, weeks on a Monday; all others are
    counted from the beginning of 1970 in UTC.
    """

    length: timedelta
    zone: tzinfo = UTC

    def start_of(self, ticks: int) -> int:
        """Give where the window begins in which an instant lies."""
        if not is_of_days(self.length):
            return ticks - ticks % (self.length // _TICK)
        day = instant_of(ticks).astimezone(self.zone).date().toordinal()
        return self._midnight(day - (day - _A_MONDAY) % self.length.days)

    def end_of(self, start: int) -> int:
        """Give where a window ends, and the next one begins."""
        if not is_of_days(self.length):
            return start + self.length // _TICK
        day = instant_of(start).astimezone(self.zone).date().toordinal()
        return self._midnight(day + self.length.days)

    def _midnight(self, day: int) -> int:
        """Give the first instant of a day; one that the clocks skip is the next."""
        return ticks_of(
            datetime.combine(date.fromordinal(day), time(), tzinfo=self.zone)
        )
