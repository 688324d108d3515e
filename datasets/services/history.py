"""What a lane has judged, read back from the log: records by place, and by key."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Protocol

from django.db.models import Exists, OuterRef, Q

from datasets.models import (
    Batch,
    BatchQuerySet,
    BatchState,
    Lane,
    Origin,
    Record,
    RecordQuerySet,
)
from datasets.services.log import unjudged_of
from workspaces.access import Access
from workspaces.refusals import Clash, Missing

#: Records of one key that are read back at most.
RECORDS_READ_BACK = 5_000
_NEWEST_FIRST = ("-event_time", "-batch_id", "-ord")


class RecordNotFound(Missing):
    """There is no such record that the workspace may read, or retention removed it."""

    code = "record_not_found"


class NotJudged(Clash):
    """No rule has seen the record, or ever will."""

    code = "not_judged"


@dataclass(frozen=True, slots=True, kw_only=True)
class JudgedRecord:
    """A record at its place in the order of its lane; `batch` is the first of its name.

    `moves_facts` and `raises` say what it was allowed to do there. One that `stands`
    is no event: it brings a key's facts as they stood in another lane. Of one that a
    lane was told of `origin` is the name it has in its own lane: batch and place.
    """

    dataset_id: int
    batch: int
    seq: int
    ord: int
    key: str
    event_time: datetime
    fields: Mapping[str, Any]  # Any: JSON as decoded
    is_late: bool = False
    moves_facts: bool = True
    raises: bool = True
    stands: bool = False
    origin: tuple[int, int] | None = None

    @property
    def name(self) -> tuple[int, int]:
        """Return by which batch and place the record is asked for."""
        return self.origin or (self.batch, self.ord)


class Placed(Protocol):
    """Something at a place in the order of a lane."""

    @property
    def seq(self) -> int:
        """The batch by its place in the lane."""
        ...

    @property
    def ord(self) -> int:
        """The place in the batch."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class PastOfKey:
    """What a lane judged of one key before a place, in its order.

    `is_whole` is false where there may have been more that is not read, or not kept.
    """

    records: Sequence[JudgedRecord]
    is_whole: bool


def find_judged(
    *, access: Access, batch_id: int, place: int
) -> tuple[Lane, JudgedRecord]:
    """Return a record that rules have seen, and the lane that judged it.

    Raises:
        RecordNotFound: also for records of other workspaces.
        NotJudged: if it waits, was refused, repeats another or was set aside.
    """
    record = Record.objects.filter(batch_id=batch_id, ord=place).first()
    batch = (
        Batch.objects.filter(
            Q(lane__dataset__workspace=access.workspace)
            | Q(lane__dataset__workspace__is_shared=True),
            pk=batch_id,
            lane__dataset__deleted_at=None,
        )
        .select_related("lane__dataset__workspace")
        .first()
    )
    if batch is None or record is None:
        raise RecordNotFound(
            f"There is no record {batch_id}.{place} in this workspace."
        )
    _check_judged(batch, record)
    return batch.lane, _at_place(batch, record)


def newest_judged(
    *, lane: Lane, keys: Collection[str], until: datetime, most: int
) -> list[JudgedRecord]:
    """Return the records of some keys that a lane judged, the newest by an instant.

    They stand newest first. What was replaced, or never kept, is not among them.
    """
    until_then = _judged_of(lane, keys).filter(event_time__lte=until)
    return _placed_as_read(until_then.order_by(*_NEWEST_FIRST)[:most])


def newest_told(
    *,
    lane: Lane,
    datasets: Collection[int],
    keys: Collection[str],
    until: datetime,
    most: int,
) -> list[JudgedRecord]:
    """Return events of other datasets of which a lane was told, as `newest_judged`."""
    mine = Record.objects.filter(dataset__in=datasets, key__in=keys)
    told = mine.filter(_told_of(lane), event_time__lte=until)
    found = _placed_as_read(told.order_by(*_NEWEST_FIRST)[:most])
    return [one for one in found if not one.stands]


def judged_beside(
    *, lane: Lane, keys: Collection[str], record: JudgedRecord
) -> tuple[JudgedRecord | None, JudgedRecord | None]:
    """Return what a lane judged of some keys just before and just after a record.

    Both by event time, and at one time by their places.
    """
    mine = _judged_of(lane, keys)
    at, batch, place = record.event_time, record.batch, record.ord
    same = Q(event_time=at)
    before = Q(event_time__lt=at) | same & (
        Q(batch_id__lt=batch) | Q(batch_id=batch, ord__lt=place)
    )
    after = Q(event_time__gt=at) | same & (
        Q(batch_id__gt=batch) | Q(batch_id=batch, ord__gt=place)
    )
    oldest_first = [name.removeprefix("-") for name in _NEWEST_FIRST]
    earlier = _placed_as_read(mine.filter(before).order_by(*_NEWEST_FIRST)[:1])
    later = _placed_as_read(mine.filter(after).order_by(*oldest_first)[:1])
    return next(iter(earlier), None), next(iter(later), None)


