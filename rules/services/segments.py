"""Keeping the segments: the history of every lane on disk, in columns.

They are made and mended in the background, a little at a time, and deleted with their
data; nobody waits for them. What they hold is in the database as well.
"""

from __future__ import annotations

import fcntl
import logging
import time
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime, timedelta
from pathlib import Path
from typing import Final

from django.conf import settings

from config.memory import give_back
from config.sweeping import each
from datasets.models import Lane
from rules.columns.history import (
    Segment,
    SegmentDamaged,
    find_segments,
    merge,
    remove,
    write_segment,
)
from rules.services.gathering import (
    count_waiting,
    fields_kept,
    gather_log,
    last_deletion,
    microseconds_of,
)

logger = logging.getLogger(__name__)

#: Fewer events than these stay in the row store alone, from where they are read.
LEAST_EVENTS: Final = 2_000
#: Events that one segment is made of at first, about half a second of work.
_EVENTS_AT_ONCE = 20_000
#: Segments are put together until they hold so many: memory for one is to be had.
_MOST_ROWS = 4_000_000
_SHARE = 4
#: What expired is cut out of a segment at most so often.
_CUT_EVERY = timedelta(hours=1)
#: A round ends after so long, that the sweep may come by again.
_BUDGET_SECONDS = 2.0

_checked: set[Path] = set()
"""Segments whose content this process compared with its checksums."""


def segments_of(lane: Lane) -> Path:
    """Name the folder of a lane's segments; another lane never has the same."""
    folder: Path = settings.BELLWETHER_SEGMENTS_DIR / f"{lane.pk}-{lane.epoch.hex}"
    return folder


def keep_segments(
    *,
    now: datetime,
    least_events: int = LEAST_EVENTS,
    most_seconds: float = _BUDGET_SECONDS,
) -> None:
    """Bring the segments of all lanes nearer to their logs, and remove what is void.

    1. Folders of lanes that are gone are removed: purged and erased data leave no copy.
    2. For each lane, what is damaged, has other columns than the schema says now, or
       holds records that were deleted is removed, and made anew from the log.
    3. Records that have lived their time are cut out.
    4. What the log has more is written, and small segments are put together.

    Of any number that run at once on a data directory one works. One that dies leaves
    nothing that the next takes for a segment.
    """
    with _alone() as is_alone:
        if not is_alone:
            return
        until = time.monotonic() + most_seconds
        lanes = {
            lane.pk: lane
            for lane in Lane.objects.select_related("dataset").order_by("pk")
        }
        _remove_strangers(lanes.values())

        def keep(lane_id: int) -> None:
            lane = lanes[lane_id]
            chain = _mend(lane, now=now)
            _go_on(lane, chain, least_events=least_events, until=until)

        each("lane", lanes, keep)


@contextmanager
def _alone() -> Iterator[bool]:
    root: Path = settings.BELLWETHER_SEGMENTS_DIR
    root.mkdir(parents=True, exist_ok=True)
    with (root / "lock").open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            yield False
        else:
            yield True


def _remove_strangers(lanes: Iterable[Lane]) -> None:
    known = {segments_of(lane) for lane in lanes}
    root: Path = settings.BELLWETHER_SEGMENTS_DIR
    remove([one for one in root.iterdir() if one.is_dir() and one not in known])


def _mend(lane: Lane, *, now: datetime) -> list[Segment]:
    """Remove what does not stand, and give the segments that do."""
    chain, useless = find_segments(segments_of(lane))
    sound = _sound(chain, fields_kept(lane.dataset), deleted=last_deletion(lane))
    remove([*useless, *(one.path for one in chain[len(sound) :])])
    return _cut(lane, sound, now=now)


def _go_on(
    lane: Lane, chain: list[Segment], *, least_events: int, until: float
) -> None:
    """Write what the log has more, as far as time allows."""
    while time.monotonic() < until:
        last = chain[-1].last if chain else 0
        if count_waiting(lane, after=last) < least_events:
            break
        chain.append(_write_on(lane, chain))
        chain = _put_together(segments_of(lane), chain)


def _sound(
    chain: Sequence[Segment], fields: Sequence[str], *, deleted: int
) -> list[Segment]:
    """Give the segments up to the first that does not stand.

    It is damaged, has other columns, or was read before records were deleted.
    """
    sound = []
    for one in chain:
        if list(one.fields) != list(fields) or one.seen < deleted:
            break
        if one.path not in _checked:
            try:
                one.check()
            except SegmentDamaged as error:
                logger.warning("a segment is made anew: %s", error)
                break
            _checked.add(one.path)
        sound.append(one)
    return sound


def _write_on(lane: Lane, chain: Sequence[Segment]) -> Segment:
    watermarks: dict[str, int] = {}
    for one in chain:
        for key, at in one.read([]).watermarks().items():
            watermarks[key] = max(at, watermarks.get(key, at))
    last = chain[-1].last if chain else 0
    records, until = gather_log(
        lane,
        after=last,
        fields=fields_kept(lane.dataset),
        watermarks=watermarks,
        most_events=_EVENTS_AT_ONCE,
    )
    made = write_segment(
        segments_of(lane), records, first=last + 1, last=until, seen=lane.next_seq - 1
    )
    _checked.add(made.path)
    return made


def _put_together(directory: Path, chain: list[Segment]) -> list[Segment]:
    """Merge a segment into the one before it while that is not much larger."""
    while len(chain) > 1:
        before, one = chain[-2:]
        rows = before.rows + one.rows
        if before.rows > _SHARE * one.rows or rows > _MOST_ROWS:
            break
        merged = write_segment(
            directory,
            merge([before.read(), one.read()]),
            first=before.first,
            last=one.last,
            seen=min(before.seen, one.seen),
        )
        _checked.add(merged.path)
        chain = [*chain[:-2], merged]
        remove([before.path, one.path])
        give_back()
    return chain


def _cut(lane: Lane, chain: Sequence[Segment], *, now: datetime) -> list[Segment]:
    """Leave out of the segments what the dataset keeps no longer."""
    kept = lane.dataset.retention_seconds
    if kept is None:
        return list(chain)
    expired = now - timedelta(seconds=kept)
    before, due = microseconds_of(expired), microseconds_of(expired - _CUT_EVERY)
    cut = []
    for one in chain:
        if one.rows and one.earliest < due:
            records = one.read()
            fresh = records.only(records.at >= before)
            fresh_one = write_segment(
                segments_of(lane),
                fresh,
                first=one.first,
                last=one.last,
                seen=one.seen,
            )
            remove([one.path])
            _checked.add(fresh_one.path)
            cut.append(fresh_one)
        else:
            cut.append(one)
    return cut
