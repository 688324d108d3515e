"""From a decided transition to the people: real receivers, real tries, real ends."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Iterator
from contextlib import suppress
from datetime import timedelta
from ipaddress import ip_network
from pathlib import Path

import pytest
from django.conf import LazySettings
from django.db import connection
from django.db.models import F
from standardwebhooks.webhooks import Webhook as Verifier

from alerts.models import Alert, Attempt, Delivery, DeliveryStatus, Output
from alerts.outputs.mailbox import list_mails
from alerts.retries import SCHEDULE
from alerts.services import (
    create_output,
    delete_output,
    retry_delivery,
    secret_of,
    send_due,
)
from alerts.sweeping import sweep_deliveries
from alerts.up.senders import Senders
from config.celery import Task
from config.clock import database_now
from datasets.models import Dataset
from rules.services import create_rule
from tests.factories import NOW
from tests.receivers import Handler, Receiver, Reply, receiver
from tests.story.lane import (
    Crash,
    at_once,
    crashing_at,
    definition,
    drain,
    messages_of,
    price,
    send,
)
from workspaces.access import Access

pytestmark = pytest.mark.django_db


@pytest.fixture
def sink(settings: LazySettings) -> Iterator[Receiver]:
    """A receiver on loopback that we are allowed to call."""
    settings.BELLWETHER_ALLOWED_NETWORKS = (ip_network("127.0.0.0/8"),)
    with receiver() as here:
        yield here


def webhook(access: Access, sink: Receiver, path: str = "/hook") -> Output:
    return create_output(
        access=access, kind="webhook", config={"url": sink.url(path)}, now=NOW
    )


def tell(
    access: Access, dataset: Dataset, *outputs: Output, kind: str = "signal"
) -> None:
    """Make a rule that tells these outputs of everything, and let it see one price."""
    told = [{"output": one.slug, "at_most_every": "0s"} for one in outputs]
    create_rule(access=access, definition=definition(kind=kind, outputs=told), now=NOW)
    send(dataset, price("309.2"), at=1)
    drain(dataset)


def let_pass(time: timedelta) -> None:
    """Move everything that waits for a time so far back."""
    Delivery.objects.update(
        due_at=F("due_at") - time, lease_until=F("lease_until") - time
    )
    Output.objects.update(open_until=F("open_until") - time)


def ids(sink: Receiver) -> list[str]:
    return [one.headers["webhook-id"] for one in sink.received]


def test_webhook_arrives_once_signed_with_apperates_body(
    access: Access, prices: Dataset, sink: Receiver
) -> None:
    output = webhook(access, sink)
    tell(access, prices, output)

    for _ in range(2):
        send_due(output_id=output.pk)

    (got,) = sink.received
    delivery = Delivery.objects.get()
    Verifier(secret_of(output)).verify(got.body, got.headers)
    assert got.headers["webhook-id"] == str(delivery.pk)
    assert json.loads(got.body)["data"] == {
        "name": "Cheap",
        "set": "DEMO:PRICES:MSFT",
        "data": {"DEMO:PRICES:MSFT:price": 309.2},
        "timestamp": int((NOW + timedelta(seconds=1)).timestamp() * 1000),
    }
    assert (delivery.status, delivery.attempts) == ("sent", 1)
    assert Attempt.objects.get().status_code == 200


def test_mail_lands_in_the_mailbox_of_its_workspace(
    access: Access, prices: Dataset, settings: LazySettings, tmp_path: Path
) -> None:
    settings.EMAIL_BACKEND = "alerts.outputs.mailbox.EmailBackend"
    settings.BELLWETHER_MAILBOX_DIR = tmp_path
    output = create_output(
        access=access, kind="email", config={"to": "ana@example.com"}, now=NOW
    )
    tell(access, prices, output)

    send_due(output_id=output.pk)

    (mail,) = list_mails(workspace="DEMO")
    assert mail.recipients == "ana@example.com"
    assert mail.delivery_id == str(Delivery.objects.get().pk)
    assert "309.2" in mail.text


def test_failing_receiver_is_tried_by_the_schedule_and_then_given_up(
    access: Access, prices: Dataset, sink: Receiver
) -> None:
    sink.replies["/hook"] = Reply(status=503)
    output = webhook(access, sink)
    tell(access, prices, output)

    waits = []
    for _ in SCHEDULE:
        started_at = database_now()
        send_due(output_id=output.pk)
        waits.append(Delivery.objects.get().due_at - started_at)
        let_pass(timedelta(days=2))
        Delivery.objects.update(due_at=started_at)

    delivery = Delivery.objects.get()
    assert delivery.status == DeliveryStatus.DEAD
    assert set(ids(sink)) == {str(delivery.pk)}
    assert len(sink.received) == len(SCHEDULE) == Attempt.objects.count()
    for wait, wanted in zip(waits, SCHEDULE[1:], strict=False):
        assert wanted * 0.89 < wait < wanted * 1.11 + timedelta(seconds=5)


def test_retry_waits_until_it_is_due(
    access: Access, prices: Dataset, sink: Receiver
) -> None:
    sink.replies["/hook"] = Reply(status=503)
    output = webhook(access, sink)
    tell(access, prices, output)
    for _ in range(3):
        send_due(output_id=output.pk)
    assert len(sink.received) == 1

    del sink.replies["/hook"]
    let_pass(timedelta(seconds=6))
    send_due(output_id=output.pk)

    assert Delivery.objects.get().status == "sent"
    assert ids(sink)[0] == ids(sink)[1]


def test_receiver_that_asks_for_time_gets_it(
    access: Access, prices: Dataset, sink: Receiver
) -> None:
    sink.replies["/hook"] = Reply(status=429, headers=(("Retry-After", "600"),))
    output = webhook(access, sink)
    tell(access, prices, output)
    started_at = database_now()

    send_due(output_id=output.pk)

    assert Delivery.objects.get().due_at - started_at >= timedelta(seconds=600)


def test_receiver_that_is_gone_is_told_no_more(
    access: Access, prices: Dataset, sink: Receiver
) -> None:
    sink.replies["/hook"] = Reply(status=410)
    output = webhook(access, sink)
    tell(access, prices, output)
    send(prices, price(309), at=2)
    drain(prices)

    send_due(output_id=output.pk)
    send(prices, price(308), at=3)
    drain(prices)

    output.refresh_from_db()
    found = Delivery.objects.order_by("transition").values_list("status", "reason")
    assert not output.is_enabled
    assert "410" in output.disabled_reason
    assert len(sink.received) == 1
    assert list(found) == [
        ("dead", ""),
        ("suppressed", "output turned off"),
        ("suppressed", "output turned off"),
    ]


def test_deleted_output_is_told_nothing_that_waited(
    access: Access, prices: Dataset, sink: Receiver
) -> None:
    output = webhook(access, sink)
    tell(access, prices, output)

    delete_output(access=access, output=output, now=NOW)
    send_due(output_id=output.pk)

    assert not sink.received
    assert Delivery.objects.get().reason == "output deleted"


def test_refusal_goes_to_the_dead_letters_and_can_be_sent_again(
    access: Access, prices: Dataset, sink: Receiver
) -> None:
    sink.replies["/hook"] = Reply(status=400)
    output = webhook(access, sink)
    tell(access, prices, output)
    send_due(output_id=output.pk)
    dead = Delivery.objects.get()
    assert dead.status == "dead"

    del sink.replies["/hook"]
    retry_delivery(access=access, delivery=dead, now=database_now())
    send_due(output_id=output.pk)

    assert Delivery.objects.get().status == "sent"
    assert len(set(ids(sink))) == 1
    assert list(
        Attempt.objects.order_by("number").values_list("number", flat=True)
    ) == [
        1,
        2,
    ]


def test_crash_between_send_and_record_repeats_under_the_same_id(
    access: Access, prices: Dataset, sink: Receiver
) -> None:
    output = webhook(access, sink)
    tell(access, prices, output)
    # The first write is the claim; before the second, which records, the end comes.
    with suppress(Crash), crashing_at(1):
        send_due(output_id=output.pk)
    assert Delivery.objects.get().status == "sending"

    send_due(output_id=output.pk)
    assert len(sink.received) == 1

    let_pass(timedelta(seconds=61))
    send_due(output_id=output.pk)

    delivery = Delivery.objects.get()
    assert ids(sink) == [str(delivery.pk)] * 2
    assert (delivery.status, delivery.attempts) == ("sent", 2)


def test_crash_before_the_claim_sends_nothing(
    access: Access, prices: Dataset, sink: Receiver
) -> None:
    output = webhook(access, sink)
    tell(access, prices, output)

    with suppress(Crash), crashing_at(0):
        send_due(output_id=output.pk)

    assert not sink.received
    assert Delivery.objects.get().status == "queued"


def test_history_tells_nobody_until_it_is_asked_to(
    access: Access, prices: Dataset, sink: Receiver
) -> None:
    output = webhook(access, sink)
    told = [{"output": output.slug}]
    create_rule(access=access, definition=definition(outputs=told), now=NOW)
    send(prices, price(300), is_live=False)
    drain(prices)

    send_due(output_id=output.pk)
    assert not sink.received

    delivery = Delivery.objects.get()
    assert (delivery.status, delivery.reason) == ("suppressed", "history")
    retry_delivery(access=access, delivery=delivery, now=database_now())
    send_due(output_id=output.pk)
    assert len(sink.received) == 1


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
def test_slow_receiver_keeps_no_other_waiting(
    access: Access, prices: Dataset, sink: Receiver
) -> None:
    slow, quick = webhook(access, sink, "/slow"), webhook(access, sink, "/quick")
    told_quick = threading.Event()

    def hang(_handler: Handler) -> None:
        assert told_quick.wait(10)

    def note(handler: Handler) -> None:
        told_quick.set()
        handler.send_response(200)
        handler.send_header("content-length", "0")
        handler.end_headers()

    sink.streams = {"/slow": hang, "/quick": note}
    tell(access, prices, slow, quick)
    senders = Senders()
    try:
        due = database_now() + timedelta(seconds=2)
        for _ in range(3):
            sweep_deliveries(now=due, send=senders.send)
        assert told_quick.wait(10)
    finally:
        senders.stop()

    assert Delivery.objects.get(output=quick).status == "sent"
    assert [one.path for one in sink.received].count("/quick") == 1


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
