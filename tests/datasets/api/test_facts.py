"""The search behind the rule form's fact picker."""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal

import pytest
from pytest_django.fixtures import DjangoAssertNumQueries

from datasets.models import Dataset
from datasets.services.searching import fact_path
from rules.engine import FactPath
from tests.datasets.clients import ApiClient, body_of
from tests.factories import DatasetFactory, WorkspaceFactory
from workspaces.models import Workspace

pytestmark = pytest.mark.django_db


@pytest.fixture
def market(demo: Workspace, store: Callable[..., int]) -> Dataset:
    """Facts of AAPL, MSFT and MSTR in DEMO:QUOTES, and of MSFT in CORE:STOCK."""
    quotes = DatasetFactory.create(workspace=demo, slug="QUOTES")
    core = WorkspaceFactory.create(slug="CORE", is_shared=True)
    stock = DatasetFactory.create(
        workspace=core, slug="STOCK", title="US stocks", is_simulated=True
    )
    for symbol in ("AAPL", "MSFT", "MSTR"):
        store(quotes, {"symbol": symbol, "price": Decimal("1.50"), "open": 1})
    store(stock, {"symbol": "MSFT", "price": 310})
    return quotes


SEARCHES = [
    pytest.param("msft price", ["DEMO:QUOTES:MSFT:price", "CORE:STOCK:MSFT:price"]),
    pytest.param("price msft stock", ["CORE:STOCK:MSFT:price"]),
    pytest.param("core msft pri", ["CORE:STOCK:MSFT:price"]),
    pytest.param("us stocks price", ["CORE:STOCK:MSFT:price"]),
    pytest.param("CORE:STOCK:MSFT:price", ["CORE:STOCK:MSFT:price"]),
    pytest.param("mstr OPEN", ["DEMO:QUOTES:MSTR:open"]),
    pytest.param("ms demo price", ["DEMO:QUOTES:MSFT:price", "DEMO:QUOTES:MSTR:price"]),
    pytest.param("apl open", ["DEMO:QUOTES:AAPL:open"]),
    pytest.param("nothing", []),
    pytest.param("100% _", []),
]


@pytest.mark.parametrize(("text", "expected"), SEARCHES)
def test_facts_are_found_by_any_of_their_parts(
    native: ApiClient, market: Dataset, text: str, expected: list[str]
) -> None:
    found = body_of(native.get("/facts", q=text))["data"]

    assert [fact["fact"] for fact in found] == expected


def test_a_fact_shows_what_a_person_must_know(
    native: ApiClient, market: Dataset
) -> None:
    (fact,) = body_of(native.get("/facts", q="stock msft price"))["data"]

    assert fact == {
        "fact": "CORE:STOCK:MSFT:price",
        "workspace": "CORE",
        "dataset": "STOCK",
        "dataset_title": "US stocks",
        "is_simulated": True,
        "key": "MSFT",
        "field": "price",
        "type": "number",
        "value": 310,
        "event_time": "2026-03-02T15:30:00Z",
    }


def test_nearest_keys_come_first(
    native: ApiClient, prices: Dataset, store: Callable[..., int]
) -> None:
    store(prices, *({"symbol": symbol} for symbol in ("XA", "AB", "A")))

    found = body_of(native.get("/facts", q="a symbol"))["data"]

    assert [fact["key"] for fact in found] == ["A", "AB", "XA"]


def test_search_stays_inside_one_dataset(native: ApiClient, market: Dataset) -> None:
    found = body_of(native.get("/datasets/quotes/facts", q="msft"))["data"]

    assert {fact["dataset"] for fact in found} == {"QUOTES"}
    assert [fact["field"] for fact in found] == ["symbol", "price", "open"]


def test_other_workspaces_facts_are_never_found(
    native: ApiClient, market: Dataset, store: Callable[..., int]
) -> None:
    foreign = DatasetFactory.create(slug="SECRETS")
    store(foreign, {"symbol": "MSFT", "price": 1})

    found = body_of(native.get("/facts", q="msft", limit=200))["data"]

    assert {fact["workspace"] for fact in found} == {"DEMO", "CORE"}


def test_limit_says_that_there_is_more(native: ApiClient, market: Dataset) -> None:
    page = body_of(native.get("/facts", limit=1))

    assert (len(page["data"]), page["has_more"]) == (1, True)


@pytest.mark.parametrize("count", [1, 40])
def test_a_search_costs_three_queries(
    native: ApiClient,
    prices: Dataset,
    store: Callable[..., int],
    django_assert_num_queries: DjangoAssertNumQueries,
    count: int,
) -> None:
    store(prices, *({"symbol": f"S{n}", "price": n} for n in range(count)))
    native.get("/facts")  # notes the token's use

    with django_assert_num_queries(3):  # token, datasets, facts
        native.get("/facts", q="price s")


PLACES = [("MSFT", "price"), ("*", "a.b"), ("ANYEVENT", "x[0]"), ("a:b", "c\\d")]


@pytest.mark.parametrize(("key", "field"), PLACES)
def test_path_is_written_as_rules_read_it(key: str, field: str) -> None:
    path = fact_path(workspace="DEMO", dataset="PRICES", key=key, field=field)

    named = FactPath.naming(workspace="DEMO", dataset="PRICES", key=key, name=field)
    assert path == str(named)
    assert FactPath.parse(path).named_key == key
