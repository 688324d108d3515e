"""One worker's turn at an import: read, order, store, as far as time allows."""

from __future__ import annotations

import time
import uuid
from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from itertools import islice

from django.db.models import F, Q, QuerySet
from django.db.models.functions import Coalesce

from config.celery import Task, nudge
from datasets.formats import open_rows
from datasets.models import Duplicates, Job, JobState, Origin
from datasets.services.accepting import Ingest, accept_checked
from datasets.services.rooms import is_half_full
from datasets.services.shards import lanes_of
from datasets.services.sifting import RowSieve
from datasets.services.uploads import ImportFiles, ImportInvalid
from datasets.store.records import CheckedEvent
from datasets.store.spool import Spool
from datasets.store.writing import writing

Clock = Callable[[], datetime]

#: A worker that has not moved its job on by then is taken for dead.
JOB_LEASE = timedelta(seconds=60)
ORDER_LEASE = timedelta(minutes=10)
#: Workers that a job may cost at one place of its file before it is given up.
TRIES_BORNE = 3
#: How long a job steps aside while its lane has enough to judge.
JOB_PAUSE = timedelta(seconds=1)
#: Rows that are read, and records that are stored, between two notes of progress.
ROWS_AT_ONCE = 2_000
CHUNK_RECORDS = 1_000


class JobTaken(Exception):
    """Another worker goes on with this job; what we hold of it is void."""


class TurnOver(Exception):
    """The turn is over; the job goes on at once, or when `until` is past."""

    def __init__(self, until: datetime | None = None) -> None:
        super().__init__(until)
        self.until = until


def waiting_jobs(now: datetime) -> QuerySet[Job]:
    """Return the jobs that wait for a worker, first come first."""
    left = Q(state=JobState.RUNNING, lease_until__lte=now)
    waiting = Job.objects.filter(Q(state=JobState.QUEUED) | left)
    return waiting.order_by("created_at", "pk")


def claim_job(*, job_id: uuid.UUID, now: datetime) -> Job | None:
    """Take a waiting job for the time of a lease; None if it does not wait.

    The try is noted with it and forgotten with the next step of progress, so what a
    worker that died leaves behind is its try.
    """
    claimed = (
        waiting_jobs(now)
        .filter(pk=job_id)
        .update(
            state=JobState.RUNNING,
            lease_until=now + JOB_LEASE,
            tries=F("tries") + 1,
            started_at=Coalesce("started_at", now),
        )
    )
    if not claimed:
        return None
    return Job.objects.select_related("dataset__workspace").get(pk=job_id)


