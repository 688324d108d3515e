"""Writing many batches in one go."""

import json
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import NamedTuple

from datasets.models import Batch, BatchState, Origin
from datasets.store.rows import insert_new, update_rows


class PlainBatch(NamedTuple):
    """A live batch of a request without wishes, before it has an id."""

    lane_id: int
    size: int
    received_at: datetime
    origin: str = Origin.API.value
    is_live: bool = True
    hops: int = 0
    state: str = BatchState.PENDING.value
    options: str = "{}"
    outcome: str = "{}"


def insert_plain(batches: Sequence[PlainBatch]) -> list[int]:
    """Insert pending batches inside the caller's transaction; return their ids."""
    return sorted(pk for (pk,) in insert_new(Batch, batches, returning=("id",)))


class _Options(NamedTuple):
    options: str
    id: int


def note_options(noted: Iterable[tuple[int, Mapping[str, object]]]) -> None:
    """Store what batches ask that was known only once they had their ids."""
    rows = [_Options(json.dumps(options), batch_id) for batch_id, options in noted]
    update_rows(Batch, rows, unique=("id",))


class FinishedBatch(NamedTuple):
    """A batch as its drain leaves it; `outcome` is JSON text."""

    state: str
    seq: int | None
    outcome: str
    id: int


def finish_rows(finished: Sequence[FinishedBatch]) -> None:
    """Store state, position and outcome of batches."""
    update_rows(Batch, finished, unique=("id",))
