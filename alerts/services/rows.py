"""What a drain stores of alerts, as rows: model instances cost several times that."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from operator import attrgetter
from typing import ClassVar, NamedTuple
from uuid import UUID

from django.db import connection

from alerts.models import DeliveryStatus, Transition
from config.portions import portions

#: Alerts that one statement names.
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


class ChangedAlertRow(NamedTuple):
    """What a step may change of an alert that is stored already."""

    state: str
    severity: str
    ended_at: datetime | None
    id: UUID


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


_UNTRIED = DeliveryRow._field_defaults
"""What is said of a delivery that nobody has tried."""


class AttemptRow(NamedTuple):
    """A try of a delivery."""

    delivery_id: UUID
    number: int
    started_at: datetime
    ended_at: datetime
    status_code: int | None
    answer: str
    error: str


@dataclass(slots=True, kw_only=True)
class NewAlert:
    """An alert that begins in a round, which may change it still; `values` is JSON.

    Nobody can have taken it on yet.
    """

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
    recorded_at: datetime
    is_historical: bool
    is_simulated: bool
    ended_at: datetime | None = None
    acknowledged_by: ClassVar[None] = None
    acknowledged_at: ClassVar[None] = None


@dataclass(slots=True, kw_only=True)
class NewDelivery:
    """A delivery before it is stored, and the step it tells of: storms may hold it."""

    id: UUID
    workspace_id: int
    output_id: int
    transition_id: int
    alert_id: UUID
    rule_id: int
    kind: str
    status: str
    reason: str
    subject: str
    message: str
    due_at: datetime
    created_at: datetime
    summary_id: UUID | None = None

    @property
    def is_queued(self) -> bool:
        """Say whether it is to be sent, by itself or as a summary."""
        return self.status == DeliveryStatus.QUEUED


_of_alert = attrgetter(*AlertRow._fields)
_of_delivery = attrgetter(*(one for one in DeliveryRow._fields if one not in _UNTRIED))


def alert_row(alert: NewAlert) -> AlertRow:
    """Return a new alert as it is inserted."""
    return AlertRow._make(_of_alert(alert))


def delivery_row(delivery: NewDelivery) -> DeliveryRow:
    """Return a new delivery as it is inserted."""
    return DeliveryRow(*_of_delivery(delivery))


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
