"""What comes about by time alone, in its place among the events."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from typing import Any

import pytest

from alerts.models import Alert, Delivery, FeedEntry, Transition
from alerts.services import create_output
from alerts.sweeping import sweep_timers
from datasets.models import Batch, Dataset, Origin
from rules.models import Instance, Rule
from rules.services import create_rule
from rules.services.programs import forget_programs
from tests.factories import NOW
from tests.story.lane import definition, drain, price, send
from workspaces.access import Access

pytestmark = pytest.mark.django_db

HELD: Mapping[str, Any] = {"kind": "state", "hold": "30s"}


def made(access: Access, **changes: object) -> Rule:
    """A rule of the workspace on the price of MSFT, in effect."""
    return create_rule(access=access, definition=definition(**changes), now=NOW)


def mail(access: Access) -> dict[str, object]:
    """The use of an output that is told every time."""
    output = create_output(
        access=access, kind="email", config={"to": "ana@example.com"}, now=NOW
    )
    return {"output": output.slug, "at_most_every": 0}


def pass_time(prices: Dataset, seconds: float) -> None:
    """Sweep at an instant, and judge what that brought."""
    sweep_timers(now=NOW + timedelta(seconds=seconds))
    drain(prices)


def steps() -> list[tuple[str, float]]:
    """Every transition: its kind, and its seconds since the story began."""
    told = Transition.objects.order_by("seq", "ord", "pk").values_list("kind", "at")
    return [(kind, (at - NOW).total_seconds()) for kind, at in told]


def test_alert_opens_once_its_condition_has_held(
    access: Access, prices: Dataset
) -> None:
    made(access, **HELD, outputs=[mail(access)])
    send(prices, price(300))
    drain(prices)

    pass_time(prices, 29.9)
    assert steps() == []
    pass_time(prices, 30)

    assert steps() == [("opened", 30)]
    assert Delivery.objects.get().transition == Transition.objects.get()
    assert FeedEntry.objects.get().alert == Alert.objects.get()
    assert Batch.objects.latest("pk").origin == Origin.TIMER


def test_condition_that_ends_too_early_opens_nothing(
    access: Access, prices: Dataset
) -> None:
    made(access, **HELD)
    send(prices, price(300))
    send(prices, price(320), at=29)
    drain(prices)

    pass_time(prices, 60)

    assert steps() == []
    assert not Instance.objects.exclude(due_at=None, wake_at=None).exists()


def test_event_finds_a_timer_due_and_lets_it_go_first(
    access: Access, prices: Dataset
) -> None:
    made(access, **HELD)
    send(prices, price(300))
    send(prices, price(320), at=40)
    drain(prices)

    assert steps() == [("opened", 30), ("resolved", 40)]
    pass_time(prices, 60)
    assert len(steps()) == 2


def test_timer_outlives_the_process(access: Access, prices: Dataset) -> None:
    made(access, **HELD)
    send(prices, price(300))
    drain(prices)
    forget_programs()

    pass_time(prices, 31)

    assert steps() == [("opened", 30)]


def test_timer_is_given_one_place_however_often_is_swept(
    access: Access, prices: Dataset
) -> None:
    made(access, **HELD)
    send(prices, price(300))
    drain(prices)

    for _ in range(3):
        sweep_timers(now=NOW + timedelta(seconds=31))
    drain(prices)

    assert Batch.objects.filter(origin=Origin.TIMER).count() == 1
    assert steps() == [("opened", 30)]


def test_timer_that_moved_before_its_batch_was_judged_finds_nothing_due(
    access: Access, prices: Dataset
) -> None:
    made(access, **HELD)
    send(prices, price(300))
    drain(prices)
    send(prices, price(320), at=20)

    sweep_timers(now=NOW + timedelta(seconds=31))
    drain(prices)

    assert steps() == []


def test_what_history_arms_is_fired_by_data_alone(
    access: Access, prices: Dataset
) -> None:
    made(access, **HELD)
    send(prices, price(300), is_live=False)
    drain(prices)

    pass_time(prices, 3600)
    assert steps() == []
    send(prices, price(300), at=50, is_live=False)
    drain(prices)

    assert steps() == [("opened", 30)]
    assert Alert.objects.get().is_historical


def test_alert_resolves_once_its_recovery_has_held(
    access: Access, prices: Dataset
) -> None:
    recover = {"when": {"fact": 0, "op": "gt", "value": 315}, "hold": "10s"}
    made(access, kind="state", recover=recover)
    for at, amount in enumerate([300, 312, 316, 314, 316]):
        send(prices, price(amount), at=at)
    drain(prices)

    pass_time(prices, 14)

    assert steps() == [("opened", 0), ("resolved", 14)]


def test_silence_of_a_key_is_told_once_until_it_is_heard_of(
    access: Access, prices: Dataset
) -> None:
    silence = {"after": "60s", "then": "alert"}
    made(access, kind="state", no_data=silence, outputs=[mail(access)])
    send(prices, price(300))
    send(prices, price(301), at=30)
    drain(prices)

    for seconds in (60, 90, 200):
        pass_time(prices, seconds)

    assert steps() == [("opened", 0), ("no_data", 90)]
    assert Alert.objects.get().state == "open"
    assert Delivery.objects.count() == 2
    assert "Nothing was heard of MSFT" in Transition.objects.latest("pk").reason


def test_silence_of_a_key_resolves_where_that_is_wanted(
    access: Access, prices: Dataset
) -> None:
    made(access, kind="state", no_data={"after": "60s", "then": "resolve"})
    send(prices, price(300))
    drain(prices)

    pass_time(prices, 61)

    assert steps() == [("opened", 0), ("resolved", 60)]


def test_rule_that_listens_for_silence_opens_and_ends_with_it(
    access: Access, prices: Dataset
) -> None:
    fact = {"fact": "DEMO:PRICES:*:price", "op": "silent", "value": "1m"}
    made(access, kind="state", watch={"facts": []}, when=fact)
    send(prices, price(300), price(5, of="AAPL"))
    send(prices, price(301), at=30)
    drain(prices)

    pass_time(prices, 60)
    pass_time(prices, 90)
    send(prices, price(6, of="AAPL"), at=100)
    drain(prices)

    assert steps() == [("opened", 60), ("opened", 90), ("resolved", 100)]


def test_silence_outside_of_the_active_hours_is_told_after_the_next_event(
    access: Access, prices: Dataset
) -> None:
    silent = {"fact": "DEMO:PRICES:MSFT:price", "op": "silent", "value": "2m"}
    hours = {"hours": "15:00-15:31", "zone": "UTC"}
    made(access, kind="state", watch={"facts": []}, when=silent, active=hours)
    day = 24 * 3_600
    send(prices, price(300))
    drain(prices)

    pass_time(prices, 120)
    pass_time(prices, day - 1_200)
    assert steps() == []
    send(prices, price(300), at=day - 600)
    drain(prices)
    pass_time(prices, day - 480)

    assert steps() == [("opened", day - 480)]


def test_rule_that_has_come_to_its_end_is_turned_off(
    access: Access, prices: Dataset
) -> None:
    end = NOW + timedelta(seconds=50)
    rule = made(access, kind="state", expires_at=end.isoformat())
    send(prices, price(300))
    drain(prices)

    for _ in range(2):
        pass_time(prices, 50)

    rule.refresh_from_db()
    assert not rule.is_enabled
    assert rule.in_effect is None
    assert [kind for kind, _ in steps()] == ["opened", "closed"]
    assert Transition.objects.latest("pk").reason == "The rule has come to its end."
