"""An alert becomes a test of its rule, which passes, and fails of another rule."""

from __future__ import annotations

from decimal import Decimal
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
from django.core.management import call_command
from django.test import Client

from alerts.models import Alert
from alerts.services import make_rule_test
from datasets.models import Dataset, Record
from rules.services import CaseNotRebuilt, run_rule_tests, turn_rule
from rules.yaml import read_yaml
from tests.alerts.market import Market
from tests.factories import NOW, TokenFactory

pytestmark = pytest.mark.django_db

PRICE = ["DEMO:PRICES:*:price"]
PRICE_AND_OPEN = [*PRICE, "DEMO:PRICES:*:open"]


def made(market: Market, alert: Alert) -> tuple[str, dict[str, Any]]:
    """Make a test, see that it passes, and return it as text and as its one case."""
    text = make_rule_test(access=market.access, alert_id=alert.pk)
    (result,) = run_rule_tests(text=text.encode())
    assert result.has_passed
    (case,) = read_yaml(text.encode()).value["cases"]
    return text, case


def test_signal_needs_its_event_alone(market: Market) -> None:
    market.watch()
    market.trade({"symbol": "MSFT", "price": 400, "venue": "X"})
    alert = market.alert("MSFT", price=Decimal("309.20"))
    market.trade({"symbol": "MSFT", "price": 1})

    text, case = made(market, alert)

    assert case == {
        "name": f"MSFT: {alert.reason}",
        "start": "2026-03-02T15:50:00+00:00",
        "events": [{"at": "0s", "key": "MSFT", "fields": {"price": Decimal("309.20")}}],
        "until": "0s",
        "expect": [{"at": "0s", "key": "MSFT", "kind": "raised"}],
    }
    assert "309.20" in text


def test_test_fails_of_a_rule_that_says_something_else(market: Market) -> None:
    market.watch()
    text, _ = made(market, market.alert("MSFT", price=305))

    (result,) = run_rule_tests(text=text.replace("310", "300").encode())

    assert [one.kind for one in result.missing] == ["raised"]


def test_crossing_takes_the_event_before(market: Market) -> None:
    market.watch(when={"fact": 0, "op": "cross_up", "value": 310})
    for price in (500, 300, 310):
        market.trade({"symbol": "MSFT", "price": price})
    alert = market.alert("MSFT", price=311)

    _, case = made(market, alert)

    assert [one["fields"]["price"] for one in case["events"]] == [300, 310, 311]


def test_episode_is_shown_from_its_hold_to_its_end(market: Market) -> None:
    market.watch(kind="state", hold="15m")
    for price in (400, 300, 299, 305, 320):
        market.trade({"symbol": "MSFT", "price": price})
    alert = Alert.objects.get()

    _, case = made(market, alert)

    assert [one["kind"] for one in case["expect"]] == ["opened", "resolved"]
    assert [one["at"] for one in case["expect"]] == ["15m", "30m"]


def test_what_time_alone_began_has_no_event_after_it(market: Market) -> None:
    market.watch(kind="state", when={"fact": 0, "op": "silent", "value": "5m"})
    market.trade({"symbol": "MSFT", "price": 305})
    market.trade({"symbol": "MSFT", "price": 306})
    alert = Alert.objects.get()

    _, case = made(market, alert)

    assert [one["kind"] for one in case["expect"]] == ["opened", "resolved"]


def test_facts_that_came_long_before_are_set_first(market: Market) -> None:
    market.watch(
        watch={"facts": PRICE_AND_OPEN},
        when={"all": [{"fact": 0, "op": "lt", "value": {"fact": 1}}]},
    )
    market.trade({"symbol": "MSFT", "open": 310})
    for number in range(4):
        market.trade({"symbol": "MSFT", "price": 400 + number})
    alert = market.alert("MSFT", price=305)

    _, case = made(market, alert)

    fields = [one["fields"] for one in case["events"]]
    assert fields == [{"open": 310}, {"price": 403}, {"price": 305}]


def test_facts_of_another_key_come_along(market: Market) -> None:
    market.watch(
        watch={"facts": [*PRICE, "DEMO:PRICES:SPY:price"]},
        when={"all": [{"fact": 0, "op": "gt", "value": {"fact": 1}}]},
    )
    market.trade({"symbol": "SPY", "price": 100})
    market.trade({"symbol": "IBM", "price": 1})
    alert = market.alert("MSFT", price=305)

    _, case = made(market, alert)

    assert [one["key"] for one in case["events"]] == ["SPY", "MSFT"]


def test_end_by_hand_is_left_out(market: Market) -> None:
    rule = market.watch(kind="state")
    alert = market.alert("MSFT", price=305)
    turn_rule(access=market.access, rule=rule, on=False, now=NOW)
    market.trade({"symbol": "MSFT", "price": 305})

    _, case = made(market, alert)

    assert [one["kind"] for one in case["expect"]] == ["opened"]


def test_older_version_is_written_as_it_was(market: Market) -> None:
    rule = market.watch()
    alert = market.alert("MSFT", price=305)
    rule.versions.create(
        number=2,
        definition={},
        sentence="",
        lane=alert.version.lane,
        created_at=NOW,
    )

    text, _ = made(market, alert)

    assert read_yaml(text.encode()).value["definition"] == alert.version.definition


def test_what_the_log_has_lost_cannot_be_made(market: Market, owner: Client) -> None:
    market.watch()
    alert = market.alert("MSFT", price=305)
    Record.objects.all().delete()
    Dataset.objects.update(retention_seconds=60)

    with pytest.raises(CaseNotRebuilt, match="still kept"):
        make_rule_test(access=market.access, alert_id=alert.pk)
    page = owner.get(f"/w/DEMO/alerts/{alert.pk}/test")
    assert page.status_code == 409
    assert "still kept" in page.content.decode()


def test_page_shows_the_file_and_hands_it_out(
    market: Market, owner: Client, tmp_path: Path
) -> None:
    market.watch(name="Cheap & good")
    alert = market.alert("MSFT", price=305)
    address = f"/w/DEMO/alerts/{alert.pk}"

    page = owner.get(f"{address}/test").content.decode()
    kept = owner.get(f"{address}/test?download=1")

    assert f"{address}/test" in owner.get(address).content.decode()
    assert "name: &quot;Cheap &amp; good&quot;" in page
    assert kept["Content-Type"] == "application/yaml"
    assert kept["Content-Disposition"] == 'attachment; filename="cheap-good.yaml"'
    path = tmp_path / "cheap-good.yaml"
    path.write_bytes(kept.content)
    out = StringIO()
    call_command("test_rules", str(path), stdout=out)
    assert "1 passed, 0 failed" in out.getvalue()


def test_programs_get_the_same_file(market: Market) -> None:
    market.watch()
    alert = market.alert("MSFT", price=305)
    _, text = TokenFactory.with_text(workspace=market.workspace)
    client = Client(headers={"Authorization": f"Bearer {text}"})

    answer = client.get(f"/api/v1/workspaces/demo/alerts/{alert.pk}/test")
    nobody = Client().get(f"/api/v1/workspaces/demo/alerts/{alert.pk}/test")

    assert answer.content.decode() == made(market, alert)[0]
    assert answer["Content-Type"] == "application/yaml"
    assert nobody.status_code == 401


def test_those_who_may_only_read_alerts_are_shown_no_rule(
    market: Market, stranger: Client
) -> None:
    market.watch()
    alert = market.alert("MSFT", price=305)

    assert stranger.get(f"/w/DEMO/alerts/{alert.pk}/test").status_code == 404
