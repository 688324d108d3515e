"""Imports: a file becomes a job, and the job becomes batches in event-time order."""

from __future__ import annotations

import contextlib
import logging
import time
import uuid
from datetime import datetime

from django.conf import settings
from django.db import DatabaseError, InterfaceError, OperationalError

from config.about import about
from config.celery import Task, answer, nudge
from config.clock import database_now
from config.sweeping import each
from datasets.formats import FormatInvalid
from datasets.models import Dataset, Duplicates, Job, JobState
from datasets.services.import_turns import (
    TRIES_BORNE,
    Clock,
    ImportTurn,
    JobTaken,
    TurnOver,
    claim_job,
    waiting_jobs,
)
from datasets.services.uploads import (
    ImportFiles,
    ReceivedFile,
    Upload,
    receive_file,
)
from datasets.store.spool import SpoolMoved
from datasets.store.writing import writing
from workspaces.access import Access, Need
from workspaces.refusals import Clash, Missing, Overloaded, Refusal
from workspaces.services import record_audit

logger = logging.getLogger(__name__)

#: After so long a worker gives the job back, so that others come to their turn.
BUDGET_SECONDS = 30.0


class JobNotFound(Missing):
    """There is no such import in the workspace."""

    code = "job_not_found"


class NotRetryable(Clash):
    """The import was not given up, or its file is not kept any more."""

    code = "import_not_retryable"


def start_import(
    *,
    access: Access,
    dataset: Dataset,
    upload: Upload,
    is_live: bool,
    duplicates: Duplicates | None = None,
    errors_allowed: int | None = None,
    now: datetime,
) -> Job:
    """Keep the uploaded file and queue its import.

    `is_live` says that the records happen now: their alerts are sent. Otherwise they
    are history, which is judged alike and tells nobody. More rows that
    do not fit than `errors_allowed` fail the import, and none of it is stored; with
    None they are set aside, however many they are.

    Raises:
        TooLarge: if the file exceeds the limit for uploads.
        ImportInvalid: if the file is empty.
    """
    access.require(Need.WRITE)
    file = receive_file(upload)
    with writing():
        return queue_import(
            access=access,
            dataset=dataset,
            file=file,
            is_live=is_live,
            duplicates=duplicates,
            errors_allowed=errors_allowed,
            now=now,
        )


def queue_import(
    *,
    access: Access,
    dataset: Dataset,
    file: ReceivedFile,
    is_live: bool,
    duplicates: Duplicates | None = None,
    errors_allowed: int | None = None,
    now: datetime,
) -> Job:
    """Make the job of a file that is on disk, and ring for it after the commit."""
    job = Job.objects.create(
        id=file.id,
        dataset=dataset,
        is_live=is_live,
        duplicates=duplicates or "",
        errors_allowed=errors_allowed,
        file=str(file.files.upload.relative_to(settings.MEDIA_ROOT)),
        file_name=file.file_name,
        content_type=file.content_type,
        total_bytes=file.size,
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
    nudge(Task.IMPORT, job_id=str(job.pk))
    return job


def find_job(*, access: Access, job_id: str) -> Job:
    """Return an import into a dataset of the workspace.

    Raises:
        JobNotFound: also for imports of other workspaces.
    """
    jobs = Job.objects.filter(dataset__workspace=access.workspace)
    try:
        jobs = jobs.filter(pk=uuid.UUID(job_id))
    except ValueError:
        jobs = jobs.none()
    job = jobs.select_related("dataset__workspace").first()
    if job is None:
        raise JobNotFound(f"There is no import {job_id[:40]} in this workspace.")
    return job


def retry_import(*, access: Access, job: Job, now: datetime) -> None:
    """Let an import that was given up go on where it was.

    Raises:
        NotRetryable: if it was not given up, or its file is not kept any more.
    """
    access.require(Need.WRITE)
    if not ImportFiles.of(job.pk).upload.is_file():
        raise NotRetryable("The file is not kept any more; upload it again.")
    with writing():
        given_up = Job.objects.filter(pk=job.pk, state=JobState.FAILED, tries__gt=0)
        if not given_up.update(state=JobState.QUEUED, tries=0, error="", ended_at=None):
            raise NotRetryable("This import was not given up; there is nothing to try.")
        record_audit(
            access=access, action="import.retried", target=job.dataset.slug, now=now
        )
        nudge(Task.IMPORT, job_id=str(job.pk))


def sweep_jobs(*, now: datetime, clock: Clock = database_now) -> None:
    """Go on with imports that wait for their turn or that a dead worker left."""
    each(
        "job",
        waiting_jobs(now).values_list("pk", flat=True),
        lambda job_id: run_import(job_id=job_id, clock=clock),
    )


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
    nothing more. A worker that takes over goes on where the last commit was; when that
    cost several workers in a row, the job is given up.
    """
    answer(Task.IMPORT, job_id=str(job_id))
    job = claim_job(job_id=job_id, now=clock())
    if job is None:
        return
    turn = ImportTurn(job, clock, deadline=time.monotonic() + budget_seconds)
    if job.tries > TRIES_BORNE:
        turn.give_up()
        return
    with about(workspace=job.dataset.workspace_id, job=job_id):
        _take(turn, clock)


def _take(turn: ImportTurn, clock: Clock) -> None:
    """Take a turn and see to how it ended."""
    try:
        turn.run()
    except TurnOver as over:
        turn.give_back(until=over.until)
    except Overloaded as full:
        turn.give_back(until=clock() + full.retry_after)
    except (JobTaken, SpoolMoved):
        logger.warning("import taken by another worker")
    except (OperationalError, InterfaceError):
        # The database is away or busy: when the lease ends, the sweep tries again.
        logger.warning("import waits for the database")
        with contextlib.suppress(DatabaseError):
            turn.withdraw_try()
    except (FormatInvalid, Refusal) as error:
        turn.fail(str(error))
    except Exception:
        # A file comes from the world; whatever it did to us is said to its owner.
        logger.exception("import failed")
        turn.fail("The import failed unexpectedly; the server's log says more.")
