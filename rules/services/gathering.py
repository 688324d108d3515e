"""From a lane's log to columns: its judged events, and the fields that have one."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Final

from django.db.models import Max, Sum

from datasets.models import Batch, BatchState, Dataset, Lane, Origin
from datasets.schemas import FieldType, read_schema
from datasets.services import (
    SettledBatch,
    changed_lateness,
    lateness_in_effect,
    read_log,
)
from rules.columns.history import SILENT, STILL, Gathering, Records

#: Of a dataset with more fields the first have columns; rules on others are judged.
FIELDS_KEPT: Final = 64
MICROSECOND: Final = timedelta(microseconds=1)
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_NUMBERS = frozenset({FieldType.NUMBER, FieldType.INTEGER, FieldType.ANY})
_WORDS = frozenset({FieldType.STRING, FieldType.BOOLEAN})


def fields_kept(dataset: Dataset) -> list[str]:
    """Name the fields that have columns: those that may be numbers, then words.

    Of what names the key, or says the time, there is nothing more to be asked.
    """
    fields = read_schema(dataset.schema).fields
    told = {dataset.key_field, dataset.date_field}
    numbers = [one.name for one in fields if one.type in _NUMBERS]
    words = [one.name for one in fields if one.type in _WORDS and one.name not in told]
    return [*numbers, *words][:FIELDS_KEPT]


def last_deletion(lane: Lane) -> int:
    """Give the position at which records of a lane were deleted last; 0 if none were.

    What was read of the log before that is void.
    """
    judged = Batch.objects.filter(lane=lane, origin=Origin.DELETE)
    return judged.aggregate(last=Max("seq"))["last"] or 0


def count_waiting(lane: Lane, *, after: int) -> int:
    """Count a dataset's events in its lane's log after a position; none are read."""
    batches = Batch.objects.filter(
        lane=lane, state=BatchState.JUDGED, seq__gt=after, seq__lt=lane.next_seq
    )
    batches = batches.exclude(origin=Origin.FORWARD)
    return batches.aggregate(events=Sum("size"))["events"] or 0


def gather_log(
    lane: Lane,
    *,
    after: int,
    fields: Sequence[str],
    watermarks: Mapping[str, int],
    most_events: int,
) -> tuple[Records, int]:
    """Read a lane's log on from a position, and say up to which it was read.

    It stops after the batch with which ``most_events`` are reached. ``watermarks`` are
    those of the keys at that position.
    """
    gathering = Gathering(
        fields=fields,
        lateness=_microseconds(lateness_in_effect(lane, seq=after + 1)),
        watermarks=dict(watermarks),
    )
    last = after
    for settled in read_log(lane=lane, start=after + 1, is_whole=False):
        for one in settled:
            _gather(gathering, one, lane.dataset_id)
            last = one.seq
        if len(gathering) >= most_events:
            return gathering.done(), last
    return gathering.done(), max(last, lane.next_seq - 1)


def microseconds_of(at: datetime) -> int:
    """Give an instant as columns keep it."""
    return (at - _EPOCH) // MICROSECOND


def instant_of(microseconds: int) -> datetime:
    """Give back an instant that columns keep."""
    return _EPOCH + microseconds * MICROSECOND


def _gather(gathering: Gathering, one: SettledBatch, dataset_id: int) -> None:
    changed = changed_lateness(one.batch)
    if changed is not None:
        gathering.lateness = _microseconds(changed.after)
    options = one.batch.options
    flags = 0 if options.get("raises", True) else SILENT
    flags |= 0 if options.get("moves_facts", True) else STILL
    for event in one.events:
        if event.dataset_id != dataset_id:
            # Forwarded by the lane of another dataset, whose history it is.
            continue
        gathering.add(
            key=event.key,
            at=microseconds_of(event.event_time),
            place=(one.seq, event.ord),
            fields=event.fields,
            flags=flags,
        )


def _microseconds(seconds: int) -> int:
    return timedelta(seconds=seconds) // MICROSECOND
