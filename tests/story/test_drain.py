"""A drain done twice, done by two, ended half-way, and not rung for."""

from __future__ import annotations

import threading
import uuid
from collections.abc import Callable
from contextlib import suppress
from datetime import timedelta

import pytest
from django.db import connection, transaction

from alerts.models import Alert, FeedEntry, Transition
from alerts.pipeline import drain_lane
from alerts.services import create_output, number_entries
from alerts.sweeping import sweep_feed, sweep_lanes
from alerts.tasks import drain as drain_task
from config.celery import Task
from config.clock import database_now
from datasets.models import Batch, BatchState, Dataset, Lane, Record
from datasets.services import (
    Answer,
    IdempotencyKey,
    Ingest,
    accept_batch,
    answer_once,
    open_lane,
)
from datasets.services.idempotency import KeyReused
from rules.services import change_rule, create_rule
from tests.factories import NOW, DatasetFactory
from tests.story.lane import (
    Crash,
    at_once,
    crashing_at,
    definition,
    drain,
    judged,
    messages_of,
    price,
    send,
    states,
)
from workspaces.access import Access

ANY_KEY = {"facts": ["DEMO:PRICES:*:price"]}


def key_of(body: str = "same") -> IdempotencyKey:
    return IdempotencyKey(scope="token:route", key="k-1", body_hash=body)


def post(dataset: Dataset, key: IdempotencyKey) -> Answer:
    def act() -> Answer:
        accepted = accept_batch(
            dataset=dataset, events=[price(300)], ingest=Ingest(), now=NOW
        )
        return Answer(status=202, body={"batch": accepted.batch_id})

    return answer_once(key=key, act=act, now=NOW)


# --- Twice ----------------------------------------------------------------------------


@pytest.mark.django_db
def test_event_sent_twice_under_one_key_is_stored_and_told_once(
    access: Access, prices: Dataset
) -> None:
    create_rule(access=access, definition=definition(), now=NOW)

    first, second = (post(prices, key_of()) for _ in range(2))
    drain(prices)

    assert (first.is_replay, second.is_replay) == (False, True)
    assert first.body == second.body
    assert Record.objects.count() == 1
    assert Alert.objects.count() == 1


@pytest.mark.django_db
def test_key_sent_again_with_another_body_stores_nothing(prices: Dataset) -> None:
    post(prices, key_of())

    with pytest.raises(KeyReused):
        post(prices, key_of("other"))

    assert Record.objects.count() == 1


@pytest.mark.django_db(transaction=True)
def test_twenty_equal_requests_at_once_store_one_event(prices: Dataset) -> None:
    answers: list[Answer] = []

    at_once(*[lambda: answers.append(post(prices, key_of()))] * 20)

    assert Record.objects.count() == 1
    assert sum(not answer.is_replay for answer in answers) == 1
    assert len({str(answer.body) for answer in answers}) == 1


@pytest.mark.django_db
def test_same_record_twice_is_judged_once(access: Access) -> None:
    dated = DatasetFactory(workspace=access.workspace, slug="PRICES")
    dated.schema["properties"]["day"] = {"type": "string", "format": "date"}
    dated.date_field = "day"
    dated.save(update_fields=["schema", "date_field"])
    rule = create_rule(access=access, definition=definition(), now=NOW)

    for _ in range(2):
        send(dated, {**price(300), "day": "2026-03-02"})
        drain(dated)

    rule.refresh_from_db()
    assert rule.ran == 1
    assert Record.objects.current().count() == 1
    assert Batch.objects.order_by("-pk")[0].outcome == {"ignored": 1}


@pytest.mark.django_db
def test_event_that_is_not_kept_repeats_and_replaces_nothing(access: Access) -> None:
    keyed = DatasetFactory(
        workspace=access.workspace,
        slug="PRICES",
        subkey_field="venue",
        duplicates="replace",
    )
    rule = create_rule(access=access, definition=definition(), now=NOW)

    send(keyed, {**price(300), "venue": "X"})
    for at in (100, 200):
        send(keyed, {**price(299), "venue": "X"}, at=at, persists=False)
    drain(keyed)

    rule.refresh_from_db()
    assert rule.ran == 3
    assert Record.objects.current().get().body["price"] == 300


