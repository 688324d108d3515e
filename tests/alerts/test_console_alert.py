"""An alert's page: what happened, why, who was told, and taking it on."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.test import Client
from django.utils.html import escape
from pytest_django.fixtures import Settings

from alerts.models import Alert, Attempt, Delivery, DeliveryStatus
from alerts.services import create_output, explain_alert, message_of
from alerts.suppression import Suppression
from rules.services import delete_rule
from tests.alerts.market import Market
from tests.factories import NOW

pytestmark = pytest.mark.django_db


def address(alert: Alert, more: str = "") -> str:
    return f"/w/DEMO/alerts/{alert.pk}{more}"


def read(client: Client, alert: Alert) -> str:
    answer = client.get(address(alert))
    assert answer.status_code == 200
    return answer.content.decode()


@pytest.fixture
def mailed(market: Market) -> Alert:
    """An alert that was told to a mailbox."""
    output = create_output(
        access=market.access, kind="email", config={"to": "ana@example.com"}, now=NOW
    )
    market.watch(outputs=[{"output": output.slug}])
    return market.alert("MSFT")


def test_values_stand_as_sent_conditions_first(market: Market, owner: Client) -> None:
    market.watch(
        watch={"facts": ["DEMO:PRICES:*:price", "DEMO:PRICES:*:open"]},
        when={"fact": 0, "op": "lt", "value": {"fact": 1}},
        include=["DEMO:PRICES:*:volume"],
    )
    market.trade(
        {
            "symbol": "MSFT",
            "price": Decimal("309.200000000000000001"),
            "open": Decimal("311.00"),
            "volume": 18446744073709551615,
        }
    )
    alert = Alert.objects.get()

    page = explain_alert(access=market.access, alert_id=alert.pk, now=NOW)
    shown = read(owner, alert)

    assert [(row.name, row.shown) for row in page.conditions] == [
        ("price", "309.200000000000000001"),
        ("open", "311.00"),
    ]
    assert [(row.name, row.shown) for row in page.included] == [
        ("volume", "18446744073709551615")
    ]
    for text in ("309.200000000000000001", "DEMO:PRICES:MSFT:open", alert.reason):
        assert escape(text) in shown


def test_why_says_what_was_found_of_every_condition(market: Market) -> None:
    market.watch(
        watch={"facts": ["DEMO:PRICES:*:price", "DEMO:PRICES:*:volume"]},
        when={
            "any": [
                {"fact": 0, "op": "lte", "value": 310},
                {
                    "all": [
                        {"fact": 0, "op": "gt", "value": 500},
                        {"not": {"fact": 1, "op": "gt", "value": 10}},
                    ]
                },
            ]
        },
    )
    alert = market.alert("MSFT", price=305)

    why = explain_alert(access=market.access, alert_id=alert.pk, now=NOW).why

    assert why is not None
    cheap, neither = why.members
    dear, quiet = neither.members
    assert (why.text, why.truth) == ("At least one of these", True)
    assert (cheap.text, cheap.truth) == (
        "price is 305, at or below 310 (by 5)",
        True,
    )
    assert (neither.text, neither.truth) == ("All of these", False)
    assert (dear.truth, quiet.truth) == (False, None)
    assert quiet.members[0].text == "volume has no value"


def test_timeline_tells_the_steps_and_who_took_it_on(
    market: Market, owner: Client
) -> None:
    market.watch(kind="state")
    alert = market.alert("MSFT")
    owner.post(address(alert, "/acknowledge"))
    market.trade({"symbol": "MSFT", "price": 400})
    Alert.objects.update(acknowledged_at=NOW)

    steps = explain_alert(access=market.access, alert_id=alert.pk, now=NOW).steps

    assert sorted(step.kind for step in steps) == ["acknowledged", "opened", "resolved"]
    assert steps[0].text == "by ana@example.com"
    page = owner.get(address(alert)).content.decode()
    for step in steps:
        assert f'data-chip="{step.kind}"' in page


def test_rule_is_read_with_its_outputs_by_name(market: Market, owner: Client) -> None:
    output = create_output(
        access=market.access, kind="email", config={"to": "ana@example.com"}, now=NOW
    )
    market.watch(outputs=[{"output": output.slug}])
    alert = market.alert("MSFT")

    page = owner.get(address(alert)).content.decode()
    mail = message_of(Delivery.objects.get())

    assert "tell e-mail to ana@example.com" in page
    assert "tell e-mail to ana@example.com" in mail.sentence


def test_acknowledging_names_who_did_and_goes_back(
    market: Market, owner: Client
) -> None:
    market.watch()
    alert = market.alert("MSFT")

    back = owner.post(address(alert, "/acknowledge"), {"next": "/w/DEMO/feed?show=all"})
    page = owner.get(back.headers["Location"]).content.decode()

    alert.refresh_from_db()
    assert back.headers["Location"] == "/w/DEMO/feed?show=all"
    assert str(alert.acknowledged_by) == "ana@example.com"
    assert "Acknowledged by ana@example.com" in page


def test_acknowledging_leads_to_no_other_site(market: Market, owner: Client) -> None:
    market.watch()
    alert = market.alert("MSFT")

    back = owner.post(address(alert, "/acknowledge"), {"next": "//evil.example/"})

    assert back.headers["Location"] == address(alert)


def test_acknowledging_twice_says_who_was_first(market: Market, owner: Client) -> None:
    market.watch()
    alert = market.alert("MSFT")
    owner.post(address(alert, "/acknowledge"))

    again = owner.post(address(alert, "/acknowledge"), follow=True)

    assert "ana@example.com has acknowledged this alert." in again.content.decode()


def test_script_gets_the_facts_instead_of_a_page(market: Market, owner: Client) -> None:
    market.watch()
    alert = market.alert("MSFT")

    answer = owner.post(
        address(alert, "/acknowledge"), headers={"Accept": "application/json"}
    )

    assert answer.json()["acknowledged_by"] == "ana@example.com"
    assert "Acknowledged." not in owner.get(address(alert)).content.decode()


def test_viewer_may_look_and_not_take_on(market: Market, viewer: Client) -> None:
    market.watch()
    alert = market.alert("MSFT")

    page = read(viewer, alert)
    refused = viewer.post(address(alert, "/acknowledge"))

    assert "/acknowledge" not in page
    assert refused.status_code == 403
    alert.refresh_from_db()
    assert alert.acknowledged_at is None


@pytest.mark.parametrize("path", ["", "/acknowledge"])
def test_stranger_finds_no_alert(market: Market, stranger: Client, path: str) -> None:
    market.watch()
    alert = market.alert("MSFT")
    method = stranger.post if path else stranger.get

    assert method(address(alert, path)).status_code == 404


def test_alert_of_another_workspace_is_missing(market: Market, owner: Client) -> None:
    missing = "/w/DEMO/alerts/00000000-0000-4000-8000-000000000000"

    assert owner.get(missing).status_code == 404
    assert owner.get("/w/DEMO/alerts/nonsense").status_code == 404


def test_failed_delivery_shows_its_tries_and_can_go_again(
    market: Market, owner: Client, mailed: Alert
) -> None:
    delivery = Delivery.objects.get()
    Delivery.objects.update(
        status=DeliveryStatus.FAILED, attempts=1, due_at=NOW + timedelta(hours=2)
    )
    Attempt.objects.create(
        delivery=delivery,
        number=1,
        started_at=NOW,
        ended_at=NOW,
        error="The mail server did not take it: 550",
    )

    page = explain_alert(access=market.access, alert_id=mailed.pk, now=NOW)
    shown = read(owner, mailed)
    again = owner.post(address(mailed, f"/deliveries/{delivery.pk}/retry"))

    assert page.told[0].next_at == NOW + timedelta(hours=2)
    assert "The mail server did not take it: 550" in shown
    assert again.headers["Location"] == address(mailed)
    delivery.refresh_from_db()
    assert delivery.status == DeliveryStatus.QUEUED


def test_output_that_rests_is_tried_when_it_has_rested(
    market: Market, mailed: Alert
) -> None:
    delivery = Delivery.objects.get()
    Delivery.objects.update(status=DeliveryStatus.FAILED, due_at=NOW)
    type(delivery.output).objects.update(open_until=NOW + timedelta(minutes=30))

    page = explain_alert(access=market.access, alert_id=mailed.pk, now=NOW)

    assert page.told[0].next_at == NOW + timedelta(minutes=30)


@pytest.mark.parametrize("reason", list(Suppression))
def test_what_was_held_back_says_why_in_a_sentence(
    market: Market, owner: Client, mailed: Alert, reason: Suppression
) -> None:
    Delivery.objects.update(status=DeliveryStatus.SUPPRESSED, reason=reason.value)

    page = read(owner, mailed)

    assert reason.sentence in page
    assert "Send now" in page


def test_storm_leads_to_the_summary_that_tells_of_an_alert(
    market: Market, owner: Client, mailed: Alert, settings: Settings
) -> None:
    settings.BELLWETHER_STORM_MESSAGES = 1
    market.trade(*[{"symbol": f"K{number}", "price": 300} for number in range(3)])
    first, _, last = Alert.objects.filter(key__startswith="K").order_by("key")

    summary, held = read(owner, first), read(owner, last)

    assert "told as a summary of 3 messages" in summary
    assert Suppression.STORM.sentence in held
    assert f'href="{address(first)}">The summary</a>' in held


def test_page_of_a_rule_says_of_its_storm(
    market: Market, owner: Client, stranger: Client, mailed: Alert, settings: Settings
) -> None:
    page = f"/w/DEMO/rules/{mailed.rule.uuid}"
    calm = owner.get(f"{page}/storms").content.decode()

    settings.BELLWETHER_STORM_MESSAGES = 1
    market.trade(*[{"symbol": f"K{number}", "price": 300} for number in range(3)])

    assert f'hx-get="{page}/storms"' in owner.get(f"{page}/edit").content.decode()
    assert calm.strip() == ""
    storm = owner.get(f"{page}/storms").content.decode()
    assert "more than 1 message a minute for e-mail to ana@example.com" in storm
    assert stranger.get(f"{page}/storms").status_code == 404


def test_alert_of_a_deleted_rule_keeps_its_words(market: Market, owner: Client) -> None:
    rule = market.watch()
    alert = market.alert("MSFT")
    delete_rule(access=market.access, rule=rule, now=NOW)

    page = read(owner, alert)

    assert "(deleted)" in page
    assert "Open the rule" not in page


def test_number_of_queries_does_not_grow_with_the_deliveries(
    market: Market, owner: Client, django_assert_num_queries: Any
) -> None:
    outputs = [
        create_output(
            access=market.access,
            kind="email",
            config={"to": f"{name}@a.example"},
            now=NOW,
        ).slug
        for name in ("ana", "ben", "cy")
    ]
    market.watch(outputs=[{"output": slug} for slug in outputs])
    alert = market.alert("MSFT")

    with django_assert_num_queries(11):
        owner.get(address(alert))
