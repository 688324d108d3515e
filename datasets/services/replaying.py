"""Judging anew what was set aside, once the reason is mended, or letting it lie."""

from __future__ import annotations

from datetime import datetime

from config.celery import Task, nudge
from datasets.json import encode
from datasets.models import Batch, Origin, Quarantine, Record
from datasets.store.records import RecordRow, insert_records
from datasets.store.writing import writing
from workspaces.access import Access, Need
from workspaces.refusals import Clash
from workspaces.services import record_audit

#: What a batch asked for that goes with its events wherever they are.
_KEPT_OPTIONS = frozenset(
    ("raises", "moves_facts", "persists", "lane", "snapshot", "of")
)


class NothingToReplay(Clash):
    """The event was replayed already, or is none that can be."""

    code = "nothing_to_replay"


def replay_quarantined(
    *, access: Access, quarantined: Quarantine, now: datetime
) -> Batch:
    """Store an event that was set aside once more, at a new place in its lane.

    Its first record stays as it was, for who reads the log.

    Raises:
        NothingToReplay: if somebody did so before, if retention removed the record, or
            if it was the change of a rule.
    """
    access.require(Need.WRITE)
    batch = quarantined.batch
    if batch.origin == Origin.RULE:
        raise NothingToReplay(
            "This was the change of a rule. Save the rule again to make it."
        )
    record = Record.objects.filter(batch_id=batch.pk, ord=quarantined.ord).first()
    if record is None:
        raise NothingToReplay("The record is no longer kept; send the event again.")
    with writing():
        claimed, _ = Quarantine.objects.filter(pk=quarantined.pk).delete()
        if not claimed:
            raise NothingToReplay("This event was replayed already.")
        replay = _store_again(batch, record, now)
        nudge(Task.DRAIN, lane_id=batch.lane_id)
        record_audit(
            access=access,
            action="event.replayed",
            target=f"{batch.pk}.{quarantined.ord}",
            now=now,
        )
    return replay


def dismiss_quarantined(
    *, access: Access, quarantined: Quarantine, now: datetime
) -> None:
    """Strike an event off the list of those that wait; its record stays in the log.

    Raises:
        NothingToReplay: if somebody did so before, or replayed it.
    """
    access.require(Need.WRITE)
    with writing():
        struck, _ = Quarantine.objects.filter(pk=quarantined.pk).delete()
        if not struck:
            raise NothingToReplay("This event is not set aside any more.")
        record_audit(
            access=access,
            action="event.dismissed",
            target=f"{quarantined.batch_id}.{quarantined.ord}",
            now=now,
            reason=quarantined.reason,
        )


def _store_again(batch: Batch, record: Record, now: datetime) -> Batch:
    replay = Batch.objects.create(
        lane=batch.lane,
        origin=batch.origin,
        is_live=batch.is_live,
        size=1,
        hops=batch.hops,
        received_at=now,
        options={
            name: value
            for name, value in batch.options.items()
            if name in _KEPT_OPTIONS
        },
    )
    row = RecordRow(
        batch_id=replay.pk,
        ord=0,
        dataset_id=record.dataset_id,
        key=record.key,
        subkey=record.subkey,
        event_time=record.event_time,
        body=encode(record.body).decode(),
        is_current=batch.options.get("persists", True),
        is_late=record.is_late,
    )
    insert_records([row])
    return replay