def past_of_key(*, lane: Lane, key: str, before: Placed) -> PastOfKey:
    """Return what a lane judged of a key before a place, the newest of it.

    1. Current records come from the index of the key, newest first, up to a limit.
    2. Records that were replaced later, or were never kept, are looked for among the
       batches between the oldest of those and the place asked about.
    3. What repeated a standing record, was refused or set aside moved nothing.
    """
    judged = _judged_batches(lane).filter(seq__lte=before.seq)
    mine = Record.objects.filter(Exists(judged), dataset=lane.dataset_id, key=key)
    by_time = mine.current().order_by(*_NEWEST_FIRST)
    found = list(by_time[: RECORDS_READ_BACK + 1])
    is_cut = len(found) > RECORDS_READ_BACK
    gone = mine.filter(is_current=False)
    if is_cut:
        gone = gone.filter(batch_id__gte=min(record.batch_id for record in found))
    found += gone.order_by("-batch_id", "-ord")[:RECORDS_READ_BACK]
    placed = sorted(_placed(found), key=lambda one: (one.seq, one.ord))
    place = (before.seq, before.ord)
    return PastOfKey(
        records=[one for one in placed if (one.seq, one.ord) < place],
        is_whole=not is_cut and not _has_forgotten(lane),
    )


def find_told(*, lane: Lane, source: Lane, record: JudgedRecord) -> JudgedRecord | None:
    """Return a record of another lane at the place at which a lane was told of it.

    It holds of its fields what the lane was told; None if it was told nothing. Batches
    that forward come soon after what they are of, and in its order.
    """
    told = Batch.objects.filter(
        lane=lane, origin=Origin.FORWARD, state=BatchState.JUDGED, pk__gt=record.batch
    )
    for batch in told.filter(options__lane=source.pk).order_by("pk").iterator():
        batches = batch.options.get("of", [])
        if record.batch in batches:
            name = f"{record.batch}.{record.ord}"
            found = Record.objects.filter(batch_id=batch.pk, subkey=name).first()
            return _at_place(batch, found) if found else None
        if batches and batches[0] > record.batch:
            return None
    return None


def past_told(*, lane: Lane, dataset_id: int, key: str, before: Placed) -> PastOfKey:
    """Return what a lane was told before a record of a key of another dataset."""
    told = Batch.objects.filter(
        lane=lane, origin=Origin.FORWARD, state=BatchState.JUDGED, seq__lte=before.seq
    )
    mine = Record.objects.filter(
        batch_id__in=told.values("pk"), dataset=dataset_id, key=key
    )
    found = list(mine.order_by("-batch_id", "-ord")[: RECORDS_READ_BACK + 1])
    placed = sorted(_placed(found), key=lambda one: (one.seq, one.ord))
    place = (before.seq, before.ord)
    return PastOfKey(
        records=[one for one in placed if (one.seq, one.ord) < place],
        is_whole=len(found) <= RECORDS_READ_BACK and not _has_forgotten(lane),
    )


def _check_judged(batch: Batch, record: Record) -> None:
    name = f"{record.batch_id}.{record.ord}"
    if batch.state == BatchState.PENDING:
        raise NotJudged(f"Record {name} waits to be judged; ask again in a moment.")
    if batch.state == BatchState.REFUSED:
        raise NotJudged(
            f"Batch {batch.pk} was refused as a whole because of records that stood "
            "already, so no rule saw it."
        )
    is_unjudged = bool(unjudged_of({batch.pk: batch}, [record]))
    if is_unjudged and record.superseded_by is not None:
        raise NotJudged(
            f"Record {name} repeats one of batch {record.superseded_by} that stood "
            "already, so no rule saw it."
        )
    if is_unjudged or batch.state == BatchState.QUARANTINED:
        raise NotJudged(
            f"Record {name} could not be judged and was set aside; if it was replayed "
            "since, ask about the record that this made."
        )


def _judged_batches(lane: Lane) -> BatchQuerySet:
    return Batch.objects.filter(
        pk=OuterRef("batch_id"), lane=lane, state=BatchState.JUDGED
    )


def _told_of(lane: Lane) -> Exists:
    return Exists(_judged_batches(lane).filter(origin=Origin.FORWARD))


def _judged_of(lane: Lane, keys: Collection[str]) -> RecordQuerySet:
    mine = Record.objects.filter(dataset=lane.dataset_id, key__in=keys)
    return mine.current().filter(Exists(_judged_batches(lane)))


def _placed_as_read(records: Iterable[Record]) -> list[JudgedRecord]:
    """Return records at their places, in the order in which they were read."""
    read = list(records)
    placed = {(one.batch, one.ord): one for one in _placed(read)}
    names = ((record.batch_id, record.ord) for record in read)
    return [placed[name] for name in names if name in placed]


def _placed(records: Sequence[Record]) -> list[JudgedRecord]:
    batches = Batch.objects.in_bulk({record.batch_id for record in records})
    unjudged = unjudged_of(batches, records)
    return [
        _at_place(batches[record.batch_id], record)
        for record in records
        if (record.batch_id, record.ord) not in unjudged
    ]


def _at_place(batch: Batch, record: Record) -> JudgedRecord:
    if batch.seq is None:
        raise ValueError(f"Batch {batch.pk} has no place in its lane.")
    return JudgedRecord(
        dataset_id=record.dataset_id,
        batch=batch.pk,
        seq=batch.seq,
        ord=record.ord,
        key=record.key,
        event_time=record.event_time,
        fields=record.body,
        is_late=record.is_late,
        moves_facts=batch.options.get("moves_facts", True),
        raises=batch.options.get("raises", True),
        stands=batch.options.get("snapshot", False),
        origin=_origin(batch, record),
    )


def _origin(batch: Batch, record: Record) -> tuple[int, int] | None:
    """Read the name that a record has in the lane from which it was forwarded."""
    if batch.origin != Origin.FORWARD or batch.options.get("snapshot"):
        return None
    its_batch, place = record.subkey.split(".")
    return int(its_batch), int(place)


def _has_forgotten(lane: Lane) -> bool:
    """Say whether retention removed some of what the lane judged, or soon may."""
    return lane.dataset.retention_seconds is not None
