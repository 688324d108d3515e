"""The pages that bring records in, from a paste or a file to the job."""

from __future__ import annotations

import re
import uuid
from pathlib import Path
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from pytest_django.fixtures import Settings

from alerts.pipeline import drain_lane
from datasets.models import Dataset, Job, JobState, Record
from datasets.services import open_lane, run_import
from tests.factories import (
    DatasetFactory,
    MembershipFactory,
    UserFactory,
    WorkspaceFactory,
)
from workspaces.models import Role, Workspace

pytestmark = pytest.mark.django_db

PRICES = (
    "symbol,price,at\nMSFT,309.20,2026-03-02T15:30:00Z\nAAPL,7,2026-03-02T15:31:00Z\n"
)
NEW = "/w/DEMO/data/new"


@pytest.fixture(autouse=True)
def uploads(settings: Settings, tmp_path: Path) -> Path:
    settings.MEDIA_ROOT = tmp_path
    return tmp_path


def client_of(workspace: Workspace, role: Role = Role.OWNER) -> Client:
    client = Client()
    client.force_login(MembershipFactory(workspace=workspace, role=role).user)
    return client


@pytest.fixture
def owner(demo: Workspace) -> Client:
    return client_of(demo)


def paste(client: Client, text: str, url: str = NEW) -> Any:
    return client.post(url, {"text": text})


def choices(**said: str) -> dict[str, str]:
    """What the form says when nothing but the name was filled in."""
    return {
        "name": "PASTED",
        "key": "symbol",
        "date": "at",
        "zone": "UTC",
        "records": "history",
        "type-0": "string",
        "type-1": "number",
        "type-2": "date",
        **said,
    }


def text_of(response: Any) -> str:
    return " ".join(response.content.decode().split())


def test_what_is_pasted_is_shown_before_anything_is_stored(owner):
    page = owner.get(paste(owner, PRICES)["Location"])

    assert page.status_code == 200
    form = page.context["form"]
    assert (form["key"].initial, form["date"].initial) == ("symbol", "at")
    assert [row.control.initial for row in form.rows] == ["string", "number", "date"]
    assert "309.20" in text_of(page)
    assert not Dataset.objects.exists()


def test_agreeing_makes_the_dataset_and_its_job(owner, demo):
    draft = paste(owner, PRICES)["Location"]

    answer = owner.post(draft, choices())

    job = Job.objects.get()
    assert answer["Location"] == f"/w/DEMO/jobs/{job.pk}"
    dataset = Dataset.objects.get(workspace=demo)
    assert (dataset.slug, dataset.key_field, dataset.date_field) == (
        "PASTED",
        "symbol",
        "at",
    )
    assert not job.is_live
    run_import(job_id=job.pk)
    assert Record.objects.filter(dataset=dataset).count() == 2


def test_a_hot_dataset_is_divided_as_it_is_made(owner):
    draft = paste(owner, PRICES)["Location"]

    refused = owner.post(draft, choices(shards="65"))
    owner.post(draft, choices(shards="8"))

    assert "shards is 65; say 1 to 64." in text_of(refused)
    dataset = Dataset.objects.get()
    assert (dataset.shards, dataset.lanes.count()) == (8, 8)
    assert "8, divided by key" in text_of(owner.get("/w/DEMO/data/PASTED"))
    run_import(job_id=Job.objects.get().pk)
    assert Record.objects.filter(dataset=dataset).count() == 2


def test_news_are_imported_as_news(owner):
    draft = paste(owner, PRICES)["Location"]

    owner.post(draft, choices(records="live"))

    assert Job.objects.get().is_live


def test_a_changed_type_is_the_schema(owner):
    draft = paste(owner, PRICES)["Location"]

    owner.post(draft, choices(**{"type-1": "string"}))

    assert Dataset.objects.get().schema["properties"]["price"]["type"] == [
        "string",
        "null",
    ]


def test_agreeing_twice_makes_one_job(owner):
    draft = paste(owner, PRICES)["Location"]
    first = owner.post(draft, choices())

    second = owner.post(draft, choices())

    assert second["Location"] == first["Location"]
    assert Job.objects.count() == 1


