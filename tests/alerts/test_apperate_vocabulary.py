"""What clients are told that rules can be made of, and what rules have logged."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from typing import Any

import pytest
from jsonschema import Draft202012Validator
from pytest_django.fixtures import DjangoAssertNumQueries

from alerts.pipeline import drain_lane
from datasets.models import Dataset
from datasets.schemas import Index
from datasets.services import (
    DatasetDraft,
    Ingest,
    accept_batch,
    create_dataset,
    lanes_of,
)
from rules.models import Version
from tests.alerts.market import Market
from tests.datasets.clients import ApiClient, body_of
from tests.factories import NOW, DatasetFactory, WorkspaceFactory
from workspaces.models import TokenKind, Workspace

MANY = 201
SCHEMA = {
    "type": "object",
    "properties": {"id": {"type": "string"}, "note": {"type": "string"}},
    "required": ["id"],
}


@pytest.fixture
def v1(market: Market) -> ApiClient:
    return ApiClient.of(market.workspace, "/v1")


@pytest.fixture
def quoted(market: Market) -> Market:
    """Two symbols at two venues, one of them without one now."""
    market.trade(
        {"symbol": "MSFT", "price": 310, "venue": "XNAS", "halted": False},
        {"symbol": "SHOP", "price": 80, "venue": "XTSE"},
        {"symbol": "AAPL", "price": 190, "venue": "XNAS"},
        {"symbol": "KO", "price": 60, "venue": None},
    )
    return market


@pytest.fixture
def notes(market: Market) -> Dataset:
    """DEMO:NOTES, of more keys than are listed, divided among two lanes."""
    made = create_dataset(
        access=market.access,
        draft=DatasetDraft(
            slug="NOTES", schema=SCHEMA, index=Index(key="id"), shards=2
        ),
        now=NOW,
    )
    store(made, [{"id": f"N{n:03}", "note": f"note {n}"} for n in range(MANY)])
    return made


def store(dataset: Dataset, events: list[dict[str, Any]]) -> None:
    accept_batch(dataset=dataset, events=events, ingest=Ingest(), now=NOW)
    for lane in lanes_of(dataset):
        drain_lane(lane_id=lane.pk)


def shared_stock() -> Dataset:
    core = WorkspaceFactory(slug="CORE", is_shared=True)
    return DatasetFactory(workspace=core, slug="STOCK", key_form="upper")


def looked_up(v1: ApiClient, fact: str) -> list[str]:
    answer = body_of(v1.get(f"/rules/lookup/{fact}"))
    assert [one["label"] for one in answer] == [one["value"] for one in answer]
    assert {one["type"] for one in answer} <= {"string"}
    return [one["value"] for one in answer]


def namespaces(v1: ApiClient) -> list[tuple[str, dict[str, Any]]]:
    """Return every dataset that is advertised, each with its workspace."""
    return [
        (one["workspace"], namespace)
        for one in body_of(v1.get("/rules/schema"))["schema"]["workspaces"]
        for namespace in one["namespaces"]
    ]


LOOKUPS = [
    pytest.param("symbol", ["AAPL", "KO", "MSFT", "SHOP"], id="key"),
    pytest.param("venue", ["XNAS", "XTSE"], id="other-text"),
    pytest.param("price", [], id="number"),
    pytest.param("halted", [], id="boolean"),
    pytest.param("colour", [], id="unknown"),
]


@pytest.mark.parametrize(("fact", "values"), LOOKUPS)
@pytest.mark.parametrize("slash", ["", "/"])
def test_lookup_lists_the_values_of_ones_own_facts(
    v1: ApiClient, quoted: Market, fact: str, values: list[str], slash: str
) -> None:
    assert looked_up(v1, f"{fact}{slash}") == values


def test_lookup_reads_what_is_shared_and_nothing_of_others(
    v1: ApiClient, quoted: Market
) -> None:
    store(shared_stock(), [{"symbol": "nvda", "venue": "XNAS"}])
    other = WorkspaceFactory(slug="OTHER")
    theirs = DatasetFactory(workspace=other, slug="SECRETS")
    store(theirs, [{"symbol": "SECRET", "venue": "HIDDEN"}])

    assert looked_up(v1, "symbol") == ["AAPL", "KO", "MSFT", "NVDA", "SHOP"]
    assert looked_up(v1, "venue") == ["XNAS", "XTSE"]
    assert {workspace for workspace, _ in namespaces(v1)} == {"CORE", "DEMO"}


def test_of_a_large_dataset_its_keys_alone_are_looked_up(
    v1: ApiClient, notes: Dataset
) -> None:
    keys = [f"N{n:03}" for n in range(MANY)]
    shown = {one["namespace"]: one for _, one in namespaces(v1)}

    assert looked_up(v1, "id") == keys
    assert looked_up(v1, "note") == []
    assert shown["NOTES"]["entities"] == keys[:200]


def test_every_fact_is_a_lookup_exactly_where_lookup_answers(
    v1: ApiClient, quoted: Market, notes: Dataset
) -> None:
    DatasetFactory(
        workspace=quoted.workspace,
        slug="EMPTY",
        key_field="name",
        schema={"type": "object", "properties": {"name": {"type": "string"}}},
    )

    said = {
        fact["value"]: fact["isLookup"]
        for _, namespace in namespaces(v1)
        for fact in namespace["facts"]
    }

    assert [name for name, is_lookup in said.items() if is_lookup] == [
        "id",
        "symbol",
        "venue",
    ]
    assert said == {name: looked_up(v1, name) != [] for name in said}


def test_legacy_list_says_so_too(v1: ApiClient, market: Market) -> None:
    store(shared_stock(), [{"symbol": "nvda", "venue": "XNAS"}])
    v1.base = "/stable"

    flat = body_of(v1.get("/rules/schema"))["schema"]

    lookups = [fact["value"] for fact in flat if fact["isLookup"]]
    assert lookups == ["symbol", "venue"]


@pytest.mark.parametrize("count", [1, 150])
def test_lookup_costs_the_same_however_many_keys_there_are(
    v1: ApiClient,
    market: Market,
    django_assert_num_queries: DjangoAssertNumQueries,
    count: int,
) -> None:
    market.trade(*({"symbol": f"S{n}", "venue": "XNAS"} for n in range(count)))
    v1.get("/rules/lookup/venue")  # notes the token's use

    with django_assert_num_queries(5):  # token, datasets, lanes, keys, facts
        assert looked_up(v1, "venue") == ["XNAS"]


def test_each_kind_of_output_advertises_its_fields(v1: ApiClient) -> None:
    kinds = body_of(v1.get("/rules/schema"))["notificationTypes"]

    fields = {kind["value"]: list(kind["schema"]["properties"]) for kind in kinds}
    required = {kind["value"]: kind["schema"]["required"] for kind in kinds}
    assert fields == {
        "email": ["to", "subject", "message", "frequency"],
        "webhook": ["url", "subject", "message", "frequency"],
    }
    assert required == {"email": ["to"], "webhook": ["url"]}


SAMPLES: Mapping[str, object] = {
    "email": "ana@example.com",
    "uri": "https://example.com/hook",
    "string": "Now {{value}}",
    "number": 60,
    "boolean": True,
}


def test_rule_made_of_what_is_advertised_is_accepted(
    v1: ApiClient, quoted: Market
) -> None:
    advertised = body_of(v1.get("/rules/schema"))
    ((workspace, namespace),) = namespaces(v1)
    index: list[str] = []
    conditions: list[list[object]] = []
    for place, fact in enumerate(namespace["facts"]):
        entity, kind = namespace["entities"][0], fact["type"]
        index.append(f"{workspace}:{namespace['namespace']}:{entity}:{fact['value']}")
        conditions += [
            [f"$index[{place}]", operator["value"], SAMPLES[kind]]
            for operator in advertised["operators"][kind]
        ]
    outputs = [output_of(kind) for kind in advertised["notificationTypes"]]

    answer = v1.post(
        "/rules/create",
        {
            "ruleName": "Everything",
            "type": "any",
            "index": index,
            "conditions": conditions,
            "outputs": outputs,
        },
    )

    assert (answer.status_code, body_of(answer)["weight"]) == (200, 1)
    uses = Version.objects.get().definition["outputs"]
    assert len(conditions) > 20
    assert [(use["subject"], use["at_most_every"]) for use in uses] == [
        ("Now {{value}}", "1m")
    ] * 2


def output_of(kind: Mapping[str, Any]) -> dict[str, object]:
    """Fill in every field that a kind of output advertises."""
    schema = kind["schema"]
    Draft202012Validator.check_schema(schema)
    filled = {
        name: SAMPLES[field.get("format", field["type"])]
        for name, field in schema["properties"].items()
    }
    Draft202012Validator(schema).validate(filled)
    return {"method": kind["value"], **filled}


def create_rule(v1: ApiClient, **changes: object) -> str:
    body = {
        "ruleName": "Cheap",
        "index": ["DEMO:DATASET:PRICES:price"],
        "conditions": [["$index[0]", "<=", 310]],
        "additionalIndex": ["DEMO:DATASET:PRICES:venue"],
        **changes,
    }
    made: str = body_of(v1.post("/rules/create", body))["id"]
    return made


@pytest.mark.parametrize("slash", ["", "/"])
def test_output_is_what_the_rule_logged_newest_first(
    v1: ApiClient, market: Market, slash: str
) -> None:
    rule = create_rule(v1)
    create_rule(v1, ruleName="Other")
    market.trade({"symbol": "MSFT", "price": Decimal("309.50"), "venue": "XNAS"})
    market.trade({"symbol": "MSFT", "price": 311}, {"symbol": "SHOP", "price": 80})

    logged = body_of(v1.get(f"/rules/output/{rule}{slash}"))

    first = round(NOW.timestamp() * 1000) + 600_000
    assert logged == [
        {
            "name": "Cheap",
            "set": "DEMO:DATASET:PRICES",
            "data": {
                "DEMO:DATASET:PRICES:price": 80,
                "DEMO:DATASET:PRICES:venue": None,
            },
            "timestamp": first + 600_000,
        },
        {
            "name": "Cheap",
            "set": "DEMO:DATASET:PRICES",
            "data": {
                "DEMO:DATASET:PRICES:price": Decimal("309.50"),
                "DEMO:DATASET:PRICES:venue": "XNAS",
            },
            "timestamp": first,
        },
    ]


def test_output_is_empty_until_the_rule_told_something(v1: ApiClient) -> None:
    assert body_of(v1.get(f"/rules/output/{create_rule(v1)}")) == []


def test_output_ends_after_the_newest_hundred(v1: ApiClient, market: Market) -> None:
    rule = create_rule(v1, index=["DEMO:PRICES:*:price"], additionalIndex=[])
    market.trade({"symbol": "OLDEST", "price": 1})
    market.trade(*({"symbol": f"S{n}", "price": 1} for n in range(100)))

    logged = body_of(v1.get(f"/rules/output/{rule}"))

    symbols = {one["set"] for one in logged}
    assert len(symbols) == len(logged) == 100
    assert "DEMO:PRICES:OLDEST" not in symbols


def test_output_of_anothers_rule_is_not_found(v1: ApiClient, market: Market) -> None:
    other = WorkspaceFactory(slug="OTHER")
    rule = create_rule(v1)

    answer = ApiClient.of(other, "/v1").get(f"/rules/output/{rule}")

    assert answer.status_code == 404
    assert body_of(answer)["message"]


@pytest.mark.parametrize("call", ["schema", "lookup/symbol", "output/{rule}"])
@pytest.mark.parametrize(("kind", "status"), [("publishable", 403), (None, 401)])
def test_rules_calls_need_a_secret_token(
    v1: ApiClient, market: Market, call: str, kind: str | None, status: int
) -> None:
    path = f"/rules/{call}".format(rule=create_rule(v1))

    answer = caller_of(market.workspace, kind).get(path)

    assert answer.status_code == status
    assert body_of(answer)["message"]


def caller_of(workspace: Workspace, kind: str | None) -> ApiClient:
    if kind is None:
        return ApiClient("/v1")
    return ApiClient.of(workspace, "/v1", TokenKind(kind))
