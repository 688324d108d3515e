"""Drains at once, ended half-way, and rules changed in the middle."""

from __future__ import annotations

import threading
import uuid
from collections.abc import Callable
from contextlib import suppress

import pytest
from django.db import connection, transaction

from alerts.models import Alert, Transition
from alerts.pipeline import drain_lane
from alerts.services import create_output
from datasets.models import Batch, BatchState, Dataset, Lane
from datasets.services import open_lane, wait_for_turn
from rules.services import change_rule, create_rule
from tests.factories import NOW, DatasetFactory
from tests.story.lane import (
    Crash,
    at_once,
    crashing_at,
    definition,
    drain,
    judged,
    price,
    send,
    states,
)
from workspaces.access import Access

ANY_KEY = {"facts": ["DEMO:PRICES:*:price"]}


@pytest.mark.django_db(transaction=True)
def test_drains_at_once_judge_each_event_once(access: Access, prices: Dataset) -> None:
    rule = create_rule(access=access, definition=definition(watch=ANY_KEY), now=NOW)
    for batch in range(30):
        send(prices, price(300, of=f"A{batch}"), price(400, of=f"B{batch}"), at=batch)

    at_once(*[lambda: drain(prices)] * 4)
    drain(prices)

    rule.refresh_from_db()
    assert (rule.ran, rule.passed) == (60, 30)
    assert Alert.objects.count() == 30
    assert states(prices) == [("judged", seq) for seq in range(1, 32)]


@pytest.mark.django_db(transaction=True)
def test_drains_and_writers_at_once_lose_nothing(
    access: Access, prices: Dataset
) -> None:
    rule = create_rule(access=access, definition=definition(watch=ANY_KEY), now=NOW)

    def write(name: str) -> None:
        for n in range(8):
            send(prices, price(300, of=f"{name}{n}"), at=n)
            drain(prices)

    at_once(*(lambda name=name: write(name) for name in "ABCD"))

    # Nobody rang again and no sweep ran: whoever was busy looked once more.
    rule.refresh_from_db()
    assert not Batch.objects.filter(state=BatchState.PENDING).exists()
    assert (rule.ran, Alert.objects.count()) == (32, 32)


@pytest.mark.django_db(transaction=True)
def test_batch_committed_after_a_later_one_is_not_skipped(
    access: Access, prices: Dataset
) -> None:
    if connection.vendor == "sqlite":
        pytest.skip("SQLite has one writer: ids rise with commits")
    create_rule(access=access, definition=definition(watch=ANY_KEY), now=NOW)
    stored, may_commit = threading.Event(), threading.Event()

    def slow() -> None:
        with transaction.atomic():
            send(prices, price(300, of="SLOW"))
            stored.set()
            assert may_commit.wait(10)

    def quick() -> None:
        assert stored.wait(10)
        send(prices, price(300, of="QUICK"))
        drain(prices)
        may_commit.set()

    at_once(slow, quick)
    drain(prices)

    by_id = Batch.objects.filter(size=1).order_by("pk").values_list("state", "seq")
    assert list(by_id) == [("judged", 3), ("judged", 2)]
    keys = Alert.objects.order_by("transitions__seq").values_list("key", flat=True)
    assert list(keys) == ["QUICK", "SLOW"]


@pytest.mark.django_db(transaction=True)
def test_drain_gives_way_to_who_changes_a_rule_of_it_for_long(
    access: Access, prices: Dataset
) -> None:
    if connection.vendor == "sqlite":
        pytest.skip("SQLite has one writer, who waits for his turn without an end")
    once = definition(**{"raise": {"mode": "once"}})
    rule = create_rule(access=access, definition=once, now=NOW)
    drain(prices)
    send(prices, price(300))
    taken, done = threading.Event(), threading.Event()

    def change() -> None:
        with transaction.atomic():
            wait_for_turn(rule.pk)
            taken.set()
            assert done.wait(10)

    def work() -> None:
        assert taken.wait(10)
        with connection.cursor() as cursor:
            cursor.execute("SET lock_timeout = '50ms'")
        drain(prices)
        assert states(prices)[-1] == ("pending", None)
        done.set()

    at_once(change, work)
    drain(prices)

    assert Alert.objects.count() == 1


@pytest.mark.django_db(transaction=True)
def test_unrelated_open_transaction_delays_nothing(
    access: Access, prices: Dataset
) -> None:
    if connection.vendor == "sqlite":
        pytest.skip("SQLite has one writer: nobody writes beside it")
    create_rule(access=access, definition=definition(), now=NOW)
    other = DatasetFactory(workspace=access.workspace)
    written, done = threading.Event(), threading.Event()

    def hold() -> None:
        with transaction.atomic():
            send(other, price(1))
            written.set()
            assert done.wait(10)

    def work() -> None:
        assert written.wait(10)
        send(prices, price(300))
        drain(prices)
        done.set()

    at_once(hold, work)

    assert Alert.objects.count() == 1


@pytest.mark.django_db(transaction=True)
def test_event_stored_behind_a_busy_drain_is_judged_by_it(
    access: Access, prices: Dataset
) -> None:
    rule = create_rule(access=access, definition=definition(), now=NOW)
    drain(prices)
    lane = open_lane(prices).pk
    send(prices, price(300), at=1)
    rung: list[str] = []

    def ring_behind(run: Callable[..., object], sql: str, *rest: object) -> object:
        # In the middle of the round another event comes, and its bell finds us busy.
        if not rung and sql.startswith("UPDATE") and "datasets_batch" in sql:
            rung.append(sql)
            answer = run(sql, *rest)
            at_once(late_comer)
            return answer
        return run(sql, *rest)

    def late_comer() -> None:
        if connection.vendor == "postgresql":
            send(prices, price(299), at=200)
        drain_lane(lane_id=lane)

    with connection.execute_wrapper(ring_behind):
        drain_lane(lane_id=lane)

    rule.refresh_from_db()
    assert rung
    assert not Batch.objects.filter(state=BatchState.PENDING).exists()
    assert rule.ran == (2 if connection.vendor == "postgresql" else 1)


