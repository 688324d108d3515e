"""Holding a lane: a row lock on PostgreSQL, a lock of the process on SQLite."""

import threading
import time
from collections import defaultdict
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta

from django.db import connection, transaction

from datasets.models import Lane


class LaneBusy(Exception):
    """Another worker drains this lane; it will see what we came for."""


_held: defaultdict[int, threading.Lock] = defaultdict(threading.Lock)
#: The lanes that threads of this process hold, and since when, in monotonic time.
_since: dict[tuple[int, int], float] = {}


@contextmanager
def holding(lane_id: int) -> Iterator[Lane]:
    """Hold a lane for one round of a drain and yield its row as it stands.

    On PostgreSQL the round is one transaction holding the row: the lock dies with the
    session, so there is no zombie and no fencing token. `no_key` because a plain FOR
    UPDATE would block every insert of a batch, whose foreign key points here. On
    SQLite reads stay outside the transaction, so that judging never blocks writers.

    Raises:
        LaneBusy: if the lane is held elsewhere.
    """
    with _noted(lane_id), _locked(lane_id) as lane:
        yield lane


def lane_held_for(least: timedelta) -> int | None:
    """Return a lane that a thread of this process has held for so long, if any."""
    now = time.monotonic()
    for (lane_id, _), since in list(_since.items()):
        if now - since >= least.total_seconds():
            return lane_id
    return None


@contextmanager
def _noted(lane_id: int) -> Iterator[None]:
    place = (lane_id, threading.get_ident())
    _since[place] = time.monotonic()
    try:
        yield
    finally:
        del _since[place]


@contextmanager
def _locked(lane_id: int) -> Iterator[Lane]:
    lanes = Lane.objects.select_related("dataset__workspace").filter(pk=lane_id)
    if connection.vendor == "postgresql":
        with transaction.atomic():
            lane = lanes.select_for_update(
                skip_locked=True, no_key=True, of=("self",)
            ).first()
            if lane is None:
                raise LaneBusy(lane_id)
            yield lane
        return
    lock = _held[lane_id]
    if not lock.acquire(blocking=False):
        raise LaneBusy(lane_id)
    try:
        yield lanes.get()
    finally:
        lock.release()
