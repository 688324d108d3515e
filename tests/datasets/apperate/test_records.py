"""`POST /record`: its parameters, its tolerance and what reaches the rules."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

import pytest

from alerts.pipeline import drain_lane
from datasets.models import Batch, Dataset, Record
from datasets.services import open_lane
from tests.datasets.clients import ApiClient, body_of
from tests.factories import NOW
from workspaces.models import AuditEntry, Workspace

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("at_once")]

WROTE = {"success": True, "message": "wrote 1 messages"}


def test_written_records_are_counted(v1: ApiClient, prices: Dataset) -> None:
    body = [{"symbol": "MSFT", "price": 310}, {"symbol": "AAPL", "price": 190}]

    answer = v1.post("/record/DEMO/PRICES?wait=false", body)

    assert answer.status_code == 200
    assert body_of(answer) == {"success": True, "message": "wrote 2 messages"}
    assert Record.objects.count() == 2


def test_answer_says_when_the_judgement_is_not_awaited(
    v1: ApiClient, prices: Dataset
) -> None:
    answer = v1.post("/record/DEMO/PRICES", [{"symbol": "MSFT"}])

    assert answer.status_code == 200
    assert body_of(answer)["success"] is True
    assert "not judged yet" in body_of(answer)["message"]


def test_answer_follows_the_judgement(v1: ApiClient, prices: Dataset) -> None:
    v1.post("/record/DEMO/PRICES", [{"symbol": "MSFT"}], Idempotency_Key="k")
    drain_lane(lane_id=open_lane(prices).pk)

    again = v1.post("/record/DEMO/PRICES", [{"symbol": "MSFT"}], Idempotency_Key="k")

    assert body_of(again) == WROTE
    assert again["Idempotent-Replay"] == "true"
    assert Record.objects.count() == 1


@pytest.mark.parametrize("version", ["v1", "stable", "beta"])
@pytest.mark.parametrize("name", ["record", "write"])
@pytest.mark.parametrize("slash", ["", "/"])
def test_every_spelling_of_the_address_is_answered(
    v1: ApiClient, prices: Dataset, version: str, name: str, slash: str
) -> None:
    v1.base = f"/{version}"

    answer = v1.post(f"/{name}/demo/Prices{slash}?wait=false", [{"symbol": "MSFT"}])

    assert (answer.status_code, body_of(answer)) == (200, WROTE)


OPTIONS = [
    pytest.param("", {}, id="usual"),
    pytest.param("duplicateKeyHandling=ignore", {"duplicates": "ignore"}, id="ignore"),
    pytest.param("duplicateKeyHandling=TRUE", {"duplicates": "replace"}, id="true"),
    pytest.param("duplicateKeyHandling=replace", {"duplicates": "replace"}, id="other"),
    pytest.param("event=False", {"raises": False}, id="silent"),
    pytest.param("updateState=0", {"moves_facts": False}, id="facts-stay"),
    pytest.param("persist=false", {"persists": False}, id="unseen"),
    pytest.param("event=&&persist=true&", {}, id="empty-parts"),
]


@pytest.mark.parametrize(("query", "expected"), OPTIONS)
def test_parameters_reach_the_batch(
    v1: ApiClient, prices: Dataset, query: str, expected: dict[str, object]
) -> None:
    answer = v1.post(f"/record/DEMO/PRICES?wait=false&{query}", {"symbol": "MSFT"})

    assert answer.status_code == 200
    assert Batch.objects.get().options == expected
    assert Batch.objects.get().is_live


def test_unpersisted_record_is_never_read(v1: ApiClient, prices: Dataset) -> None:
    v1.post("/record/DEMO/PRICES?persist=false&wait=false", {"symbol": "MSFT"})

    assert body_of(v1.get("/data/DEMO/PRICES/MSFT")) == []


@pytest.mark.parametrize("kind", ["undefined", "text/plain", "application/json", ""])
def test_content_type_does_not_matter(
    v1: ApiClient, prices: Dataset, kind: str
) -> None:
    body = b'[{"symbol": "MSFT"}]'

    answer = v1.send("post", "/record/DEMO/PRICES?wait=false", body, kind)

    assert body_of(answer) == WROTE


def test_missing_dataset_is_made_from_the_first_records(
    v1: ApiClient, demo: Workspace
) -> None:
    rows = [{"symbol": "A", "price": 1.5, "at": "2026-03-02T10:00:00Z"}]

    answer = v1.post("/record/DEMO/TRADES?wait=false", rows)

    made = Dataset.objects.get(slug="TRADES")
    assert answer.status_code == 200
    assert (made.key_field, made.date_field, made.zone) == ("symbol", "at", "UTC")
    assert made.schema["properties"]["price"] == {"type": ["number", "null"]}


def test_days_alone_do_not_tell_records_of_a_made_dataset_apart(
    v1: ApiClient, demo: Workspace
) -> None:
    rows = [{"symbol": "A", "date": "2026-03-02", "n": n} for n in (1, 2)]

    v1.post("/record/DEMO/TRADES?wait=false", rows)

    assert Dataset.objects.get(slug="TRADES").date_field == ""


def test_missing_dataset_is_not_made_unasked(v1: ApiClient, demo: Workspace) -> None:
    answer = v1.post("/record/DEMO/TRADES?createDatasetOnDemand=false", [{"a": 1}])

    assert answer.status_code == 404
    assert body_of(answer)["error"] == "dataset_not_found"


def test_dataset_is_not_made_for_records_that_are_refused(
    v1: ApiClient, demo: Workspace
) -> None:
    rows = [{"symbol": "A"}] * 1_000 + [{"symbol": 1.5}]

    answer = v1.post("/record/DEMO/TRADES?wait=false", rows)

    assert answer.status_code == 400
    assert not Dataset.objects.exists()
    assert not AuditEntry.objects.exists()


def test_a_token_makes_only_so_many_datasets_an_hour(
    v1: ApiClient, demo: Workspace
) -> None:
    for number in range(20):
        v1.post(f"/record/DEMO/MADE{number}?wait=false", {"a": 1})

    answer = v1.post("/record/DEMO/ONEMORE?wait=false", {"a": 1})

    assert answer.status_code == 429
    assert 3_500 < int(answer["Retry-After"]) <= 3_600
    assert Dataset.objects.count() == 20


def test_datasets_made_an_hour_ago_do_not_count(v1: ApiClient, demo: Workspace) -> None:
    for number in range(20):
        v1.post(f"/record/DEMO/MADE{number}?wait=false", {"a": 1})
    AuditEntry.objects.update(at=NOW - timedelta(hours=1))

    answer = v1.post("/record/DEMO/ONEMORE?wait=false", {"a": 1})

    assert answer.status_code == 200


def test_refused_duplicates_are_a_conflict(
    v1: ApiClient, bars: Dataset, store: Callable[..., int]
) -> None:
    bar = {"symbol": "A", "date": "2026-03-02"}
    store(bars, bar)
    path = "/record/DEMO/BARS?duplicateKeyHandling=refuse&wait=false"
    v1.post(path, bar, Idempotency_Key="k")
    drain_lane(lane_id=open_lane(bars).pk)

    answer = v1.post(path, bar, Idempotency_Key="k")

    assert answer.status_code == 409
    assert body_of(answer)["error"] == "duplicates_refused"


def test_token_field_of_a_record_is_not_a_token(v1: ApiClient, prices: Dataset) -> None:
    v1.post("/record/DEMO/PRICES?wait=false", {"symbol": "MSFT", "token": "x"})

    assert Record.objects.get().body["token"] == "x"
