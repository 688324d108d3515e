"""Deliveries by many: in order, once each, and no receiver in another's way."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import timedelta

import pytest
from django.db import connection

from alerts.models import Alert, Delivery, Output
from alerts.services import send_due
from alerts.sweeping import sweep_deliveries
from config.celery import Task
from config.clock import database_now
from datasets.models import Dataset
from tests.receivers import Handler, Receiver, Reply
from tests.story.lane import (
    at_once,
    drain,
    messages_of,
    price,
    send,
)
from tests.story.sending import ids, let_pass, tell, webhook
from workspaces.access import Access

pytestmark = pytest.mark.django_db


def kinds(sink: Receiver) -> list[str]:
    return [json.loads(one.body)["type"] for one in sink.received]


def test_resolve_is_told_after_its_opening_however_often_that_fails(
    access: Access, prices: Dataset, sink: Receiver
) -> None:
    sink.replies["/hook"] = Reply(status=503)
    output = webhook(access, sink)
    tell(access, prices, output, kind="state")
    send(prices, price(320), at=2)
    drain(prices)

    send_due(output_id=output.pk)
    send_due(output_id=output.pk)
    assert kinds(sink) == ["alert.opened"]

    del sink.replies["/hook"]
    let_pass(timedelta(seconds=6))
    send_due(output_id=output.pk)

    assert kinds(sink) == ["alert.opened", "alert.opened", "alert.resolved"]
    assert Alert.objects.get().state == "resolved"


@pytest.mark.django_db(transaction=True)
def test_workers_at_once_send_each_delivery_once_and_in_order(
    access: Access, prices: Dataset, sink: Receiver
) -> None:
    output = webhook(access, sink)
    tell(access, prices, output, kind="state")
    for at in range(2, 14):
        send(prices, price(320 if at % 2 == 0 else 300), at=at)
    drain(prices)

    at_once(*[lambda: send_due(output_id=output.pk)] * 6)
    send_due(output_id=output.pk)

    assert len(ids(sink)) == len(set(ids(sink))) == 13
    places: dict[str, list[str]] = {}
    for one in sink.received:
        body = json.loads(one.body)
        places.setdefault(body["alert"]["url"], []).append(body["type"])
    assert all(
        told in (["alert.opened", "alert.resolved"], ["alert.opened"])
        for told in places.values()
    )


@pytest.mark.django_db(transaction=True)
def test_output_has_no_more_sends_under_way_than_it_bears(
    access: Access, prices: Dataset, sink: Receiver
) -> None:
    output = webhook(access, sink)
    Output.objects.update(max_in_flight=2)
    tell(access, prices, output)
    for at in range(2, 8):
        send(prices, price(300), at=at)
    drain(prices)
    seen: list[int] = []

    sink.streams["/hook"] = counting(seen)
    at_once(*[lambda: send_due(output_id=output.pk)] * 6)
    send_due(output_id=output.pk)

    assert len(seen) == 7
    assert max(seen) <= 2


def counting(seen: list[int]) -> Callable[[Handler], None]:
    """Make a receiver that looks how many sends are under way, itself among them."""

    def answer(handler: Handler) -> None:
        try:
            seen.append(Delivery.objects.filter(status="sending").count())
        finally:
            connection.close()
        handler.send_response(200)
        handler.send_header("content-length", "0")
        handler.end_headers()

    return answer


def test_output_that_fails_and_fails_rests(
    access: Access, prices: Dataset, sink: Receiver
) -> None:
    sink.replies["/hook"] = Reply(status=503)
    output = webhook(access, sink)
    tell(access, prices, output)
    for at in range(2, 10):
        send(prices, price(300), at=at)
    drain(prices)

    send_due(output_id=output.pk)
    assert len(sink.received) == 5

    del sink.replies["/hook"]
    let_pass(timedelta(seconds=31))
    send_due(output_id=output.pk)

    output.refresh_from_db()
    assert (output.failures, output.open_until) == (0, None)
    assert not Delivery.objects.exclude(status="sent").exists()


@pytest.mark.django_db(transaction=True)
def test_worker_out_of_time_rings_for_what_is_left(
    access: Access, prices: Dataset, sink: Receiver
) -> None:
    output = webhook(access, sink)
    tell(access, prices, output)

    with messages_of(Task.SEND) as rung:
        send_due(output_id=output.pk, budget_seconds=0)

    assert len(rung) == 1


def test_output_that_cannot_be_called_leaves_the_others_to_the_sweep(
    access: Access,
    prices: Dataset,
    sink: Receiver,
    caplog: pytest.LogCaptureFixture,
) -> None:
    broken, fine = webhook(access, sink, "/a"), webhook(access, sink, "/b")
    tell(access, prices, broken, fine)

    def call(output_id: int) -> None:
        if output_id == broken.pk:
            raise RuntimeError("broken")
        send_due(output_id=output_id)

    sweep_deliveries(now=database_now() + timedelta(seconds=2), send=call)

    assert [one.path for one in sink.received] == ["/b"]
    assert [record.message for record in caplog.records] == ["sweep failed"]
