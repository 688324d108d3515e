"""The queue of a lane: batches wait in it, its drain settles and finishes them."""

from __future__ import annotations

import json
import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from django.db import connection
from django.db.models import QuerySet, Sum

from config.celery import Task, nudge
from datasets.models import (
    Batch,
    BatchState,
    Dataset,
    Duplicates,
    Lane,
    Origin,
    Quarantine,
    Record,
)
from datasets.store.batches import FinishedBatch, finish_rows
from datasets.store.lanes import move_lane
from datasets.store.pending import first_pending, oldest_pending
from datasets.store.records import (
    Identity,
    Place,
    find_current,
    mark_superseded,
    records_of_batches,
)

#: Events that one commit takes of a lane: few where all writers wait in one line.
ROUND_EVENTS = {"postgresql": 5_000, "sqlite": 500}
#: Tries that may die before a lane is drained with care (services.quarantine).
TRIES_BEFORE_CARE = 2


@dataclass(frozen=True, slots=True, kw_only=True)
class LaneEvent:
    """One record of a batch as the engine is to see it.

    `is_late` is what another lane found that forwarded it; of a lane's own events the
    engine says so once they are judged.
    """

    dataset_id: int
    ord: int
    key: str
    subkey: str
    event_time: datetime
    fields: Mapping[str, Any]  # Any: JSON as decoded
    is_late: bool = False


@dataclass(slots=True, kw_only=True)
class SettledBatch:
    """A pending batch whose duplicates are decided, and the position it will have.

    `superseded` maps positions (batch, ord) of records that leave the current ones
    to the batch that stands in their place. `rest` is None where the batch is judged
    in one go or comes to its end; else what is kept with it of its progress
    (`datasets.services.quarantine`). `is_quarantined` says that all of it is set aside.
    """

    batch: Batch
    seq: int
    events: list[LaneEvent]
    superseded: dict[Place, int] = field(default_factory=dict)
    ignored: int = 0
    late: list[int] = field(default_factory=list)
    refused: list[int] = field(default_factory=list)
    rest: Mapping[str, object] | None = None
    is_quarantined: bool = False

    @property
    def is_refused(self) -> bool:
        """Say whether the batch is void because of duplicates."""
        return bool(self.refused)

    @property
    def is_whole(self) -> bool:
        """Say whether nothing of the batch remains to be judged after this."""
        return self.rest is None

    @property
    def takes_place(self) -> bool:
        """Say whether the lane moves on by it."""
        return self.state == BatchState.JUDGED

    @property
    def state(self) -> BatchState:
        """Return the state in which its drain leaves the batch."""
        if not self.is_whole:
            return BatchState.PENDING
        if self.is_quarantined:
            return BatchState.QUARANTINED
        return BatchState.REFUSED if self.is_refused else BatchState.JUDGED


def open_lane(dataset: Dataset) -> Lane:
    """Return the first lane of a dataset, the only one unless it is divided."""
    return dataset.lanes.get(shard=0)


def make_lanes(dataset: Dataset) -> None:
    """Store the lanes of a new dataset, one for each shard."""
    Lane.objects.bulk_create(
        Lane(dataset=dataset, shard=shard, epoch=uuid.uuid4())
        for shard in range(dataset.shards)
    )


def append_batch(
    *,
    lane: Lane,
    origin: Origin,
    now: datetime,
    options: Mapping[str, object] | None = None,
) -> Batch:
    """Insert a batch without records: a change that needs a place in the order.

    Called inside the transaction of that change; the drain is nudged after it.
    """
    batch = Batch.objects.create(
        lane=lane, origin=origin, size=0, received_at=now, options=options or {}
    )
    nudge(Task.DRAIN, lane_id=lane.pk)
    return batch


def backlog_of(lane: Lane) -> int:
    """Count the events of a lane that wait to be judged."""
    total = lane.batches.filter(state=BatchState.PENDING).aggregate(n=Sum("size"))["n"]
    return total or 0


def is_waiting(*, lane_id: int) -> bool:
    """Say whether a lane has something to judge, and may be drained."""
    return oldest_pending(lane_id=lane_id) is not None


def take_batches(*, lane: Lane) -> list[Batch]:
    """Return the lane's first pending batches, in order, at least one if any waits."""
    most = ROUND_EVENTS[connection.vendor]
    taken: list[Batch] = []
    events = 0
    for batch in first_pending(lane_id=lane.pk):
        events += batch.size
        if taken and events > most:
            break
        taken.append(batch)
    return taken


def settle_batches(*, lane: Lane, batches: Sequence[Batch]) -> list[SettledBatch]:
    """Read the events of pending batches and decide their duplicates, in lane order.

    1. Number the batches from the lane's next position on; a refused one takes none.
    2. For each record with an identity, look for the current record that has it: one
       of an earlier batch, or an earlier one of this round. Events that are not kept
       are nobody's repetition.
    3. *ignore* drops the newcomer, *replace* supersedes the old one, *refuse* voids
       the whole batch.
    """
    dataset = lane.dataset
    events = _read_events(batches)
    standing = _standing_records(dataset, batches, events)
    settled = []
    seq = lane.next_seq
    for batch in batches:
        one = SettledBatch(batch=batch, seq=seq, events=events.get(batch.pk, []))
        if dataset.has_identity and batch.options.get("persists", True):
            _settle(one, dataset, standing)
        settled.append(one)
        seq += one.takes_place
    return settled


