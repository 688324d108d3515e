"""Deliver: claim, render, send, record the attempt.

A send leaves after its claim is committed and is recorded after the answer, so a
crash repeats it under the same id and never loses it.
"""

from __future__ import annotations

import logging
import random
import time
from collections.abc import Callable
from datetime import datetime
from functools import partial
from urllib.parse import urlencode, urlsplit
from uuid import UUID

from django.conf import settings
from django.db import OperationalError

from alerts.messages import finding_of
from alerts.models import (
    Alert,
    Attempt,
    Delivery,
    DeliveryQuerySet,
    DeliveryStatus,
    Output,
)
from alerts.outputs.base import (
    OutgoingMessage,
    OutputError,
    SendContext,
    SendResult,
)
from alerts.outputs.registry import find_kind
from alerts.retries import (
    Circuit,
    after_failure,
    after_success,
    next_attempt_at,
)
from alerts.services.claiming import (
    Claim,
    circuit_of,
    claim_next,
    hold_output,
    is_any_due,
)
from alerts.services.outputs import address_rules, secret_of
from alerts.services.rows import AttemptRow
from alerts.services.storms import summary_of
from alerts.services.tracing import trace_attempt
from config.about import about
from config.celery import Task, answer, nudge
from config.clock import database_now
from config.metrics import ATTEMPTS
from config.prepared import Given, PreparedChange
from datasets.services import insert_rows, release_connection, writing
from rules.services import output_names, sentence_of

logger = logging.getLogger(__name__)

#: A call gives the worker back after this long; what is left rings again.
BUDGET_SECONDS = 5.0
#: What is not recorded is sent again, so recording is tried for long.
_RECORDING_TRIES = 5


def send_due(*, output_id: int, budget_seconds: float = BUDGET_SECONDS) -> None:
    """Send what is due at an output, one delivery after the other.

    Running it twice is harmless: each delivery is claimed by one worker.
    """
    answer(Task.SEND, output_id=output_id)
    deadline = time.monotonic() + budget_seconds
    now = database_now()
    while time.monotonic() < deadline:
        claim = claim_next(output_id=output_id, now=now)
        if claim is None:
            return
        with about(**_ids_of(claim.delivery)):
            _attempt(claim)
        now = database_now()
        if not is_any_due(output_id=output_id, now=now):
            return
    nudge(Task.SEND, output_id=output_id)


def _ids_of(delivery: Delivery) -> dict[str, object]:
    return {
        "workspace": delivery.output.workspace_id,
        "rule": delivery.transition.rule_id,
        "output": delivery.output_id,
        "delivery": delivery.pk,
    }


def _attempt(claim: Claim) -> None:
    """Send one claimed delivery, outside any transaction, and record how it went."""
    delivery = claim.delivery
    try:
        message, context = message_of(delivery), _context_of(claim)
        release_connection()
        result = find_kind(delivery.output.kind).send(
            message, config=delivery.output.config, context=context
        )
    except OutputError as error:
        _record(partial(_record_failure, claim, error))
    except Exception as error:
        # A defect of ours must not leave the delivery at the head of its queue.
        logger.exception("send failed")
        failure = OutputError(f"{type(error).__name__}: {error}")
        _record(partial(_record_failure, claim, failure))
    else:
        _record(partial(_record_sent, claim, result))


def _record(record: Callable[..., None]) -> None:
    """Record how a send went, also if the database has to be asked several times.

    The lease outlasts these tries, so nobody else has the delivery meanwhile.
    """
    for _ in range(_RECORDING_TRIES - 1):
        try:
            record(now=database_now())
        except OperationalError:
            logger.warning("a send is not recorded yet", exc_info=True)
        else:
            return
    record(now=database_now())


def message_of(delivery: Delivery) -> OutgoingMessage:
    """Return the plain values that an output renders and sends."""
    transition = delivery.transition
    alert = transition.alert
    workspace = delivery.output.workspace.slug
    threshold, margin = finding_of(transition.verdict)
    pages = f"{settings.BELLWETHER_URL}/w/{workspace}/"
    summary = summary_of(delivery, alert_url=f"{pages}alerts/")
    return OutgoingMessage(
        delivery_id=delivery.pk,
        workspace=workspace,
        rule=alert.rule.name,
        key=alert.key,
        kind="storm" if summary else transition.kind,
        severity=alert.severity,
        fact_set=alert.subject,
        values=alert.values,
        at=transition.at,
        reason=transition.reason,
        sentence=sentence_of(
            alert.version,
            workspace=delivery.output.workspace,
            names=output_names(workspace=delivery.output.workspace),
        ),
        alert_url=f"{pages}{_list_of(alert) if summary else f'alerts/{alert.pk}'}",
        threshold=threshold,
        margin=margin,
        subject=delivery.subject,
        message=delivery.message,
        is_simulated=alert.is_simulated,
        summary=summary,
    )


