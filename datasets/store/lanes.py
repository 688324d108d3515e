"""Holding a lane: a row lock on PostgreSQL, a lock of the process on SQLite."""

import math
import threading
import time
from collections import defaultdict
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from functools import partial
from typing import Any

from django.db import OperationalError, connection, transaction
from django.db.models import QuerySet

from config.prepared import Given, Prepared
from datasets.models import Lane
from datasets.store.writing import is_lock_timeout


class LaneBusy(Exception):
    """Another worker drains this lane; it will see what we came for."""


#: Who waits for a lane does so as long as PostgreSQL would wait (`lock_timeout`).
PATIENCE_SECONDS = 2.0

_held: defaultdict[int, threading.Lock] = defaultdict(threading.Lock)
#: Loading a million rules, storing a storm of alerts, waiting for another's storm to be
#: stored: all that takes its time, and longer on a busy machine.
_UNHURRIED_SECONDS = 60.0
#: By thread: the lane that it holds, and when it last came on, in monotonic time.
_at_work: dict[int, tuple[int, float]] = {}
#: By thread: when it last asked the database anything.
_asked_at: dict[int, float] = {}
#: PostgreSQL ends a session that is silent within a transaction for half a minute.
_SILENT_SECONDS = 10.0


@contextmanager
def holding(lane_id: int, *, waits: bool = False) -> Iterator[Lane]:
    """Hold a lane for one round of a drain and yield its row as it stands.

    On PostgreSQL the round is one transaction holding the row: the lock dies with the
    session, so there is no zombie and no fencing token. `no_key` because a plain FOR
    UPDATE would block every insert of a batch, whose foreign key points here. On
    SQLite reads stay outside the transaction, so that judging never blocks writers.

    One that `waits` is somebody whose note makes others leave: if it left as well,
    because one of them has the lane for the moment in which it reads the note, nobody
    would be at work.

    Raises:
        LaneBusy: if the lane is held elsewhere; of one that waits: for long.
    """
    with _locked(lane_id, waits=waits) as lane, _watched(lane_id):
        yield lane


def move_lane(lane: Lane, *, next_seq: int, now: datetime) -> bool:
    """Move a lane on, in its drain's commit; say whether it stood as it was read."""
    moved_at = connection.ops.adapt_datetimefield_value(now)
    with connection.cursor() as cursor:
        cursor.execute(
            f"UPDATE {Lane._meta.db_table} SET next_seq = %s, moved_at = %s"  # noqa: S608 - our own table's name
            " WHERE id = %s AND next_seq = %s",
            [next_seq, moved_at, lane.pk, lane.next_seq],
        )
        return bool(cursor.rowcount)


def lane_held_for(least: timedelta) -> int | None:
    """Return a lane whose holder in this process has not come on for so long, if any.

    What is no judging is allowed a minute more.
    """
    now = time.monotonic()
    for lane_id, since in list(_at_work.values()):
        if now - since >= least.total_seconds():
            return lane_id
    return None


def note_judging() -> None:
    """Tell that a lane's holder, if this thread is one, runs the next event or rule."""
    _break_silence()
    _come_on(allowed_seconds=0.0)


def note_judged() -> None:
    """Tell that it has judged: what follows is storing, and waiting for a turn."""
    _break_silence()
    _come_on(allowed_seconds=_UNHURRIED_SECONDS)


def _break_silence() -> None:
    """Say something to the database, if the holder of a lane has not for a while."""
    thread = threading.get_ident()
    if time.monotonic() - _asked_at.get(thread, math.inf) >= _SILENT_SECONDS:
        with connection.cursor() as cursor:
            cursor.execute("SELECT 1")


def _come_on(*, allowed_seconds: float) -> None:
    thread = threading.get_ident()
    if thread in _at_work:
        since = time.monotonic() + allowed_seconds
        _at_work[thread] = (_at_work[thread][0], since)


@contextmanager
def _watched(lane_id: int) -> Iterator[None]:
    thread = threading.get_ident()
    _asked_at[thread] = time.monotonic()
    _at_work[thread] = (lane_id, _asked_at[thread] + _UNHURRIED_SECONDS)
    try:
        with connection.execute_wrapper(_noting_statement):
            yield
    finally:
        del _at_work[thread], _asked_at[thread]


def _noting_statement(
    # Any: as Django hands statements on
    execute: Callable[..., Any],
    sql: str,
    parameters: Any,
    many: bool,  # noqa: FBT001 - Django's own order
    context: Any,
) -> Any:
    result = execute(sql, parameters, many, context)
    _asked_at[threading.get_ident()] = time.monotonic()
    _come_on(allowed_seconds=_UNHURRIED_SECONDS)
    return result


def _lane() -> QuerySet[Lane]:
    lanes = Lane.objects.select_related("dataset__workspace")
    return lanes.filter(pk=Given("lane"))


def _lane_to_hold(*, waits: bool) -> QuerySet[Lane]:
    return _lane().select_for_update(skip_locked=not waits, no_key=True, of=("self",))


_reading = Prepared(_lane)
_locking = Prepared(partial(_lane_to_hold, waits=False))
_awaiting = Prepared(partial(_lane_to_hold, waits=True))


@contextmanager
def _locked(lane_id: int, *, waits: bool) -> Iterator[Lane]:
    if connection.vendor == "postgresql":
        with transaction.atomic():
            yield _lock_row(lane_id, waits=waits)
        return
    lock = _held[lane_id]
    if not lock.acquire(timeout=PATIENCE_SECONDS if waits else 0):
        raise LaneBusy(lane_id)
    try:
        yield _only(_reading.ask(lane=lane_id), lane_id)
    finally:
        lock.release()


def _lock_row(lane_id: int, *, waits: bool) -> Lane:
    """Lock a lane's row; who waits does so as long as the connection lets it."""
    try:
        lanes = (_awaiting if waits else _locking).ask(lane=lane_id)
    except OperationalError as error:
        if is_lock_timeout(error):
            raise LaneBusy(lane_id) from error
        raise
    return _only(lanes, lane_id)


def _only(lanes: list[Lane], lane_id: int) -> Lane:
    """Return the lane that was asked for; one that is gone is nobody's work."""
    if not lanes:
        raise LaneBusy(lane_id)
    return lanes[0]