def test_a_file_names_its_dataset(owner):
    file = SimpleUploadedFile("goog_daily.csv", PRICES.encode(), "text/csv")
    draft = owner.post(f"{NEW}?from=file", {"file": file})["Location"]

    page = owner.get(draft)

    assert page.context["form"]["name"].initial == "GOOG_DAILY"
    assert "from goog_daily.csv" in text_of(page)


@pytest.mark.parametrize(
    ("said", "text"),
    [
        pytest.param({"name": "no spaces"}, "is no name for a dataset", id="name"),
        pytest.param({"name": "taken"}, "Choose another name.", id="taken"),
        pytest.param({"type-0": "boolean"}, "cannot be the key", id="key"),
        pytest.param({"records": ""}, "Say whether they are history", id="records"),
    ],
)
def test_what_cannot_be_made_is_said_at_its_control(owner, demo, said, text):
    DatasetFactory(workspace=demo, slug="TAKEN")
    draft = paste(owner, PRICES)["Location"]

    page = owner.post(draft, choices(**said))

    assert page.status_code == 200
    assert text in text_of(page)
    assert not Job.objects.exists()


@pytest.mark.parametrize(
    ("text", "said"),
    [
        pytest.param('[{"a": 1}, {"b": ]', "invalid character", id="json"),
        pytest.param("symbol,price\n", "holds no records", id="no-rows"),
        pytest.param("  \n", "The file is empty", id="blank"),
        pytest.param("a,a\n1,2\n", "Column 2 is called", id="twice"),
        pytest.param("", "Paste at least one record", id="nothing"),
    ],
)
def test_what_cannot_be_read_is_said_beside_the_text(owner, uploads, text, said):
    page = paste(owner, text)

    assert page.status_code == 200
    assert said in text_of(page)
    assert text.strip() in page.context["form"]["text"].value()
    assert not list(uploads.glob("imports/*"))


def test_the_place_of_a_mistake_is_pointed_at(owner):
    page = paste(owner, '[{"a": 1}, {"b": ]')

    assert "{&quot;b&quot;: ]\n      ^</pre>" in page.content.decode()
    assert text_of(page).count("Not valid JSON at line 1") == 1


def test_rows_that_cannot_be_read_are_announced(owner):
    page = owner.get(paste(owner, PRICES + "TSLA,1\n")["Location"])

    assert "1 of 3 rows does not fit" in text_of(page)
    assert "Line 4 has 2 values, but the header names 3 columns." in text_of(page)


def test_a_file_over_the_limit_is_refused_with_the_way_round(owner, settings):
    settings.BELLWETHER_UPLOAD_BYTES = 20
    file = SimpleUploadedFile("big.csv", PRICES.encode(), "text/csv")

    page = owner.post(f"{NEW}?from=file", {"file": file})

    assert page.status_code == 413
    assert "split it, or send its records in several requests" in text_of(page)


def test_an_empty_file_is_refused(owner):
    file = SimpleUploadedFile("empty.csv", b"", "text/csv")

    page = owner.post(f"{NEW}?from=file", {"file": file})

    assert "The file is empty" in text_of(page)


def test_a_paste_over_the_limit_is_sent_to_the_file_tab(owner, settings):
    settings.DATA_UPLOAD_MAX_MEMORY_SIZE = 1_000

    page = paste(owner, "x" * 2_000)

    assert page.status_code == 413
    assert "more text than can be pasted" in text_of(page)


def test_a_post_without_token_is_refused(demo):
    client = Client(enforce_csrf_checks=True)
    client.force_login(MembershipFactory(workspace=demo).user)

    assert paste(client, PRICES).status_code == 403


def test_rows_are_checked_against_a_dataset_that_is_there(owner, prices):
    url = "/w/DEMO/data/PRICES/import"
    draft = paste(owner, "symbol,price\nMSFT,1\n,2\nAAPL,no\n", url)["Location"]

    page = owner.get(draft)

    assert "2 of 3 rows do not fit" in text_of(page)
    assert "price must be a number" in text_of(page)
    answer = owner.post(draft, {"records": "live"})
    job = Job.objects.get()
    assert answer["Location"] == f"/w/DEMO/jobs/{job.pk}"
    assert (job.dataset, job.is_live) == (prices, True)


