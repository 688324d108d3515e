"""What an edit of a rule would add and remove, as the native API says it."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest
from django.test import Client

from datasets.models import Dataset
from rules.models import Rule
from rules.services import create_rule
from tests.factories import NOW, TokenFactory
from tests.rules.drafts import RULES, feed, typed, words_of
from workspaces.access import Access, Need

pytestmark = pytest.mark.django_db

PRICE = "DEMO:PRICES:MSFT:price"
EVERYTHING = {"since": "2026-02-01"}


def below(level: int, **more: Any) -> dict[str, Any]:
    """Tell of each price below a level."""
    when = {"fact": PRICE, "op": "lt", "value": level}
    return {"name": "Cheap", "when": when, **more}


def twice(definition: dict[str, Any]) -> dict[str, Any]:
    """Say a condition in a way that columns do not answer for."""
    there = {"fact": PRICE, "op": "is_present"}
    return {**definition, "when": {"all": [definition["when"], there]}}


@pytest.fixture
def dated(prices: Dataset) -> Dataset:
    prices.date_field = "day"
    prices.save()
    for day, price in [(2, 309), (3, 315), (4, 312), (5, 301)]:
        feed(prices, price=Decimal(price), day=f"2026-02-0{day}T20:00:00")
    return prices


@pytest.fixture
def rule(dated: Dataset) -> Rule:
    access = Access(workspace=dated.workspace, gives=Need.MANAGE)
    return create_rule(access=access, definition=below(310), now=NOW)


@pytest.fixture
def program(dated: Dataset) -> Client:
    _, text = TokenFactory.with_text(workspace=dated.workspace)
    return Client(headers={"Authorization": f"Bearer {text}"})


def compare(client: Client, rule: Rule, definition: object, **more: str) -> Any:
    return client.post(
        f"/api/v1/workspaces/demo/rules/{rule.slug}/compare",
        {"definition": definition, **EVERYTHING, **more},
        content_type="application/json",
    )


@pytest.mark.parametrize(
    ("level", "added", "removed", "kept"),
    [
        (310, [], [], 2),
        (313, [312], [], 2),
        (305, [], [309], 1),
        (300, [], [309, 301], 0),
    ],
)
@pytest.mark.parametrize("written", [lambda one: one, twice], ids=["columns", "engine"])
def test_edit_is_compared_alert_by_alert(
    program: Client,
    rule: Rule,
    level: int,
    added: list[int],
    removed: list[int],
    kept: int,
    written: Any,
) -> None:
    told = compare(program, rule, written(below(level))).json()

    assert [hit["value"] for hit in told["added_hits"]] == added
    assert [hit["value"] for hit in told["removed_hits"]] == removed
    assert (told["added"], told["removed"]) == (len(added), len(removed))
    assert (told["kept"], told["is_cut"]) == (kept, False)
    assert told["before"]["alerts"] == 2
    assert told["after"]["alerts"] == kept + len(added)


def test_without_a_period_the_last_thirty_days_are_compared(
    program: Client, rule: Rule
) -> None:
    told = compare(program, rule, below(400), since="").json()

    assert (told["added"], told["after"]["events"]) == (0, 0)


def test_other_key_has_other_alerts(program: Client, rule: Rule) -> None:
    other = below(310)
    other["when"]["fact"] = "DEMO:PRICES:AAPL:price"

    told = compare(program, rule, other).json()

    assert (told["added"], told["removed"], told["kept"]) == (0, 2, 0)


def test_wrong_place_of_an_edit_is_named(program: Client, rule: Rule) -> None:
    answer = compare(program, rule, {**below(310), "colour": 1})

    assert answer.status_code == 422
    assert answer.json()["errors"][0]["pointer"] == "/definition/colour"


def test_unknown_rule_is_not_found(program: Client, rule: Rule) -> None:
    rule.slug = "another"

    assert compare(program, rule, below(310)).status_code == 404


def test_form_of_a_rule_says_what_changes(client: Client, rule: Rule) -> None:
    page = client.post(
        f"{RULES}/{rule.slug}/edit",
        typed(**{"c-0-value": "300", "action": "look-back"}),
    )

    assert "Over the last 30 days" in words_of(page.content.decode())
