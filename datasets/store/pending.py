"""What waits in a lane: every round of every drain asks, so these ask for little.

They are written by hand, or prepared, because the ORM takes longer to compile such a
question than the database takes to answer it.
"""

from __future__ import annotations

from datetime import datetime
from typing import NamedTuple

from django.db import connection
from django.db.models import QuerySet

from config.clock import utc_now
from config.prepared import Given, Prepared
from datasets.models import Batch, BatchState, Lane
from datasets.store.records import stored_time

#: Batches that one commit takes of a lane.
ROUND_BATCHES = 200

_BATCHES = Batch._meta.db_table
_LANES = Lane._meta.db_table


class OldestBatch(NamedTuple):
    """The first batch that a lane has to judge, and which of its tries died.

    `seen_at` is the database's time at which it was found.
    """

    pk: int
    received_at: datetime
    lane_id: int
    moved_at: datetime | None
    crash_batch: int | None
    crash_tries: int
    seen_at: datetime

    @property
    def first_since(self) -> datetime:
        """Since when nothing but this batch has kept its lane from moving on."""
        return max(self.received_at, self.moved_at or self.received_at)


def oldest_pending(*, lane_id: int) -> OldestBatch | None:
    """Return the first batch that a lane has to judge, if it may be drained."""
    postgres = connection.vendor == "postgresql"
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT batch.id, batch.received_at, lane.id, lane.moved_at,"  # noqa: S608 - our own names
            " lane.crash_batch, lane.crash_tries,"
            f" {'clock_timestamp()' if postgres else 'NULL'}"
            f" FROM {_BATCHES} AS batch"
            f" JOIN {_LANES} AS lane ON lane.id = batch.lane_id"
            " WHERE batch.lane_id = %s AND NOT lane.is_paused"
            f" AND batch.state = '{BatchState.PENDING}' ORDER BY batch.id LIMIT 1",
            [lane_id],
        )
        row = cursor.fetchone()
    if row is None:
        return None
    pk, received_at, lane, moved_at, crash_batch, crash_tries, seen_at = row
    return OldestBatch(
        pk,
        stored_time(received_at),
        lane,
        moved_at and stored_time(moved_at),
        crash_batch,
        crash_tries,
        seen_at or utc_now(),
    )


def first_pending(*, lane_id: int) -> list[Batch]:
    """Return the first batches that a lane has to judge, in order."""
    return _first.ask(lane=lane_id)


def _first_of_lane() -> QuerySet[Batch]:
    waiting = Batch.objects.filter(state=BatchState.PENDING, lane=Given("lane"))
    return waiting.order_by("id")[:ROUND_BATCHES]


_first = Prepared(_first_of_lane)
