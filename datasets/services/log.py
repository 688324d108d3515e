"""The log of a lane: what its drain judged, in order, and how far back it is whole."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass

from django.db.models import Count, F, IntegerField, Max, OuterRef, Q, Subquery
from django.db.models.functions import Coalesce

from datasets.models import (
    Batch,
    BatchQuerySet,
    BatchState,
    Lane,
    Origin,
    Quarantine,
    Record,
)
from datasets.services.lanes import LaneEvent, SettledBatch

#: Batches and events that are in memory at a time.
BATCHES_AT_ONCE = 200
_EVENTS_AT_ONCE = 5_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Stretch:
    """The end of a lane's log: from `ord` of the batch at `start` on.

    `is_cut` says that the log has events before it.
    """

    start: int
    ord: int
    is_cut: bool


def log_begins(lane: Lane) -> int:
    """Return the position from which on the lane's log is whole.

    Retention removes records, and batches of which none is left: what comes after the
    last place where something is missing is whole. It is the lane's next position if
    nothing is.
    """
    judged = Batch.objects.filter(lane=lane, seq__lt=lane.next_seq)
    records = Record.objects.filter(batch_id=OuterRef("pk")).order_by()
    counted = records.values("batch_id").annotate(n=Count("*")).values("n")
    kept = Coalesce(Subquery(counted, output_field=IntegerField()), 0)
    gaping = judged.filter(size__gt=0).annotate(kept=kept).exclude(kept=F("size"))
    last_gap = gaping.aggregate(last=Max("seq"))["last"] or 0
    return max(_last_missing(lane, judged.count()), last_gap) + 1


def _last_missing(lane: Lane, judged: int) -> int:
    """Return the last position of which there is no batch; 0 if there is none."""
    expected = lane.next_seq - 1
    if judged == expected:
        return 0
    seqs = Batch.objects.filter(lane=lane, seq__lt=lane.next_seq).order_by("-seq")
    for seq in seqs.values_list("seq", flat=True).iterator():
        if seq != expected:
            break
        expected -= 1
    return expected


def newest_stretch(*, lane: Lane, most_events: int) -> Stretch:
    """Find the stretch of a lane's log that holds its dataset's newest records."""
    judged = _own(lane).order_by("-seq").values_list("seq", "size")
    room, start = most_events, lane.next_seq
    for seq, size in judged.iterator(chunk_size=_EVENTS_AT_ONCE):
        if size > room:
            place = size - room if room else 0
            first = (seq or start) if room else start
            return Stretch(start=first, ord=place, is_cut=True)
        room, start = room - size, seq or start
    return Stretch(start=start, ord=0, is_cut=False)


def count_records(*, lane: Lane, start: int, keys: Collection[str]) -> int:
    """Count its dataset's records of some keys from a position on, judged or not."""
    batches = _own(lane).filter(seq__gte=start)
    records = Record.objects.filter(batch_id__in=batches.values("pk"), key__in=keys)
    return records.count()


def read_log(
    *,
    lane: Lane,
    start: int,
    keys: Collection[str] | None = None,
    at_once: int = BATCHES_AT_ONCE,
    is_whole: bool = True,
    skips: bool = False,
    has_events: bool = True,
) -> Iterator[list[SettledBatch]]:
    """Give the lane's judged batches from a position on, in order, some at a time.

    Each holds the events that were judged: not those that were ignored as duplicates or
    set aside, but those that were replaced later. With `keys` it holds
    those of these keys alone, and if it `skips`, no batches without any are given but
    those that changed the schema. Unless it `is_whole`, what other lanes forwarded is
    left out; unless it `has_events`, they are.
    """
    last = start - 1
    judged = _judged(lane) if is_whole else _own(lane)
    if skips and keys is not None:
        own = Record.objects.filter(dataset=lane.dataset_id, key__in=keys)
        judged = judged.filter(
            Q(pk__in=own.values("batch_id")) | Q(origin=Origin.SCHEMA)
        )
    while taken := _take(judged, last, at_once):
        events = _read_events(taken if has_events else [], keys)
        yield [
            SettledBatch(batch=batch, seq=batch.seq or 0, events=events[batch.pk])
            for batch in taken
        ]
        last = taken[-1].seq or 0


def _judged(lane: Lane) -> BatchQuerySet:
    return Batch.objects.filter(
        lane=lane, state=BatchState.JUDGED, seq__lt=lane.next_seq
    )


def _own(lane: Lane) -> BatchQuerySet:
    """Return what a lane judged, but for what it was told of other datasets."""
    return _judged(lane).exclude(origin=Origin.FORWARD)


def _take(log: BatchQuerySet, last: int, at_once: int) -> list[Batch]:
    judged = log.filter(seq__gt=last)
    taken: list[Batch] = []
    events = 0
    for batch in judged.order_by("seq")[:at_once]:
        events += batch.size
        if taken and events > _EVENTS_AT_ONCE:
            break
        taken.append(batch)
    return taken


def _read_events(
    batches: Sequence[Batch], keys: Collection[str] | None
) -> dict[int, list[LaneEvent]]:
    known = {batch.pk: batch for batch in batches if batch.size}
    wanted = Record.objects.filter(batch_id__in=known)
    if keys is not None:
        wanted = wanted.filter(key__in=keys)
    records = list(wanted.order_by("batch_id", "ord"))
    unjudged = unjudged_of(known, records)
    events: dict[int, list[LaneEvent]] = defaultdict(list)
    for record in records:
        if (record.batch_id, record.ord) in unjudged:
            continue
        events[record.batch_id].append(
            LaneEvent(
                dataset_id=record.dataset_id,
                ord=record.ord,
                key=record.key,
                subkey=record.subkey,
                event_time=record.event_time,
                fields=record.body,
                is_late=record.is_late,
            )
        )
    return events


def unjudged_of(
    batches: dict[int, Batch], records: Sequence[Record]
) -> set[tuple[int, int]]:
    """Find the records of judged batches that were set aside, or ignored."""
    return _set_aside(batches, records) | _ignored(batches, records)


def _set_aside(
    batches: dict[int, Batch], records: Sequence[Record]
) -> set[tuple[int, int]]:
    """Find what was in quarantine when its batch was judged.

    One that was replayed since has left it; it shows by not being current, although
    nothing stands in its place.
    """
    in_quarantine = Quarantine.objects.filter(batch_id__in=batches)
    replayed = {
        (record.batch_id, record.ord)
        for record in records
        if not record.is_current
        and record.superseded_by is None
        and batches[record.batch_id].outcome.get("quarantined")
        and batches[record.batch_id].options.get("persists", True)
    }
    return set(in_quarantine.values_list("batch_id", "ord")) | replayed


def _ignored(
    batches: dict[int, Batch], records: Sequence[Record]
) -> set[tuple[int, int]]:
    """Find what was no event, because it repeated a record that stood already.

    A batch handles all its duplicates alike. One that ignored some may have lost others
    to a successor, but only to one that was judged after it.
    """
    successors = {
        (record.batch_id, record.ord): record.superseded_by
        for record in records
        if record.superseded_by is not None
        and batches[record.batch_id].outcome.get("ignored")
    }
    named = Batch.objects.filter(pk__in=set(successors.values()))
    seqs = dict(named.values_list("pk", "seq"))
    return {
        place
        for place, successor in successors.items()
        # A successor that retention removed came before; what comes later lives longer.
        if (seqs.get(successor) or 0) <= (batches[place[0]].seq or 0)
    }