@pytest.mark.django_db
def test_task_twice_changes_nothing(access: Access, prices: Dataset) -> None:
    create_rule(access=access, definition=definition(), now=NOW)
    send(prices, price(300))
    drain_task(lane_id=open_lane(prices).pk)
    before = judged(prices)

    drain_task(lane_id=open_lane(prices).pk)

    assert judged(prices) == before


# --- By two ---------------------------------------------------------------------------


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


# --- Ended half-way -------------------------------------------------------------------


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


# --- Changed in the middle ------------------------------------------------------------


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


# --- Not rung for ---------------------------------------------------------------------


@pytest.mark.django_db
def test_sweep_finds_what_no_bell_told(access: Access, prices: Dataset) -> None:
    create_rule(access=access, definition=definition(), now=NOW)
    send(prices, price(300))

    sweep_lanes(now=NOW)
    assert not Alert.objects.exists()

    sweep_lanes(now=NOW + timedelta(seconds=2))
    assert Alert.objects.count() == 1

    sweep_feed(now=database_now() + timedelta(seconds=2))
    assert FeedEntry.objects.get().seq == 1


@pytest.mark.django_db
def test_lane_that_fails_leaves_the_others_to_the_sweep(
    access: Access, prices: Dataset, caplog: pytest.LogCaptureFixture
) -> None:
    broken = DatasetFactory(workspace=access.workspace, slug="BROKEN")
    rule = create_rule(
        access=access,
        definition=definition(watch={"facts": ["DEMO:BROKEN:*:price"]}),
        now=NOW,
    )
    Batch.objects.filter(lane__dataset=broken).update(options={"rule": rule.pk})
    send(prices, price(300))

    sweep_lanes(now=NOW + timedelta(seconds=2))

    assert [state for state, _ in states(broken)] == ["pending"]
    assert [state for state, _ in states(prices)] == ["judged"]
    assert [record.message for record in caplog.records] == ["sweep failed"]


@pytest.mark.django_db
def test_paused_lane_accepts_and_waits(access: Access, prices: Dataset) -> None:
    Lane.objects.update(is_paused=True)
    send(prices, price(300))

    drain(prices)
    assert states(prices) == [("pending", None)]

    Lane.objects.update(is_paused=False)
    drain(prices)
    assert states(prices) == [("judged", 1)]


@pytest.mark.django_db(transaction=True)
def test_event_stored_after_the_last_read_rings_again(prices: Dataset) -> None:
    with messages_of(Task.DRAIN) as rung:
        send(prices, price(1))
        send(prices, price(2), at=1)
        assert len(rung) == 1

        drain(prices)
        send(prices, price(3), at=2)
        assert len(rung) == 2


@pytest.mark.django_db(transaction=True)
def test_drain_out_of_time_rings_again(access: Access, prices: Dataset) -> None:
    with messages_of(Task.DRAIN) as rung:
        send(prices, price(300))
        assert len(rung) == 1

        drain_lane(lane_id=open_lane(prices).pk, budget_seconds=0)

        assert len(rung) == 2
    assert states(prices) == [("pending", None)]


@pytest.mark.django_db(transaction=True)
def test_feed_numbered_by_several_at_once_is_dense(
    access: Access, prices: Dataset
) -> None:
    create_rule(access=access, definition=definition(watch=ANY_KEY), now=NOW)

    def write(name: str) -> None:
        for n in range(6):
            send(prices, price(300, of=f"{name}{n}"), at=n)
            drain(prices)
            number_entries(workspace_id=access.workspace.pk)

    at_once(*(lambda name=name: write(name) for name in "ABC"))
    drain(prices)
    number_entries(workspace_id=access.workspace.pk)

    numbers = FeedEntry.objects.order_by("seq").values_list("seq", flat=True)
    assert list(numbers) == list(range(1, 19))
