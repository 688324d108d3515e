"""Holding a lane: a row lock on PostgreSQL, a lock of the process on SQLite."""

import threading
from collections import defaultdict
from collections.abc import Iterator
from contextlib import contextmanager

from django.db import connection, transaction

from datasets.models import Lane


class LaneBusy(Exception):
    """Another worker drains this lane; it will see what we came for."""


_held: defaultdict[int, threading.Lock] = defaultdict(threading.Lock)


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
