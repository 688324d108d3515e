"""`POST /data` that is waited for, and that bears only so many errors."""

from __future__ import annotations

from pathlib import Path

import pytest
from pytest_django.fixtures import Settings

from alerts.pipeline import drain_lane
from datasets.models import Batch, Dataset, Job, JobState, Record
from datasets.services import open_lane, run_import
from tests.datasets.clients import ApiClient, body_of

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("at_once")]

LOAD = "/data/DEMO/PRICES?wait=true"
#: Of three rows the second and the third do not fit.
ROWS = b"symbol,price\nMSFT,310\nSHOP,cheap\nKO,none of it\n"


@pytest.fixture(autouse=True)
def uploads(settings: Settings, tmp_path: Path) -> Path:
    settings.MEDIA_ROOT = tmp_path
    return tmp_path


def load(v1: ApiClient, body: bytes = ROWS, *, path: str = LOAD, key: str = "k") -> str:
    """Load rows under a key, and return what the answer says around the job's id."""
    answer = v1.send("post", path, body, "text/csv", Idempotency_Key=key)
    assert answer.status_code == 200, answer.content
    said = body_of(answer)
    assert said["success"] is True
    assert said["jobUrl"] == f"/v1/jobs/DEMO/ingest/{said['jobId']}"
    begin, has_been, rest = said["message"].partition(
        f", jobId: {said['jobId']} has been created"
    )
    assert has_been
    return f"{begin.removeprefix('Data upload of ')}{rest}"


def test_waiting_says_how_far_the_import_came(v1: ApiClient, prices: Dataset) -> None:
    size = f"{len(ROWS)}B for PRICES"
    left_out = "; records that do not fit and were left out: 2"

    waits = load(v1)
    Job.objects.update(state=JobState.RUNNING, rows_total=4, rows_done=1)
    runs = load(v1)
    Job.objects.update(state=JobState.QUEUED, rows_total=0, rows_done=0)
    run_import(job_id=Job.objects.get().pk)
    stored = load(v1)
    drain_lane(lane_id=open_lane(prices).pk)
    judged = load(v1)

    assert waits == f"{size} received and waits for its turn"
    assert runs == f"{size} received and is 25 % through"
    assert stored == f"{size} received; records that wait to be judged: 1{left_out}"
    assert judged == f"{size} completed{left_out}"
    assert Record.objects.get().key == "MSFT"


def test_waiting_for_all_of_it_answers_as_apperate_did(
    v1: ApiClient, prices: Dataset
) -> None:
    load(v1, b"symbol\nMSFT\n")
    run_import(job_id=Job.objects.get().pk)
    drain_lane(lane_id=open_lane(prices).pk)

    assert load(v1, b"symbol\nMSFT\n") == "12B for PRICES completed"


def test_waiting_tells_of_duplicates_that_were_refused(
    v1: ApiClient, bars: Dataset
) -> None:
    path = "/data/DEMO/BARS?duplicateKeyHandling=refuse&wait=true"
    body = b"symbol,date\nA,2026-03-02\n"
    for key in ("first", "again"):
        load(v1, body, path=path, key=key)
        run_import(job_id=Job.objects.get(state=JobState.QUEUED).pk)
        drain_lane(lane_id=open_lane(bars).pk)

    first, again = (load(v1, body, path=path, key=key) for key in ("first", "again"))

    assert first == f"{len(body)}B for BARS completed"
    assert again.removeprefix(first) == (
        "; records that were refused with others that are stored already: 1"
    )


def test_import_that_failed_is_an_error_to_who_waits(
    v1: ApiClient, prices: Dataset
) -> None:
    body = b"symbol,price\nSHOP,cheap\n"
    load(v1, body)
    run_import(job_id=Job.objects.get().pk)

    answer = v1.send("post", LOAD, body, "text/csv", Idempotency_Key="k")

    assert answer.status_code == 400
    assert body_of(answer)["error"] == "import_invalid"
    assert body_of(answer)["message"] == Job.objects.get().error
    assert "price must be a number" in body_of(answer)["message"]


BOUNDS = [
    pytest.param(0, JobState.FAILED, id="none"),
    pytest.param(1, JobState.FAILED, id="fewer"),
    pytest.param(2, JobState.DONE, id="as-many"),
    pytest.param(3, JobState.DONE, id="more"),
]


@pytest.mark.parametrize(("allowed", "state"), BOUNDS)
def test_load_fails_beyond_its_errors_and_stores_nothing(
    v1: ApiClient, prices: Dataset, allowed: int, state: JobState
) -> None:
    query = f"?maximumValidationErrors={allowed}"
    v1.send("post", f"/data/DEMO/PRICES{query}", ROWS, "text/csv")
    run_import(job_id=Job.objects.get().pk)

    job = Job.objects.get()
    shown = body_of(v1.get(f"/jobs/DEMO/ingest/{job.pk}"))
    assert (job.state, job.rows_rejected) == (state, 2)
    assert Batch.objects.count() == (1 if state == JobState.DONE else 0)
    if state == JobState.FAILED:
        assert (shown["status"], shown["invalid"]) == ("ERROR", 2)
        assert f"no more than {allowed} were to be left out" in shown["message"]
        assert "in line 3: price must be a number" in shown["message"]


WRONG = [
    pytest.param("maximumValidationErrors", "few", id="no-number"),
    pytest.param("maximumValidationErrors", "-1", id="negative"),
    pytest.param("maximumValidationErrors", "1.5", id="no-whole-number"),
    pytest.param("maximumValidationErrors", "2147483648", id="too-many"),
    pytest.param("wait", "soon", id="no-boolean"),
]


@pytest.mark.parametrize(("name", "value"), WRONG)
@pytest.mark.parametrize(("method", "call"), [("post", "data"), ("put", "datasets")])
def test_parameter_that_means_nothing_is_refused_by_its_name(
    v1: ApiClient, prices: Dataset, method: str, call: str, name: str, value: str
) -> None:
    answer = v1.send(method, f"/{call}/DEMO/PRICES?{name}={value}", ROWS, "text/csv")

    assert answer.status_code == 400
    assert body_of(answer)["error"] == "parameter_invalid"
    assert body_of(answer)["message"].startswith(f"{name}: ")
    assert not Job.objects.exists()
