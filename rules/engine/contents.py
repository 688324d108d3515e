"""What was in a window, told beside what was taken of it."""

from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Contents:
    """How many values a window holds, the time of the first and of the last.

    Of a tumbling window also where it begins and ends, and when it is final: until then
    more may come. These are times of its zone if it is one of whole days, else of UTC.
    """

    count: int
    first_at: datetime | None
    last_at: datetime | None
    is_whole: bool = True
    start: datetime | None = None
    end: datetime | None = None
    final_at: datetime | None = None
    is_final: bool = True

    def to_json(self) -> dict[str, object]:
        """Write them as plain values."""
        written: dict[str, object] = {
            "count": self.count,
            "first_at": self.first_at and self.first_at.isoformat(),
            "last_at": self.last_at and self.last_at.isoformat(),
            "is_whole": self.is_whole,
        }
        if self.start is None:
            return written
        return {
            **written,
            "start": self.start.isoformat(),
            "end": self.end and self.end.isoformat(),
            "final_at": self.final_at and self.final_at.isoformat(),
            "is_final": self.is_final,
        }

    def say_extent(self) -> str:
        """Say where a tumbling window lies: ``2026-03-02 14:30:00 to 14:35:00 UTC``."""
        if self.start is None or self.end is None:
            return ""
        same_day = self.start.date() == self.end.date()
        end = f"{self.end:%H:%M:%S}" if same_day else f"{self.end:%Y-%m-%d %H:%M:%S}"
        return f"{self.start:%Y-%m-%d %H:%M:%S} to {end} {self.end:%Z}"
