"""Apperate's rules calls, as its clients send them."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest
from django.http import HttpResponse
from django.test import Client

from alerts.models import Output
from rules.engine import parse_duration
from rules.models import Rule, Version
from tests.factories import DatasetFactory, TokenFactory, WorkspaceFactory
from workspaces.models import TokenKind, Workspace

pytestmark = pytest.mark.django_db

Call = Callable[..., HttpResponse]


@pytest.fixture
def demo(db: None) -> Workspace:
    core = WorkspaceFactory(slug="CORE", is_shared=True)
    schema = {
        "type": "object",
        "properties": {
            "symbol": {"type": "string"},
            "latestPrice": {"type": "number"},
            "high": {"type": "number"},
        },
        "required": ["symbol"],
    }
    DatasetFactory(workspace=core, slug="STOCK", schema=schema, key_form="upper")
    return WorkspaceFactory(slug="DEMO")


@pytest.fixture
def token(demo: Workspace) -> str:
    return TokenFactory.with_text(workspace=demo)[1]


def newest_definition() -> dict[str, Any]:
    definition: dict[str, Any] = Version.objects.latest("pk").definition
    return definition


def article(token: str, **changes: object) -> dict[str, Any]:
    """The body that the vendor's article sends."""
    return {
        "token": token,
        "ruleName": "My Test Rule",
        "type": "any",
        "index": ["CORE:STOCK:MSFT:latestPrice"],
        "conditions": [["$index[0]", "<=", 310]],
        "outputs": [
            {
                "method": "Email",
                "to": "ana@example.com",
                "subject": "Cheap",
                "message": "Buy.",
                "frequency": 60,
            }
        ],
        "additionalIndex": ["CORE:STOCK:MSFT:high"],
        **changes,
    }


def post(path: str, body: object) -> Any:
    return Client().post(path, body, content_type="application/json")


@pytest.mark.parametrize("template", ["{{ value", "{% if %}", "{{ value | sing }}"])
def test_message_that_cannot_be_rendered_leaves_no_rule(
    token: str, template: str
) -> None:
    body = article(token)
    body["outputs"][0]["message"] = template

    answer = post("/v1/rules/create", body)

    assert answer.status_code == 400
    assert "template" in answer.json()["message"]
    assert not Rule.objects.exists()
    assert not Output.objects.exists()


def test_cool_down_keeps_parts_of_a_second(token: str) -> None:
    body = article(token)
    body["outputs"][0]["frequency"] = 1.5

    post("/v1/rules/create", body)

    (use,) = newest_definition()["outputs"]
    assert parse_duration(use["at_most_every"]).total_seconds() == 1.5


@pytest.mark.parametrize("version", ["v1", "stable", "beta"])
@pytest.mark.parametrize("slash", ["", "/"])
def test_articles_body_creates_a_rule(token: str, version: str, slash: str) -> None:
    answer = post(f"/{version}/rules/create{slash}", article(token))

    rule = Rule.objects.get()
    output = Output.objects.get()
    assert answer.status_code == 200
    assert answer.json() == {"id": str(rule.uuid), "weight": 1}
    assert rule.name == "My Test Rule"
    assert output.config["to"] == ["ana@example.com"]
    assert newest_definition()["include"] == ["CORE:STOCK:MSFT:high"]


def test_two_rules_that_mail_one_person_share_the_output(token: str) -> None:
    post("/v1/rules/create", article(token))
    post("/v1/rules/create", article(token, ruleName="Other"))

    assert Rule.objects.count() == 2
    assert Output.objects.count() == 1


def test_create_with_an_id_edits_and_keeps_the_switch(token: str) -> None:
    made = post("/v1/rules/create", article(token)).json()["id"]
    post("/v1/rules/pause", {"ruleId": made, "token": token})

    answer = post("/v1/rules/create", article(token, id=made, ruleName="New name"))

    rule = Rule.objects.get()
    assert answer.json()["id"] == made
    assert (rule.name, rule.is_enabled) == ("New name", False)


@pytest.mark.parametrize("version", ["v1", "stable", "beta"])
@pytest.mark.parametrize("in_path", [True, False])
@pytest.mark.parametrize("kind", ["application/json", "undefined"])
def test_pause_and_resume_answer_the_switch(
    token: str, version: str, in_path: bool, kind: str
) -> None:
    made = post("/v1/rules/create", article(token)).json()["id"]
    tail, body = (f"/{made}", {}) if in_path else ("", {"ruleId": made})
    said = json.dumps({"token": token, **body})

    paused, resumed = (
        Client().post(f"/{version}/rules/{turn}{tail}", said, content_type=kind)
        for turn in ("pause", "resume")
    )

    assert paused.json() == {"id": made, "isActive": False}
    assert resumed.json() == {"id": made, "isActive": True}


