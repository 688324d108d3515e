"""Records in the native API: in, all or nothing; out, newest first, page by page."""

from __future__ import annotations

import gzip
from collections.abc import Callable
from datetime import timedelta
from decimal import Decimal

import pytest
from pytest_django.fixtures import DjangoAssertNumQueries, Settings

from alerts.pipeline import drain_lane
from config.clock import database_now
from datasets.models import Batch, Dataset, Record
from datasets.services import open_lane
from tests.datasets.clients import ApiClient, body_of
from workspaces.models import Workspace

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("at_once")]

RECORDS = "/datasets/prices/records"


def test_a_record_is_accepted_with_its_batch(
    native: ApiClient, prices: Dataset
) -> None:
    answer = native.post(RECORDS, {"symbol": "MSFT", "price": Decimal("309.20")})

    batch = Batch.objects.get()
    assert answer.status_code == 202
    assert body_of(answer) == {"batch": batch.pk, "accepted": 1, "state": "pending"}
    assert batch.is_live


def test_history_is_an_import_of_its_own(native: ApiClient, prices: Dataset) -> None:
    native.post(f"{RECORDS}?as=history", [{"symbol": "MSFT"}, {"symbol": "AAPL"}])

    batch = Batch.objects.get()
    assert not batch.is_live
    assert batch.options["closes_import"] is True


BODIES = [
    pytest.param(
        b'{"symbol":"A","price":1.10}\n{"symbol":"B","price":2}\n',
        "application/x-ndjson",
        id="json-lines",
    ),
    pytest.param(b"symbol,price\nA,1.10\nB,2\n", "text/csv; charset=utf-8", id="csv"),
    pytest.param(b'[{"symbol":"A","price":1.10},{"symbol":"B","price":2}]', "", id="?"),
]


@pytest.mark.parametrize(("body", "kind"), BODIES)
def test_every_kind_of_body_brings_the_same_records(
    native: ApiClient, prices: Dataset, body: bytes, kind: str
) -> None:
    answer = native.send("post", RECORDS, body, kind)

    assert answer.status_code == 202
    assert list(Record.objects.order_by("ord").values_list("key", "body")) == [
        ("A", {"symbol": "A", "price": Decimal("1.10")}),
        ("B", {"symbol": "B", "price": 2}),
    ]


def test_gzip_is_unpacked(native: ApiClient, prices: Dataset) -> None:
    body = gzip.compress(b'{"symbol":"MSFT"}')

    answer = native.send("post", RECORDS, body, Content_Encoding="gzip")

    assert answer.status_code == 202
    assert Record.objects.get().key == "MSFT"


def test_one_bad_record_stores_none(native: ApiClient, prices: Dataset) -> None:
    answer = native.post(RECORDS, [{"symbol": "MSFT"}, {"symbol": "A", "price": "x"}])

    problem = body_of(answer)
    assert answer.status_code == 422
    assert answer["Content-Type"] == "application/problem+json"
    assert problem["code"] == "events_invalid"
    assert problem["errors"][0]["pointer"] == "/1/price"
    assert not Record.objects.exists()


def test_waiting_answers_with_the_state(native: ApiClient, prices: Dataset) -> None:
    pending = native.post(
        f"{RECORDS}?wait=judged", {"symbol": "A"}, Idempotency_Key="k"
    )
    drain_lane(lane_id=open_lane(prices).pk)

    judged = native.post(f"{RECORDS}?wait=judged", {"symbol": "A"}, Idempotency_Key="k")

    assert (pending.status_code, body_of(pending)["state"]) == (202, "pending")
    assert (judged.status_code, body_of(judged)["state"]) == (200, "judged")


def test_refused_duplicates_are_named(
    native: ApiClient, bars: Dataset, store: Callable[..., int]
) -> None:
    bar = {"symbol": "A", "date": "2026-03-02"}
    store(bars, bar)
    path = "/datasets/bars/records?duplicates=refuse"
    native.post(path, bar, Idempotency_Key="k")
    drain_lane(lane_id=open_lane(bars).pk)

    refused = native.post(path, bar, Idempotency_Key="k")

    assert refused.status_code == 409
    assert body_of(refused)["code"] == "duplicates_refused"
    assert body_of(native.get("/datasets/bars/records"))["has_more"] is False
    assert Record.objects.current().count() == 1


