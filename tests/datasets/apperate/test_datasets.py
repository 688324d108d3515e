"""Datasets made, listed, read and deleted with Apperate's words."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from datasets.models import Dataset
from tests.datasets.clients import ApiClient, body_of
from tests.factories import NOW, TokenFactory
from workspaces.models import Workspace

pytestmark = pytest.mark.django_db

DRAFT = {
    "datasetId": "CARS",
    "title": "Cars",
    "description": "Cars sold",
    "email": "ana@example.com",
    "source": "Ana",
    "schema": {
        "type": "object",
        "properties": {
            "make": {"type": "string"},
            "sold": {"type": "string", "format": "date"},
            "price": {"type": "number"},
        },
        "required": ["make"],
    },
    "columnMapping": {"key": "make", "subkey": None, "date": "sold"},
    "smartLinkAttributes": [{"attributeName": "make", "type": "equity"}],
}


def test_dataset_is_made(v1: ApiClient, demo: Workspace) -> None:
    answer = v1.post("/datasets/demo", {"dataset": DRAFT})

    made = Dataset.objects.get()
    assert answer.status_code == 200
    assert body_of(answer) == {
        "success": True,
        "message": "Dataset has been created",
        "datasetId": "CARS",
    }
    assert (made.key_field, made.subkey_field, made.date_field) == ("make", "", "sold")
    assert (made.title, made.supplier, made.zone) == ("Cars", "Ana", "UTC")


def test_token_may_stand_in_the_body(demo: Workspace) -> None:
    _, text = TokenFactory.with_text(workspace=demo)

    answer = ApiClient("/v1").post("/datasets/DEMO", {"dataset": DRAFT, "token": text})

    assert body_of(answer)["success"] is True


def test_dataset_object_counts_what_it_holds(
    v1: ApiClient, prices: Dataset, store: Callable[..., int]
) -> None:
    store(prices, {"symbol": "A"}, {"symbol": "A"}, {"symbol": "B"})

    answer = v1.get("/datasets/DEMO/prices")

    milliseconds = int(NOW.timestamp() * 1000)
    assert body_of(answer) == {
        "datasetId": "PRICES",
        "title": "Prices",
        "description": "",
        "source": "",
        "schema": prices.schema,
        "columnMapping": {"key": "symbol"},
        "smartLinkAttributes": [],
        "parentDatasetId": None,
        "date": milliseconds,
        "updated": milliseconds,
        "keys": 2,
        "records": 3,
    }


def test_datasets_are_listed_as_they_were_made(
    v1: ApiClient, prices: Dataset, bars: Dataset
) -> None:
    answer = v1.get("/datasets/DEMO")

    assert [one["datasetId"] for one in body_of(answer)] == ["PRICES", "BARS"]


def test_deleted_dataset_is_gone_and_its_name_is_free(
    v1: ApiClient, prices: Dataset
) -> None:
    answer = v1.delete("/datasets/DEMO/PRICES")

    assert answer.status_code == 200
    assert body_of(answer)["success"] is True
    assert v1.get("/datasets/DEMO/PRICES").status_code == 404
    assert v1.get("/data/DEMO/PRICES").status_code == 404
    again = v1.post("/datasets/DEMO", {"dataset": {"datasetId": "prices"}})
    assert again.status_code == 200


def test_repeated_creation_answers_the_same(v1: ApiClient, demo: Workspace) -> None:
    first = v1.post("/datasets/DEMO", {"dataset": DRAFT}, Idempotency_Key="k")

    again = v1.post("/datasets/DEMO", {"dataset": DRAFT}, Idempotency_Key="k")

    assert body_of(again) == body_of(first)
    assert again["Idempotent-Replay"] == "true"
