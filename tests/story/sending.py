"""Outputs that really receive, and time that passes for what waits."""

from __future__ import annotations

from datetime import timedelta

from django.db.models import F

from alerts.models import Delivery, Output
from alerts.services import create_output
from datasets.models import Dataset
from rules.services import create_rule
from tests.factories import NOW
from tests.receivers import Receiver
from tests.story.lane import definition, drain, price, send
from workspaces.access import Access


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
