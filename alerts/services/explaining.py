"""One alert with everything that is known of it: why, since when, who was told."""

from __future__ import annotations

import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from urllib.parse import urlencode

from django.db.models import Prefetch

from alerts.messages import Row, rows_of
from alerts.models import (
    Alert,
    Attempt,
    Delivery,
    DeliveryQuerySet,
    DeliveryStatus,
    Transition,
)
from alerts.services.acknowledging import find_alert
from alerts.services.frames import alert_facts
from alerts.services.retrying import AGAIN
from alerts.suppression import Suppression
from datasets.models import Batch, Record
from rules.services import Finding, finding_of, output_names, sentence_of
from workspaces.access import Access

#: Kinds of output whose messages are in the mailbox while no mail server is named.
_MAILS = ("email", "owners")


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """A line of the timeline; `event_at` where the event's own time is another."""

    kind: str
    recorded_at: datetime
    event_at: datetime | None
    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Told:
    """A delivery with its tries and what comes next.

    `held` says why it was not sent; `gathered` is how many messages a summary stands
    for; `next_at` is when it is tried again, where that is known and yet to come.
    """

    delivery: Delivery
    tries: Sequence[Attempt]
    held: str
    gathered: int
    next_at: datetime | None
    can_retry: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class AlertPage:
    """An alert, the values that fired it, and what became of it.

    `question` is the query that asks the rule why, at the event that began the alert.
    """

    alert: Alert
    sentence: str
    facts: Mapping[str, object]
    conditions: tuple[Row, ...]
    included: tuple[Row, ...]
    why: Finding | None
    question: str
    steps: tuple[Step, ...]
    told: tuple[Told, ...]
    by_mail: bool


def explain_alert(*, access: Access, alert_id: uuid.UUID, now: datetime) -> AlertPage:
    """Gather what the page of an alert shows.

    Raises:
        AlertNotFound: also for alerts of other workspaces.
    """
    alert = find_alert(access=access, alert_id=alert_id)
    transitions = list(Transition.objects.filter(alert=alert).order_by("number"))
    verdict = transitions[0].verdict if transitions else {}
    asked = _facts_of(verdict)
    rows = rows_of(alert.values)
    # Whom an alert went to is no affair of those who may only read.
    deliveries = _deliveries(alert) if access.may_inspect else ()
    told = tuple(_told(delivery, now) for delivery in deliveries)
    names = output_names(workspace=access.workspace)
    return AlertPage(
        alert=alert,
        sentence=sentence_of(alert.version, workspace=access.workspace, names=names),
        facts=alert_facts(alert),
        conditions=tuple(row for row in rows if row.fact in asked),
        included=tuple(row for row in rows if row.fact not in asked),
        why=finding_of(verdict) if verdict else None,
        question=_question(transitions[0]) if transitions else "",
        steps=_steps(alert, transitions),
        told=told,
        by_mail=any(one.delivery.output.kind in _MAILS for one in told),
    )


def _question(first: Transition) -> str:
    """Ask about the event itself, or, of what time alone began, about the moment."""
    batches = Batch.objects.filter(lane=first.lane_id, seq=first.seq)
    record = Record.objects.filter(batch_id__in=batches.values("pk"), ord=first.ord)
    for batch_id in record.values_list("batch_id", flat=True):
        return urlencode({"record": f"{batch_id}.{first.ord}"})
    return urlencode({"key": first.key, "at": first.at.isoformat()})


def _deliveries(alert: Alert) -> DeliveryQuerySet:
    tries = Prefetch("tries", Attempt.objects.order_by("number"))
    return (
        Delivery.objects.filter(transition__alert=alert)
        .select_related("output", "transition", "summary__transition")
        .prefetch_related(tries)
        .order_by("transition__number", "output__name", "pk")
    )


def _told(delivery: Delivery, now: datetime) -> Told:
    reason = delivery.reason
    known = reason in list(Suppression)
    waits = delivery.status in {DeliveryStatus.QUEUED, DeliveryStatus.FAILED}
    # An output that fails again and again rests, whatever is due.
    next_at = max(delivery.due_at, delivery.output.open_until or delivery.due_at)
    return Told(
        delivery=delivery,
        tries=list(delivery.tries.all()),
        held=Suppression(reason).sentence if known else reason,
        gathered=delivery.gathered.count() if delivery.is_summary else 0,
        next_at=next_at if waits and next_at > now else None,
        can_retry=delivery.status in AGAIN,
    )


def _members(verdict: Mapping[str, object]) -> list[Mapping[str, object]]:
    members = verdict.get("members")
    return members if isinstance(members, list) else []


def _facts_of(verdict: Mapping[str, object]) -> set[object]:
    """Return the facts that conditions of a stored verdict compare."""
    facts = {verdict.get("fact"), verdict.get("wanted_fact")}
    return facts.union(*(_facts_of(member) for member in _members(verdict)))


def _steps(alert: Alert, transitions: Sequence[Transition]) -> tuple[Step, ...]:
    steps = [
        Step(
            kind=one.kind,
            recorded_at=one.recorded_at,
            event_at=one.at if one.at != one.recorded_at else None,
            text=one.reason,
        )
        for one in transitions
    ]
    if alert.acknowledged_at is not None:
        by = alert.acknowledged_by
        steps.append(
            Step(
                kind="acknowledged",
                recorded_at=alert.acknowledged_at,
                event_at=None,
                text=f"by {by}" if by else "",
            )
        )
    return tuple(sorted(steps, key=lambda step: step.recorded_at))
