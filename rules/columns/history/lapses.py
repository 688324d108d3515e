"""Where values leave the windows of a rule and turn what it asks by that alone."""

from dataclasses import dataclass, field

import numpy as np

from rules.columns.buffers import Flags, Longs
from rules.columns.history.departures import armed_by, fired_at
from rules.columns.history.holding import NOT_YET
from rules.columns.history.records import Records
from rules.columns.history.together import Together


def _nothing() -> Longs:
    return np.zeros(0, dtype=np.int64)


@dataclass(frozen=True, slots=True, kw_only=True)
class Lapses:
    """The instants at which something turns, key by key, in the order of their times.

    Each came to light at one of ``rows``, before the event there, and was ``due`` at a
    time. Of those ``awaited`` no event has; they stand after the rows ``behind``.
    ``span`` is after how long a value has left all windows.
    """

    span: int = 0
    rows: Longs = field(default_factory=_nothing)
    due: Longs = field(default_factory=_nothing)
    behind: Longs = field(default_factory=_nothing)
    awaited: Longs = field(default_factory=_nothing)

    def first_at(self, row: int) -> int | None:
        """Give the time of the first that comes to light at a row, if one does."""
        place = int(np.searchsorted(self.rows, row))
        is_there = place < len(self.rows) and self.rows[place] == row
        return int(self.due[place]) if is_there else None

    def next_after(self, row: int, end: int) -> int:
        """Name the next row at which one comes to light, before an end; else that."""
        place = int(np.searchsorted(self.rows, row, side="right"))
        return min(int(self.rows[place]), end) if place < len(self.rows) else end

    def awaited_after(self, low: int, high: int) -> list[int]:
        """Give the times of those of a key with some rows that none has brought out."""
        first, last = np.searchsorted(self.behind, [low, high])
        awaited: list[int] = self.awaited[first:last].tolist()
        return awaited

    def armed_by(self, records: Records, row: int) -> Longs:
        """Name the events of a key that may have set the timer which is set at last."""
        return armed_by(records, row, self.span) if self.span else _nothing()


def lapses_of(
    records: Records, together: Together, turned: Flags, *, span: int
) -> Lapses:
    """Find where the instants at which something turned have come to light.

    Raises:
        LeftToEngine: the times lie too far apart.
    """
    departs = together.departs
    if departs is None:
        return Lapses()
    places = np.flatnonzero(turned & departs)
    due, behind = together.runs.at[places], together.runs.row[places]
    rows = fired_at(records, behind, due)
    waits = rows == NOT_YET
    return Lapses(
        span=span,
        rows=rows[~waits],
        due=due[~waits],
        behind=behind[waits],
        awaited=due[waits],
    )