def test_refused_duplicates_are_named_by_their_places_in_the_request(
    native: ApiClient, bars: Dataset, store: Callable[..., int], at_once: None
) -> None:
    store(bars, {"symbol": "A", "date": "2026-03-02"})
    path = "/datasets/bars/records?duplicates=refuse"
    sent = [
        {"symbol": "A", "date": f"2026-03-0{day}"}
        for day in (4, 2, 3)  # out of their order in time
    ]
    batch = body_of(native.post(path, sent, Idempotency_Key="k"))["batch"]
    drain_lane(lane_id=open_lane(bars).pk)

    refused = body_of(native.post(path, sent, Idempotency_Key="k"))

    assert [error["pointer"] for error in refused["errors"]] == ["/1"]
    assert body_of(native.get(f"/batches/{batch}"))["outcome"] == {"refused": [1]}


def test_same_key_stores_once(native: ApiClient, prices: Dataset) -> None:
    first = native.post(RECORDS, {"symbol": "A"}, Idempotency_Key="k")

    again = native.post(RECORDS, {"symbol": "A"}, Idempotency_Key="k")

    assert body_of(again) == body_of(first)
    assert "Idempotent-Replay" not in first
    assert again["Idempotent-Replay"] == "true"
    assert Record.objects.count() == 1


def test_same_key_with_another_body_is_refused(
    native: ApiClient, prices: Dataset
) -> None:
    native.post(RECORDS, {"symbol": "A"}, Idempotency_Key="k")

    other = native.post(RECORDS, {"symbol": "B"}, Idempotency_Key="k")

    assert other.status_code == 422
    assert body_of(other)["code"] == "idempotency_key_reused"


def test_keys_of_two_tokens_never_meet(
    native: ApiClient, demo: Workspace, prices: Dataset
) -> None:
    other = ApiClient.of(demo, native.base)
    native.post(RECORDS, {"symbol": "A"}, Idempotency_Key="k")

    answer = other.post(RECORDS, {"symbol": "A"}, Idempotency_Key="k")

    assert "Idempotent-Replay" not in answer
    assert Record.objects.count() == 2


def test_refused_request_may_be_mended_under_its_key(
    native: ApiClient, prices: Dataset
) -> None:
    native.post(RECORDS, {"symbol": 1.5}, Idempotency_Key="k")

    mended = native.post(RECORDS, {"symbol": "A"}, Idempotency_Key="k")

    assert mended.status_code == 202


def test_records_come_newest_first_with_digits_and_text_as_sent(
    native: ApiClient, bars: Dataset, store: Callable[..., int]
) -> None:
    store(bars, {"symbol": "A", "date": "2026-02-27", "close": Decimal("1.50")})
    store(
        bars, {"close": Decimal("1.60"), "note": 1, "date": "Mar 2 2026", "symbol": "A"}
    )

    page = body_of(native.get("/datasets/bars/records"))

    assert [row["fields"]["date"] for row in page["data"]] == [
        "Mar 2 2026",
        "2026-02-27",
    ]
    assert list(page["data"][0]["fields"]) == ["symbol", "date", "close", "note"]
    assert str(page["data"][0]["fields"]["close"]) == "1.60"
    assert page["data"][0]["event_time"] == "2026-03-02T05:00:00Z"


def test_pages_meet_without_gap_or_double(
    native: ApiClient, prices: Dataset, store: Callable[..., int]
) -> None:
    store(prices, *({"symbol": f"S{n}"} for n in range(5)))
    first = native.get(RECORDS, limit=2)
    store(prices, {"symbol": "LATER"})

    second = body_of(native.get(RECORDS, limit=2, cursor=body_of(first)["next"]))
    third = body_of(native.get(RECORDS, limit=2, cursor=second["next"]))
    back = body_of(native.get(RECORDS, limit=2, cursor=third["previous"]))

    assert _keys(body_of(first)) == ["S4", "S3"]
    assert _keys(second) == ["S2", "S1"]
    assert (_keys(third), third["next"], third["has_more"]) == (["S0"], None, False)
    assert _keys(back) == ["S2", "S1"]
    assert 'rel="next"' in first["Link"]


