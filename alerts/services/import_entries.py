"""The one entry that an import of history has in the feed, once all of it is judged."""

from __future__ import annotations

import zlib
from collections.abc import Iterator, Sequence
from datetime import datetime

from alerts.models import EntryKind, Transition, TransitionKind
from alerts.services.entering import NewEntry
from datasets.models import Batch, BatchState, Lane
from datasets.services import SettledBatch, wait_for_turn


def import_entries(
    *, lane: Lane, settled: Sequence[SettledBatch], now: datetime
) -> list[NewEntry]:
    """Tell of a history import once, when its last batch is judged.

    Its alerts are in the lists, but a feed of thousands of old alerts would bury what
    happens now. Of a divided dataset the lane that comes last tells; so
    that there is one, they finish their parts of an import one after the other.
    """
    return [
        NewEntry(
            workspace_id=lane.dataset.workspace_id,
            kind=EntryKind.IMPORTED,
            details=_details(lane, one),
            at=now,
        )
        for one in _ending(lane, settled)
    ]


def _ending(lane: Lane, settled: Sequence[SettledBatch]) -> Iterator[SettledBatch]:
    """Give the last batch of each import that is over with these."""
    history = [
        one
        for one in settled
        if one.is_whole and not one.batch.is_live and "import" in one.batch.options
    ]
    if lane.dataset.shards == 1:
        yield from (one for one in history if one.batch.options["closes_import"])
        return
    last = {str(one.batch.options["import"]): one for one in history}
    for name in sorted(last):
        wait_for_turn(zlib.crc32(name.encode()))
        if _is_over(lane, name):
            yield last[name]


def _is_over(lane: Lane, name: str) -> bool:
    """Say whether an import is stored to its end, and no lane has to judge of it."""
    batches = Batch.objects.filter(lane__dataset=lane.dataset_id, options__import=name)
    is_stored = batches.filter(options__closes_import=True).exists()
    return is_stored and not batches.filter(state=BatchState.PENDING).exists()


def _details(lane: Lane, one: SettledBatch) -> dict[str, object]:
    batches = Batch.objects.filter(
        lane__dataset=lane.dataset_id, options__import=one.batch.options["import"]
    )
    if lane.dataset.shards == 1:
        batches = batches.filter(pk__lte=one.batch.pk)
    places: dict[int, list[int]] = {}
    records = 0
    for lane_id, seq, size in batches.values_list("lane", "seq", "size"):
        if seq is not None:
            places.setdefault(lane_id, []).append(seq)
            records += size
    began = [
        Transition.objects.filter(
            lane=lane_id,
            seq__in=seqs,
            rule__workspace=lane.dataset.workspace_id,
            kind__in=[TransitionKind.RAISED, TransitionKind.OPENED],
        )
        for lane_id, seqs in places.items()
    ]
    rules = {rule for some in began for rule in some.values_list("rule", flat=True)}
    return {
        "dataset": lane.dataset.slug,
        "records": records,
        "alerts": sum(some.count() for some in began),
        "rules": len(rules),
    }
