"""The pages of datasets: all of them, one, and its records."""

from __future__ import annotations

import uuid
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.test import Client

from datasets.json import decode
from datasets.models import Dataset, Job, Run, RunState, Source
from tests.factories import NOW, DatasetFactory, MembershipFactory, WorkspaceFactory
from workspaces.models import AuditEntry, Role, Workspace

pytestmark = pytest.mark.django_db


@pytest.fixture
def owner(demo: Workspace) -> Client:
    client = Client()
    client.force_login(MembershipFactory(workspace=demo).user)
    return client


@pytest.fixture
def viewer(demo: Workspace) -> Client:
    client = Client()
    client.force_login(MembershipFactory(workspace=demo, role=Role.VIEWER).user)
    return client


@pytest.fixture
def market(db: None) -> Dataset:
    """CORE:STOCK, which everybody may read."""
    core = WorkspaceFactory(slug="CORE", is_shared=True)
    return DatasetFactory(workspace=core, slug="STOCK", is_simulated=True)


@pytest.fixture
def much(
    demo: Workspace, prices: Dataset, market: Dataset, store: Callable[..., object]
) -> None:
    """Several datasets, sources and imports."""
    for _ in range(3):
        other = DatasetFactory(workspace=demo)
        store(other, {"symbol": "MSFT", "price": 1})
        store(prices, {"symbol": "MSFT", "price": 1}, {"symbol": "AAPL"})
        Source.objects.create(
            dataset=prices, name="s", kind="x", next_run_at=NOW, created_at=NOW
        )
        Job.objects.create(id=uuid.uuid4(), dataset=prices, created_at=NOW)


def text_of(response: Any) -> str:
    return " ".join(response.content.decode().split())


def test_own_and_shared_datasets_are_listed(owner, prices, market, store):
    store(prices, {"symbol": "MSFT", "price": 1})

    page = owner.get("/w/demo/data")

    assert [one.dataset for one in page.context["own"]] == [prices]
    assert page.context["own"][0].rows == 1
    assert [one.dataset for one in page.context["shared"]] == [market]
    assert "Simulated" in text_of(page)
    assert "/w/CORE/data/STOCK" in text_of(page)


def test_without_datasets_there_is_a_place_to_paste(owner, viewer, demo):
    assert 'name="text"' in text_of(owner.get("/w/DEMO/data"))
    assert 'name="text"' not in text_of(viewer.get("/w/DEMO/data"))
    assert "its editors may change it" in text_of(viewer.get("/w/DEMO/data"))


def test_a_dataset_says_what_it_holds(owner, bars, store):
    store(bars, {"symbol": "GOOG", "date": "2026-03-02", "close": decode(b"1.50")})

    page = text_of(owner.get("/w/DEMO/data/bars"))

    assert "1 record, newest 2026-03-02 <" in page
    assert "/api/v1/workspaces/DEMO/datasets/BARS/records" in page
    assert "{&quot;symbol&quot;:&quot;GOOG&quot;,&quot;date&quot;:" in page
    assert "&quot;close&quot;:1.50}" in page
    assert "America/New_York" in page


def test_an_empty_dataset_offers_the_import(owner, viewer, prices):
    assert "Import records" in text_of(owner.get("/w/DEMO/data/PRICES"))
    assert "Import records" not in text_of(viewer.get("/w/DEMO/data/PRICES"))
    assert "its editors may change it" in text_of(viewer.get("/w/DEMO/data/PRICES"))


def test_sources_are_shown_with_their_last_run(owner, prices):
    source = Source.objects.create(
        dataset=prices, name="ticker", kind="x", next_run_at=NOW, created_at=NOW
    )
    for minutes, rows in ((0, 3), (1, 5)):
        Run.objects.create(
            source=source,
            slot=NOW + timedelta(minutes=minutes),
            state=RunState.DONE,
            started_at=NOW,
            rows=rows,
        )

    page = text_of(owner.get("/w/DEMO/data/PRICES"))

    assert "ticker" in page
    assert "5 records" in page


def test_source_that_writes_its_past_says_so_and_how_much_is_stored(owner, source):
    Source.objects.update(past_until=NOW)
    Run.objects.create(
        source=source, slot=NOW, is_history=True, started_at=NOW, rows=12_500
    )

    page = text_of(owner.get("/w/DEMO/data/PRICES"))

    assert "Its past is being written, 12,500 records so far." in page


def test_numbers_are_shown_with_their_digits(owner, prices, store):
    store(
        prices,
        {"symbol": "MSFT", "price": decode(b"1.50"), "volume": 2**53 + 1},
        {"symbol": "AAPL", "price": None},
    )

    page = text_of(owner.get("/w/DEMO/data/PRICES/browse"))

    assert ">1.50<" in page
    assert ">9007199254740993<" in page
    assert ">null<" in page
    assert "not sent" in page
    assert "3 fields that none of these records carries are not shown" in page


def test_records_of_one_key_are_shown_alone(owner, prices, store):
    store(prices, {"symbol": "MSFT", "price": 1}, {"symbol": "AAPL", "price": 2})

    page = owner.get("/w/DEMO/data/PRICES/browse", {"key": "AAPL"})
    nothing = owner.get("/w/DEMO/data/PRICES/browse", {"key": "nope"})

    assert [row["key"] for row in page.context["rows"]] == ["AAPL"]
    assert "No records of this key" in text_of(nothing)


