"""A rule that has more for an output than anybody reads: it is told in summaries."""

from __future__ import annotations

import json
import uuid
from collections import Counter
from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from typing import Any

import pytest
from django.db.models import Count, F
from pytest_django.fixtures import Settings

from alerts.models import Alert, Delivery, FeedEntry, Output, Storm, Transition
from alerts.services import send_due
from alerts.services.rows import NewDelivery, delivery_row
from alerts.services.storms import end_gathering, fold_storms
from datasets.models import Dataset
from datasets.services import insert_rows, writing
from rules.models import Rule
from rules.services import create_rule
from tests.factories import NOW
from tests.receivers import Receiver, Reply
from tests.story.lane import at_once, definition, drain, price, send
from tests.story.sending import ids, let_pass, webhook
from workspaces.access import Access

pytestmark = pytest.mark.django_db

MEASURE = 3
MINUTE = timedelta(minutes=1)
SOON = timedelta(seconds=11)
#: What steps of one alert have in common.
COMMON = ("alert_id", "rule_id", "key", "lane_id", "seq", "ord")


@pytest.fixture(autouse=True)
def measure(settings: Settings) -> None:
    settings.BELLWETHER_STORM_MESSAGES = MEASURE


@pytest.fixture
def output(access: Access, sink: Receiver) -> Output:
    return webhook(access, sink)


@pytest.fixture
def rule(access: Access, output: Output, prices: Dataset) -> Rule:
    """Every price at or below 310 opens an alert of its symbol."""
    told = [{"output": output.slug, "at_most_every": "0s"}]
    wanted = definition(
        kind="state", watch={"facts": ["DEMO:PRICES:*:price"]}, outputs=told
    )
    return create_rule(access=access, definition=wanted, now=NOW)


def fall(dataset: Dataset, *keys: str, to: int = 300) -> None:
    """Let prices change in one round."""
    send(dataset, *[price(to, of=key) for key in keys])
    drain(dataset)


def keys(count: int, of: str = "K") -> list[str]:
    return [f"{of}{number}" for number in range(count)]


def bodies(sink: Receiver) -> list[dict[str, Any]]:
    return [json.loads(one.body) for one in sink.received]


def told(sink: Receiver) -> list[tuple[str, str]]:
    return [(body["type"], body["alert"]["key"]) for body in bodies(sink)]


def test_flood_is_one_message_with_its_count_and_all_alerts_are_there(
    prices: Dataset, rule: Rule, output: Output, sink: Receiver
) -> None:
    many = keys(400)
    send(prices, *[price(300, of=key) for key in many])
    drain(prices)
    let_pass(SOON)

    send_due(output_id=output.pk)
    send_due(output_id=output.pk)

    (body,) = bodies(sink)
    assert body["type"] == "alert.storm"
    assert body["summary"]["count"] == body["summary"]["keys"] == len(many)
    assert body["summary"]["kinds"] == {"opened": len(many)}
    assert [one["key"] for one in body["summary"]["samples"]] == many[:10]
    assert body["alert"]["subject"] == "Storm: 400 messages of Cheap"
    assert "K9 opened 2 Mar 2026 15:30:00 UTC: price is 300" in body["alert"]["message"]
    assert Alert.objects.filter(state="open").count() == len(many)
    assert FeedEntry.objects.count() == len(many)
    held = Counter(Delivery.objects.values_list("status", "reason"))
    assert held == {("sent", ""): 1, ("suppressed", "storm"): len(many) - 1}


def test_no_more_than_the_measure_is_told_one_by_one(
    prices: Dataset, rule: Rule, output: Output, sink: Receiver
) -> None:
    fall(prices, *keys(MEASURE))

    send_due(output_id=output.pk)

    assert told(sink) == [("alert.opened", key) for key in keys(MEASURE)]
    assert not Delivery.objects.filter(summary__isnull=False).exists()


