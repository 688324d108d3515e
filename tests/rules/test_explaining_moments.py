"""Why a rule was true or not at a moment, and where it stands now."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.test import Client

from alerts.models import Alert
from datasets.models import Record
from rules.models import Rule
from tests.alerts.market import Market, open_market
from tests.factories import NOW, TokenFactory

pytestmark = pytest.mark.django_db


@pytest.fixture
def market(db: None) -> Market:
    return open_market()


@pytest.fixture
def client(market: Market) -> Client:
    _, text = TokenFactory.with_text(workspace=market.workspace)
    return Client(headers={"Authorization": f"Bearer {text}"})


def ask(client: Client, rule: Rule, **asked: str) -> Any:
    path = f"/api/v1/workspaces/demo/rules/{rule.slug}/explain"
    answer = client.get(path, asked)
    return {**answer.json(), "status": answer.status_code}


def after(minutes: int) -> str:
    return (NOW + timedelta(minutes=minutes)).isoformat()


def test_moment_is_explained_by_the_last_event_before_it(
    market: Market, client: Client
) -> None:
    rule = market.watch()
    for price in (500, 305, 400):
        market.trade({"symbol": "MSFT", "price": price})

    told = ask(client, rule, key="MSFT", at=after(29))

    batch = Record.objects.order_by("batch_id")[1].batch_id
    assert (told["truth"], told["record"]) == (True, f"{batch}.0")
    assert told["at"] == after(20).replace("+00:00", "Z")
    assert [one["step"] for one in told["alerts"]] == ["raised"]


def test_event_that_runs_no_rule_is_passed_over(market: Market, client: Client) -> None:
    rule = market.watch()
    market.trade({"symbol": "MSFT", "price": 305})
    market.trade({"symbol": "MSFT", "volume": 1})

    told = ask(client, rule, key="MSFT", at=after(25))

    assert (told["truth"], told["held"]) == (True, [])
    assert told["verdict"]["found"] == 305


def test_events_beside_lead_from_one_to_the_next(
    market: Market, client: Client
) -> None:
    rule = market.watch()
    for price in (500, 305, 400):
        market.trade({"symbol": "MSFT", "price": price})
        market.trade({"symbol": "SPY", "price": price})

    now = ask(client, rule, key="MSFT")
    seen, place = [], now["earlier"]
    while place:
        batch, ord_ = place.split(".")
        told = ask(client, rule, batch=batch, ord=ord_)
        seen.append((told["key"], told["verdict"]["found"]))
        assert told["later"] or place == now["earlier"]
        place = told["earlier"]

    assert seen == [("MSFT", 400), ("MSFT", 305), ("MSFT", 500)]
    assert now["later"] == ""


def test_moment_between_events_is_judged_where_silence_counts(
    market: Market, client: Client
) -> None:
    rule = market.watch(kind="state", when={"fact": 0, "op": "silent", "value": "15m"})
    market.trade({"symbol": "MSFT", "price": 305})

    early = ask(client, rule, key="MSFT", at=after(20))
    late = ask(client, rule, key="MSFT", at=after(26))

    assert (early["truth"], late["truth"]) == (False, True)
    assert (late["record"], late["at"]) == ("", after(26).replace("+00:00", "Z"))
    assert late["earlier"] != ""


@pytest.mark.parametrize(
    ("at", "words"),
    [
        ("yesterday", "yesterday"),
        ("2999-01-01", "yet to come"),
        ("2020-01-01", "No event of MSFT by then"),
    ],
)
def test_moment_that_cannot_be_asked_about_is_refused(
    market: Market, client: Client, at: str, words: str
) -> None:
    rule = market.watch()
    market.trade({"symbol": "MSFT", "price": 305})

    told = ask(client, rule, key="MSFT", at=at)

    assert told["status"] == 422
    assert words in told["detail"]
    assert told["errors"][0]["pointer"] == "/at"


def test_record_has_its_own_time(market: Market, client: Client) -> None:
    told = ask(client, market.watch(), batch="1", ord="0", at="2026-01-01")

    assert (told["status"], told["errors"][0]["pointer"]) == (422, "/at")


def test_now_tells_what_waits_and_what_is_due(market: Market, client: Client) -> None:
    rule = market.watch(kind="state", hold="1h")
    market.trade({"symbol": "MSFT", "price": 305})

    standing = ask(client, rule, key="MSFT")["standing"]

    assert standing == {
        "state": "pending",
        "since": after(10).replace("+00:00", "Z"),
        "timers": [{"timer": "hold", "due_at": after(70).replace("+00:00", "Z")}],
    }
    assert not Alert.objects.exists()


def test_side_remembered_beside_another_fact_is_that_of_the_instance(
    market: Market, client: Client
) -> None:
    """The level moved past the value: only what was remembered tells the side."""
    rule = market.watch(
        watch={"facts": ["DEMO:PRICES:*:price", "DEMO:PRICES:*:open"]},
        when={"fact": 0, "op": "cross_up", "value": {"fact": 1}},
    )
    market.trade({"symbol": "MSFT", "price": 9, "open": 10})
    market.trade({"symbol": "MSFT", "price": 10, "open": 10})

    told = ask(client, rule, key="MSFT")

    assert (told["truth"], told["notes"]) == (False, [])


def test_rule_of_what_is_new_is_silent_and_says_why_until_it_was_false(
    market: Market, client: Client
) -> None:
    market.trade({"symbol": "MSFT", "price": 300})
    rule = market.watch(**{"raise": {"only_new": True}})
    market.trade({"symbol": "SPY", "price": 500})
    before = ask(client, rule, key="MSFT")["held"]
    market.trade({"symbol": "MSFT", "price": 301})
    between = ask(client, rule, key="MSFT")["held"]
    assert not Alert.objects.exists()

    market.trade({"symbol": "MSFT", "price": 320}, {"symbol": "MSFT", "price": 302})

    assert before == between
    assert before[0].startswith("This was so before the rule began")
    assert ask(client, rule, key="MSFT")["held"] == []
    assert Alert.objects.get().key == "MSFT"
