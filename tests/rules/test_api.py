"""Rules in the native API."""

from __future__ import annotations

from typing import Any

import pytest
from django.test import Client
from jsonschema import Draft202012Validator

from alerts.pipeline import drain_lane
from alerts.services import create_output
from datasets.models import Batch, Dataset
from datasets.services import open_lane
from rules.models import Rule
from tests.factories import (
    NOW,
    DatasetFactory,
    MembershipFactory,
    TokenFactory,
    WorkspaceFactory,
)
from workspaces.access import open_for_system
from workspaces.models import Role, TokenKind, Workspace

pytestmark = pytest.mark.django_db

RULES = "/api/v1/workspaces/demo/rules"


@pytest.fixture
def demo(db: None) -> Workspace:
    return WorkspaceFactory(slug="DEMO")


@pytest.fixture
def prices(demo: Workspace) -> Dataset:
    return DatasetFactory(workspace=demo, slug="PRICES")


@pytest.fixture
def client(prices: Dataset) -> Client:
    _, text = TokenFactory.with_text(workspace=prices.workspace)
    return Client(headers={"Authorization": f"Bearer {text}"})


def definition(**changes: object) -> dict[str, Any]:
    return {
        "name": "Cheap",
        "watch": {"facts": ["DEMO:PRICES:MSFT:price"]},
        "when": {"fact": 0, "op": "lte", "value": 310},
        **changes,
    }


def post(client: Client, path: str, body: object = None) -> Any:
    return client.post(path, body or {}, content_type="application/json")


def test_schema_of_definitions_admits_what_is_created(client: Client) -> None:
    schema = client.get(f"{RULES}/schema").json()

    Draft202012Validator(schema).validate(definition())


def test_created_rule_shows_its_sentence_and_takes_effect(
    client: Client, prices: Dataset
) -> None:
    made = post(client, RULES, definition()).json()
    drain_lane(lane_id=open_lane(prices).pk)
    read = client.get(f"{RULES}/{made['id']}").json()

    assert made["sentence"] == read["sentence"] != ""
    assert (made["in_effect"], read["in_effect"]) == (False, True)
    assert (made["slug"], made["version"], made["enabled"]) == ("cheap", 1, True)


def test_list_has_pages_and_a_fixed_number_of_queries(
    client: Client, django_assert_num_queries: Any
) -> None:
    for number in range(3):
        post(client, RULES, definition(name=f"Rule {number}"))

    first = client.get(f"{RULES}?limit=2").json()
    with django_assert_num_queries(2):
        second = client.get(f"{RULES}?limit=2&cursor={first['next']}").json()

    names = [rule["name"] for rule in first["data"] + second["data"]]
    assert names == ["Rule 0", "Rule 1", "Rule 2"]
    assert (first["has_more"], second["has_more"]) == (True, False)


@pytest.mark.parametrize(
    ("mark", "status"), [('"1"', 200), ("*", 200), ('"7"', 412), (None, 428)]
)
def test_change_says_which_version_it_means(
    client: Client, mark: str | None, status: int
) -> None:
    made = post(client, RULES, definition()).json()
    headers = {"If-Match": mark} if mark else {}

    answer = client.put(
        f"{RULES}/{made['id']}",
        definition(name="Very cheap"),
        content_type="application/json",
        headers=headers,
    )

    assert answer.status_code == status
    assert (Rule.objects.get().name == "Very cheap") is (status == 200)


def test_switch_turns_both_ways_and_twice_is_once(client: Client) -> None:
    made = post(client, RULES, definition()).json()
    off = [post(client, f"{RULES}/{made['id']}/disable").json() for _ in range(2)]
    batches = Batch.objects.count()
    on = post(client, f"{RULES}/{made['id']}/enable").json()

    assert [one["enabled"] for one in off] == [False, False]
    assert on["enabled"]
    assert (batches, Batch.objects.count()) == (2, 3)


def test_deleted_rule_reads_as_missing(client: Client) -> None:
    made = post(client, RULES, definition()).json()

    assert client.delete(f"{RULES}/{made['id']}").status_code == 204
    assert client.get(f"{RULES}/{made['id']}").status_code == 404


@pytest.mark.parametrize("name", ["subject", "message"])
@pytest.mark.parametrize("template", ["{{ key", "{% for %}", "{{ key | sing }}"])
def test_words_that_cannot_be_rendered_are_refused_when_saved(
    client: Client, prices: Dataset, name: str, template: str
) -> None:
    access = open_for_system(workspace=prices.workspace)
    config = {"to": "ana@example.com"}
    mail = create_output(access=access, kind="email", config=config, now=NOW)
    outputs = [{"output": mail.slug, name: template}]

    answer = post(client, RULES, definition(outputs=outputs))
    (problem,) = post(client, f"{RULES}/preview", definition(outputs=outputs)).json()[
        "problems"
    ]

    assert answer.status_code == 422
    assert answer.json()["errors"][0]["pointer"] == f"/outputs/0/{name}"
    assert problem == answer.json()["errors"][0]
    assert not Rule.objects.exists()


