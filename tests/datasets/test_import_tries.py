"""Imports whose workers die: given up in the end, and tried again when asked to."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import suppress
from datetime import datetime, timedelta
from pathlib import Path

import pytest
from django.db import OperationalError
from pytest_django.fixtures import Settings

from datasets.models import Dataset, Job, JobState, Record
from datasets.services import NotRetryable, retry_import, run_import, sweep_jobs
from tests.datasets.imports import (
    HEADER,
    Clock,
    WorkerDiedError,
    daily_prices,
    days,
    dying_clock,
    import_text,
    stored_days,
)
from tests.factories import NOW, WorkspaceFactory
from tests.logged import Log
from workspaces.access import Access, open_for_system

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def uploads(settings: Settings, tmp_path: Path) -> Path:
    settings.MEDIA_ROOT = tmp_path
    return tmp_path


@pytest.fixture
def access(db: None) -> Access:
    return open_for_system(workspace=WorkspaceFactory(slug="DEMO"))


@pytest.fixture
def daily(access: Access) -> Dataset:
    return daily_prices(access)


def die_on_and_on(job: Job, *, at: datetime, looks: int, times: int) -> datetime:
    """Let one worker after the other die, each when the one before is taken for dead.

    Returns when the last one is.
    """
    for _ in range(times):
        clock = dying_clock(looks=looks, now=at)
        with suppress(WorkerDiedError):
            run_import(job_id=job.pk, clock=clock)
        at += timedelta(minutes=12)
    return at


@pytest.mark.parametrize("looks", [1, 3, 5], ids=["reading", "sorting", "storing"])
def test_job_that_kills_every_worker_is_given_up_with_a_sentence(
    access: Access, daily: Dataset, looks: int
) -> None:
    job = import_text(access, daily, HEADER + "\n".join(days(1_500)))
    # The first one comes as far as that and dies; the others come no further.
    at = die_on_and_on(job, at=NOW, looks=looks, times=1)
    at = die_on_and_on(job, at=at, looks=1, times=3)

    sweep_jobs(now=at, clock=Clock(at))

    job.refresh_from_db()
    assert job.state == JobState.FAILED
    assert job.error.startswith(
        "The import was given up: 3 times the process that worked on it ended after "
    )
    assert "try this one again" in job.error
    assert job.ended_at is not None


def test_job_that_comes_further_each_time_is_not_given_up(
    access: Access, daily: Dataset
) -> None:
    job = import_text(access, daily, HEADER + "\n".join(days(12_500)))

    at = die_on_and_on(job, at=NOW, looks=3, times=12)
    sweep_jobs(now=at, clock=Clock(at))

    job.refresh_from_db()
    assert (job.state, job.error) == (JobState.DONE, "")
    assert Record.objects.filter(dataset=daily).count() == 12_500


def test_job_that_was_given_up_goes_on_when_asked_to(
    access: Access, daily: Dataset
) -> None:
    job = import_text(access, daily, HEADER + "\n".join(days(2_500)))
    at = die_on_and_on(job, at=NOW, looks=7, times=1)
    at = die_on_and_on(job, at=at, looks=1, times=3)
    run_import(job_id=job.pk, clock=Clock(at))
    job.refresh_from_db()
    assert job.state == JobState.FAILED

    retry_import(access=access, job=job, now=at)
    run_import(job_id=job.pk, clock=Clock(at))

    job.refresh_from_db()
    assert (job.state, job.error, job.tries) == (JobState.DONE, "", 0)
    assert stored_days(daily) == [line[:10] for line in days(2_500)]


def test_job_that_failed_by_itself_is_not_tried_again(
    access: Access, daily: Dataset
) -> None:
    job = import_text(access, daily, "Date,Close\nno day,1\n")
    run_import(job_id=job.pk, clock=Clock())

    with pytest.raises(NotRetryable, match="upload it again"):
        retry_import(access=access, job=job, now=NOW)

    job.refresh_from_db()
    assert job.state == JobState.FAILED


def test_database_that_is_away_costs_a_job_no_try(
    access: Access, daily: Dataset
) -> None:
    job = import_text(access, daily, HEADER + "\n".join(days(10)))

    for turn in range(6):
        looks = iter(range(2))
        at = Clock(NOW + turn * timedelta(minutes=2))

        def away(looks: Iterator[int] = looks, at: Clock = at) -> datetime:
            if next(looks, None) == 1:
                raise OperationalError("the server closed the connection")
            return at()

        run_import(job_id=job.pk, clock=away)

    job.refresh_from_db()
    assert (job.state, job.tries) == (JobState.RUNNING, 0)


def test_import_that_breaks_is_logged_with_its_job(
    log: Log, access: Access, daily: Dataset, uploads: Path
) -> None:
    job = import_text(access, daily, HEADER + "\n".join(days(3)))
    for file in [one for one in uploads.rglob("*") if one.is_file()]:
        file.unlink()

    run_import(job_id=job.pk, clock=Clock())

    job.refresh_from_db()
    assert job.state == JobState.FAILED
    assert log.ids_of("import failed") == {
        "workspace": str(access.workspace.pk),
        "job": str(job.pk),
    }