def finish_batches(
    *, lane: Lane, settled: Sequence[SettledBatch], now: datetime
) -> int:
    """Mark batches judged or refused and move the lane on; part of one commit.

    `now` is the time of the commit. Returns the lane's next position.

    Raises:
        LaneMoved: if another worker moved the lane since it was read; running the
            drain again is harmless, because nothing of this commit is stored then.
    """
    next_seq = lane.next_seq + sum(one.takes_place for one in settled)
    if not move_lane(lane, next_seq=next_seq, now=now):
        raise LaneMoved(lane.pk)
    if _is_calmed(lane, settled):
        Lane.objects.filter(pk=lane.pk).update(crash_batch=None, crash_tries=0)
    finish_rows([_finished(one) for one in settled])
    _mark_records(settled)
    return next_seq


class LaneMoved(RuntimeError):
    """The lane is not where this drain read it; its work is void."""


def _read_events(batches: Sequence[Batch]) -> dict[int, list[LaneEvent]]:
    ids = [batch.pk for batch in batches if batch.size]
    set_aside = _set_aside_of(batches)
    events: dict[int, list[LaneEvent]] = {}
    for one in records_of_batches(ids) if ids else ():
        if (one.batch_id, one.ord) in set_aside:
            continue
        events.setdefault(one.batch_id, []).append(
            LaneEvent(
                dataset_id=one.dataset_id,
                ord=one.ord,
                key=one.key,
                subkey=one.subkey,
                event_time=one.event_time,
                fields=one.fields,
                is_late=one.is_late,
            )
        )
    return events


def _set_aside_of(batches: Sequence[Batch]) -> set[Place]:
    """Return which events of pending batches are set aside; care has begun those."""
    begun = [batch.pk for batch in batches if batch.outcome]
    if not begun:
        return set()
    aside = Quarantine.objects.filter(batch_id__in=begun)
    return set(aside.values_list("batch_id", "ord"))


def _identity(dataset: Dataset, event: LaneEvent) -> Identity:
    """Return what makes a record the same: key, subkey and, if declared, the date."""
    return Identity(
        event.key, event.subkey, event.event_time if dataset.date_field else None
    )


def _standing_records(
    dataset: Dataset, batches: Sequence[Batch], events: dict[int, list[LaneEvent]]
) -> dict[Identity, Place]:
    """Return identity -> position for judged records that this round may repeat."""
    if not dataset.has_identity:
        return {}
    asked = {_identity(dataset, event) for some in events.values() for event in some}
    found = find_current(dataset_id=dataset.pk, identities=asked)
    # Batches that wait behind this round are stored already, but come later.
    judged = set(
        Batch.objects.filter(
            pk__in={place[0] for _, place in found}, state=BatchState.JUDGED
        ).values_list("pk", flat=True)
    )
    return {identity: place for identity, place in found if place[0] in judged}


def _settle(
    one: SettledBatch, dataset: Dataset, standing: dict[Identity, Place]
) -> None:
    handling = Duplicates(one.batch.options.get("duplicates") or dataset.duplicates)
    if handling is Duplicates.REFUSE:
        _refuse(one, _repeats(one, dataset, standing))
    kept = []
    for event in one.events:
        identity = _identity(dataset, event)
        place = (one.batch.pk, event.ord)
        before = standing.get(identity)
        if before is not None and handling is Duplicates.IGNORE:
            one.superseded[place] = before[0]
            one.ignored += 1
            continue
        if before is not None:
            one.superseded[before] = one.batch.pk
        standing[identity] = place
        kept.append(event)
    one.events = kept


def _place_sent(batch: Batch, event: LaneEvent) -> int:
    """Return where an event stood in its request, before it was put in time order."""
    sent_at = batch.options.get("sent_at")
    return sent_at[event.ord] if sent_at else event.ord


def _refuse(one: SettledBatch, repeats: Sequence[LaneEvent]) -> None:
    """Void a whole batch for what it repeats, if it does."""
    if repeats:
        one.refused = sorted({_place_sent(one.batch, event) for event in repeats})
        one.events = []


def _repeats(
    one: SettledBatch, dataset: Dataset, standing: Mapping[Identity, Place]
) -> list[LaneEvent]:
    """Return a batch's events that stand already, or earlier in it."""
    seen = set(standing)
    repeats = []
    for event in one.events:
        identity = _identity(dataset, event)
        if identity in seen:
            repeats.append(event)
        seen.add(identity)
    return repeats


def _finished(one: SettledBatch) -> FinishedBatch:
    batch = one.batch
    outcome: dict[str, object] = {
        "ignored": one.ignored,
        "replaced": len(one.superseded) - one.ignored,
        "late": len(one.late) + batch.outcome.get("late", 0),
        "refused": one.refused,
        "quarantined": batch.outcome.get("quarantined", 0),
        **(one.rest or {}),
    }
    said = {name: each for name, each in outcome.items() if each}
    return FinishedBatch(
        id=batch.pk,
        state=one.state.value,
        seq=one.seq if one.takes_place else None,
        outcome=json.dumps(said) if said else "{}",
    )


def _is_calmed(lane: Lane, settled: Sequence[SettledBatch]) -> bool:
    """Say whether the lane is past what may have killed tries of it."""
    is_past = lane.crash_tries < TRIES_BEFORE_CARE or (
        lane.crash_batch is None
        or (settled[-1].is_whole and settled[-1].batch.pk >= lane.crash_batch)
    )
    return lane.crash_tries > 0 and is_past


def _mark_records(settled: Sequence[SettledBatch]) -> None:
    """Note on the records what the drain decided; the only change they ever see."""
    superseded: dict[Place, int] = {}
    for one in settled:
        if one.late:
            _records(one).filter(ord__in=one.late).update(is_late=True)
        if not one.is_whole:
            continue
        if one.is_refused:
            _records(one).update(is_current=False)
        superseded |= one.superseded
    mark_superseded(superseded)


def _records(one: SettledBatch) -> QuerySet[Record]:
    return Record.objects.filter(batch_id=one.batch.pk)
