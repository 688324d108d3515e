"""Deliveries over real sockets: sent, tried again, given up, held back."""

from __future__ import annotations

import json
from contextlib import suppress
from datetime import timedelta
from pathlib import Path

import pytest
from django.conf import LazySettings
from standardwebhooks.webhooks import Webhook as Verifier

from alerts.models import Attempt, Delivery, DeliveryStatus
from alerts.outputs.mailbox import list_mails
from alerts.retries import SCHEDULE
from alerts.services import (
    create_output,
    delete_output,
    retry_delivery,
    secret_of,
    send_due,
)
from config.clock import database_now
from datasets.models import Dataset
from rules.services import create_rule
from tests.factories import NOW
from tests.receivers import Receiver, Reply
from tests.story.lane import (
    Crash,
    crashing_at,
    definition,
    drain,
    price,
    send,
)
from tests.story.sending import ids, let_pass, tell, webhook
from workspaces.access import Access

pytestmark = pytest.mark.django_db


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