def _list_of(alert: Alert) -> str:
    """Return where all alerts of an alert's rule are listed."""
    return f"feed?{urlencode({'show': 'all', 'q': alert.rule.name})}"


def _context_of(claim: Claim) -> SendContext:
    output = claim.delivery.output
    secret = secret_of(output)
    return SendContext(
        now=claim.started_at,
        rules=address_rules(),
        host=urlsplit(settings.BELLWETHER_URL).hostname or "localhost",
        sender=settings.DEFAULT_FROM_EMAIL,
        manage_url=f"{settings.BELLWETHER_URL}/w/{output.workspace.slug}/rules",
        signing_secrets=(secret,) if secret else (),
    )


def _save_circuit(output: Output, circuit: Circuit) -> None:
    if circuit == circuit_of(output):
        return
    Output.objects.filter(pk=output.pk).update(
        failures=circuit.failures,
        open_until=circuit.open_until,
        opened_at=circuit.opened_at,
    )


def _record_sent(claim: Claim, result: SendResult, *, now: datetime) -> None:
    with writing():
        output = hold_output(claim.delivery.output_id)
        mine = _mark_sent.make(delivery=claim.delivery.pk, worker=claim.worker, now=now)
        if mine:
            _store_attempt(claim, result, now=now)
            _save_circuit(output, after_success())
    _note(claim, "sent", now)


def _record_failure(claim: Claim, error: OutputError, *, now: datetime) -> None:
    """Note the failure and when to try again, or that it was the last try."""
    delivery = claim.delivery
    next_at = None
    if not error.permanent:
        next_at = next_attempt_at(
            attempts=delivery.attempts,
            now=now,
            retry_after=error.retry_after,
            draw=random.random,
        )
    with writing():
        output = hold_output(delivery.output_id)
        mine = _still_mine(claim).update(
            status=DeliveryStatus.FAILED if next_at else DeliveryStatus.DEAD,
            due_at=next_at or delivery.due_at,
            error=str(error),
            lease_until=None,
        )
        if not mine:
            return
        _store_attempt(claim, error.result, now=now, error=str(error))
        _save_circuit(output, after_failure(circuit_of(output), now=now))
        if error.disable:
            Output.objects.filter(pk=output.pk).update(
                is_enabled=False, disabled_reason=str(error)
            )
    _note(claim, "failed" if next_at else "given up", now, error=str(error))


def _note(claim: Claim, result: str, now: datetime, *, error: str = "") -> None:
    """Count a try for whoever watches, and tell of it whoever traces."""
    delivery = claim.delivery
    ATTEMPTS.labels(delivery.output.kind, result).inc()
    trace_attempt(
        delivery=delivery,
        result=result,
        began=claim.started_at,
        ended=now,
        error=error,
    )


def _still_mine(claim: Claim) -> DeliveryQuerySet:
    """Return the claimed row, unless the lease ran out and another took it."""
    return _claimed_by(claim.delivery.pk, claim.worker)


def _claimed_by(delivery: UUID | Given, worker: str | Given) -> DeliveryQuerySet:
    return Delivery.objects.filter(
        pk=delivery, status=DeliveryStatus.SENDING, leased_by=worker
    )


_mark_sent = PreparedChange(
    lambda: _claimed_by(Given("delivery"), Given("worker")),
    status=DeliveryStatus.SENT,
    sent_at=Given("now"),
    error="",
    lease_until=None,
)


def _store_attempt(
    claim: Claim, result: SendResult, *, now: datetime, error: str = ""
) -> None:
    row = AttemptRow(
        delivery_id=claim.delivery.pk,
        number=claim.delivery.attempts,
        started_at=claim.started_at,
        ended_at=now,
        status_code=result.status_code,
        answer=result.answer,
        error=error,
    )
    insert_rows(Attempt, [row])