def test_rules_and_outputs_are_counted_each_for_itself(
    access: Access, prices: Dataset, rule: Rule, output: Output, sink: Receiver
) -> None:
    other = webhook(access, sink, "/other")
    told = [{"output": one.slug, "at_most_every": "0s"} for one in (output, other)]
    wanted = definition(name="Low", outputs=told)
    create_rule(access=access, definition=wanted, now=NOW)
    fall(prices, "MSFT", *keys(MEASURE - 1))

    send_due(output_id=output.pk)
    send_due(output_id=other.pk)

    assert len(sink.received) == MEASURE + 2
    assert not Delivery.objects.filter(status="suppressed").exists()


def test_end_is_told_as_its_opening_was(
    prices: Dataset, rule: Rule, output: Output, sink: Receiver
) -> None:
    fall(prices, "EARLY")
    fall(prices, *keys(MEASURE + 1))
    fall(prices, "EARLY", *keys(MEASURE + 1), to=400)
    let_pass(SOON)

    send_due(output_id=output.pk)

    by_itself = [one for one in told(sink) if one[0] != "alert.storm"]
    assert by_itself == [("alert.opened", "EARLY"), ("alert.resolved", "EARLY")]
    (summary,) = [one["summary"] for one in bodies(sink) if "summary" in one]
    assert summary["kinds"] == {"opened": MEASURE + 1, "resolved": MEASURE + 1}


def test_end_of_what_opened_and_ended_in_one_round_is_in_the_summary(
    prices: Dataset, rule: Rule, output: Output, sink: Receiver
) -> None:
    for to in (300, 400):
        send(prices, *[price(to, of=key) for key in keys(MEASURE)])
    drain(prices)
    let_pass(SOON)

    send_due(output_id=output.pk)

    (body,) = bodies(sink)
    assert body["summary"]["kinds"] == {"opened": MEASURE, "resolved": MEASURE}


def test_keys_that_flap_are_told_of_once_with_all_their_turns(
    prices: Dataset, rule: Rule, output: Output, sink: Receiver
) -> None:
    flapping, turns = keys(40), 3
    for _ in range(turns):
        fall(prices, *flapping)
        fall(prices, *flapping, to=400)
    let_pass(SOON)

    send_due(output_id=output.pk)

    (body,) = bodies(sink)
    each = len(flapping) * turns
    assert body["summary"]["kinds"] == {"opened": each, "resolved": each}
    assert body["summary"]["keys"] == len(flapping)
    assert Alert.objects.filter(state="resolved").count() == each


def test_end_waits_for_the_summary_that_tells_of_its_opening(
    prices: Dataset, rule: Rule, output: Output, sink: Receiver
) -> None:
    sink.replies["/hook"] = Reply(status=503)
    fall(prices, *keys(MEASURE + 1))
    let_pass(SOON)
    send_due(output_id=output.pk)  # the summary fails, and gathers no more
    Storm.objects.update(told=0)  # the storm is over
    fall(prices, "K2", to=400)
    del sink.replies["/hook"]

    send_due(output_id=output.pk)
    before = told(sink)
    let_pass(SOON)
    send_due(output_id=output.pk)

    assert before == [("alert.storm", "K0")]
    assert told(sink)[1:] == [("alert.storm", "K0"), ("alert.resolved", "K2")]
    assert bodies(sink)[0]["summary"] == bodies(sink)[1]["summary"]
    first, again, _ = ids(sink)
    assert first == again


def test_summary_that_is_sent_gathers_no_more(
    prices: Dataset, rule: Rule, output: Output, sink: Receiver
) -> None:
    fall(prices, *keys(MEASURE + 1))
    let_pass(SOON)
    send_due(output_id=output.pk)
    fall(prices, *keys(MEASURE + 2, of="L"))
    let_pass(SOON + MINUTE)
    send_due(output_id=output.pk)

    counts = [one["summary"]["count"] for one in bodies(sink)]
    assert counts == [MEASURE + 1, MEASURE + 2]
    assert len(set(ids(sink))) == 2


def test_summary_that_is_held_gathers_no_more(
    prices: Dataset, rule: Rule, output: Output, sink: Receiver
) -> None:
    fall(prices, *keys(MEASURE + 1))
    Output.objects.update(is_enabled=False)
    send_due(output_id=output.pk)
    Output.objects.update(is_enabled=True)
    fall(prices, *keys(MEASURE + 2, of="L"))
    let_pass(SOON + MINUTE)
    send_due(output_id=output.pk)

    assert [one["summary"]["count"] for one in bodies(sink)] == [MEASURE + 2]


