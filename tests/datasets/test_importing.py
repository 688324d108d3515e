"""Files become jobs and jobs become batches, whatever happens to their workers."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path

import pytest
from django.db import OperationalError
from pytest_django.fixtures import Settings

from datasets.models import Batch, BatchState, Dataset, Job, JobState, Record
from datasets.services import (
    ImportInvalid,
    JobNotFound,
    Upload,
    find_job,
    run_import,
    start_import,
    sweep_jobs,
)
from datasets.services.uploads import ImportFiles
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
from workspaces.access import Access, AccessDenied, Need, open_for_system
from workspaces.refusals import TooLarge

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


def test_file_is_stored_in_chunks_and_its_last_batch_closes_the_import(
    access: Access, daily: Dataset
) -> None:
    job = import_text(access, daily, HEADER + "\n".join(days(2_100)))

    run_import(job_id=job.pk, clock=Clock())

    job.refresh_from_db()
    assert (job.state, job.rows_total, job.rows_done) == (JobState.DONE, 2_100, 2_100)
    assert (job.rows_rejected, job.read_bytes) == (0, job.total_bytes)
    batches = Batch.objects.order_by("pk")
    assert [batch.size for batch in batches] == [1_000, 1_000, 100]
    closes = [batch.options["closes_import"] for batch in batches]
    assert closes == [False, False, True]
    assert {batch.options["import"] for batch in batches} == {str(job.pk)}
    assert {batch.is_live for batch in batches} == {False}
    assert not ImportFiles.of(job.pk).directory.exists()


def test_import_of_one_chunk_closes_itself(access: Access, daily: Dataset) -> None:
    job = import_text(access, daily, HEADER + days(1)[0])

    run_import(job_id=job.pk, clock=Clock())

    assert Batch.objects.get().options["closes_import"] is True


def test_file_in_disorder_is_brought_into_the_order_of_time(
    access: Access, daily: Dataset
) -> None:
    lines = days(50)
    job = import_text(access, daily, HEADER + "\n".join(lines[25:] + lines[:25]))

    run_import(job_id=job.pk, clock=Clock())

    assert stored_days(daily) == [line[:10] for line in lines]


def test_file_that_is_newest_first_is_read_backwards(
    access: Access, daily: Dataset
) -> None:
    daily.date_field, daily.key_field = "Date", "Open"
    daily.schema["required"] = ["Open"]
    daily.save()
    newest_first = "2020-01-02,2b,2\n2020-01-02,2a,1\n2020-01-01,1b,2\n2020-01-01,1a,1"
    daily.schema["properties"]["Open"] = {"type": "string"}
    daily.save()
    job = import_text(access, daily, HEADER + newest_first)

    run_import(job_id=job.pk, clock=Clock())

    keys = Record.objects.order_by("batch_id", "ord").values_list("key", flat=True)
    assert list(keys) == ["1a", "1b", "2a", "2b"]


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("a.tsv", "Date\tOpen\tClose\n2020-01-01\t1\t2\n"),
        ("a.json", '[{"Date": "2020-01-01", "Open": 1, "Close": 2}]'),
        ("a.jsonl", '{"Date": "2020-01-01", "Open": 1, "Close": 2}\n'),
        ("", "Date,Open,Close\n2020-01-01,1,2\n"),
    ],
    ids=["tsv", "json", "jsonl", "pasted"],
)
def test_every_format_gives_the_same_record(
    access: Access, daily: Dataset, name: str, text: str
) -> None:
    job = import_text(access, daily, text, name=name)

    run_import(job_id=job.pk, clock=Clock())

    assert Record.objects.get().body == {"Date": "2020-01-01", "Open": 1, "Close": 2}


def test_rows_that_do_not_fit_are_set_aside_with_their_reasons(
    access: Access, daily: Dataset
) -> None:
    text = HEADER + "2020-01-01,1,2\nyesterday,1,2\n2020-01-03,one,2\n2020-01-04,1\n"
    job = import_text(access, daily, text)

    run_import(job_id=job.pk, clock=Clock())

    job.refresh_from_db()
    assert (job.state, job.rows_total, job.rows_rejected) == (JobState.DONE, 1, 3)
    assert [one["line"] for one in job.rejected] == [3, 4, 5]
    assert "Date" in job.rejected[0]["reason"]
    assert "Open must be a number" in job.rejected[1]["reason"]
    assert '"one"' in job.rejected[1]["excerpt"]
    assert "^" in job.rejected[2]["excerpt"]


def test_of_many_rejected_rows_the_first_hundred_are_kept_and_all_counted(
    access: Access, daily: Dataset
) -> None:
    bad = "\n".join(["never,1,2"] * 2_345)
    job = import_text(access, daily, HEADER + bad + "\n2020-01-01,1,2")

    run_import(job_id=job.pk, clock=Clock())

    job.refresh_from_db()
    assert (job.rows_rejected, len(job.rejected)) == (2_345, 100)


def test_file_of_which_nothing_fits_fails_with_the_first_reason(
    access: Access, daily: Dataset
) -> None:
    job = import_text(access, daily, HEADER + "never,1,2")

    run_import(job_id=job.pk, clock=Clock())

    job.refresh_from_db()
    assert job.state == JobState.FAILED
    assert job.error.startswith("None of the 1 records fits the dataset")
    assert "line 2" in job.error
    assert not Batch.objects.exists()
    assert not ImportFiles.of(job.pk).directory.exists()


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("1,2,3\n4,5,6\n", "must name the columns"),
        ('[{"Date": "2020-01-01"}, {"Da', "not closed"),
        (HEADER, "holds no records"),
    ],
    ids=["no header", "broken json", "header alone"],
)
def test_unreadable_file_fails_with_a_sentence_and_stores_nothing(
    access: Access, daily: Dataset, text: str, words: str
) -> None:
    job = import_text(access, daily, text)

    run_import(job_id=job.pk, clock=Clock())

    job.refresh_from_db()
    assert job.state == JobState.FAILED
    assert words in job.error
    assert not Batch.objects.exists()


def test_job_goes_on_turn_by_turn_until_it_is_done(
    access: Access, daily: Dataset
) -> None:
    job = import_text(access, daily, HEADER + "\n".join(days(3_000)))
    clock = Clock()

    turns = 0
    while job.state != JobState.DONE:
        run_import(job_id=job.pk, clock=clock, budget_seconds=0.01)
        job.refresh_from_db()
        turns += 1

    assert turns > 2
    assert stored_days(daily) == [line[:10] for line in days(3_000)]


@pytest.mark.parametrize("looks", range(1, 9))
def test_job_of_a_killed_worker_continues_without_doubles(
    access: Access, daily: Dataset, looks: int
) -> None:
    job = import_text(access, daily, HEADER + "\n".join(days(2_500)))
    with pytest.raises(WorkerDiedError):
        run_import(job_id=job.pk, clock=dying_clock(looks=looks))

    run_import(job_id=job.pk, clock=Clock())
    job.refresh_from_db()
    assert job.state == JobState.RUNNING, "its lease has not ended"
    later = NOW + timedelta(minutes=12)
    sweep_jobs(now=later, clock=Clock(later))

    job.refresh_from_db()
    assert job.state == JobState.DONE
    assert stored_days(daily) == [line[:10] for line in days(2_500)]


def test_import_that_cannot_begin_keeps_no_other_waiting(
    access: Access, daily: Dataset
) -> None:
    for _ in range(2):
        import_text(access, daily, HEADER + days(1)[0])
    moments, looks = Clock(), iter(range(100))

    def clock() -> datetime:
        if next(looks) == 0:
            raise OperationalError("The database has no time to tell.")
        return moments()

    sweep_jobs(now=NOW, clock=clock)

    states = sorted(Job.objects.values_list("state", flat=True))
    assert states == [JobState.DONE, JobState.QUEUED]


def test_two_workers_on_one_job_store_it_once(access: Access, daily: Dataset) -> None:
    job = import_text(access, daily, HEADER + "\n".join(days(2_500)))
    later = Clock(NOW + timedelta(minutes=12))
    slow = Clock()
    looks = iter(range(100))

    def slow_clock() -> datetime:
        if next(looks) == 5:
            # While this one sleeps its lease ends, and another takes over.
            run_import(job_id=job.pk, clock=later)
        return slow()

    run_import(job_id=job.pk, clock=slow_clock)

    job.refresh_from_db()
    assert job.state == JobState.DONE
    assert stored_days(daily) == [line[:10] for line in days(2_500)]


def test_full_backlog_makes_the_job_wait_and_go_on(
    access: Access, daily: Dataset, settings: Settings
) -> None:
    settings.BELLWETHER_BACKLOG_EVENTS = 4_000
    job = import_text(access, daily, HEADER + "\n".join(days(4_500)))

    run_import(job_id=job.pk, clock=Clock())
    job.refresh_from_db()
    assert (job.state, job.rows_done) == (JobState.RUNNING, 2_000)
    Batch.objects.update(state=BatchState.JUDGED)
    later = NOW + timedelta(seconds=5)
    sweep_jobs(now=later, clock=Clock(later))

    job.refresh_from_db()
    assert (job.state, job.rows_done) == (JobState.RUNNING, 4_000)


def test_upload_over_the_limit_leaves_nothing(
    access: Access, daily: Dataset, settings: Settings, uploads: Path
) -> None:
    settings.BELLWETHER_UPLOAD_BYTES = 1_000
    asked = 0

    def pieces() -> Iterator[bytes]:
        nonlocal asked
        for _ in range(100):
            asked += 1
            yield b"x" * 600

    with pytest.raises(TooLarge, match="split it"):
        start_import(
            access=access,
            dataset=daily,
            upload=Upload(pieces=pieces()),
            is_live=False,
            now=NOW,
        )

    assert asked == 2
    assert not Job.objects.exists()
    assert list((uploads / "imports").iterdir()) == []


def test_empty_upload_is_refused(access: Access, daily: Dataset) -> None:
    with pytest.raises(ImportInvalid, match="empty"):
        import_text(access, daily, "")


def test_reader_may_not_import(access: Access, daily: Dataset) -> None:
    reader = Access(workspace=access.workspace, gives=Need.READ)

    with pytest.raises(AccessDenied):
        import_text(reader, daily, HEADER)


@pytest.mark.parametrize("identifier", ["nonsense", None])
def test_import_of_another_workspace_is_not_found(
    access: Access, daily: Dataset, identifier: str | None
) -> None:
    job = import_text(access, daily, HEADER + days(1)[0])
    stranger = open_for_system(workspace=WorkspaceFactory())

    assert find_job(access=access, job_id=str(job.pk)) == job
    with pytest.raises(JobNotFound):
        find_job(access=stranger, job_id=identifier or str(job.pk))
