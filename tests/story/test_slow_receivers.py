"""Receivers that hang harm only themselves (promise R12)."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from datetime import timedelta
from functools import partial

import pytest

from alerts.models import Delivery, Output
from alerts.services import Senders
from alerts.sweeping import sweep_deliveries
from config.clock import database_now
from datasets.models import Dataset
from rules.services import create_rule
from tests.factories import NOW
from tests.receivers import Handler, Receiver
from tests.story.lane import PATIENCE_SECONDS, definition, drain, price, send
from tests.story.sending import tell, webhook
from workspaces.access import Access

pytestmark = pytest.mark.django_db(transaction=True)

HANGING = 50
#: Of one rule.
MOST_OUTPUTS = 20


@pytest.fixture
def senders() -> Iterator[Senders]:
    """The senders of a process that ends with the story."""
    here = Senders()
    yield here
    here.stop(seconds=PATIENCE_SECONDS)


class Hanging:
    """Receivers that take what they are sent and do not answer until they are let."""

    def __init__(self) -> None:
        self.calls: list[str] = []
        self._let = threading.Event()
        self._changed = threading.Condition()

    def take(self, handler: Handler) -> None:
        with self._changed:
            self.calls.append(handler.path)
            self._changed.notify_all()
        self._let.wait(PATIENCE_SECONDS)
        answer(handler)

    def wait_for(self, is_so: Callable[[], bool]) -> bool:
        """Wait until it is so of the calls; say whether it is."""
        with self._changed:
            return self._changed.wait_for(is_so, PATIENCE_SECONDS)

    def came(self, calls: int) -> bool:
        return len(self.calls) == calls

    def let_go(self) -> None:
        self._let.set()


def answer(handler: Handler) -> None:
    handler.send_response(200)
    handler.send_header("content-length", "0")
    handler.end_headers()


@pytest.fixture
def hanging() -> Iterator[Hanging]:
    here = Hanging()
    yield here
    here.let_go()


def make_rule(access: Access, *outputs: Output) -> None:
    told = [{"output": one.slug, "at_most_every": "0s"} for one in outputs]
    create_rule(access=access, definition=definition(outputs=told), now=NOW)


def test_fast_one_is_told_while_fifty_hang(
    access: Access, prices: Dataset, sink: Receiver, senders: Senders, hanging: Hanging
) -> None:
    slow = [webhook(access, sink, f"/{number}") for number in range(HANGING)]
    quick = webhook(access, sink, "/quick")
    told = threading.Event()

    def note(handler: Handler) -> None:
        answer(handler)
        told.set()

    sink.streams = {f"/{number}": hanging.take for number in range(HANGING)}
    sink.streams["/quick"] = note
    for first in range(0, HANGING, MOST_OUTPUTS):
        make_rule(access, *slow[first : first + MOST_OUTPUTS])
    make_rule(access, quick)
    send(prices, price(300), at=1)
    drain(prices)

    for output in slow:
        senders.send(output.pk)
    assert hanging.wait_for(partial(hanging.came, HANGING))
    senders.send(quick.pk)

    assert told.wait(PATIENCE_SECONDS)
    assert Delivery.objects.filter(status="sending").count() >= HANGING
    hanging.let_go()
    senders.stop(seconds=PATIENCE_SECONDS)
    assert not Delivery.objects.exclude(status="sent").exists()


def test_output_has_four_senders_and_one_once_half_of_all_are_at_work(
    access: Access, prices: Dataset, sink: Receiver, hanging: Hanging
) -> None:
    first, second = webhook(access, sink, "/first"), webhook(access, sink, "/second")
    sink.streams = {"/first": hanging.take, "/second": hanging.take}
    tell(access, prices, first, second)
    for at in range(2, 8):
        send(prices, price(300), at=at)
    drain(prices)
    few = Senders(threads=8)

    for output, calls in ((first, 4), (second, 5)):
        for _ in range(6):
            few.send(output.pk)
        assert hanging.wait_for(partial(hanging.came, calls))
    few_calls = list(hanging.calls)
    hanging.let_go()
    few.stop(seconds=PATIENCE_SECONDS)

    assert few_calls == ["/first"] * 4 + ["/second"]


def test_what_became_due_while_it_was_sent_to_waits_for_no_sweep(
    access: Access, prices: Dataset, sink: Receiver, hanging: Hanging
) -> None:
    output = webhook(access, sink)
    one = Senders(threads=1)
    sink.streams = {"/hook": hanging.take}
    tell(access, prices, output)
    one.send(output.pk)
    assert hanging.wait_for(partial(hanging.came, 1))
    send(prices, price(300), at=2)
    drain(prices)

    one.send(output.pk)
    hanging.let_go()

    assert hanging.wait_for(partial(hanging.came, 2))
    one.stop(seconds=PATIENCE_SECONDS)


def test_sweep_hands_an_output_over_once_however_often_it_looks(
    access: Access, prices: Dataset, sink: Receiver, senders: Senders, hanging: Hanging
) -> None:
    output = webhook(access, sink)
    sink.streams = {"/hook": hanging.take}
    tell(access, prices, output)

    due = database_now() + timedelta(seconds=2)
    for _ in range(3):
        sweep_deliveries(now=due, send=senders.send)
    assert hanging.wait_for(partial(hanging.came, 1))
    hanging.let_go()
    senders.stop(seconds=PATIENCE_SECONDS)

    assert hanging.calls == ["/hook"]
    assert Delivery.objects.get().attempts == 1
