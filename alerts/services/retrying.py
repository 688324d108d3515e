"""Sending again what was given up, held back, or waits for its next try."""

from __future__ import annotations

import uuid
from datetime import datetime

from django.db import transaction

from alerts.models import Delivery, DeliveryStatus
from config.celery import Task, nudge
from workspaces.access import Access, Need
from workspaces.refusals import Clash, Missing
from workspaces.services import record_audit

#: From these a delivery can be sent once more.
AGAIN = (DeliveryStatus.DEAD, DeliveryStatus.FAILED, DeliveryStatus.SUPPRESSED)


class DeliveryNotFound(Missing):
    """There is no such delivery in the workspace."""

    code = "delivery_not_found"


class NothingToRetry(Clash):
    """The delivery was sent, or is on its way."""

    code = "nothing_to_retry"


@transaction.atomic
def retry_delivery(*, access: Access, delivery: Delivery, now: datetime) -> Delivery:
    """Queue a delivery at once, with all its tries before it; the id stays.

    Raises:
        NothingToRetry: if it was sent, or is on its way.
    """
    access.require(Need.WRITE)
    claimed = Delivery.objects.filter(pk=delivery.pk, status__in=AGAIN).update(
        status=DeliveryStatus.QUEUED, reason="", due_at=now
    )
    delivery.refresh_from_db()
    if not claimed:
        raise NothingToRetry(
            f"This delivery is {delivery.get_status_display().lower()}; there is "
            "nothing to send again."
        )
    nudge(Task.SEND, output_id=delivery.output_id)
    record_audit(
        access=access, action="delivery.retried", target=str(delivery.pk), now=now
    )
    return delivery


def find_delivery(*, access: Access, delivery_id: uuid.UUID) -> Delivery:
    """Return a delivery of the workspace.

    Raises:
        DeliveryNotFound: also for deliveries of other workspaces.
    """
    delivery = (
        Delivery.objects.filter(workspace=access.workspace, pk=delivery_id)
        .select_related("output", "transition__alert")
        .first()
    )
    if delivery is None:
        raise DeliveryNotFound(f"There is no delivery {delivery_id} here.")
    return delivery
