"""An hour of the simulated market, stored in bulk."""

from __future__ import annotations

import time
from datetime import datetime, timedelta
from itertools import chain

from django.db import transaction

from alerts.services import seed_installation
from datasets.connectors import find_connector
from datasets.models import (
    Batch,
    BatchState,
    Dataset,
    Lane,
    Origin,
    Run,
    RunState,
    Source,
)
from datasets.services import (
    CheckedEvent,
    fetch_source,
    forget_expired,
    open_lane,
)
from datasets.services.sifting import Sieve
from datasets.store.records import RecordRow, insert_records

HOUR = timedelta(hours=1)


def seed(*, now: datetime, kept: timedelta) -> None:
    """Make the installation as its first start does, its history judged."""
    seed_installation(now=now)
    for source in Source.objects.all():
        fetch_source(source_id=source.pk, clock=lambda: now)
    Dataset.objects.update(retention_seconds=int(kept.total_seconds()))
    Batch.objects.update(state=BatchState.JUDGED)


def store_hour(*, begin: datetime, delay: timedelta) -> float:
    """Store what all sources bring in an hour; return the seconds of the upkeep."""
    for source in Source.objects.select_related("dataset__workspace"):
        with transaction.atomic():
            _store(source, begin=begin, delay=delay)
    begun = time.perf_counter()
    forget_expired(now=begin + HOUR)
    return time.perf_counter() - begun


def _store(source: Source, *, begin: datetime, delay: timedelta) -> None:
    step = source.schedule.following_slot(begin) - begin
    slots = [begin + number * step for number in range(HOUR // step)]
    fetched = [_fetch(source, slot) for slot in slots]
    lane = open_lane(source.dataset)
    batches = Batch.objects.bulk_create(
        Batch(
            lane=lane,
            origin=Origin.SOURCE,
            size=len(events),
            received_at=slot + delay,
            state=BatchState.JUDGED,
            seq=seq,
        )
        for seq, (slot, events) in enumerate(
            zip(slots, fetched, strict=True), start=lane.next_seq
        )
    )
    Lane.objects.filter(pk=lane.pk).update(next_seq=lane.next_seq + len(batches))
    Run.objects.bulk_create(
        Run(
            source=source,
            slot=slot,
            state=RunState.DONE,
            rows=len(events),
            started_at=slot + delay,
            ended_at=slot + 2 * delay,
        )
        for slot, events in zip(slots, fetched, strict=True)
    )
    insert_records(
        chain.from_iterable(
            _rows(batch, events, source.dataset_id)
            for batch, events in zip(batches, fetched, strict=True)
        )
    )


def _fetch(source: Source, slot: datetime) -> list[CheckedEvent]:
    found = find_connector(source.kind).fetch(config=source.config, slot=slot)
    return list(Sieve(source.dataset).passing(found, received_at=slot))


def _rows(batch: Batch, events: list[CheckedEvent], dataset_id: int) -> list[RecordRow]:
    return [
        RecordRow(
            batch_id=batch.pk,
            ord=place,
            dataset_id=dataset_id,
            key=one.key,
            subkey=one.subkey,
            event_time=one.event_time,
            body=one.body,
            is_current=True,
        )
        for place, one in enumerate(events)
    ]
