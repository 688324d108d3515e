"""Events that kill the judge: set aside, while their lane goes on."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress
from datetime import timedelta

import pytest
from django.db import OperationalError
from django.test import Client

from alerts.models import Alert, Transition
from alerts.pipeline import drain_round, judge_and_record
from alerts.poison import Judge, judge_with_care
from datasets.models import Batch, Dataset, Fact, Lane, Quarantine, Record
from datasets.services import (
    NothingToReplay,
    SettledBatch,
    oldest_pending,
    open_lane,
    replay_quarantined,
    wants_care,
)
from rules.services import create_rule
from tests.factories import NOW, DatasetFactory, UserFactory
from tests.story.lane import Crash, definition, drain, price, send, states
from workspaces.access import Access

pytestmark = pytest.mark.django_db

ANY_KEY = {"facts": ["DEMO:PRICES:*:price"]}


def judge(lane: Lane, settled: Sequence[SettledBatch]) -> None:
    """Judge as the product does, at a time of the story."""
    judge_and_record(lane, settled, now=NOW)


def poison(dataset: Dataset, key: str = "BAD") -> None:
    """Spoil what the lane keeps of a key, so that its events cannot be judged."""
    Fact.objects.create(
        lane=open_lane(dataset), dataset=dataset, key=key, fields={"price": 7}
    )


def drain_until_done(dataset: Dataset, *, most: int = 40) -> None:
    """Drain as the sweeps do, however often it fails."""
    for _ in range(most):
        if not Batch.objects.filter(lane__dataset=dataset, state="pending").exists():
            return
        with suppress(TypeError):
            drain(dataset)
    pytest.fail("the lane does not go on")


def test_culprit_is_set_aside_and_its_lane_goes_on(
    access: Access, prices: Dataset
) -> None:
    rule = create_rule(access=access, definition=definition(watch=ANY_KEY), now=NOW)
    poison(prices)
    send(prices, price(300, of="A"), at=1)
    send(prices, price(300, of="B"), price(301, of="BAD"), price(302, of="C"), at=2)
    send(prices, price(300, of="D"), at=3)

    drain_until_done(prices)

    rule.refresh_from_db()
    culprit = Quarantine.objects.get()
    assert (culprit.batch.size, culprit.ord) == (3, 1)
    assert culprit.reason.startswith("TypeError")
    assert states(prices) == [("judged", seq) for seq in range(1, 5)]
    assert culprit.batch.outcome == {"quarantined": 1}
    assert sorted(Alert.objects.values_list("key", flat=True)) == ["A", "B", "C", "D"]
    assert rule.ran == 4
    assert not Record.objects.current().filter(key="BAD").exists()


def test_parts_of_a_batch_have_the_places_they_would_have_had(
    access: Access, prices: Dataset
) -> None:
    create_rule(access=access, definition=definition(watch=ANY_KEY), now=NOW)
    poison(prices)
    events = [price(300, of=f"K{n}") for n in range(60)]
    events.insert(41, price(300, of="BAD"))
    send(prices, *events, at=1)

    drain_until_done(prices)

    places = Transition.objects.order_by("ord").values_list("seq", "ord")
    assert list(places) == [(2, ord_) for ord_ in range(61) if ord_ != 41]
    assert open_lane(prices).next_seq == 3


def test_batch_of_which_nothing_remains_is_quarantined(
    access: Access, prices: Dataset
) -> None:
    create_rule(access=access, definition=definition(watch=ANY_KEY), now=NOW)
    poison(prices)
    send(prices, price(300, of="BAD"), at=1)
    send(prices, price(300, of="A"), at=2)

    drain_until_done(prices)

    assert states(prices) == [("judged", 1), ("quarantined", None), ("judged", 2)]


def test_change_that_cannot_be_made_is_set_aside(
    access: Access, prices: Dataset
) -> None:
    rule = create_rule(access=access, definition=definition(), now=NOW)
    Batch.objects.update(options={"rule": rule.pk, "version": 0, "reason": "created"})
    send(prices, price(300), at=1)

    for _ in range(5):
        with suppress(Exception):
            drain(prices)

    assert states(prices) == [("quarantined", None), ("judged", 1)]
    assert Quarantine.objects.get().reason.startswith("DoesNotExist")


def test_lane_forgets_its_tries_when_it_is_past_them(
    access: Access, prices: Dataset
) -> None:
    create_rule(access=access, definition=definition(watch=ANY_KEY), now=NOW)
    poison(prices)
    send(prices, price(300, of="BAD"), at=1)

    with pytest.raises(TypeError):
        drain(prices)
    lane = open_lane(prices)
    assert (lane.crash_tries, lane.crash_batch) == (1, Batch.objects.latest("pk").pk)

    drain_until_done(prices)
    lane.refresh_from_db()
    assert (lane.crash_tries, lane.crash_batch) == (0, None)


def test_healthy_lane_notes_no_try(prices: Dataset) -> None:
    send(prices, price(300))
    oldest = oldest_pending(lane_id=open_lane(prices).pk)
    assert oldest is not None

    assert not wants_care(oldest=oldest, now=NOW + timedelta(seconds=5))
    assert open_lane(prices).crash_tries == 0

    assert not wants_care(oldest=oldest, now=NOW + timedelta(seconds=6))
    assert open_lane(prices).crash_tries == 1


def test_batch_that_waited_behind_others_is_healthy(prices: Dataset) -> None:
    send(prices, price(300))
    Lane.objects.update(moved_at=NOW + timedelta(minutes=1))
    oldest = oldest_pending(lane_id=open_lane(prices).pk)
    assert oldest is not None

    wants_care(oldest=oldest, now=NOW + timedelta(seconds=65))
    assert open_lane(prices).crash_tries == 0

    wants_care(oldest=oldest, now=NOW + timedelta(seconds=66))
    assert open_lane(prices).crash_tries == 1


def dying_on(key: str) -> Judge:
    """A judge whose process ends when it comes to a key, as by a signal."""

    def dying(lane: Lane, settled: Sequence[SettledBatch]) -> None:
        if any(event.key == key for one in settled for event in one.events):
            raise Crash
        judge(lane, settled)

    return dying


def test_event_that_ends_the_process_is_set_aside_too(
    access: Access, prices: Dataset
) -> None:
    create_rule(access=access, definition=definition(watch=ANY_KEY), now=NOW)
    send(prices, *(price(300, of=f"K{n}") for n in range(40)), at=1)
    send(prices, price(300, of="BAD"), at=2)
    lane = open_lane(prices).pk
    Lane.objects.update(crash_batch=Batch.objects.latest("pk").pk, crash_tries=2)
    dying = dying_on("BAD")

    deaths = 0
    at = NOW + timedelta(seconds=60)
    for _ in range(20):
        try:
            judge_with_care(lane_id=lane, judge=dying, now=at)
        except Crash:
            deaths += 1
        at += timedelta(seconds=6)

    assert deaths == 1
    assert [state for state, _ in states(prices)] == ["judged", "judged", "quarantined"]
    assert "died" in Quarantine.objects.get().reason
    assert Alert.objects.count() == 40


def test_part_that_another_noted_just_now_is_let_be(
    access: Access, prices: Dataset
) -> None:
    create_rule(access=access, definition=definition(watch=ANY_KEY), now=NOW)
    drain(prices)
    send(prices, price(300, of="BAD"), at=2)
    lane = open_lane(prices).pk
    at = NOW + timedelta(seconds=60)

    def other(_lane: Lane, _settled: Sequence[SettledBatch]) -> None:
        raise Crash

    with suppress(Crash):
        judge_with_care(lane_id=lane, judge=other, now=at)
    with pytest.raises(Exception, match=str(lane)):
        judge_with_care(lane_id=lane, judge=judge, now=at + timedelta(seconds=1))

    assert not Quarantine.objects.exists()


def test_database_that_is_away_is_no_events_fault(
    access: Access, prices: Dataset
) -> None:
    send(prices, price(300))
    lane = open_lane(prices).pk

    def away(_lane: Lane, _settled: Sequence[SettledBatch]) -> None:
        raise OperationalError("the server closed the connection")

    at = NOW + timedelta(seconds=60)
    for _ in range(10):
        with pytest.raises(OperationalError):
            judge_with_care(lane_id=lane, judge=away, now=at)
        at += timedelta(seconds=6)
    judge_with_care(lane_id=lane, judge=judge, now=at)

    assert states(prices) == [("judged", 1)]
    assert not Quarantine.objects.exists()


def test_older_batch_that_comes_late_does_not_take_a_begun_ones_place(
    access: Access, prices: Dataset
) -> None:
    create_rule(access=access, definition=definition(watch=ANY_KEY), now=NOW)
    drain(prices)
    late = send(prices, price(300, of="LATE"), at=1)
    poison(prices)
    events = [price(300, of=f"K{n}") for n in range(20)]
    begun = send(prices, *events, price(300, of="BAD"), at=2)
    # The older batch is not to be seen at first, as if its commit took long.
    Batch.objects.filter(pk=late).update(state="refused")
    Lane.objects.update(crash_batch=begun, crash_tries=2)
    lane = open_lane(prices).pk
    for _ in range(2):
        drain_round(lane_id=lane)
    assert Alert.objects.exists()

    Batch.objects.filter(pk=late).update(state="pending")
    drain_until_done(prices)

    seqs = dict(Batch.objects.values_list("pk", "seq"))
    assert (seqs[begun], seqs[late]) == (2, 3)
    assert Alert.objects.count() == 21


def test_refused_batch_stays_refused_under_care(access: Access) -> None:
    dated = DatasetFactory(workspace=access.workspace, duplicates="refuse")
    dated.schema["properties"]["day"] = {"type": "string", "format": "date"}
    dated.date_field = "day"
    dated.save(update_fields=["schema", "date_field"])
    for at in (0, 1):
        send(dated, {**price(1), "day": "2026-03-02"}, at=at)
    Lane.objects.update(crash_batch=Batch.objects.latest("pk").pk, crash_tries=2)

    drain(dated)

    assert states(dated) == [("judged", 1), ("refused", None)]


def set_aside(access: Access, dataset: Dataset) -> Quarantine:
    create_rule(access=access, definition=definition(watch=ANY_KEY), now=NOW)
    poison(dataset)
    send(dataset, price(300, of="BAD"), at=1)
    drain_until_done(dataset)
    Fact.objects.all().delete()
    return Quarantine.objects.get()


def test_replayed_event_is_judged_at_its_new_place(
    access: Access, prices: Dataset
) -> None:
    quarantined = set_aside(access, prices)

    replay_quarantined(access=access, quarantined=quarantined, now=NOW)
    drain(prices)

    assert Alert.objects.get().key == "BAD"
    assert states(prices)[-2:] == [("quarantined", None), ("judged", 2)]
    assert Record.objects.current().get().key == "BAD"
    assert not Quarantine.objects.exists()


def test_event_is_replayed_once(access: Access, prices: Dataset) -> None:
    quarantined = set_aside(access, prices)
    replay_quarantined(access=access, quarantined=quarantined, now=NOW)

    with pytest.raises(NothingToReplay):
        replay_quarantined(access=access, quarantined=quarantined, now=NOW)

    assert Record.objects.filter(key="BAD").count() == 2


def test_change_of_a_rule_is_not_replayed(access: Access, prices: Dataset) -> None:
    create_rule(access=access, definition=definition(), now=NOW)
    change = Batch.objects.get()
    quarantined = Quarantine.objects.create(
        batch=change, ord=0, reason="why", tries=3, created_at=NOW
    )

    with pytest.raises(NothingToReplay, match="Save the rule again"):
        replay_quarantined(access=access, quarantined=quarantined, now=NOW)

    assert Quarantine.objects.exists()


def test_staff_see_what_is_set_aside_and_replay_it(
    access: Access, prices: Dataset
) -> None:
    quarantined = set_aside(access, prices)
    client = Client()
    client.force_login(UserFactory(is_staff=True, is_superuser=True))
    url = "/admin/datasets/quarantine/"

    page = client.get(url).content.decode()
    client.post(url, {"action": "replay", "_selected_action": [quarantined.pk]})
    drain(prices)

    assert "TypeError" in page
    assert Alert.objects.get().key == "BAD"
