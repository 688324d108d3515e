"""Writing many batches in one go."""

import json
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any, NamedTuple

from django.db import connection

from datasets.models import Batch, BatchState, Origin

_TABLE = Batch._meta.db_table


class PlainBatch(NamedTuple):
    """A live batch of a request without wishes, before it has an id."""

    lane_id: int
    size: int
    received_at: datetime


def insert_plain(batches: Sequence[PlainBatch]) -> list[int]:
    """Insert pending batches inside the caller's transaction; return their ids.

    One statement for all, and no model instance each: the ORM's `bulk_create` takes
    most of the time of a commit that many requests share.
    """
    if not batches:
        return []
    row = f"(%s, %s, %s, '{Origin.API}', %s, 0, '{BatchState.PENDING}', '{{}}', '{{}}')"
    parameters: list[Any] = []  # Any: numbers and times
    for lane_id, size, received_at in batches:
        at = connection.ops.adapt_datetimefield_value(received_at)
        parameters += [lane_id, size, at, True]
    with connection.cursor() as cursor:
        cursor.execute(
            f"INSERT INTO {_TABLE} (lane_id, size, received_at, origin, is_live,"  # noqa: S608 - our own names
            " hops, state, options, outcome)"
            f" VALUES {', '.join([row] * len(batches))} RETURNING id",
            parameters,
        )
        return sorted(pk for (pk,) in cursor.fetchall())


def note_options(noted: Iterable[tuple[int, Mapping[str, object]]]) -> None:
    """Store what batches ask that was known only once they had their ids."""
    with connection.cursor() as cursor:
        cursor.executemany(
            f"UPDATE {_TABLE} SET options = %s WHERE id = %s",  # noqa: S608 - our own table's name
            [(json.dumps(options), batch_id) for batch_id, options in noted],
        )


class FinishedBatch(NamedTuple):
    """A batch as its drain leaves it."""

    batch_id: int
    state: str
    seq: int | None
    outcome: Mapping[str, object]


def finish_rows(finished: Iterable[FinishedBatch]) -> None:
    """Store state, position and outcome, without a round trip each."""
    with connection.cursor() as cursor:
        cursor.executemany(
            f"UPDATE {_TABLE} SET state = %s, seq = %s, outcome = %s WHERE id = %s",  # noqa: S608 - our own table's name
            [
                (one.state, one.seq, json.dumps(one.outcome), one.batch_id)
                for one in finished
            ],
        )
