"""Why a rule over a window was true or not: what the window held, then and now."""

from __future__ import annotations

from typing import Any

import pytest
from django.test import Client

from alerts.models import Transition
from config.clock import database_now
from datasets.models import Record
from rules.models import Rule
from rules.services import finding_of
from tests.alerts.market import Market, open_market
from tests.factories import NOW, TokenFactory

pytestmark = pytest.mark.django_db

AVERAGE: dict[str, object] = {
    "watch": {"facts": ["DEMO:PRICES:MSFT:price"]},
    "when": {
        "fact": 0,
        "over": {"take": "avg", "length": "25m"},
        "op": "gt",
        "value": 300,
    },
}


@pytest.fixture
def market(db: None) -> Market:
    return open_market()


@pytest.fixture
def client(market: Market) -> Client:
    _, text = TokenFactory.with_text(workspace=market.workspace)
    return Client(headers={"Authorization": f"Bearer {text}"})


def explain(client: Client, rule: Rule, **asked: str | int) -> Any:
    path = f"/api/v1/workspaces/demo/rules/{rule.slug}/explain"
    answer = client.get(path, asked)
    assert answer.status_code == 200, answer.content
    return answer.json()


def newest_batch() -> int:
    return Record.objects.latest("batch_id").batch_id


def test_window_is_explained_as_it_was_at_a_record_and_as_it_is_now(
    market: Market, client: Client
) -> None:
    """The last of the five trades is now, so that what the window holds is known."""
    market.seconds = int((database_now() - NOW).total_seconds()) - 5 * 600
    market.trade({"symbol": "MSFT", "price": 1})
    rule = market.watch(**AVERAGE)
    market.trade({"symbol": "MSFT", "price": 200})
    market.trade({"symbol": "MSFT", "price": 700})
    batch = newest_batch()
    market.trade({"symbol": "MSFT", "price": None})
    market.trade({"symbol": "MSFT", "price": 20})

    then = explain(client, rule, batch=batch, ord=0)
    now = explain(client, rule)

    assert then["truth"] is True
    assert then["reason"] == (
        "the average of price over the last 25 minutes is 450 (2 values), above 300 (by"
        " 150)"
    )
    assert then["verdict"]["over"]["take"] == "avg"
    assert then["verdict"]["contents"]["count"] == 2
    assert (now["truth"], now["verdict"]["contents"]["count"]) == (True, 2)
    assert now["verdict"]["found"] == 360


def test_window_is_kept_by_a_version_that_asks_the_same(
    market: Market, client: Client
) -> None:
    rule = market.watch(**AVERAGE)
    market.trade({"symbol": "MSFT", "price": 200})
    revised = client.put(
        f"/api/v1/workspaces/demo/rules/{rule.slug}",
        {"name": "Watch closely", **AVERAGE, "severity": "critical"},
        content_type="application/json",
        headers={"If-Match": '"1"'},
    )
    assert revised.status_code == 200, revised.content
    market.trade({"symbol": "MSFT", "price": 500})

    told = explain(client, rule, batch=newest_batch(), ord=0)

    assert told["verdict"]["contents"]["count"] == 2
    assert Transition.objects.get().verdict["contents"]["count"] == 2


def test_band_of_an_unusual_value_is_explained_then_and_now(
    market: Market, client: Client
) -> None:
    over = {"last": 50, "at_least": 3}
    unusual = {"fact": 0, "op": "anomaly", "over": over, "value": 3}
    rule = market.watch(watch=AVERAGE["watch"], when=unusual)
    for price in (10, 11, 12, 99):
        market.trade({"symbol": "MSFT", "price": price})
    batch = newest_batch()
    raised = Transition.objects.get()
    market.trade({"symbol": "MSFT", "price": 12})

    then = explain(client, rule, batch=batch, ord=0)
    now = explain(client, rule)

    assert raised.verdict["reason"] == then["reason"]
    assert then["reason"] == (
        "price is 99, unusual: 59.36 robust deviations above 11, the median of the 3"
        " values before it (the band is 6.5522 to 15.4478)"
    )
    band = then["verdict"]["band"]
    assert (band["low"], band["centre"], band["high"]) == (6.5522, 11, 15.4478)
    assert now["truth"] is False
    assert now["verdict"]["band"]["count"] == 4
    assert now["nearest_miss"]["sentence"] == "Fires with price above 15.9478, was 12."
    findings = dict(finding_of(raised.verdict).details)
    assert findings["Band"] == "6.5522 to 15.4478"
    assert findings["Wanted"] == "a score of more than 3"
    assert findings["Score"] == "59.36"


def test_window_that_closed_is_explained_of_the_record_after_it(
    market: Market, client: Client
) -> None:
    """Trades come ten minutes apart, the first two of them in one window."""
    over = {"take": "sum", "window": "tumbling", "length": "20m"}
    many = {"fact": 0, "over": over, "op": "lt", "value": 100}
    rule = market.watch(kind="state", watch=AVERAGE["watch"], when=many)
    for price in (40, 50, 60, 70):
        market.trade({"symbol": "MSFT", "price": price})

    then = explain(client, rule, batch=newest_batch(), ord=0)

    opened = Transition.objects.get()
    assert (then["truth"], then["reason"]) == (True, opened.reason)
    contents = then["verdict"]["contents"]
    assert (contents["count"], contents["is_final"]) == (2, True)
    assert opened.at.isoformat() == contents["final_at"]


def test_now_says_how_far_a_count_has_come_and_a_record_that_it_is_not_kept(
    market: Market, client: Client
) -> None:
    market.seconds = int((database_now() - NOW).total_seconds()) - 3 * 600
    low = {"fact": 0, "op": "lte", "value": 310}
    counted = {**low, "times": {"at_least": 3, "within": "1d"}}
    rule = market.watch(watch=AVERAGE["watch"], when=counted)
    market.trade({"symbol": "MSFT", "price": 300})
    market.trade({"symbol": "MSFT", "price": 300})

    now = explain(client, rule)
    then = explain(client, rule, batch=newest_batch(), ord=0)

    assert now["verdict"]["progress"]["count"] == 2
    assert now["notes"] == []
    assert then["verdict"]["progress"]["count"] == 1
    assert "counts here as nothing" in then["notes"][0]
