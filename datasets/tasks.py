"""What workers answer to: each task takes ids, calls one service, returns nothing."""

from __future__ import annotations

import uuid

from celery import shared_task

from config.celery import Task, nudge
from config.clock import database_now
from datasets.services import fetchers, run_import, sweep_jobs, sweep_sources


@shared_task(name=Task.FETCH.value)
def fetch(*, source_id: int) -> None:
    """Have fetched what is due of a source, however long it takes to answer."""
    fetchers.fetch(source_id)


@shared_task(name=Task.IMPORT.value)
def import_file(*, job_id: str) -> None:
    """Go on with an import."""
    run_import(job_id=uuid.UUID(job_id))


@shared_task(name=Task.SWEEP_SOURCES.value)
def sources() -> None:
    """Ring for the sources that are due, and for what a dead worker left."""

    def ring(source_id: int) -> None:
        nudge(Task.FETCH, source_id=source_id)

    sweep_sources(now=database_now(), fetch=ring)


@shared_task(name=Task.SWEEP_JOBS.value)
def jobs() -> None:
    """Go on with imports that wait or that a dead worker left."""
    sweep_jobs(now=database_now())
