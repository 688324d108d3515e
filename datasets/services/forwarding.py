"""Batches of facts that one lane's drain puts into another lane.

Their records are of the lane they come from, are nowhere current, and are part of the
log of the lane they go to: it alone says what its rules saw, and in which order.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db import connection

from config.celery import Task, nudge
from datasets.json import encode
from datasets.models import Batch, Lane, Origin
from datasets.services.facts import StoredFacts
from datasets.services.lanes import ROUND_EVENTS, LaneEvent, SettledBatch
from datasets.store.records import RecordRow, insert_records

#: Options of a batch that hold for its events in whichever lane they are judged.
_TREATMENT = ("raises", "moves_facts")


@dataclass(frozen=True, slots=True, kw_only=True)
class ForwardedEvent:
    """What another lane is to know of an event: of its fields those that it reads."""

    batch: Batch
    event: LaneEvent
    is_late: bool
    fields: Mapping[str, Any]  # Any: JSON as decoded


def forward_events(
    *, source: Lane, home_id: int, events: Sequence[ForwardedEvent]
) -> None:
    """Store events that were judged alike as one batch of another lane.

    Part of the commit of their own lane's drain, so they are forwarded once. What is
    armed by them wakes as long after their receipt as in their own lane.
    """
    first = events[0].batch
    batch = Batch.objects.create(
        lane_id=home_id,
        origin=Origin.FORWARD,
        is_live=first.is_live,
        size=len(events),
        hops=first.hops,
        received_at=max(one.batch.received_at for one in events),
        options={
            **_options_from(source),
            **treatment_of(first),
            "of": sorted({one.batch.pk for one in events}),
        },
    )
    insert_records(_row(source, batch, place, one) for place, one in enumerate(events))
    nudge(Task.DRAIN, lane_id=home_id)


def forward_facts(
    *, source: Lane, home_id: int, facts: Sequence[StoredFacts], now: datetime
) -> None:
    """Store facts as they stand for another lane, in batches of which it takes one."""
    most = ROUND_EVENTS[connection.vendor]
    for start in range(0, len(facts), most):
        some = facts[start : start + most]
        batch = Batch.objects.create(
            lane_id=home_id,
            origin=Origin.FORWARD,
            size=len(some),
            received_at=now,
            options={**_options_from(source), "snapshot": True},
        )
        insert_records(
            RecordRow(
                batch_id=batch.pk,
                ord=place,
                dataset_id=source.dataset_id,
                key=one.key,
                subkey="",
                event_time=one.watermark or now,
                body=encode(one.fields).decode(),
                is_current=False,
            )
            for place, one in enumerate(some)
        )
    nudge(Task.DRAIN, lane_id=home_id)


def is_snapshot(one: SettledBatch) -> bool:
    """Say whether a batch brings facts as they stood elsewhere, rather than events."""
    return bool(one.batch.options.get("snapshot"))


def treatment_of(batch: Batch) -> dict[str, object]:
    """Return what a batch asked for its events that holds in every lane."""
    return {name: batch.options[name] for name in _TREATMENT if name in batch.options}


def _options_from(source: Lane) -> dict[str, object]:
    return {"persists": False, "lane": source.pk}


def _row(source: Lane, batch: Batch, place: int, one: ForwardedEvent) -> RecordRow:
    return RecordRow(
        batch_id=batch.pk,
        ord=place,
        dataset_id=source.dataset_id,
        key=one.event.key,
        # Where it stands in its own lane's log.
        subkey=f"{one.batch.pk}.{one.event.ord}",
        event_time=one.event.event_time,
        body=encode(one.fields).decode(),
        is_current=False,
        is_late=one.is_late,
    )
