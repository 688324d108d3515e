"""Why a rule that remembers was true or not: what it had seen by then, and by now."""

from __future__ import annotations

from io import StringIO
from typing import Any

import pytest
from django.core.management import call_command
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


def test_steps_of_the_ladder_are_explained_beside_the_rule(
    market: Market, client: Client
) -> None:
    low = {"fact": 0, "op": "lte"}
    rule = market.watch(
        kind="state",
        watch=AVERAGE["watch"],
        when={**low, "value": 310},
        ladder=[
            {"when": {**low, "value": 300, "held": "15m"}, "is": "critical"},
            {"when": {**low, "value": 250}, "is": "info"},
        ],
    )
    for price in (305, 299, 298, 297):
        market.trade({"symbol": "MSFT", "price": price})

    then = explain(client, rule, batch=newest_batch(), ord=0)

    held, lower = then["ladder"]
    assert (held["severity"], held["truth"]) == ("critical", True)
    assert held["reason"] == (
        "price is 297, at or below 300 (by 3), held for 20 minutes of 15 minutes"
    )
    assert held["verdict"]["members"][0]["pointer"] == "/ladder/0/when"
    assert (lower["severity"], lower["truth"]) == ("info", False)
    assert lower["reason"] == "price is 297, not at or below 250 (by 47)"
    out = StringIO()
    call_command("explain", "DEMO", rule.slug, stdout=out)
    assert "While this is so, it is critical:\n  [true] Held for" in out.getvalue()


LOW = {"fact": 0, "op": "lte", "value": 310}
REMEMBERED: dict[str, tuple[dict[str, Any], list[object]]] = {
    "held": ({**LOW, "held": "15m"}, [300, 305, 300]),
    "times": ({**LOW, "times": {"at_least": 3, "within": "1h"}}, [300, 400, 300, 300]),
    "of-last": ({**LOW, "of_last": {"at_least": 2, "of": 3}}, [300, 400, 300]),
    "sequence": (
        {"sequence": [LOW, {"fact": 0, "op": "gt", "value": 400}], "within": "1h"},
        [300, 350, 410],
    ),
    "since-the-last-alert": (
        {"fact": 0, "op": "fall", "by": 50, "since": "last_alert"},
        [400, 360, 350, 320, 300],
    ),
    "moving-level": (
        {"fact": 0, "op": "cross_up", "value": {"fact": "DEMO:PRICES:SPY:price"}},
        [300, None, 600],
    ),
}


@pytest.mark.parametrize("name", REMEMBERED)
def test_record_is_explained_by_what_was_remembered_then(
    market: Market, client: Client, name: str
) -> None:
    """What is said of the record, and with it, is what its alert said."""
    when, prices = REMEMBERED[name]
    market.trade({"symbol": "SPY", "price": 500})
    rule = market.watch(watch=AVERAGE["watch"], when=when)
    for price in prices:
        market.trade({"symbol": "MSFT", "price": price})
    batch = newest_batch()
    raised = Transition.objects.latest("pk")
    market.trade({"symbol": "MSFT", "price": 1})

    told = explain(client, rule, batch=batch, ord=0)

    assert (told["truth"], told["reason"]) == (True, raised.reason)
    assert told["verdict"].get("progress") == raised.verdict.get("progress")
    assert told["notes"] == []


def test_count_is_as_far_as_it_has_come_now_and_at_a_record(
    market: Market, client: Client
) -> None:
    market.seconds = int((database_now() - NOW).total_seconds()) - 3 * 600
    counted = {**LOW, "times": {"at_least": 3, "within": "1d"}}
    rule = market.watch(watch=AVERAGE["watch"], when=counted)
    market.trade({"symbol": "MSFT", "price": 300})
    batch = newest_batch()
    market.trade({"symbol": "MSFT", "price": 300})

    now = explain(client, rule)
    then = explain(client, rule, batch=batch, ord=0)

    assert now["verdict"]["progress"]["count"] == 2
    assert then["verdict"]["progress"]["count"] == 1