def tell(output: Output, steps: Sequence[Transition], now: datetime) -> None:
    """Commit that an output is to be told of these steps."""
    deliveries = [
        NewDelivery(
            id=uuid.uuid4(),
            workspace_id=output.workspace_id,
            output_id=output.pk,
            transition_id=step.pk,
            alert_id=step.alert_id,
            rule_id=step.rule_id,
            kind=step.kind,
            status="queued",
            reason="",
            subject="",
            message="",
            due_at=now,
            created_at=now,
        )
        for step in steps
    ]
    with writing():
        fold_storms(deliveries, now=now)
        insert_rows(Delivery, [delivery_row(one) for one in deliveries])


def forget_what_was_told() -> None:
    Delivery.objects.all().delete()
    Storm.objects.all().delete()


@pytest.fixture
def later(prices: Dataset, rule: Rule, output: Output) -> Callable[[int, float], None]:
    """Tell the output so many things, so many seconds after a minute began."""
    fall(prices, "K")
    forget_what_was_told()
    one = Transition.objects.get()
    common = {name: getattr(one, name) for name in COMMON}

    def remind(count: int, second: float) -> None:
        now = NOW + timedelta(seconds=second)
        first = Transition.objects.count() + 1
        steps = [
            Transition(
                **common,
                kind="reminded",
                number=first + place,
                at=now + timedelta(microseconds=place),
                recorded_at=now,
            )
            for place in range(count)
        ]
        tell(output, Transition.objects.bulk_create(steps), now)

    return remind


@pytest.mark.parametrize(
    ("rounds", "apart", "summaries"),
    [
        pytest.param([(0, 3), (30, 1)], 3, [1], id="more in one minute"),
        pytest.param([(0, 3), (60, 3)], 6, [], id="the measure each minute"),
        pytest.param([(0, 4), (60, 1)], 0, [5], id="lasts for another minute"),
        pytest.param([(0, 4), (60, 1), (120, 1)], 1, [5], id="is over after that"),
        pytest.param([(0, 4), (180, 3)], 3, [4], id="is over after a pause"),
        pytest.param([(60, 2), (59, 2)], 2, [2], id="a round that began before"),
        pytest.param([(7_200, 3), (0, 3)], 6, [], id="a clock set back"),
    ],
)
def test_storm_is_over_the_measure_until_a_minute_is_not(
    later: Callable[[int, float], None],
    rounds: list[tuple[float, int]],
    apart: int,
    summaries: list[int],
) -> None:
    for second, count in rounds:
        later(count, second)

    assert Delivery.objects.filter(summary=None).count() == apart
    sent = Delivery.objects.filter(summary=F("pk")).annotate(n=Count("gathered"))
    assert list(sent.values_list("n", flat=True)) == summaries


def test_first_summary_leaves_soon_and_the_next_a_minute_later(
    later: Callable[[int, float], None],
) -> None:
    for second in (5, 20, 70, 200):
        later(4, second)
        summary = Storm.objects.get().gathering
        assert summary is not None
        end_gathering(summary=summary)

    due = Delivery.objects.filter(summary=F("pk")).order_by("due_at")
    assert [(one.due_at - NOW).total_seconds() for one in due] == [15, 75, 135, 210]


@pytest.mark.django_db(transaction=True)
def test_lanes_at_once_make_one_summary_and_lose_no_count(
    prices: Dataset, rule: Rule, output: Output, sink: Receiver
) -> None:
    """Two lanes of one rule, as a dataset in shards has them."""
    fall(prices, *keys(8))
    forget_what_was_told()
    steps = list(Transition.objects.order_by("pk"))

    def record(some: list[Transition]) -> None:
        for step in some:
            tell(output, [step], NOW)

    at_once(lambda: record(steps[:4]), lambda: record(steps[4:]))
    send_due(output_id=output.pk)

    assert Storm.objects.get().told == len(steps)
    assert len(sink.received) == MEASURE + 1
    (summary,) = [one["summary"] for one in bodies(sink) if "summary" in one]
    assert summary["count"] == len(steps) - MEASURE
