"""Forgetting what has lived its time: records, their batches, runs, left-over files."""

from __future__ import annotations

import shutil
from datetime import datetime, timedelta

from django.db.models import Exists, OuterRef

from datasets.models import (
    Batch,
    BatchQuerySet,
    BatchState,
    Dataset,
    Job,
    JobState,
    Record,
    Run,
    RunState,
    Source,
)
from datasets.services.uploads import imports_directory
from datasets.store.writing import writing

#: Rows that one transaction removes, so that nobody waits long for the writer.
ROWS_AT_ONCE = 2_000
#: How long files may lie about that no unfinished import needs.
FILES_KEPT = timedelta(days=1)


def forget_expired(*, now: datetime) -> None:
    """Remove what its dataset or source keeps no longer; facts stay as they are.

    Running it twice at once is harmless: what one removed the other does not find.
    """
    for dataset in Dataset.objects.filter(retention_seconds__isnull=False):
        keep = timedelta(seconds=dataset.retention_seconds or 0)
        _forget_records(dataset, before=now - keep)
    for source in Source.objects.all():
        _forget_runs(source)
    _forget_files(before=now - FILES_KEPT)


def _forget_records(dataset: Dataset, *, before: datetime) -> None:
    """Remove current records by event time, then batches of which none is left.

    What waits to be judged stays, however old it says it is: its lane has yet to see
    it.
    """
    waiting = Batch.objects.filter(lane__dataset=dataset, state=BatchState.PENDING)
    expired = (
        Record.objects.current()
        .filter(dataset=dataset, event_time__lt=before)
        .exclude(batch_id__in=waiting.values("pk"))
    )
    by_age = expired.order_by("event_time").values_list("event_time", flat=True)
    while oldest := list(by_age[:ROWS_AT_ONCE]):
        with writing():
            expired.filter(event_time__lte=oldest[-1]).delete()
    for lane in dataset.lanes.all():
        # Ids rise with the time of receipt, so all before the first fresh one is old.
        batches = Batch.objects.filter(lane=lane)
        fresh = batches.filter(received_at__gte=before).order_by("id").first()
        old = batches.filter(id__lt=fresh.pk) if fresh else batches
        _forget_batches(old)


def _forget_batches(old: BatchQuerySet) -> None:
    """Remove finished batches that brought records of which none is current now."""
    current = Record.objects.current().filter(batch_id=OuterRef("pk"))
    empty = old.filter(
        ~Exists(current), state__in=[BatchState.JUDGED, BatchState.REFUSED], size__gt=0
    ).order_by("id")
    while ids := list(empty.values_list("pk", flat=True)[:ROWS_AT_ONCE]):
        with writing():
            Record.objects.filter(batch_id__in=ids).delete()
            Batch.objects.filter(pk__in=ids).delete()


def _forget_runs(source: Source) -> None:
    """Remove the ended runs behind the newest ones that the source keeps."""
    slots = Run.objects.filter(source=source).order_by("-slot")
    last = slots.values_list("slot", flat=True)[source.runs_kept :][:1]
    for slot in last:
        ended = Run.objects.filter(source=source, slot__lte=slot)
        ended.exclude(state=RunState.RUNNING).delete()


def _forget_files(*, before: datetime) -> None:
    """Remove the files of imports that have ended, or of which there is no job.

    An upload that still arrives has no job yet, so only old directories are looked at.
    """
    kept = {
        job_id.hex
        for job_id in Job.objects.filter(
            state__in=[JobState.QUEUED, JobState.RUNNING]
        ).values_list("pk", flat=True)
    }
    directory = imports_directory()
    for one in directory.iterdir() if directory.is_dir() else ():
        if one.name not in kept and one.stat().st_mtime < before.timestamp():
            shutil.rmtree(one, ignore_errors=True)
