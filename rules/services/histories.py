"""The history of a lane in memory: its segments, and what was judged since."""

from __future__ import annotations

import threading
import time
from collections import OrderedDict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final
from uuid import UUID

from datasets.models import Lane
from rules.columns.history import (
    History,
    Records,
    Segment,
    SegmentDamaged,
    find_segments,
    merge,
)
from rules.engine import FactPath
from rules.services.facts import series_of
from rules.services.gathering import (
    count_waiting,
    fields_kept,
    gather_log,
    last_deletion,
    microseconds_of,
)
from rules.services.segments import segments_of

#: So many events are read from the row store while somebody waits.
NEWEST_READ: Final = 10_000
#: Rows that a process keeps in memory, about 60 bytes each.
_ROWS_KEPT = 12_000_000
#: A history of more rows is not renewed at every event, but takes at most a tenth of
#: the time to do so.
_RENEWED_AT_ONCE = 200_000
_SHARE = 10
#: As often does the row store lose what expired.
_ROUND = timedelta(minutes=1)

_Name = tuple[int, UUID, tuple[str, ...]]


@dataclass(frozen=True, slots=True, kw_only=True)
class _Held:
    """What is in memory of some fields of a lane, up to position `last`."""

    history: History
    last: int
    seen: int
    since: int | None
    took_seconds: float
    renewed_at: float

    def stands(self, lane: Lane, since: int | None) -> bool:
        """Say whether it still is the history, or a large one close enough."""
        if self.since != since:
            return False
        if self.last == lane.next_seq - 1:
            return True
        age = time.monotonic() - self.renewed_at
        is_large = len(self.history.records) > _RENEWED_AT_ONCE
        return is_large and age < _SHARE * self.took_seconds


@dataclass(frozen=True, slots=True, kw_only=True)
class Preparing:
    """How many of a lane's events are in columns already."""

    done: int
    events: int


class _Shelf:
    """The histories in memory, those asked for longest ago leaving first."""

    def __init__(self) -> None:
        self._held: OrderedDict[_Name, _Held] = OrderedDict()
        self._lock = threading.Lock()

    def take(
        self, lane: Lane, fields: tuple[str, ...], *, since: int | None
    ) -> History | None:
        """Give the history of some fields of a lane, from an event time on."""
        named = (lane.pk, lane.epoch, fields)
        with self._lock:
            held = self._held.get(named)
            if held is None or not held.stands(lane, since):
                held = _renew(lane, fields, since, held)
            if held is None:
                self._held.pop(named, None)
                return None
            self._held[named] = held
            self._held.move_to_end(named)
            self._make_room()
        return held.history

    def _make_room(self) -> None:
        rows = sum(one.history.rows_kept for one in self._held.values())
        while rows > _ROWS_KEPT and len(self._held) > 1:
            _, left = self._held.popitem(last=False)
            rows -= left.history.rows_kept


_shelf = _Shelf()


def history_of(lane: Lane, fields: tuple[str, ...], *, now: datetime) -> History | None:
    """Give the history of some fields; none while their segments are not made yet.

    What the lane judged since they were written is read from the row store, as long as
    it is not much. A history of many rows may lag some tenths of a second behind.
    """
    kept = lane.dataset.retention_seconds
    since = None
    if kept is not None:
        round_at = now - (now - datetime.min.replace(tzinfo=now.tzinfo)) % _ROUND
        since = microseconds_of(round_at - timedelta(seconds=kept))
    return _shelf.take(lane, fields, since=since)


def preparing_of(lane: Lane, fact: FactPath) -> Preparing | None:
    """Say how far the columns of a field are; none if there will be none of it."""
    own = fact.series == series_of(lane.dataset)
    if not own or fact.root not in fields_kept(lane.dataset):
        return None
    chain, _ = find_segments(segments_of(lane))
    deleted = last_deletion(lane)
    if not all(_has(one, fact.root, deleted=deleted) for one in chain):
        chain = []
    done = sum(one.rows for one in chain)
    waiting = count_waiting(lane, after=chain[-1].last if chain else 0)
    return Preparing(done=done, events=done + waiting)


def _has(segment: Segment, field: str, *, deleted: int) -> bool:
    """Tell whether a segment has a field, as it is since records were deleted."""
    return field in segment.fields and segment.seen >= deleted


def _renew(
    lane: Lane, fields: tuple[str, ...], since: int | None, held: _Held | None
) -> _Held | None:
    started = time.monotonic()
    try:
        deleted = last_deletion(lane)
        if held is None or held.seen < deleted:
            parts, last = _read_segments(lane, fields, deleted=deleted)
        else:
            parts, last = [held.history.records], held.last
        if count_waiting(lane, after=last) > NEWEST_READ:
            return None
        newest, last = _read_newest(lane, fields, parts, last)
    except SegmentDamaged:
        # The sweep makes them anew; until then the log itself is judged.
        return None
    records = merge([*parts, newest])
    if since is not None and len(records) and int(records.at.min()) < since:
        records = records.only(records.at >= since)
    return _Held(
        history=History(records),
        last=last,
        seen=lane.next_seq - 1,
        since=since,
        took_seconds=time.monotonic() - started,
        renewed_at=time.monotonic(),
    )


def _read_segments(
    lane: Lane, fields: tuple[str, ...], *, deleted: int
) -> tuple[list[Records], int]:
    chain, _ = find_segments(segments_of(lane))
    for field in fields:
        if not all(_has(one, field, deleted=deleted) for one in chain):
            raise SegmentDamaged(f"There is no column of {field} that stands.")
    return [one.read(fields) for one in chain], chain[-1].last if chain else 0


def _read_newest(
    lane: Lane, fields: tuple[str, ...], parts: Sequence[Records], last: int
) -> tuple[Records, int]:
    watermarks: dict[str, int] = {}
    for part in parts:
        for key, at in part.watermarks().items():
            watermarks[key] = max(at, watermarks.get(key, at))
    return gather_log(
        lane,
        after=last,
        fields=fields,
        watermarks=watermarks,
        most_events=2 * NEWEST_READ,
    )