@pytest.mark.parametrize("version", ["v1", "stable", "beta"])
def test_info_is_an_array_of_one_and_list_has_all(token: str, version: str) -> None:
    made = post("/v1/rules/create", article(token)).json()["id"]

    info = Client().get(f"/{version}/rules/info/{made}?token={token}").json()
    listed = Client().get(f"/{version}/rules?&token={token}").json()

    assert info == listed
    assert info[0]["id"] == made
    assert (info[0]["ran"], info[0]["evaluated"]) == (0, "0")


def test_deleted_rule_is_gone_and_the_answer_is_json(token: str) -> None:
    made = post("/v1/rules/create", article(token)).json()["id"]

    answer = Client().delete(f"/v1/rules/{made}?token={token}")
    again = Client().delete(f"/v1/rules/{made}?token={token}")

    assert (answer.status_code, answer.json()["success"]) == (200, True)
    assert again.status_code == 404


def test_schema_speaks_two_dialects(token: str) -> None:
    tree = Client().get(f"/v1/rules/schema?token={token}").json()
    flat = Client().get(f"/stable/rules/schema?token={token}").json()

    assert tree["schema"]["workspaces"][0]["workspace"] == "CORE"
    assert [fact["value"] for fact in flat["schema"]] == [
        "symbol",
        "latestPrice",
        "high",
    ]
    assert {"label": "is at or below", "value": "<="} in tree["operators"]["number"]


def test_same_idempotency_key_makes_one_rule(token: str) -> None:
    client = Client(headers={"Idempotency-Key": "k1"})
    body = article(token)
    first = client.post("/v1/rules/create", body, content_type="application/json")
    second = client.post("/v1/rules/create", body, content_type="application/json")

    assert first.json() == second.json()
    assert second["Idempotent-Replay"] == "true"
    assert Rule.objects.count() == 1


BAD = {
    "no-token": (lambda body: {**body, "token": None}, 401),
    "wrong-token": (lambda body: {**body, "token": "sk_" + "x" * 38}, 403),
    "unknown-operator": (
        lambda body: {**body, "conditions": [["$index[0]", "=>", 310]]},
        400,
    ),
    "unknown-fact": (
        lambda body: {**body, "index": ["CORE:STOCK:MSFT:latestPrize"]},
        400,
    ),
    "unknown-dataset": (
        lambda body: {**body, "index": ["CORE:BONDS:MSFT:latestPrice"]},
        400,
    ),
    "other-tenants-dataset": (
        lambda body: {**body, "index": ["OTHER:SECRETS:A:price"]},
        400,
    ),
    "wrong-type": (
        lambda body: {**body, "conditions": [["$index[0]", "<=", "cheap"]]},
        400,
    ),
    "no-condition": (lambda body: {**body, "conditions": []}, 400),
    "bad-address": (
        lambda body: {**body, "outputs": [{"method": "email", "to": "ana"}]},
        400,
    ),
    "inner-address": (
        lambda body: {
            **body,
            "outputs": [{"method": "webhook", "url": "http://127.0.0.1/x"}],
        },
        400,
    ),
    "unknown-method": (
        lambda body: {**body, "outputs": [{"method": "pigeon", "to": "x"}]},
        400,
    ),
    "unknown-id": (
        lambda body: {**body, "id": "4bc8c9de-e133-4f66-b529-f750e9bd0932"},
        404,
    ),
}


@pytest.mark.parametrize(("spoil", "status"), BAD.values(), ids=BAD.keys())
def test_bad_rule_is_refused_with_a_sentence_and_leaves_nothing(
    token: str, spoil: Callable[[dict[str, Any]], dict[str, Any]], status: int
) -> None:
    DatasetFactory(workspace=WorkspaceFactory(slug="OTHER"), slug="SECRETS")

    answer = post("/v1/rules/create", spoil(article(token)))

    assert answer.status_code == status
    assert answer.json()["message"].endswith((".", '"'))
    assert not Rule.objects.exists()
    assert not Output.objects.exists()


def test_publishable_token_makes_no_rules(demo: Workspace) -> None:
    _, text = TokenFactory.with_text(workspace=demo, kind=TokenKind.PUBLISHABLE)

    answer = post("/v1/rules/create", article(text))

    assert answer.status_code == 403
    assert not Rule.objects.exists()


def test_body_that_is_no_json_says_where(token: str) -> None:
    answer = Client().post(
        f"/v1/rules/create?token={token}",
        b'{"ruleName": ',
        content_type="application/json",
    )

    assert answer.status_code == 400
    assert answer.json()["message"]


def test_conditions_may_name_several_datasets(token: str, demo: Workspace) -> None:
    own = DatasetFactory(workspace=demo, slug="PRICES")
    body = article(
        token,
        type="all",
        index=["CORE:STOCK:MSFT:latestPrice", "DEMO:DATASET:PRICES:price"],
        conditions=[["$index[0]", "<=", 310], ["$index[1]", ">", 1]],
    )

    answer = post("/v1/rules/create", body)

    assert answer.status_code == 200
    version = Version.objects.get()
    assert version.lane.dataset == own
    assert [one.lane.dataset.slug for one in version.forwards.all()] == ["STOCK"]