FILTERS = [
    pytest.param({"key": "B"}, ["B 02"], id="key"),
    pytest.param({"from": "2026-02-02"}, ["A 03", "B 02"], id="from-a-day"),
    pytest.param({"to": "2026-02-02"}, ["B 02", "A 01"], id="to-includes-its-day"),
    pytest.param({"from": "2026-02-02", "to": "2026-02-02"}, ["B 02"], id="one-day"),
    pytest.param({"from": "2026-02-04"}, [], id="nothing"),
    pytest.param({"key": "none"}, [], id="unknown-key"),
]


@pytest.mark.parametrize(("query", "expected"), FILTERS)
def test_records_are_narrowed(
    native: ApiClient,
    bars: Dataset,
    store: Callable[..., int],
    query: dict[str, str],
    expected: list[str],
) -> None:
    store(
        bars,
        {"symbol": "A", "date": "2026-02-01"},
        {"symbol": "B", "date": "2026-02-02 23:59"},
        {"symbol": "A", "date": "2026-02-03"},
    )

    page = body_of(native.get("/datasets/bars/records", **query))

    shown = [f"{row['key']} {row['fields']['date'][8:10]}" for row in page["data"]]
    assert shown == expected


def test_superseded_records_are_not_shown(
    native: ApiClient, bars: Dataset, store: Callable[..., int]
) -> None:
    store(bars, {"symbol": "A", "date": "2026-03-02", "close": 1})
    store(bars, {"symbol": "A", "date": "2026-03-02", "close": 2})

    page = body_of(native.get("/datasets/bars/records"))

    assert [row["fields"]["close"] for row in page["data"]] == [1]


def test_capital_keys_are_found_in_any_case(
    native: ApiClient, prices: Dataset, store: Callable[..., int]
) -> None:
    prices.key_form = "upper"
    prices.save(update_fields=["key_form"])
    store(prices, {"symbol": "msft"})

    assert _keys(body_of(native.get(RECORDS, key="Msft"))) == ["MSFT"]


@pytest.mark.parametrize("count", [1, 30])
def test_a_page_of_records_costs_three_queries(
    native: ApiClient,
    prices: Dataset,
    store: Callable[..., int],
    django_assert_num_queries: DjangoAssertNumQueries,
    count: int,
) -> None:
    store(prices, *({"symbol": f"S{n}"} for n in range(count)))
    native.get(RECORDS)  # notes the token's use

    with django_assert_num_queries(3):  # token, dataset, records
        page = native.get(RECORDS)

    assert len(body_of(page)["data"]) == count


def _keys(page: dict[str, list[dict[str, str]]]) -> list[str]:
    return [row["key"] for row in page["data"]]


@pytest.mark.parametrize("path", ["native", "v1"])
def test_full_backlog_asks_to_come_again(
    request: pytest.FixtureRequest, prices: Dataset, settings: Settings, path: str
) -> None:
    settings.BELLWETHER_BACKLOG_EVENTS = 1
    client = request.getfixturevalue(path)
    place = {"native": RECORDS, "v1": "/record/DEMO/PRICES"}[path]
    client.post(place, {"symbol": "A"})

    answer = client.post(place, {"symbol": "B"})

    assert answer.status_code == 429
    assert int(answer["Retry-After"]) >= 1
    assert Record.objects.count() == 1


@pytest.mark.parametrize("path", ["native", "v1"])
def test_a_lane_that_lags_asks_to_come_again(
    request: pytest.FixtureRequest, prices: Dataset, path: str
) -> None:
    client = request.getfixturevalue(path)
    place = {"native": RECORDS, "v1": "/record/DEMO/PRICES"}[path]
    client.post(place, {"symbol": "A"})
    Batch.objects.update(received_at=database_now() - timedelta(seconds=61))

    answer = client.post(place, {"symbol": "B"})

    assert answer.status_code == 429
    assert int(answer["Retry-After"]) >= 1
    assert Record.objects.count() == 1
