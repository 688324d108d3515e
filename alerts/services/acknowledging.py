"""Taking an alert on."""

from __future__ import annotations

import uuid
from datetime import datetime

from django.db import transaction

from alerts.models import Alert, EntryKind, FeedEntry
from config.celery import Task, nudge
from workspaces.access import Access, Need
from workspaces.refusals import Clash, Missing
from workspaces.services import record_audit


class AlreadyAcknowledged(Clash):
    """Somebody took the alert on before."""

    code = "already_acknowledged"


class AlertNotFound(Missing):
    """There is no such alert in the workspace."""

    code = "alert_not_found"


@transaction.atomic
def acknowledge_alert(*, access: Access, alert: Alert, now: datetime) -> Alert:
    """Take an alert on: its reminders stop; its resolve is still announced.

    Raises:
        AlreadyAcknowledged: if somebody was first, naming who.
    """
    access.require(Need.WRITE)
    claimed = (
        Alert.objects.unacknowledged()
        .filter(pk=alert.pk)
        .update(acknowledged_by=access.user, acknowledged_at=now)
    )
    alert.refresh_from_db()
    if not claimed:
        raise AlreadyAcknowledged(
            f"{alert.acknowledged_by or 'Somebody'} has acknowledged this alert."
        )
    FeedEntry.objects.create(
        workspace_id=alert.workspace_id,
        kind=EntryKind.ACKNOWLEDGED,
        alert=alert,
        at=now,
    )
    nudge(Task.NUMBER, workspace_id=alert.workspace_id)
    record_audit(
        access=access, action="alert.acknowledged", target=str(alert.pk), now=now
    )
    return alert


def find_alert(*, access: Access, alert_id: uuid.UUID) -> Alert:
    """Return an alert of the workspace.

    Raises:
        AlertNotFound: also for alerts of other workspaces.
    """
    alert = (
        Alert.objects.filter(workspace=access.workspace, pk=alert_id)
        .select_related("rule", "version", "acknowledged_by", "workspace")
        .first()
    )
    if alert is None:
        raise AlertNotFound(f"There is no alert {alert_id} in this workspace.")
    return alert
