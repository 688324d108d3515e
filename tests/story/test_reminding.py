"""Alerts that are told of again while they are open, and rules that raise one."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.template.loader import render_to_string

from alerts.models import Alert, Delivery, FeedEntry
from alerts.services import acknowledge_alert, check_replay
from datasets.models import Dataset
from rules.models import Instance, Rule
from rules.services import change_rule, turn_rule
from tests.factories import NOW
from tests.story.lane import drain, price, send
from tests.story.test_timekeeping import made, mail, pass_time, steps
from workspaces.access import Access

pytestmark = pytest.mark.django_db

HOUR = 3600


def test_reminder_comes_by_its_timer_and_is_told_and_fed(
    access: Access, prices: Dataset
) -> None:
    hourly = {"remind_every": "1h"}
    made(access, kind="state", outputs=[mail(access)], **{"raise": hourly})
    send(prices, price(300))
    drain(prices)

    pass_time(prices, HOUR)
    pass_time(prices, 2 * HOUR)
    send(prices, price(400), at=2 * HOUR + 1)
    drain(prices)

    told = [("opened", 0), ("reminded", HOUR), ("reminded", 2 * HOUR)]
    assert steps() == [*told, ("resolved", 2 * HOUR + 1)]
    alert = Alert.objects.get()
    assert alert.state == "resolved"
    kinds = [kind for kind, _ in steps()]
    assert list(FeedEntry.objects.order_by("pk").values_list("kind", flat=True)) == (
        kinds
    )
    assert Delivery.objects.filter(status="queued").count() == 4
    assert check_replay(dataset=prices).differences == []


def test_who_has_taken_an_alert_on_is_not_reminded(
    access: Access, prices: Dataset
) -> None:
    hourly = {"remind_every": "1h"}
    made(access, kind="state", outputs=[mail(access)], **{"raise": hourly})
    send(prices, price(300))
    drain(prices)
    acknowledge_alert(access=access, alert=Alert.objects.get(), now=NOW)

    pass_time(prices, HOUR)
    send(prices, price(400), at=HOUR + 1)
    drain(prices)

    deliveries = Delivery.objects.order_by("transition__number")
    assert [
        (one.transition.kind, one.status, one.reason)
        for one in deliveries.select_related("transition")
    ] == [
        ("opened", "queued", ""),
        ("reminded", "suppressed", "acknowledged"),
        ("resolved", "queued", ""),
    ]


def test_event_at_which_one_is_due_may_be_one_itself(
    access: Access, prices: Dataset
) -> None:
    often = {"remind_every": "1m", "again_if_moved": 1}
    made(access, kind="state", outputs=[mail(access)], **{"raise": often})
    send(prices, price(300))
    send(prices, price(290), at=61)
    drain(prices)

    assert steps() == [("opened", 0), ("reminded", 60), ("reminded", 61)]


def test_alert_escalates_and_eases_while_it_is_open(
    access: Access, prices: Dataset
) -> None:
    step = {"when": {"fact": 0, "op": "lt", "value": 300}, "is": "critical"}
    made(access, kind="state", ladder=[step], outputs=[mail(access)])
    send(prices, price(305))
    drain(prices)
    assert Alert.objects.get().severity == "warning"
    send(prices, price(299), at=1)
    drain(prices)
    assert Alert.objects.get().severity == "critical"
    send(prices, price(301), at=2)
    drain(prices)

    assert Alert.objects.get().severity == "warning"
    assert steps() == [("opened", 0), ("escalated", 1), ("eased", 2)]
    kinds = FeedEntry.objects.order_by("pk").values_list("kind", flat=True)
    assert list(kinds) == ["opened", "escalated", "eased"]
    told = Delivery.objects.order_by("pk").values_list("transition__kind", flat=True)
    assert sorted(told) == ["escalated", "opened"]
    assert check_replay(dataset=prices).differences == []


class TestOnce:
    """A rule that raises one alert in all, and is off then."""

    @pytest.fixture
    def rule(self, access: Access) -> Rule:
        return made(access, **{"raise": {"mode": "once"}})

    def test_it_is_turned_off_and_says_why(self, prices: Dataset, rule: Rule) -> None:
        send(prices, price(300), price(299))
        drain(prices)
        drain(prices)

        rule.refresh_from_db()
        assert Alert.objects.count() == 1
        assert (rule.is_enabled, rule.in_effect) == (False, None)
        assert rule.done_at is not None
        said = render_to_string("rules/_health.html", {"rule": rule})
        assert "It has raised its one alert" in said
        assert rule.ran == 1
        assert check_replay(dataset=prices).differences == []

    def test_turned_on_it_waits_for_another(
        self, access: Access, prices: Dataset, rule: Rule
    ) -> None:
        send(prices, price(300))
        drain(prices)
        turn_rule(access=access, rule=rule, on=True, now=NOW + timedelta(seconds=1))
        send(prices, price(299), at=100)
        drain(prices)
        drain(prices)

        rule.refresh_from_db()
        assert Alert.objects.count() == 2
        assert not rule.is_enabled

    def test_it_stays_on_if_it_was_edited_to_go_on(
        self, access: Access, prices: Dataset, rule: Rule
    ) -> None:
        send(prices, price(300))
        definition = {**rule.latest.definition, "raise": {"mode": "every_match"}}  # type: ignore[union-attr]
        change_rule(
            access=access, rule=rule, definition=definition, now=NOW, expected="*"
        )
        drain(prices)

        rule.refresh_from_db()
        assert (rule.is_enabled, rule.done_at) == (True, None)

    def test_what_its_keys_share_is_no_key(self, prices: Dataset, rule: Rule) -> None:
        send(prices, price(300))
        drain(prices)

        assert set(Instance.objects.values_list("key", flat=True)) == {"MSFT", ""}