def story(access: Access, dataset: Dataset) -> None:
    """Rules, alerts that end and open in one round, deliveries, and a feed."""
    output = create_output(
        access=access, kind="email", config={"to": "ana@example.com"}, now=NOW
    )
    told = [{"output": output.slug, "at_most_every": "0s"}]
    signal = definition(outputs=told)
    state = definition(kind="state", name="Low", outputs=told)
    create_rule(access=access, definition=signal, now=NOW)
    create_rule(access=access, definition=state, now=NOW)
    send(dataset, price(300), at=1)
    drain(dataset)
    for at, amount in ((100, 320), (200, 300), (300, 320), (400, 301)):
        send(dataset, price(amount), at=at)


@pytest.mark.django_db(transaction=True)
def test_crash_before_any_write_of_a_drain_leaves_nothing_half_stored(
    access: Access, prices: Dataset
) -> None:
    story(access, prices)
    before = judged(prices)
    Lane.objects.update(crash_batch=None, crash_tries=0)

    crashes = 0
    for write in range(100):
        with crashing_at(write) as writes, suppress(Crash):
            drain(prices)
        if len(writes) < write or judged(prices) != before:
            break
        crashes += 1
        Lane.objects.update(crash_batch=None, crash_tries=0)

    # Lane, batches, facts, instances, counters, alerts, transitions, deliveries, feed.
    assert crashes >= 9
    assert states(prices)[-1] == ("judged", 7)
    kinds = Transition.objects.filter(rule__kind="state").order_by("seq")
    assert list(kinds.values_list("kind", flat=True)) == [
        "opened",
        "resolved",
        "opened",
        "resolved",
        "opened",
    ]


@pytest.mark.django_db
@pytest.mark.parametrize("write", range(0, 12, 3))
def test_drain_after_a_crash_decides_what_the_crashed_one_would_have(
    access: Access, prices: Dataset, write: int
) -> None:
    story(access, prices)
    lane = open_lane(prices)
    with suppress(Crash), crashing_at(write):
        drain(prices)

    drain(prices)

    found = judged(prices)
    opened = Transition.objects.filter(kind__in=["raised", "opened"])
    assert states(prices) == [("judged", seq) for seq in range(1, 8)]
    assert found["alerts"] == sorted(found["alerts"])
    assert len(found["deliveries"]) == 8
    for one in opened.select_related("alert__rule"):
        assert one.alert_id == expected_id(one, lane)


def expected_id(one: Transition, lane: Lane) -> object:
    """The id as the documentation gives it, worked out again."""
    return uuid.uuid5(
        uuid.UUID("6d1c2f8e-58a5-4c9d-9d0e-3a1f0f7f2b11"),
        f"{one.alert.rule.uuid}:{one.alert.version_id}:{one.key}"
        f":{lane.dataset_id}.{lane.shard}:{one.seq}:{one.ord}",
    )


@pytest.mark.django_db(transaction=True)
def test_program_kept_in_memory_follows_changes_of_rules(
    access: Access, prices: Dataset
) -> None:
    rule = create_rule(access=access, definition=definition(), now=NOW)
    counts = []
    for at, wanted in ((0, 310), (100, 290), (200, 310)):
        when = {"fact": 0, "op": "lte", "value": wanted}
        change_rule(access=access, rule=rule, definition=definition(when=when), now=NOW)
        send(prices, price(300), at=at)
        drain(prices)
        rule.refresh_from_db()
        counts.append(rule.passed)

    assert counts == [1, 1, 2]


@pytest.mark.django_db
def test_alert_that_ends_and_opens_anew_in_one_round_is_two(
    access: Access, prices: Dataset
) -> None:
    create_rule(access=access, definition=definition(kind="state"), now=NOW)
    send(prices, price(300), at=1)
    drain(prices)

    send(prices, price(320), at=2)
    send(prices, price(300), at=3)
    drain(prices)

    states = Alert.objects.order_by("opened_at").values_list("state", flat=True)
    assert list(states) == ["resolved", "open"]


@pytest.mark.django_db
@pytest.mark.parametrize("first", ["old", "new"])
def test_rule_that_moves_to_another_dataset_ends_there_before_it_begins_here(
    access: Access, prices: Dataset, first: str
) -> None:
    other = DatasetFactory(workspace=access.workspace, slug="QUOTES")
    rule = create_rule(access=access, definition=definition(kind="state"), now=NOW)
    send(prices, price(300), at=1)
    drain(prices)

    moved = definition(kind="state", watch={"facts": ["DEMO:QUOTES:MSFT:price"]})
    change_rule(access=access, rule=rule, definition=moved, now=NOW)
    for dataset in (prices, other) if first == "old" else (other, prices):
        drain(dataset)
    send(other, price(300), at=2)
    drain(other)

    rule.refresh_from_db()
    states = Alert.objects.order_by("opened_at").values_list("state", flat=True)
    assert rule.in_effect == rule.latest
    assert list(states) == ["closed", "open"]
