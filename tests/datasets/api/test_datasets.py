"""Datasets in the native API."""

from __future__ import annotations

from typing import Any

import pytest
from pytest_django.fixtures import DjangoAssertNumQueries

from datasets.models import Dataset, Lane
from tests.datasets.clients import ApiClient, body_of
from tests.factories import DatasetFactory
from workspaces.models import Workspace

pytestmark = pytest.mark.django_db


def draft(**changes: object) -> dict[str, Any]:
    return {
        "slug": "CARS",
        "title": "Cars",
        "schema": {
            "type": "object",
            "properties": {
                "make": {"type": "string"},
                "sold": {"type": "string", "format": "date"},
            },
        },
        "index": {"key": "make", "date": "sold"},
        "zone": "Europe/Berlin",
        **changes,
    }


def test_dataset_is_made_with_its_lane(native: ApiClient, demo: Workspace) -> None:
    answer = native.post("/datasets", draft())

    made = body_of(answer)
    assert answer.status_code == 201
    assert made["slug"] == "CARS"
    assert made["index"] == {"key": "make", "subkey": "", "date": "sold"}
    assert made["schema"]["required"] == ["make"]
    assert (made["keys"], made["duplicates"], made["lateness_seconds"]) == (
        "exact",
        "ignore",
        60,
    )
    assert made["shards"] == 1
    assert Lane.objects.get().dataset.zone == "Europe/Berlin"
    assert body_of(native.get("/datasets/cars")) == made


def test_divided_dataset_has_a_lane_for_each_shard(
    native: ApiClient, demo: Workspace
) -> None:
    answer = native.post("/datasets", draft(shards=64))

    assert body_of(answer)["shards"] == 64
    lanes = Lane.objects.order_by("shard").values_list("shard", flat=True)
    assert list(lanes) == list(range(64))


def test_name_alone_makes_a_dataset(native: ApiClient, demo: Workspace) -> None:
    answer = native.post("/datasets", {"slug": "ANYTHING"})

    assert answer.status_code == 201
    assert Dataset.objects.get().key_field == ""


WRONG = [
    pytest.param({"slug": "NO-DASH"}, "/slug", id="name"),
    pytest.param({"slug": "DATASET"}, "/slug", id="reserved-name"),
    pytest.param({"slug": ""}, "/slug", id="empty-name"),
    pytest.param({"colour": "red"}, "/colour", id="unknown-field"),
    pytest.param({"index": {"keys": "make"}}, "/index/keys", id="unknown-inner-field"),
    pytest.param({"index": {"key": "model"}}, "/index/key", id="undeclared-key"),
    pytest.param({"zone": "Mars/Olympus"}, "/zone", id="zone"),
    pytest.param({"keys": "lower"}, "/keys", id="keys"),
    pytest.param({"lateness_seconds": -1}, "/lateness_seconds", id="lateness"),
    pytest.param({"shards": 0}, "/shards", id="no-shards"),
    pytest.param({"shards": 65}, "/shards", id="too-many-shards"),
    pytest.param({"shards": 2, "index": {}}, "/shards", id="shards-without-key"),
    pytest.param({"shards": 2, "duplicates": "refuse"}, "/shards", id="shards-refuse"),
    pytest.param({"title": "x" * 201}, "/title", id="title"),
    pytest.param({"schema": []}, "/schema", id="schema-is-an-array"),
    pytest.param(
        {"schema": {"properties": {"make": {"type": "txt"}}}},
        "/schema/properties/make/type",
        id="type-in-the-schema",
    ),
]


@pytest.mark.parametrize(("changes", "pointer"), WRONG)
def test_wrong_dataset_is_refused_at_its_place(
    native: ApiClient, demo: Workspace, changes: dict[str, object], pointer: str
) -> None:
    answer = native.post("/datasets", draft(**changes))

    assert answer.status_code == 422
    assert body_of(answer)["errors"][0]["pointer"] == pointer
    assert not Dataset.objects.exists()


@pytest.mark.parametrize("slug", ["PRICES", "prices"])
def test_name_is_taken_in_any_case(
    native: ApiClient, prices: Dataset, slug: str
) -> None:
    answer = native.post("/datasets", {"slug": slug})

    assert answer.status_code == 409
    assert body_of(answer)["code"] == "dataset_exists"


def test_repeated_creation_answers_the_same(native: ApiClient, demo: Workspace) -> None:
    first = native.post("/datasets", draft(), Idempotency_Key="k")

    again = native.post("/datasets", draft(), Idempotency_Key="k")

    assert again.status_code == 201
    assert body_of(again) == body_of(first)
    assert again["Idempotent-Replay"] == "true"


def test_deleted_dataset_is_gone(native: ApiClient, prices: Dataset) -> None:
    answer = native.delete("/datasets/prices")

    assert answer.status_code == 204
    assert answer.content == b""
    assert native.get("/datasets/prices").status_code == 404
    assert body_of(native.get("/datasets"))["data"] == []


@pytest.mark.parametrize("count", [1, 12])
def test_listing_datasets_costs_two_queries(
    native: ApiClient,
    demo: Workspace,
    django_assert_num_queries: DjangoAssertNumQueries,
    count: int,
) -> None:
    DatasetFactory.create_batch(count, workspace=demo)
    native.get("/datasets")  # notes the token's use

    with django_assert_num_queries(2):  # token, datasets
        page = body_of(native.get("/datasets"))

    assert len(page["data"]) == count
    assert page["has_more"] is False


def test_datasets_come_page_by_page(native: ApiClient, demo: Workspace) -> None:
    made = DatasetFactory.create_batch(3, workspace=demo)

    first = body_of(native.get("/datasets", limit=2))
    second = body_of(native.get("/datasets", limit=2, cursor=first["next"]))

    slugs = [row["slug"] for row in first["data"] + second["data"]]
    assert slugs == [one.slug for one in made]