def test_pages_lead_through_all_records_and_back(owner, prices, store, demo):
    # Three batches at one moment, so that the order leans on batch and place.
    for first in range(0, 120, 40):
        numbers = range(first, first + 40)
        store(prices, *({"symbol": "MSFT", "price": number} for number in numbers))
    url = "/w/DEMO/data/PRICES/browse"
    seen, ways = [], []

    page = owner.get(url, {"key": "MSFT"})
    while True:
        seen.append([row["cells"][0].text for row in page.context["rows"]])
        ways.append((page.context["newer"], page.context["older"]))
        if not page.context["older"]:
            break
        page = owner.get(url + page.context["older"])
    back = owner.get(url + ways[-1][0])

    assert [int(text) for part in seen for text in part] == [*reversed(range(120))]
    assert [len(part) for part in seen] == [50, 50, 20]
    assert ways[0][0] == ""
    assert [row["cells"][0].text for row in back.context["rows"]] == seen[1]


@pytest.mark.parametrize(
    "at", ["nonsense", "older.1", "older.99999999999999999.1.1", "later.1.1.1"]
)
def test_what_is_no_place_shows_the_newest(owner, prices, store, at):
    store(prices, {"symbol": "MSFT", "price": 1})

    page = owner.get("/w/DEMO/data/PRICES/browse", {"at": at})

    assert len(page.context["rows"]) == 1


def test_a_dataset_called_new_has_a_page(owner, demo):
    DatasetFactory(workspace=demo, slug="new")

    listed = text_of(owner.get("/w/DEMO/data"))

    assert "/w/DEMO/data/NEW" in listed
    assert "Fields" in text_of(owner.get("/w/DEMO/data/NEW"))


def test_pages_of_others_are_not_found(owner, prices, store):
    elsewhere = DatasetFactory(workspace=WorkspaceFactory(slug="ELSE"), slug="SECRET")
    job = Job.objects.create(
        id="a" * 32, dataset=elsewhere, created_at=NOW, file_name="secret.csv"
    )

    paths = [
        "/w/ELSE/data",
        "/w/ELSE/data/SECRET",
        "/w/ELSE/jobs",
        "/w/DEMO/data/SECRET",
        "/w/DEMO/data/SECRET/browse",
        "/w/DEMO/data/SECRET/import",
        f"/w/DEMO/jobs/{job.pk}",
    ]

    assert [owner.get(path).status_code for path in paths] == [404] * len(paths)
    assert "secret.csv" not in text_of(owner.get("/w/DEMO/jobs"))


def test_who_is_not_signed_in_is_asked_to(prices):
    answer = Client().get("/w/DEMO/data")

    assert answer["Location"].startswith("/login?next=")


@pytest.mark.parametrize(
    ("path", "queries"),
    [
        pytest.param("/w/DEMO/data", 8, id="list"),
        pytest.param("/w/DEMO/data/PRICES", 11, id="dataset"),
        pytest.param("/w/DEMO/data/PRICES/browse", 7, id="records"),
        pytest.param("/w/DEMO/jobs", 6, id="imports"),
    ],
)
def test_pages_ask_the_database_no_more_than_they_must(
    path, queries, owner, much, django_assert_num_queries
):
    with django_assert_num_queries(queries):
        owner.get(path)


@pytest.fixture
def source(prices: Dataset) -> Source:
    """What fills DEMO:PRICES."""
    return Source.objects.create(
        dataset=prices,
        name="Exchange",
        kind="simulator",
        every_seconds=5,
        next_run_at=NOW,
        created_at=NOW,
    )


def test_owner_turns_a_source_off_and_on(owner, source):
    address = f"/w/DEMO/data/PRICES/sources/{source.pk}/turn"
    off = owner.post(address, {"on": "false"}, follow=True)

    source.refresh_from_db()
    assert not source.is_enabled
    assert "The source Exchange is off." in text_of(off)
    assert 'aria-checked="false"' in text_of(off)
    owner.post(address, {"on": "true"})
    source.refresh_from_db()
    assert source.is_enabled
    assert source.next_run_at > NOW
    assert list(AuditEntry.objects.values_list("action", "target")) == [
        ("source.turned_off", "Exchange"),
        ("source.turned_on", "Exchange"),
    ]


def test_switch_is_answered_alone_where_script_asks(owner, source):
    answer = owner.post(
        f"/w/DEMO/data/PRICES/sources/{source.pk}/turn",
        {"on": "false"},
        headers={"HX-Request": "true"},
    )

    page = text_of(answer)
    assert page.startswith("<form")
    assert 'aria-checked="false"' in page
    assert decode(answer["HX-Trigger"].encode()) == {
        "toast": {"text": "The source Exchange is off."}
    }


def test_only_owners_switch_and_others_read_why_they_may_not(viewer, source):
    page = text_of(viewer.get("/w/DEMO/data/PRICES"))
    answer = viewer.post(
        f"/w/DEMO/data/PRICES/sources/{source.pk}/turn", {"on": "false"}
    )

    source.refresh_from_db()
    assert "Only owners of DEMO turn sources on and off." in page
    assert answer.status_code == 403
    assert source.is_enabled


def test_source_of_another_dataset_is_missing(owner, source, bars):
    address = f"/w/DEMO/data/BARS/sources/{source.pk}/turn"

    assert owner.post(address, {"on": "false"}).status_code == 404


def test_source_held_by_the_settings_says_so(owner, source):
    Source.objects.update(is_held=True)

    page = text_of(owner.get("/w/DEMO/data/PRICES"))

    assert "the simulator is off for this installation" in page
