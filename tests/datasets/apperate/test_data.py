"""`GET /data`: which records, how many, in what order; and loads."""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal

import pytest
from pytest_django.fixtures import DjangoAssertNumQueries

from datasets.models import Dataset, Duplicates, Job
from tests.datasets.clients import ApiClient, body_of
from tests.factories import NOW, DatasetFactory, WorkspaceFactory
from workspaces.models import Workspace

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("at_once")]


@pytest.fixture
def week(bars: Dataset, store: Callable[..., int]) -> Dataset:
    """Bars of A and B on 2 to 6 February, the close is the day."""
    for day in range(2, 7):
        date = f"2026-02-{day:02d}"
        store(
            bars,
            {"symbol": "A", "date": date, "close": day},
            {"symbol": "B", "date": date, "close": 10 * day},
        )
    return bars


READS = [
    pytest.param("/A", {}, [6], id="one-unless-said"),
    pytest.param("/A/", {"last": 2}, [6, 5], id="last"),
    pytest.param("/A", {"limit": 3}, [6, 5, 4], id="limit"),
    pytest.param("/A", {"first": 2}, [2, 3], id="first"),
    pytest.param("/A", {"first": 2, "sort": "desc"}, [3, 2], id="first-turned"),
    pytest.param("/A", {"last": 2, "sort": "ASC"}, [5, 6], id="last-turned"),
    pytest.param("/A", {"limit": 2, "sort": "asc"}, [2, 3], id="limit-from-the-start"),
    pytest.param("/A", {"from": "2026-02-04"}, [6, 5, 4], id="from"),
    pytest.param("/A", {"to": "2026-02-03"}, [3, 2], id="to"),
    pytest.param(
        "/A", {"from": "2026-02-03", "to": "2026-02-05"}, [5, 4, 3], id="period"
    ),
    pytest.param(
        "/A", {"from": "2026-02-03", "sort": "ASC"}, [3, 4, 5, 6], id="from-ascending"
    ),
    pytest.param("/A", {"from": "2026-02-03", "limit": 2}, [6, 5], id="from-and-limit"),
    pytest.param("/A", {"from": "2026-02-03", "first": 1}, [3], id="from-and-first"),
    pytest.param("/A", {"on": "2026-02-04"}, [4], id="on"),
    pytest.param("/A", {"on": "2026-02-07"}, [], id="on-a-day-without"),
    pytest.param("/A", {"range": "q12026"}, [6, 5, 4, 3, 2], id="range"),
    pytest.param("/A", {"range": "H12026", "last": 2}, [6, 5], id="range-and-last"),
    pytest.param("/A", {"range": "2025"}, [], id="range-without"),
    pytest.param("/A,B", {}, [6, 60], id="keys"),
    pytest.param("/B,A,B", {"last": 2}, [60, 50, 6, 5], id="keys-as-asked"),
    pytest.param("/A,B", {"last": 2, "sort": "ASC"}, [5, 6, 50, 60], id="keys-turned"),
    pytest.param("", {"last": 3}, [60, 6, 50], id="whole-dataset"),
    pytest.param("", {"first": 3}, [2, 20, 3], id="whole-dataset-first"),
    pytest.param("/C", {}, [], id="unknown-key"),
    pytest.param("/a", {}, [], id="keys-are-exact"),
    pytest.param("/A,C", {}, [6], id="one-known-key"),
]


@pytest.mark.parametrize(("path", "query", "expected"), READS)
def test_records_are_read(
    v1: ApiClient,
    week: Dataset,
    path: str,
    query: dict[str, str],
    expected: list[int],
) -> None:
    answer = v1.get(f"/data/demo/Bars{path}", **query)

    assert answer.status_code == 200
    assert [row["close"] for row in body_of(answer)] == expected


def test_older_name_reads_the_same(v1: ApiClient, week: Dataset) -> None:
    asked = "/DEMO/BARS/A?limit=1&&"

    assert body_of(v1.get(f"/query{asked}")) == body_of(v1.get(f"/data{asked}"))


def test_values_come_back_as_sent_in_the_order_of_the_schema(
    v1: ApiClient, bars: Dataset
) -> None:
    body = (
        b'{"extra": "\\u00e9", "close": 1.50, "date": "Mar 2 2026",'
        b' "symbol": "x@y.z a"}'
    )
    v1.send("post", "/record/DEMO/BARS?wait=false", body)

    answer = v1.get("/data/DEMO/BARS/x@y.z%20a")

    text = '[{"symbol":"x@y.z a","date":"Mar 2 2026","close":1.50,"extra":"é"}]'
    assert answer.content.decode() == text


NUMBERS = ["0.1", "1.10", "12345678901234567890.12345678901234", "-0.0", "1e5"]


@pytest.mark.parametrize("number", NUMBERS)
def test_numbers_keep_their_value_to_the_last_digit(
    v1: ApiClient, bars: Dataset, number: str
) -> None:
    body = f'{{"symbol": "A", "close": {number}}}'.encode()
    v1.send("post", "/record/DEMO/BARS?wait=false", body)

    (row,) = body_of(v1.get("/data/DEMO/BARS/A"))

    assert Decimal(row["close"]) == Decimal(number)


def test_filter_keeps_the_fields_named(v1: ApiClient, week: Dataset) -> None:
    answer = v1.get("/data/DEMO/BARS/A", filter="close,nothing,symbol")

    assert body_of(answer) == [{"close": 6, "symbol": "A"}]


