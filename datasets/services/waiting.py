"""Waiting for the verdict: an answer that follows the judgement, at most so long."""

from __future__ import annotations

import time
from collections.abc import Collection
from datetime import timedelta

from datasets.models import Batch, BatchState
from workspaces.access import Access
from workspaces.refusals import Clash, FieldError, Missing

_LOOK_EVERY_SECONDS = 0.01


class DuplicatesRefused(Clash):
    """The batch repeats stored records and its sender wanted none of it then."""

    code = "duplicates_refused"


class BatchNotFound(Missing):
    """There is no such batch in the workspace."""

    code = "batch_not_found"


def find_batch(*, access: Access, batch_id: int) -> Batch:
    """Return a batch of one of the workspace's datasets.

    Raises:
        BatchNotFound: also for batches of other workspaces.
    """
    batch = (
        Batch.objects.filter(pk=batch_id, lane__dataset__workspace=access.workspace)
        .select_related("lane__dataset")
        .first()
    )
    if batch is None:
        raise BatchNotFound(
            f"There is no batch {batch_id} in workspace {access.workspace.slug}."
        )
    return batch


def judged_among(batch_ids: Collection[int]) -> dict[int, BatchState]:
    """Return those of some batches that wait no more, and what became of them."""
    done = Batch.objects.filter(pk__in=batch_ids).exclude(state=BatchState.PENDING)
    return {pk: BatchState(state) for pk, state in done.values_list("pk", "state")}


def wait_for_judgement(*, batch_id: int, patience: timedelta) -> Batch:
    """Return the batch once it is judged, or as it stands when patience ends.

    Call it after the commit that stored the batch, outside any transaction.

    Raises:
        DuplicatesRefused: naming the records that repeat stored ones.
    """
    deadline = time.monotonic() + patience.total_seconds()
    batch = Batch.objects.get(pk=batch_id)
    pause = _LOOK_EVERY_SECONDS
    while batch.state == BatchState.PENDING and time.monotonic() < deadline:
        time.sleep(pause)
        pause = min(pause * 1.5, 0.1)
        batch.refresh_from_db()
    if batch.state == BatchState.REFUSED:
        places = batch.outcome["refused"]
        raise DuplicatesRefused(
            f"{len(places)} of the records are stored already; nothing was stored.",
            errors=[
                FieldError(
                    pointer=f"/{place}",
                    code="duplicate",
                    detail=f"Record {place} is stored already.",
                )
                for place in places[:20]
            ],
        )
    return batch