def test_a_file_is_only_its_senders(owner, demo):
    draft = paste(owner, PRICES)["Location"]
    other = WorkspaceFactory(slug="OTHER")
    user = UserFactory()
    for workspace in (demo, other):
        MembershipFactory(workspace=workspace, user=user)
    colleague = Client()
    colleague.force_login(user)

    answers = [
        colleague.get(draft),
        colleague.post(draft, choices()),
        colleague.get(draft.replace("DEMO", "OTHER")),
        owner.get(f"{NEW}/{uuid.uuid4()}"),
    ]

    assert [answer.status_code for answer in answers] == [404] * 4
    assert not Job.objects.exists()


def test_a_viewer_sees_why_the_controls_are_off(demo):
    viewer = client_of(demo, Role.VIEWER)

    page = viewer.get(NEW)

    assert "You may look at DEMO; its editors may change it." in text_of(page)
    assert "disabled aria-describedby" in text_of(page)
    assert paste(viewer, PRICES).status_code == 403


def test_the_job_page_asks_again_until_its_records_are_judged(owner):
    owner.post(paste(owner, PRICES + "TSLA,1\n")["Location"], choices())
    job = Job.objects.get()
    url = f"/w/DEMO/jobs/{job.pk}"

    waiting = text_of(owner.get(url))
    run_import(job_id=job.pk)
    stored = text_of(owner.get(url))
    drain_lane(lane_id=open_lane(job.dataset).pk)
    judged = text_of(owner.get(url))

    assert 'hx-trigger="every 1s"' in waiting
    assert "2 of 2 records stored" in stored
    assert "2 to go" in stored
    assert 'hx-trigger="every 1s"' in stored
    assert (
        "hx-trigger" not in judged.partition('id="import"')[2].partition("</main>")[0]
    )
    assert "Line 4 has 2 values" in judged
    assert "nobody is told" in judged


@pytest.mark.parametrize(
    ("duplicates", "words"),
    [
        ("ignore", "Repeated 2 were there already"),
        ("replace", "Replaced 2 took the place of older ones"),
        ("refuse", "Refused 2 came with some that were there already"),
    ],
)
def test_records_that_were_there_are_counted_by_what_became_of_them(
    owner, duplicates, words
):
    for url in (NEW, "/w/DEMO/data/PASTED/import"):
        owner.post(paste(owner, PRICES, url)["Location"], choices())
        Dataset.objects.update(duplicates=duplicates)
        job = Job.objects.latest("created_at")
        run_import(job_id=job.pk)
        drain_lane(lane_id=open_lane(job.dataset).pk)

    page = owner.get(f"/w/DEMO/jobs/{Job.objects.latest('created_at').pk}")

    shown = re.sub(r"<.*?>", " ", text_of(page))
    assert words in " ".join(shown.split())


def test_a_failed_job_says_why(owner, bars):
    job = Job.objects.create(
        id=uuid.uuid4(),
        dataset=bars,
        state=JobState.FAILED,
        error="None of the 3 records fits the dataset.",
        created_at=bars.created_at,
    )

    page = owner.get(f"/w/DEMO/jobs/{job.pk}")

    assert "None of the 3 records fits the dataset." in text_of(page)


def test_a_job_that_was_given_up_is_tried_again_by_a_click(owner):
    owner.post(paste(owner, PRICES)["Location"], choices())
    job = Job.objects.get()
    Job.objects.update(state=JobState.FAILED, tries=4, error="It was given up.")
    url = f"/w/DEMO/jobs/{job.pk}"

    page = text_of(owner.get(url))
    answer = owner.post(f"{url}/retry")

    assert "It was given up." in page
    assert f'action="{url}/retry"' in page
    assert answer["Location"] == url
    job.refresh_from_db()
    assert (job.state, job.error) == (JobState.QUEUED, "")
    assert "/retry" not in text_of(owner.get(url))


def test_a_job_whose_file_is_gone_says_so_when_tried_again(owner, bars):
    job = Job.objects.create(
        id=uuid.uuid4(),
        dataset=bars,
        state=JobState.FAILED,
        tries=4,
        created_at=bars.created_at,
    )

    page = owner.post(f"/w/DEMO/jobs/{job.pk}/retry", follow=True)

    assert "The file is not kept any more; upload it again." in text_of(page)


def test_imports_of_a_workspace_are_listed(owner):
    owner.post(paste(owner, PRICES)["Location"], choices())

    page = owner.get("/w/DEMO/jobs")

    assert "Pasted records" in text_of(page)
    assert "hx-trigger" in text_of(page)
