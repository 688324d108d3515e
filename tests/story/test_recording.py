"""What was sent is recorded, and found among many, whatever the database says once."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import timedelta

import pytest
from django.db import OperationalError, connection
from pytest_django.fixtures import Settings

from alerts.models import Delivery, DeliveryStatus, TransitionKind
from alerts.services import send_due
from datasets.models import Dataset
from rules.services import create_rule
from tests.factories import NOW
from tests.receivers import Receiver, Reply
from tests.story.lane import definition, drain, price, send
from tests.story.sending import ids, tell, webhook
from workspaces.access import Access

pytestmark = pytest.mark.django_db

MANY = 120


@contextmanager
def refusing(which: int) -> Iterator[None]:
    """Let the database refuse the change of a delivery number so and so, once."""
    changes = 0

    def execute(run: Callable[..., object], sql: str, *rest: object) -> object:
        nonlocal changes
        if sql.startswith('UPDATE "alerts_delivery"'):
            changes += 1
            if changes == which:
                raise OperationalError("canceling statement due to lock timeout")
        return run(sql, *rest)

    with connection.execute_wrapper(execute):
        yield


@pytest.mark.parametrize("status", [200, 400])
def test_send_that_cannot_be_recorded_at_once_is_not_sent_again(
    access: Access, prices: Dataset, sink: Receiver, status: int
) -> None:
    sink.replies["/hook"] = Reply(status=status)
    output = webhook(access, sink)
    tell(access, prices, output)

    # The first change is the claim.
    with refusing(2):
        send_due(output_id=output.pk)

    assert len(ids(sink)) == 1
    assert Delivery.objects.get().status == ("sent" if status == 200 else "dead")


def test_delivery_is_found_behind_many_that_wait_for_their_openings(
    access: Access, prices: Dataset, sink: Receiver, settings: Settings
) -> None:
    settings.BELLWETHER_STORM_MESSAGES = 3 * MANY
    output = webhook(access, sink)
    rule = definition(
        kind="state",
        watch={"facts": ["DEMO:PRICES:*:price"]},
        outputs=[{"output": output.slug, "at_most_every": "0s"}],
    )
    create_rule(access=access, definition=rule, now=NOW)
    send(prices, *[price(300, of=f"K{number}") for number in range(MANY)], at=1)
    send(prices, *[price(320, of=f"K{number}") for number in range(MANY)], at=2)
    drain(prices)
    openings = Delivery.objects.filter(transition__kind=TransitionKind.OPENED)
    openings.update(status=DeliveryStatus.FAILED, due_at=NOW + timedelta(days=36_500))
    send(prices, price(300, of="NEW"), at=3)
    drain(prices)

    send_due(output_id=output.pk)

    (sent,) = Delivery.objects.filter(status=DeliveryStatus.SENT)
    assert sent.transition.key == "NEW"
    assert ids(sink) == [str(sent.pk)]
