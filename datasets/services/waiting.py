"""Waiting for the verdict: an answer that follows the judgement, at most so long."""

from __future__ import annotations

import time
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial
from typing import Any, TypeVar

from datasets.models import Batch, BatchState, JobState
from datasets.services.browsing import ImportProgress, follow_import
from datasets.services.uploads import ImportInvalid
from workspaces.access import Access
from workspaces.refusals import Clash, FieldError, Missing

_LOOK_EVERY_SECONDS = 0.01

Seen = TypeVar("Seen")


class DuplicatesRefused(Clash):
    """The batch repeats stored records and its sender wanted none of it then."""

    code = "duplicates_refused"


class BatchNotFound(Missing):
    """There is no such batch in the workspace."""

    code = "batch_not_found"


@dataclass(frozen=True, slots=True, kw_only=True)
class RequestStanding:
    """What a request brought to a dataset, and how far it has come.

    Where its records were divided among shards `seq` is none: each part has its own.
    """

    batch: int
    dataset: str
    accepted: int
    state: BatchState
    is_live: bool
    seq: int | None
    received_at: datetime
    outcome: Mapping[str, object]


def find_standing(*, access: Access, batch_id: int) -> RequestStanding:
    """Return how far a request has come, by the batch that its answer named.

    Raises:
        BatchNotFound: also for batches of other workspaces.
    """
    first = find_batch(access=access, batch_id=batch_id)
    others = Batch.objects.filter(pk__in=first.options.get("parts", ()))
    batches = [first, *others.order_by("pk")]
    outcome: dict[str, Any] = {}  # Any: numbers, or lists of places
    for batch in batches:
        for name, said in batch.outcome.items():
            outcome[name] = outcome[name] + said if name in outcome else said
    return RequestStanding(
        batch=first.pk,
        dataset=first.lane.dataset.slug,
        accepted=sum(batch.size for batch in batches),
        state=state_of_all({batch.state for batch in batches}),
        is_live=first.is_live,
        seq=first.seq if len(batches) == 1 else None,
        received_at=first.received_at,
        outcome=outcome,
    )


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


def state_of_all(states: Collection[str]) -> BatchState:
    """Return how far the batches of one request have come: as far as the last of them.

    Of those that are through, what became otherwise than it was meant counts.
    """
    for state in (BatchState.PENDING, BatchState.REFUSED, BatchState.QUARANTINED):
        if state in states:
            return state
    return BatchState.JUDGED


def wait_for_judgement(
    *, batch_ids: Collection[int], patience: timedelta
) -> BatchState:
    """Return what became of a request's batches, or how they stand as patience ends.

    Call it after the commit that stored the batch, outside any transaction.

    Raises:
        DuplicatesRefused: naming the records that repeat stored ones.
    """
    state, refused = _look_until(
        lambda seen: seen[0] is not BatchState.PENDING,
        look=partial(_look_at, batch_ids),
        patience=patience,
    )
    if state is BatchState.REFUSED:
        places = refused["refused"]
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
    return state


def wait_for_import(
    *, access: Access, job_id: str, patience: timedelta
) -> ImportProgress:
    """Return how far an import came when it is through, or as patience ends.

    Call it after the commit that queued the import, outside any transaction.

    Raises:
        ImportInvalid: if it failed, with what it says of that.
    """
    progress = _look_until(
        lambda seen: seen.is_through,
        look=partial(follow_import, access=access, job_id=job_id),
        patience=patience,
    )
    if progress.job.state == JobState.FAILED:
        raise ImportInvalid(progress.job.error)
    return progress


def _look_until(
    is_over: Callable[[Seen], bool], *, look: Callable[[], Seen], patience: timedelta
) -> Seen:
    """Look again and again, and return what was seen last."""
    deadline = time.monotonic() + patience.total_seconds()
    pause = _LOOK_EVERY_SECONDS
    seen = look()
    while not is_over(seen) and time.monotonic() < deadline:
        time.sleep(pause)
        pause = min(pause * 1.5, 0.1)
        seen = look()
    return seen


def _look_at(
    batch_ids: Collection[int],
) -> tuple[BatchState, Mapping[str, Any]]:  # Any: JSON as decoded
    """Return how far batches have come, and the outcome of one that has come so far."""
    rows = Batch.objects.filter(pk__in=batch_ids).values_list("state", "outcome")
    outcomes = dict(rows)
    state = state_of_all(outcomes)
    return state, outcomes.get(state, {})
