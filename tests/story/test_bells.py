"""Bells that nobody heard, and feeds that several number."""

from __future__ import annotations

from datetime import timedelta

import pytest

from alerts.models import Alert, FeedEntry
from alerts.pipeline import drain_lane
from alerts.services import number_entries
from alerts.sweeping import sweep_feed, sweep_lanes
from config.celery import Task
from config.clock import database_now
from datasets.models import Batch, Dataset, Lane
from datasets.services import (
    open_lane,
)
from rules.services import create_rule
from tests.factories import NOW, DatasetFactory
from tests.story.lane import (
    at_once,
    definition,
    drain,
    messages_of,
    price,
    send,
    states,
)
from workspaces.access import Access

ANY_KEY = {"facts": ["DEMO:PRICES:*:price"]}


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