@pytest.mark.parametrize(
    "draft",
    [
        {},
        {"when": None},
        {"when": []},
        {"when": {"all": None}},
        {"when": {"any": {"fact": 0}}},
        {"when": {"all": ["x", 1, None, {}, {"fact": None}]}},
        {"when": {"all": [{"fact": "DEMO:PRICES:MSFT:price", "op": 7}]}},
    ],
    ids=repr,
)
def test_preview_of_anything_names_problems(client: Client, draft: object) -> None:
    answer = post(client, f"{RULES}/preview", draft)

    assert answer.status_code == 200
    assert answer.json()["problems"]


def test_preview_says_the_sentence_and_stores_nothing(client: Client) -> None:
    good = post(client, f"{RULES}/preview", definition()).json()
    bad = post(client, f"{RULES}/preview", definition(when={})).json()

    assert good["sentence"]
    assert good["problems"] == []
    assert bad["problems"][0]["pointer"] == "/when"
    assert not Rule.objects.exists()


@pytest.mark.parametrize(
    ("changes", "pointer", "code"),
    [
        ({"when": {"fact": 0, "op": "=>", "value": 1}}, "/when/op", "unknown_operator"),
        (
            {"watch": {"facts": ["DEMO:PRICES:MSFT:prize"]}},
            "/when/fact",
            "unknown_fact",
        ),
        (
            {"watch": {"facts": ["DEMO:BONDS:MSFT:price"]}},
            "/watch/facts/0",
            "unknown_dataset",
        ),
        (
            {"when": {"fact": 0, "op": "lte", "value": "cheap"}},
            "/when/value",
            None,
        ),
        ({"outputs": [{"output": "nowhere"}]}, "/outputs/0/output", "unknown_output"),
        ({"colour": "red"}, "/colour", None),
        ({"kind": "maybe"}, "/kind", None),
    ],
    ids=["operator", "field", "dataset", "type", "output", "member", "kind"],
)
def test_wrong_definition_names_the_place_and_stores_nothing(
    client: Client, changes: dict[str, object], pointer: str, code: str | None
) -> None:
    answer = post(client, RULES, definition(**changes))

    problem = answer.json()
    assert answer.status_code == 422
    assert answer["Content-Type"] == "application/problem+json"
    assert problem["errors"][0]["pointer"] == pointer
    assert code is None or problem["errors"][0]["code"] == code
    assert problem["errors"][0]["detail"]
    assert not Rule.objects.exists()


def test_kind_is_fixed(client: Client) -> None:
    made = post(client, RULES, definition()).json()

    answer = client.put(
        f"{RULES}/{made['id']}",
        definition(kind="state"),
        content_type="application/json",
        headers={"If-Match": "*"},
    )

    assert answer.status_code == 409


def test_no_token_is_told_how_to_sign_in(prices: Dataset) -> None:
    answer = Client().get(RULES)

    assert answer.status_code == 401
    assert answer["WWW-Authenticate"].startswith("Bearer")


def test_strangers_token_finds_no_workspace(prices: Dataset) -> None:
    _, text = TokenFactory.with_text()

    answer = Client(headers={"Authorization": f"Bearer {text}"}).get(RULES)

    assert answer.status_code == 404


def test_publishable_token_sees_and_makes_none(prices: Dataset) -> None:
    _, text = TokenFactory.with_text(
        workspace=prices.workspace, kind=TokenKind.PUBLISHABLE
    )
    client = Client(headers={"Authorization": f"Bearer {text}"})

    assert client.get(RULES).status_code == 403
    assert post(client, RULES, definition()).status_code == 403


def test_viewer_reads_and_makes_nothing(prices: Dataset) -> None:
    viewer = MembershipFactory(workspace=prices.workspace, role=Role.VIEWER).user
    client = Client()
    client.force_login(viewer)

    assert client.get(RULES).status_code == 200
    assert post(client, RULES, definition()).status_code == 403


def test_decimal_threshold_survives_a_repeated_request(client: Client) -> None:
    body = b'{"name": "Cheap", "when": {"fact": "DEMO:PRICES:A:price", "op": "lte", '
    body += b'"value": 310.123456789012345678901234567890}}'
    headers = {"Idempotency-Key": "once"}

    answers = [
        client.post(RULES, body, content_type="application/json", headers=headers)
        for _ in range(2)
    ]

    assert [answer.status_code for answer in answers] == [201, 201]
    assert answers[0].content == answers[1].content
    assert b"310.123456789012345678901234567890" in answers[1].content
