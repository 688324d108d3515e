"""What a drain stores of alerts, as rows: model instances cost several times that."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime
from typing import NamedTuple
from uuid import UUID

from django.db import connection

from alerts.models import Alert, Delivery, Transition
from config.portions import portions
from datasets.json import encode
from rules.models import Rule

#: Alerts, or rules, that one statement names.
_AT_ONCE = 500


class AlertRow(NamedTuple):
    """An alert as it is inserted; `values` is JSON text."""

    id: UUID
    workspace_id: int
    rule_id: int
    version_id: int
    kind: str
    key: str
    state: str
    severity: str
    reason: str
    values: str
    subject: str
    opened_at: datetime
    ended_at: datetime | None
    recorded_at: datetime
    is_historical: bool
    is_simulated: bool


class TransitionRow(NamedTuple):
    """A transition as it is inserted; `verdict` is JSON text."""

    alert_id: UUID
    number: int
    kind: str
    rule_id: int
    key: str
    lane_id: int
    seq: int
    ord: int
    at: datetime
    recorded_at: datetime
    reason: str
    verdict: str


class DeliveryRow(NamedTuple):
    """A delivery that nobody has tried yet."""

    id: UUID
    workspace_id: int
    output_id: int
    transition_id: int
    status: str
    reason: str
    summary_id: UUID | None
    subject: str
    message: str
    due_at: datetime
    created_at: datetime
    attempts: int = 0
    leased_by: str = ""
    error: str = ""


class AttemptRow(NamedTuple):
    """A try of a delivery."""

    delivery_id: UUID
    number: int
    started_at: datetime
    ended_at: datetime
    status_code: int | None
    answer: str
    error: str


def alert_row(alert: Alert) -> AlertRow:
    """Return a new alert as it is inserted."""
    return AlertRow(
        id=alert.pk,
        workspace_id=alert.workspace_id,
        rule_id=alert.rule_id,
        version_id=alert.version_id,
        kind=alert.kind,
        key=alert.key,
        state=alert.state,
        severity=alert.severity,
        reason=alert.reason,
        values=encode(alert.values).decode(),
        subject=alert.subject,
        opened_at=alert.opened_at,
        ended_at=alert.ended_at,
        recorded_at=alert.recorded_at,
        is_historical=alert.is_historical,
        is_simulated=alert.is_simulated,
    )


def delivery_row(delivery: Delivery) -> DeliveryRow:
    """Return a new delivery as it is inserted."""
    return DeliveryRow(
        id=delivery.pk,
        workspace_id=delivery.workspace_id,
        output_id=delivery.output_id,
        transition_id=delivery.transition_id,
        status=delivery.status,
        reason=delivery.reason,
        summary_id=delivery.summary_id,
        subject=delivery.subject,
        message=delivery.message,
        due_at=delivery.due_at,
        created_at=delivery.created_at,
    )


def transition_ids(alerts: Collection[UUID]) -> dict[tuple[UUID, int], int]:
    """Return the ids of the transitions of alerts, by alert and number."""
    found: dict[tuple[UUID, int], int] = {}
    is_native = connection.features.has_native_uuid_field
    by_stored = {one if is_native else one.hex: one for one in alerts}
    for some in portions(list(by_stored), _AT_ONCE):
        places = ", ".join(["%s"] * len(some))
        with connection.cursor() as cursor:
            cursor.execute(
                "SELECT alert_id, number, id"  # noqa: S608 - our own table's name
                f" FROM {Transition._meta.db_table} WHERE alert_id IN ({places})",
                some,
            )
            for stored, number, pk in cursor.fetchall():
                found[by_stored[stored], number] = pk
    return found


def note_last_alerts(rules: Collection[int], *, now: datetime) -> None:
    """Note of rules, that they raised one now."""
    at = connection.ops.adapt_datetimefield_value(now)
    for some in portions(sorted(rules), _AT_ONCE):
        places = ", ".join(["%s"] * len(some))
        with connection.cursor() as cursor:
            cursor.execute(
                f"UPDATE {Rule._meta.db_table} SET last_alert_at = %s"  # noqa: S608 - our own table's name
                f" WHERE id IN ({places})",
                [at, *some],
            )
