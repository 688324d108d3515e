"""Events in columns as the engine takes them, and the facts as they found them."""

from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta
from typing import Final

import numpy as np

from rules.columns.buffers import Flags, Longs
from rules.columns.history.records import (
    ABSENT,
    LATE,
    SILENT,
    STILL,
    Records,
)
from rules.engine import Event, FactValue, KeyFacts, Position, Value

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
MOMENT = timedelta(microseconds=1)
#: In place of a time: before all.
_NEVER: Final = -(2**62)
_FIRST_LOOK = 64

Fields = Mapping[int, Mapping[str, Value]]
"""What events carried, by their rows."""


class Ground:
    """The events of some keys, to be shown to the engine one by one.

    ``moved`` names for each field and row the newest row up to it that moved the fact,
    of whatever key.
    """

    def __init__(self, records: Records, series: str, fields: tuple[str, ...]) -> None:
        self.records = records
        self.at: Longs = np.asarray(records.at)
        self._series = series
        self._fields = fields
        flags = np.asarray(records.flags)
        self.fires: Flags = (flags & LATE) == 0
        self._moves = self.fires & ((flags & STILL) == 0)
        self._moved = {name: self._newest(name) for name in fields}

    def _newest(self, name: str) -> Longs:
        carries = np.asarray(self.records.columns[name].state) != ABSENT
        rows = np.where(carries & self._moves, np.arange(len(self.at)), -1)
        newest: Longs = np.maximum.accumulate(rows)
        return newest

    def position(self, row: int) -> Position:
        """Give the place of an event in its lane."""
        return Position(seq=int(self.records.seq[row]), ord=int(self.records.ord[row]))

    def event(self, row: int, key: str, known: Fields | None = None) -> Event:
        """Give an event; what it carried is as columns have it, or as is ``known``."""
        flags = int(self.records.flags[row])
        return Event(
            series=self._series,
            key=key,
            fields=self.carried(row) if known is None else known[row],
            at=instant(int(self.at[row])),
            position=self.position(row),
            raises=not flags & SILENT,
            moves_facts=not flags & STILL,
            late=bool(flags & LATE),
        )

    def rows_behind(self, row: int, first: int) -> dict[str, int]:
        """Name the rows that left the facts as an event finds them, from a first on."""
        if row == first:
            return {}
        found = {name: int(newest[row - 1]) for name, newest in self._moved.items()}
        return {name: one for name, one in found.items() if one >= first}

    def facts(
        self, row: int, first: int, watermark: int, known: Fields | None = None
    ) -> KeyFacts:
        """Give the facts as an event finds them; its key begins at a first row."""
        behind = self.rows_behind(row, first)
        return KeyFacts(
            values={
                name: FactValue.first(
                    self.records.value_at(name, one)
                    if known is None
                    else known[one][name],
                    instant(int(self.at[one])),
                )
                for name, one in behind.items()
            },
            watermark=None if watermark == _NEVER else instant(watermark),
        )

    def latest(self, low: int, high: int, before: int = _NEVER) -> int:
        """Give the latest time that moved facts, before some rows or at one of them."""
        moves = self._moves[low:high]
        return int(self.at[low:high][moves].max(initial=before))

    def first_fired(self, low: int, high: int, due: int) -> int:
        """Name the first of some rows that fires what is due by then; ``high`` if none.

        That is any event of the key that does not come late.
        """
        at, fires = self.at, self.fires
        return first_where(low, high, lambda one: (at[one] >= due) & fires[one])

    def carried(self, row: int) -> dict[str, Value]:
        """Give what an event carried, as columns have it."""
        return self.records.values_at(self._fields, row)


def first_where(low: int, high: int, holds: Callable[[slice], Flags]) -> int:
    """Find the first place where something holds, looking ever further; else high."""
    size = _FIRST_LOOK
    while low < high:
        found = holds(slice(low, min(low + size, high)))
        place = int(found.argmax())
        if found[place]:
            return low + place
        low, size = low + size, size * 4
    return high


def instant(at: int) -> datetime:
    """Give an instant of microseconds since 1970."""
    return _EPOCH + at * MOMENT


def microseconds(at: datetime) -> int:
    """Give the microseconds of an instant since 1970."""
    return (at - _EPOCH) // MOMENT
