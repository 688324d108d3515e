"""What lists and pages show of a workspace's alerts, outputs and deliveries."""

from __future__ import annotations

import uuid

from alerts.models import (
    Alert,
    AlertQuerySet,
    AlertState,
    Delivery,
    DeliveryQuerySet,
    DeliveryStatus,
    Output,
    OutputQuerySet,
    Severity,
)
from workspaces.access import Access


def list_alerts(
    *,
    access: Access,
    state: AlertState | None = None,
    severity: Severity | None = None,
    rule: str = "",
    key: str = "",
) -> AlertQuerySet:
    """Return the workspace's alerts that match; a malformed rule id matches none."""
    alerts = Alert.objects.filter(workspace=access.workspace).select_related(
        "rule", "acknowledged_by"
    )
    if state:
        alerts = alerts.filter(state=state)
    if severity:
        alerts = alerts.filter(severity=severity)
    if key:
        alerts = alerts.filter(key=key)
    if rule:
        alerts = alerts.filter(rule__uuid=rule) if _is_uuid(rule) else alerts.none()
    return alerts


def list_outputs(*, access: Access) -> OutputQuerySet:
    """Return the outputs of the workspace."""
    return Output.objects.alive().filter(workspace=access.workspace)


def list_deliveries(
    *, access: Access, status: DeliveryStatus | None = None, output: str = ""
) -> DeliveryQuerySet:
    """Return the deliveries of the workspace that match."""
    deliveries = Delivery.objects.filter(workspace=access.workspace).select_related(
        "output", "transition"
    )
    if status:
        deliveries = deliveries.filter(status=status)
    if output:
        deliveries = deliveries.filter(output__slug=output)
    return deliveries


def _is_uuid(text: str) -> bool:
    try:
        uuid.UUID(text)
    except ValueError:
        return False
    return True
