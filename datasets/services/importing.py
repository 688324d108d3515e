"""Imports: a file becomes a job, and the job becomes batches in event-time order."""

from __future__ import annotations

import logging
import time
import uuid
from collections.abc import Callable
from datetime import datetime, timedelta

from django.conf import settings
from django.db import OperationalError

from config.celery import Task, answer, nudge
from config.clock import database_now
from datasets.formats import FormatInvalid
from datasets.models import Dataset, Duplicates, Job
from datasets.services.uploads import ImportFiles, Upload
from datasets.store.spool import SpoolMoved
from datasets.store.writing import writing
from workspaces.access import Access, Need
from workspaces.refusals import Invalid, Missing, Refusal
from workspaces.services import record_audit

logger = logging.getLogger(__name__)

Clock = Callable[[], datetime]

#: A worker that has not moved its job on by then is taken for dead.
JOB_LEASE = timedelta(seconds=60)
#: How long a job steps aside while its lane has enough to judge.
JOB_PAUSE = timedelta(seconds=1)
#: After so long a worker gives the job back, so that others come to their turn.
BUDGET_SECONDS = 30.0
#: Rows that are read, and records that are stored, between two notes of progress.
ROWS_AT_ONCE = 2_000
CHUNK_RECORDS = 1_000
EXCERPT_LENGTH = 200


class JobNotFound(Missing):
    """There is no such import in the workspace."""

    code = "job_not_found"


class ImportInvalid(Invalid):
    """The file cannot be imported; the text says why."""

    code = "import_invalid"


class JobTaken(Exception):
    """Another worker goes on with this job; what we hold of it is void."""


class _OutOfTime(Exception):
    """The job's turn is over; it goes on in its next one."""


def start_import(
    *,
    access: Access,
    dataset: Dataset,
    upload: Upload,
    is_live: bool,
    duplicates: Duplicates | None = None,
    now: datetime,
) -> Job:
    """Keep the uploaded file and queue its import.

    `is_live` says that the records happen now: their alerts are sent. Otherwise they
    are history, which is judged alike and tells nobody (DESIGN.md 2.4).

    Raises:
        TooLarge: if the file exceeds the limit for uploads.
        ImportInvalid: if the file is empty.
    """
    access.require(Need.WRITE)
    job_id = uuid.uuid4()
    files = ImportFiles.of(job_id)
    size = files.store(upload.pieces)
    if not size:
        files.remove()
        raise ImportInvalid("The file is empty; choose one that holds records.")
    with writing():
        job = Job.objects.create(
            id=job_id,
            dataset=dataset,
            is_live=is_live,
            duplicates=duplicates or "",
            file=str(files.upload.relative_to(settings.MEDIA_ROOT)),
            file_name=upload.file_name[:200],
            content_type=upload.content_type[:100],
            total_bytes=size,
            created_by=access.user,
            created_at=now,
        )
        record_audit(
            access=access,
            action="import.started",
            target=dataset.slug,
            now=now,
            file=job.file_name,
        )
        nudge(Task.IMPORT, job_id=str(job_id))
    return job


def find_job(*, access: Access, job_id: str) -> Job:
    """Return an import into a dataset of the workspace.

    Raises:
        JobNotFound: also for imports of other workspaces.
    """
    try:
        wanted = uuid.UUID(job_id)
    except ValueError:
        wanted = None
    job = (
        Job.objects.filter(dataset__workspace=access.workspace, pk=wanted)
        .select_related("dataset__workspace")
        .first()
    )
    if job is None:
        raise JobNotFound(f"There is no import {job_id[:40]} in this workspace.")
    return job


def sweep_jobs(*, now: datetime, clock: Clock = database_now) -> None:
    """Go on with imports that wait for their turn or that a dead worker left."""
    waiting = _claimable(now).order_by("created_at", "pk")
    for job_id in waiting.values_list("pk", flat=True):
        run_import(job_id=job_id, clock=clock)


def run_import(
    *,
    job_id: uuid.UUID,
    clock: Clock = database_now,
    budget_seconds: float = BUDGET_SECONDS,
) -> None:
    """Bring an import on for a while; it ends, or rings for its next turn.

    1. Claim the job for the time of a lease, which every step renews.
    2. Read the file once: what fits goes to the spool, the rest is set aside.
    3. Let the spool bring it into event-time order.
    4. Store it chunk by chunk, each in the commit that moves the job's count on.

    Running it twice is harmless: one worker holds the job, and one that lost it stores
    nothing more. A worker that takes over goes on where the last commit was.
    """
    answer(Task.IMPORT, job_id=str(job_id))
    job = _claim(job_id, clock())
    if job is None:
        return
    turn = _Turn(job, clock, deadline=time.monotonic() + budget_seconds)
    try:
        turn.run()
    except _OutOfTime:
        turn.give_back()
    except (JobTaken, SpoolMoved):
        logger.warning("import taken by another worker", extra={"job": str(job_id)})
    except OperationalError:
        # The database is away; the job stays ours until its lease ends.
        raise
    except (FormatInvalid, Refusal) as error:
        turn.fail(str(error))
    except Exception:
        # A file is the world's: whatever it did to us must be said to its owner.
        logger.exception("import failed", extra={"job": str(job_id)})
        turn.fail("The import failed unexpectedly; the server's log says more.")