def test_system_properties_come_when_asked(v1: ApiClient, week: Dataset) -> None:
    answer = v1.get("/data/DEMO/BARS/A", includeSystemRecordProperties="true")

    (row,) = body_of(answer)
    assert row["_systemRecordProperties"] == {
        "id": "BARS",
        "key": "A",
        "subkey": "",
        "date": 1_770_354_000_000,  # midnight in New York
        "updated": int(NOW.timestamp() * 1000),
    }


def test_subkeys_narrow_a_key(
    v1: ApiClient, prices: Dataset, store: Callable[..., int]
) -> None:
    prices.subkey_field = "venue"
    prices.save(update_fields=["subkey_field"])
    store(prices, *({"symbol": "A", "venue": venue} for venue in ("X", "Y", "Z")))

    answer = v1.get("/data/DEMO/PRICES/A/Z,X", last=5)

    assert [row["venue"] for row in body_of(answer)] == ["Z", "X"]


def test_datasets_are_read_one_after_the_other(
    v1: ApiClient, week: Dataset, prices: Dataset, store: Callable[..., int]
) -> None:
    store(prices, {"symbol": "A", "price": 1})

    answer = v1.get("/data/DEMO/prices,nothing,bars/A")

    assert answer.status_code == 200
    assert body_of(answer) == [
        {"symbol": "A", "price": 1},
        {"symbol": "A", "date": "2026-02-06", "close": 6},
        {"_system_error": "There is no dataset nothing."},
    ]


def test_shared_workspace_is_read_with_any_token(
    v1: ApiClient, demo: Workspace, store: Callable[..., int]
) -> None:
    core = WorkspaceFactory(slug="CORE", is_shared=True)
    stock = DatasetFactory(workspace=core, slug="STOCK", key_form="upper")
    store(stock, {"symbol": "msft", "price": 310})

    answer = v1.get("/data/core/stock/msft")

    assert body_of(answer) == [{"symbol": "MSFT", "price": 310}]


@pytest.mark.parametrize("keys", ["A", "A,B", ",".join(f"K{n}" for n in range(200))])
def test_reading_keys_costs_three_queries(
    v1: ApiClient,
    week: Dataset,
    django_assert_num_queries: DjangoAssertNumQueries,
    keys: str,
) -> None:
    v1.get("/data/DEMO/BARS/A")  # notes the token's use

    with django_assert_num_queries(3):  # token, datasets, records
        v1.get(f"/data/DEMO/BARS/{keys}", last=5)


@pytest.mark.parametrize("count", [1, 5])
def test_listing_datasets_costs_four_queries(
    v1: ApiClient,
    demo: Workspace,
    django_assert_num_queries: DjangoAssertNumQueries,
    count: int,
) -> None:
    DatasetFactory.create_batch(count, workspace=demo)
    v1.get("/datasets/DEMO")  # notes the token's use

    with django_assert_num_queries(4):  # token, datasets, keys, records
        answer = v1.get("/data/DEMO")

    assert len(body_of(answer)) == count


PLAIN = {"is_live": False, "duplicates": "", "errors_allowed": None}
LOADS = [
    pytest.param("post", "/data", "", PLAIN, id="history"),
    pytest.param("put", "/datasets", "", PLAIN, id="put"),
    pytest.param("post", "/data", "event=true", {**PLAIN, "is_live": True}, id="live"),
    pytest.param(
        "post",
        "/data",
        "duplicateKeyHandling=true&maximumValidationErrors=3&wait=false",
        {**PLAIN, "duplicates": Duplicates.REPLACE, "errors_allowed": 3},
        id="replace",
    ),
    pytest.param(
        "post",
        "/data",
        "overwrite=True&maximumValidationErrors=&wait=",
        {**PLAIN, "duplicates": Duplicates.REPLACE},
        id="overwrite",
    ),
]


@pytest.mark.parametrize(("method", "path", "query", "expected"), LOADS)
def test_a_load_becomes_an_import(
    v1: ApiClient,
    prices: Dataset,
    method: str,
    path: str,
    query: str,
    expected: dict[str, object],
) -> None:
    body = b"symbol,price\nA,1.50\n"

    answer = v1.send(method, f"{path}/DEMO/PRICES?{query}", body, "text/csv")

    job = Job.objects.get()
    assert answer.status_code == 200
    assert body_of(answer) == {
        "success": True,
        "message": f"Data upload of {len(body)}B for PRICES completed, jobId: "
        f"{job.pk} has been created",
        "jobId": str(job.pk),
        "jobUrl": f"/v1/jobs/DEMO/ingest/{job.pk}",
    }
    assert {name: getattr(job, name) for name in expected} == expected


def test_a_load_is_repeated_under_its_key_without_effect(
    v1: ApiClient, prices: Dataset
) -> None:
    body = [{"symbol": "A"}]
    first = v1.post("/data/DEMO/PRICES", body, Idempotency_Key="k")

    again = v1.post("/data/DEMO/PRICES", body, Idempotency_Key="k")
    other = v1.post("/data/DEMO/PRICES", [{"symbol": "B"}], Idempotency_Key="k")

    assert body_of(again) == body_of(first)
    assert again["Idempotent-Replay"] == "true"
    assert other.status_code == 400
    assert Job.objects.count() == 1
