"""How far an import has come, in both APIs."""

from __future__ import annotations

import uuid

import pytest

from datasets.models import Dataset, Job
from datasets.services import run_import
from tests.datasets.clients import ApiClient, body_of
from tests.factories import NOW, DatasetFactory

pytestmark = pytest.mark.django_db


@pytest.fixture
def job(v1: ApiClient, prices: Dataset) -> Job:
    """An import of one good row and one bad one, which has ended."""
    v1.send("post", "/data/DEMO/PRICES", b"symbol,price\nA,1\nB,x\n", "text/csv")
    made = Job.objects.get()
    run_import(job_id=made.pk, clock=lambda: NOW)
    return made


def test_import_is_told_natively(native: ApiClient, job: Job) -> None:
    told = body_of(native.get(f"/jobs/{job.pk}"))

    assert (told["job"], told["dataset"]) == (str(job.pk), "PRICES")
    assert (told["state"], told["progress"]) == ("done", 100)
    assert (told["rows"], told["rejected"]) == (1, 1)
    assert told["rejected_rows"][0]["line"] == 3
    assert "price" in told["rejected_rows"][0]["reason"]


def test_address_of_a_load_answers(v1: ApiClient, job: Job) -> None:
    answer = v1.get(f"/jobs/DEMO/ingest/{job.pk}")

    told = body_of(answer)
    assert answer.status_code == 200
    assert (told["jobId"], told["datasetId"]) == (str(job.pk), "PRICES")
    assert (told["status"], told["progress"]) == ("INGESTED", 100)
    assert (told["ingested"], told["invalid"], told["message"]) == (1, 1, "")


@pytest.mark.parametrize("name", ["nonsense", str(uuid.UUID(int=1))])
def test_unknown_import_is_missing(native: ApiClient, v1: ApiClient, name: str) -> None:
    assert native.get(f"/jobs/{name}").status_code == 404
    assert v1.get(f"/jobs/DEMO/ingest/{name}").status_code == 404


def test_import_of_another_workspace_is_missing(native: ApiClient) -> None:
    foreign = Job.objects.create(
        id=uuid.uuid4(), dataset=DatasetFactory.create(), file="x", created_at=NOW
    )

    assert native.get(f"/jobs/{foreign.pk}").status_code == 404
