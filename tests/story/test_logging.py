"""Log lines on an event's way say what they are about, in both forms."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

import pytest
from django.db import connection

from alerts.models import Delivery, Output
from alerts.services import send_due
from alerts.sweeping import sweep_lanes
from datasets.models import Dataset
from datasets.services import open_lane
from rules.models import Version
from rules.services import create_rule, programs
from tests.factories import NOW
from tests.logged import Log
from tests.receivers import Receiver
from tests.story.lane import definition, drain, price, send
from tests.story.sending import tell, webhook
from tests.story.test_failing_rules import spoil
from workspaces.access import Access

pytestmark = pytest.mark.django_db


def of_round(dataset: Dataset, batch_id: int) -> dict[str, str]:
    """Return what the lines of a round are about that judges one batch."""
    return {
        "workspace": str(dataset.workspace_id),
        "lane": str(open_lane(dataset).pk),
        "batch": f"[{batch_id}]",
    }


def test_a_rule_that_fails_is_told_once_and_once_more_when_it_is_off(
    log: Log, access: Access, prices: Dataset
) -> None:
    rule = create_rule(access=access, definition=definition(), now=NOW)
    spoil(rule)
    drain(prices)
    batches = []
    for at in range(3):
        batches.append(send(prices, *[price(300)] * 7, at=at))
        drain(prices)

    began = log.ids_of("a rule cannot be judged: ")
    ended = log.ids_of("a rule is off: Turned off after 21 errors in a row")

    assert began == {"rule": str(rule.pk), **of_round(prices, batches[0])}
    assert ended == {"rule": str(rule.pk), **of_round(prices, batches[2])}


def test_a_rule_that_cannot_be_read_is_told_once(
    log: Log, access: Access, prices: Dataset
) -> None:
    rule = create_rule(access=access, definition=definition(), now=NOW)
    drain(prices)
    sings = {"fact": 0, "op": "sings", "value": 310}
    Version.objects.update(definition=definition(when=sings))
    programs.forget_programs()
    batches = []
    for at in range(2):
        batches.append(send(prices, price(300), at=at))
        drain(prices)

    told = log.ids_of("a rule cannot be read: Version 1 of this rule")

    assert told == {"rule": str(rule.pk), **of_round(prices, batches[0])}


def test_what_breaks_a_round_is_told_outside_of_it_with_the_ids_it_had(
    log: Log, access: Access, prices: Dataset
) -> None:
    create_rule(access=access, definition=definition(), now=NOW)
    drain(prices)
    batch = send(prices, price(300))

    def burst(run: Callable[..., object], sql: str, *rest: object) -> object:
        if sql.lstrip().startswith("INSERT"):
            raise ZeroDivisionError
        return run(sql, *rest)

    with connection.execute_wrapper(burst):
        sweep_lanes(now=NOW + timedelta(minutes=1))

    assert log.ids_of("sweep failed") == of_round(prices, batch)


def test_a_send_that_breaks_is_told_with_its_rule_and_delivery(
    log: Log, access: Access, prices: Dataset, sink: Receiver
) -> None:
    output = webhook(access, sink)
    tell(access, prices, output)
    Output.objects.update(config={})

    send_due(output_id=output.pk)

    delivery = Delivery.objects.get()
    assert log.ids_of("send failed") == {
        "workspace": str(access.workspace.pk),
        "rule": str(delivery.transition.rule_id),
        "output": str(output.pk),
        "delivery": str(delivery.pk),
    }