class ImportTurn:
    """Brings one claimed job on until it ends or `deadline` (monotonic) is past."""

    def __init__(self, job: Job, clock: Clock, *, deadline: float) -> None:
        self._job = job
        self._clock = clock
        self._deadline = deadline
        self._files = ImportFiles.of(job.pk)

    def run(self) -> None:
        """Go on where the last commit was.

        Raises:
            TurnOver: if there is more to do.
            JobTaken: if another worker has the job.
            FormatInvalid, Refusal: if the file cannot be imported.
        """
        with Spool(self._files.spool) as spool:
            if not spool.is_ordered:
                self._read(spool)
                # Sorting is one step, and a long one for a large file.
                self._move(
                    lease_until=self._clock() + ORDER_LEASE, tries=self._job.tries
                )
                spool.order()
                self._note(rows_total=len(spool))
            self._store(spool)
            self._end(spool)
        self._files.remove()

    def give_back(self, *, until: datetime | None) -> None:
        """Let the job go on in another turn: at once, or when `until` is past."""
        with writing():
            self._move(lease_until=until or self._clock())
            if until is None:
                nudge(Task.IMPORT, job_id=str(self._job.pk))

    def fail(self, error: str) -> None:
        """End the job with what went wrong, in a sentence."""
        self._end_failed(error, tries=0)
        self._files.remove()

    def give_up(self) -> None:
        """End a job that costs one worker after the other; its file is kept.

        What killed them may have been the machine's lack of memory, so that somebody
        may want it tried again.
        """
        job = self._job
        self._end_failed(
            f"The import was given up: {TRIES_BORNE} times the process that worked on "
            f"it ended {_place(job)}. Look there for what is unusual, such as one very "
            "long line, mend it and upload the file again; or try this one again.",
            tries=job.tries,
        )

    def withdraw_try(self) -> None:
        """Note that it was not the file that kept this turn from coming further."""
        self._held().update(tries=F("tries") - 1)

    def _end_failed(self, error: str, *, tries: int) -> None:
        self._held().update(
            state=JobState.FAILED,
            error=error,
            tries=tries,
            ended_at=self._clock(),
            lease_until=None,
        )

    def _read(self, spool: Spool) -> None:
        """Take the rows that are not in the spool yet into it."""
        job = self._job
        with self._files.upload.open("rb") as file:
            stream = open_rows(
                file, filename=job.file_name, content_type=job.content_type
            )
            sieve = RowSieve(
                job.dataset,
                has_text_cells=stream.detected.has_text_cells,
                received_at=job.created_at,
            )
            rows = islice(stream, spool.lines, None)
            self._check_errors(spool)
            while some := list(islice(rows, ROWS_AT_ONCE)):
                spool.add(map(sieve.take, some))
                self._note(
                    read_bytes=file.tell(),
                    rows_rejected=spool.rejected_count,
                    rejected=spool.rejected(),
                )
                self._check_errors(spool)
                # Only after a step: however short its turn, the job moves on.
                self._check_time()

    def _check_errors(self, spool: Spool) -> None:
        allowed = self._job.errors_allowed
        if allowed is not None and spool.rejected_count > allowed:
            raise ImportInvalid(_too_many_errors(spool, allowed))

    def _store(self, spool: Spool) -> None:
        """Store the spool's events that are not stored yet, in order."""
        job, lanes = self._job, lanes_of(self._job.dataset)
        while events := spool.read(start=job.rows_done, count=CHUNK_RECORDS):
            if is_half_full(lanes):
                # Half of the room is left to those who send single events.
                raise TurnOver(until=self._clock() + JOB_PAUSE)
            self._store_chunk(events, total=len(spool))
            self._check_time()

    def _store_chunk(self, events: list[CheckedEvent], *, total: int) -> None:
        job, now = self._job, self._clock()
        done = job.rows_done + len(events)
        progress = {"rows_done": done, "lease_until": now + JOB_LEASE, "tries": 0}
        with writing():
            self._write(progress)
            accept_checked(
                dataset=job.dataset,
                events=events,
                ingest=Ingest(
                    origin=Origin.IMPORT,
                    is_live=job.is_live,
                    duplicates=Duplicates(job.duplicates) if job.duplicates else None,
                    import_id=str(job.pk),
                    closes_import=done == total,
                ),
                now=now,
            )
        self._remember(progress)

    def _end(self, spool: Spool) -> None:
        if not len(spool):
            raise ImportInvalid(_nothing_fits(spool))
        self._held().update(
            state=JobState.DONE, ended_at=self._clock(), lease_until=None
        )

    def _check_time(self) -> None:
        if time.monotonic() >= self._deadline:
            raise TurnOver

    def _note(self, **progress: object) -> None:
        """Write progress and renew the lease."""
        self._move(lease_until=self._clock() + JOB_LEASE, **progress)

    def _move(self, **columns: object) -> None:
        """Write what was reached; with it the tries that failed are forgotten."""
        columns = {"tries": 0} | columns
        self._write(columns)
        self._remember(columns)

    def _write(self, columns: Mapping[str, object]) -> None:
        """Change the job's row, if it is as we last saw it."""
        if not self._held().update(**columns):
            raise JobTaken(self._job.pk)

    def _remember(self, columns: Mapping[str, object]) -> None:
        for name, value in columns.items():
            setattr(self._job, name, value)

    def _held(self) -> QuerySet[Job]:
        job = self._job
        return Job.objects.filter(
            pk=job.pk,
            state=JobState.RUNNING,
            lease_until=job.lease_until,
            rows_done=job.rows_done,
        )


def _place(job: Job) -> str:
    if job.rows_total:
        return f"after {job.rows_done:,} of {job.rows_total:,} records were stored"
    return f"after {job.read_bytes:,} of {job.total_bytes:,} bytes were read"


def _nothing_fits(spool: Spool) -> str:
    if not spool.lines:
        return "The file holds no records below its first line; nothing was imported."
    return (
        f"None of the {spool.lines:,} records fits the dataset; nothing was imported. "
        f"{_first_error(spool)}"
    )


def _too_many_errors(spool: Spool, allowed: int) -> str:
    return (
        f"{spool.rejected_count:,} of the first {spool.lines:,} records do not fit the "
        f"dataset, and no more than {allowed:,} were to be left out; nothing was "
        f"imported. {_first_error(spool)}"
    )


def _first_error(spool: Spool) -> str:
    first = spool.rejected()[0]
    return f"The first, in line {first['line']}: {first['reason']}"
