"""What an edit of a rule would add and remove, as the native API says it."""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal
from typing import Any
from uuid import UUID

import pytest
from django.test import Client
from pytest_django.fixtures import Settings

from datasets.models import Dataset
from rules.models import Rule
from rules.services import create_rule, run_backtest
from tests.factories import NOW, DatasetFactory, TokenFactory
from tests.rules.drafts import RULES, feed, typed, words_of
from workspaces.access import Access, Need

pytestmark = pytest.mark.django_db

PRICE = "DEMO:PRICES:MSFT:price"
BOND = "DEMO:BONDS:AAPL:price"
EVERYTHING = {"since": "2026-02-01"}
Written = Callable[[dict[str, Any]], dict[str, Any]]
BELOW = {"fact": PRICE, "op": "lt", "value": 310}


def below(level: int, **more: Any) -> dict[str, Any]:
    """Tell of each price below a level."""
    when = {"fact": PRICE, "op": "lt", "value": level}
    return {"name": "Cheap", "when": when, **more}


def as_it_is(definition: dict[str, Any]) -> dict[str, Any]:
    return definition


def twice(definition: dict[str, Any]) -> dict[str, Any]:
    """Say a condition in a way that columns do not answer for."""
    when, absent = definition["when"], {"fact": PRICE, "op": "is_absent"}
    return {**definition, "when": {"any": [when, {"all": [when, absent]}]}}


WRITTEN = pytest.mark.parametrize(
    "written", [as_it_is, twice], ids=["columns", "engine"]
)


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
@WRITTEN
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
    assert told["kept"] == kept
    assert told["before"]["alerts"] == 2
    assert told["after"]["alerts"] == kept + len(added)


@WRITTEN
def test_alerts_of_one_moment_are_all_compared(
    program: Client, dated: Dataset, written: Written
) -> None:
    """Values leave a window one by one, and one event fires the timers of all."""
    for minute in (0, 1, 2, 3, 40):
        feed(dated, price=Decimal(1), day=f"2026-02-06T20:{minute:02}:00")
    over = {"take": "count", "length": "10m"}
    one, three = (
        {"fact": PRICE, "op": "between", "value": [n, n], "over": over} for n in (1, 3)
    )

    def few(when: dict[str, Any]) -> dict[str, Any]:
        return written({"name": "Few", "kind": "state", "when": when})

    access = Access(workspace=dated.workspace, gives=Need.MANAGE)
    rule = create_rule(access=access, definition=few({"any": [one, three]}), now=NOW)
    since, until = "2026-02-06T20:04", "2026-02-06T20:39"

    told = compare(program, rule, few(one), since=since, until=until).json()

    assert told["before"]["alerts"] == 2
    assert [hit["at"] for hit in told["removed_hits"]] == ["2026-02-06T20:10:00Z"]
    assert (told["added"], told["removed"], told["kept"]) == (0, 1, 1)


def test_long_history_is_compared_exactly_in_the_background(
    program: Client, rule: Rule, settings: Settings
) -> None:
    asked = (program, rule, twice(below(313)))
    at_once = compare(*asked).json()
    settings.BELLWETHER_BACKTEST_EVENTS = 4

    answer = compare(*asked)

    begun = answer.json()
    assert (answer.status_code, answer["Location"]) == (202, begun["url"])
    assert begun["compared"] is None
    run_backtest(run_id=UUID(begun["id"]))
    done = program.get(begun["url"]).json()
    assert (done["state"], done["read"], done["total"]) == ("done", 4, 4)
    assert done["compared"] == at_once
    assert done["found"] == at_once["after"]


@pytest.mark.parametrize(
    ("when", "differs"),
    [
        ({"all": [BELOW, {"fact": BOND, "op": "is_present"}]}, (0, 0, 2)),
        ({"all": [BELOW, {"fact": BOND, "op": "is_missing"}]}, (0, 2, 0)),
        ({**BELOW, "fact": BOND}, (1, 2, 0)),
    ],
    ids=["another too", "never true", "another"],
)
def test_rules_of_several_datasets_are_compared_event_by_event(
    program: Client, dated: Dataset, rule: Rule, when: Any, differs: Any
) -> None:
    bonds = DatasetFactory(
        workspace=dated.workspace, slug="BONDS", date_field="day", key_field="symbol"
    )
    feed(bonds, price=Decimal(1), day="2026-02-09T20:00:00", symbol="AAPL")

    told = compare(program, rule, {"name": "Cheap", "when": when}).json()

    assert (told["added"], told["removed"], told["kept"]) == differs


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
