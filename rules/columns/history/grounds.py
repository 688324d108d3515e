"""Events in columns as the engine takes them, and the facts as they found them."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Final, NamedTuple

import numpy as np

from rules.columns.buffers import Flags, Longs
from rules.columns.history.joining import Beside
from rules.columns.history.records import (
    ABSENT,
    LATE,
    SILENT,
    SOURCE_BITS,
    STILL,
    Records,
)
from rules.columns.history.sources import Source, Sources
from rules.engine import Event, FactValue, KeyFacts, Position, Subject, Value

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
MOMENT = timedelta(microseconds=1)
#: In place of a time: before all.
_NEVER: Final = -(2**62)
_FIRST_LOOK = 64

Fields = Mapping[Position, Mapping[str, Value]]
"""What events carried, by their places in the lane."""


class Behind(NamedTuple):
    """A fact of a source, as the event of a row of some records left it."""

    source: Source
    root: str
    records: Records
    column: str
    row: int

    @property
    def position(self) -> Position:
        """Give the place of the event."""
        return position_at(self.records, self.row)

    def value(self, known: Fields | None) -> Value:
        """Give its value as columns have it, or as is ``known``."""
        if known is None:
            return self.records.value_at(self.column, self.row)
        return known[self.position][self.root]


class Ground:
    """The events that run some instances, to be shown to the engine one by one.

    ``moved`` names for each field and row the newest row up to it that moved the fact,
    of whatever key.
    """

    def __init__(
        self, records: Records, sources: Sources, beside: Sequence[Beside] = ()
    ) -> None:
        self.records = records
        self.at: Longs = np.asarray(records.at)
        self.sources = sources
        self._beside = beside
        self._names = sources.names
        flags = np.asarray(records.flags)
        is_leading = (flags >> SOURCE_BITS) == 0
        on_time = (flags & LATE) == 0
        self.fires: Flags = on_time & (is_leading | self._runs(sources))
        self._moves = on_time & ((flags & STILL) == 0)
        self._marks = self._moves & is_leading
        self._moved = {name: self._newest(name) for name in self._names}

    def _runs(self, sources: Sources) -> Flags:
        """Tell which events of another source than the leading one run the rule."""
        runs = np.zeros(len(self.at), dtype=np.bool_)
        if len(sources.own) > 1:
            for name in sources.asked_of_own:
                runs |= self._carries(name)
        return runs

    def _carries(self, name: str) -> Flags:
        carries: Flags = np.asarray(self.records.columns[name].state) != ABSENT
        return carries

    def _newest(self, name: str) -> Longs:
        moved = self._carries(name) & self._moves
        rows = np.where(moved, np.arange(len(self.at)), -1)
        newest: Longs = np.maximum.accumulate(rows)
        return newest

    def position(self, row: int) -> Position:
        """Give the place of an event in its lane."""
        return position_at(self.records, row)

    def event(self, row: int, key: str, known: Fields | None = None) -> Event:
        """Give an event; what it carried is as columns have it, or as is ``known``."""
        flags = int(self.records.flags[row])
        series, named = self.sources.own[flags >> SOURCE_BITS].under(key)
        return Event(
            series=series,
            key=named,
            fields=self.carried(row) if known is None else known[self.position(row)],
            at=instant(int(self.at[row])),
            position=self.position(row),
            raises=not flags & SILENT,
            moves_facts=not flags & STILL,
            late=bool(flags & LATE),
        )

    def behind(self, row: int, first: int, *, is_over: bool) -> Iterator[Behind]:
        """Name what left the facts as an event finds them, its key's from a first on.

        Once all ``is_over`` there is no event, and the row is that after the last.
        """
        place = None if is_over else self.records.place_at(row)
        for one in self._beside:
            newest = one.newest(place)
            if newest is not None:
                yield Behind(one.source, one.root, one.records, one.root, newest)
        if row == first:
            return
        for name, (number, root) in self._names.items():
            found = int(self._moved[name][row - 1])
            if found >= first:
                source = self.sources.own[number]
                yield Behind(source, root, self.records, name, found)

    def facts(
        self,
        behind: Iterator[Behind],
        key: str,
        watermark: int,
        known: Fields | None = None,
    ) -> dict[Subject, KeyFacts]:
        """Give the facts that were left behind, and the leading key's watermark."""
        values: dict[Subject, dict[str, FactValue]] = {}
        for one in behind:
            at = instant(int(one.records.at[one.row]))
            fact = FactValue.first(one.value(known), at)
            values.setdefault(one.source.under(key), {})[one.root] = fact
        leading = self.sources.own[0].under(key)
        mark = None if watermark == _NEVER else instant(watermark)
        return {
            subject: KeyFacts(
                values=values.get(subject, {}),
                watermark=mark if subject == leading else None,
            )
            for subject in {leading, *values}
        }

    def latest(self, low: int, high: int, before: int = _NEVER) -> int:
        """Give the latest time that moved the leading key, at some rows or before."""
        moves = self._marks[low:high]
        return int(self.at[low:high][moves].max(initial=before))

    def first_fired(self, low: int, high: int, due: int) -> int:
        """Name the first of some rows that fires what is due by then; ``high`` if none.

        That is any event of the key that does not come late.
        """
        at, fires = self.at, self.fires
        return first_where(low, high, lambda one: (at[one] >= due) & fires[one])

    def carried(self, row: int) -> dict[str, Value]:
        """Give what an event carried, as columns have it."""
        found = self.records.values_at(self._names, row)
        return {self._names[name][1]: value for name, value in found.items()}


def position_at(records: Records, row: int) -> Position:
    """Give the place of an event in its lane."""
    return Position(seq=int(records.seq[row]), ord=int(records.ord[row]))


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
