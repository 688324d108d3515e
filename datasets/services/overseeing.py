"""How lanes stand, and what was set aside: for those who run the installation."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.db.models import Count, Min, Q, QuerySet, Sum

from datasets.models import Batch, BatchState, Lane, Quarantine, Record
from datasets.services.lanes import TRIES_BEFORE_CARE


@dataclass(frozen=True, slots=True, kw_only=True)
class LaneState:
    """A lane: what waits in it, since when, and whether somebody died over it."""

    pk: int
    name: str
    judged: int
    events: int
    batches: int
    oldest: timedelta | None
    is_paused: bool
    is_simulated: bool
    #: The batch up to which it is tried again after somebody died over it.
    crash_batch: int | None
    crash_tries: int

    @property
    def is_in_care(self) -> bool:
        """Say whether it is judged a part at a time, to find what kills its judges."""
        return self.crash_batch is not None and self.crash_tries >= TRIES_BEFORE_CARE


@dataclass(frozen=True, slots=True, kw_only=True)
class LaneStates:
    """The lanes that are worst off, and how many there are besides."""

    shown: Sequence[LaneState]
    others: int


@dataclass(frozen=True, slots=True, kw_only=True)
class QuarantinedEvent:
    """An event that was set aside; `key` is None where its record is gone."""

    row: Quarantine
    series: str
    key: str | None
    is_simulated: bool


def lane_states(*, now: datetime, limit: int) -> LaneStates:
    """Return the lanes that are worst off: those whose events wait longest first."""
    waiting = _waiting(limit)
    lanes = Lane.objects.filter(dataset__deleted_at=None)
    is_bad = Q(is_paused=True) | Q(pk__in=waiting)
    rows = _named(lanes.filter(is_bad), limit)
    rows += _named(lanes.exclude(is_bad), limit - len(rows))
    shown = [_state_of(row, waiting.get(row.pk, {}), now) for row in rows]
    shown.sort(key=lambda one: one.oldest or timedelta(), reverse=True)
    return LaneStates(shown=shown, others=lanes.count() - len(shown))


def newest_quarantined(*, limit: int) -> list[QuarantinedEvent]:
    """Return the events that were set aside last, of all workspaces, newest first."""
    newest = Quarantine.objects.order_by("-pk")
    rows = list(newest.select_related("batch__lane__dataset__workspace")[:limit])
    records = Record.objects.filter(batch_id__in={row.batch_id for row in rows})
    wanted = Q(ord__in={row.ord for row in rows})
    keys = {
        (batch, ord_): key
        for batch, ord_, key in records.filter(wanted).values_list(
            "batch_id", "ord", "key"
        )
    }
    return [
        QuarantinedEvent(
            row=row,
            series=_name_of(row.batch.lane),
            key=keys.get((row.batch_id, row.ord)),
            is_simulated=row.batch.lane.dataset.is_simulated,
        )
        for row in rows
    ]


def _waiting(limit: int) -> dict[int, dict[str, Any]]:  # Any: what its query names
    pending = Batch.objects.filter(state=BatchState.PENDING).values("lane_id")
    rows = pending.annotate(
        events=Sum("size"),
        batches=Count("pk"),
        oldest=Min("received_at"),
        first=Min("pk"),
    )
    return {row["lane_id"]: dict(row) for row in rows.order_by("oldest")[:limit]}


def _named(lanes: QuerySet[Lane], limit: int) -> list[Lane]:
    by_name = lanes.order_by("dataset__workspace__slug", "dataset__slug", "shard")
    return list(by_name.select_related("dataset__workspace")[: max(limit, 0)])


def _state_of(lane: Lane, waiting: Mapping[str, Any], now: datetime) -> LaneState:
    oldest = waiting.get("oldest")
    is_tried = lane.crash_batch is not None and bool(waiting)
    is_again = is_tried and waiting["first"] <= lane.crash_batch
    return LaneState(
        pk=lane.pk,
        name=_name_of(lane),
        judged=lane.next_seq - 1,
        events=waiting.get("events", 0),
        batches=waiting.get("batches", 0),
        oldest=None if oldest is None else max(now - oldest, timedelta()),
        is_paused=lane.is_paused,
        is_simulated=lane.dataset.is_simulated,
        crash_batch=lane.crash_batch if is_again else None,
        crash_tries=lane.crash_tries if is_again else 0,
    )


def _name_of(lane: Lane) -> str:
    name = f"{lane.dataset.workspace.slug}:{lane.dataset.slug}"
    return f"{name} shard {lane.shard}" if lane.dataset.shards > 1 else name
