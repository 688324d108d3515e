"""When a rule is active: hours and days in a zone, holidays, and an end."""

from dataclasses import dataclass
from datetime import date, datetime
from zoneinfo import ZoneInfo

from rules.engine.operands import Hours
from rules.engine.operators import WEEKDAYS
from rules.engine.operators.times import clock_of, is_in_hours


@dataclass(frozen=True, slots=True, kw_only=True)
class ActiveHours:
    """The part of each day, the days, and the holidays on which a rule rests.

    ``hours`` that pass midnight belong to the day on which they begin. Nothing said of
    hours or days means all of them.
    """

    zone: str
    hours: Hours | None = None
    days: tuple[str, ...] = WEEKDAYS
    holidays: tuple[date, ...] = ()

    def hold(self, at: datetime) -> bool:
        """Tell whether an instant lies in the active hours."""
        local = at.astimezone(ZoneInfo(self.zone))
        day = local.date()
        if self.hours is not None:
            clock = clock_of(local)
            if not is_in_hours(clock, self.hours.start, self.hours.end):
                return False
            if self.hours.end <= self.hours.start and clock < self.hours.end:
                day = date.fromordinal(day.toordinal() - 1)
        return WEEKDAYS[day.weekday()] in self.days and day not in self.holidays
