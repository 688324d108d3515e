"""Deliver: claim, render, send, record the attempt.

A send leaves after its claim is committed and is recorded after the answer, so a
crash repeats it under the same id and never loses it.
"""

from __future__ import annotations

import logging
import random
import time
import uuid
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial
from urllib.parse import urlencode, urlsplit

from django.conf import settings
from django.db import OperationalError
from django.db.models import F, Min, Q

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
    sends_at_once,
)
from alerts.services.outputs import address_rules, secret_of
from alerts.services.storms import end_gathering, end_gatherings, summary_of
from alerts.services.tracing import trace_attempt
from alerts.suppression import Suppression, suppression_of
from config.about import about
from config.celery import Task, answer, nudge
from config.clock import database_now
from config.metrics import ATTEMPTS
from datasets.services import release_connection, writing
from rules.services import output_names, sentence_of

logger = logging.getLogger(__name__)

#: A worker that has not recorded its attempt by then is taken for dead.
LEASE = timedelta(seconds=60)
#: A call gives the worker back after this long; what is left rings again.
BUDGET_SECONDS = 5.0
#: Deliveries of which the first free one is looked for at a time.
_LOOKED_AT = 100
#: What is not recorded is sent again, so recording is tried for long.
_RECORDING_TRIES = 5
_UNFINISHED = (DeliveryStatus.QUEUED, DeliveryStatus.SENDING, DeliveryStatus.FAILED)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Claim:
    delivery: Delivery
    worker: str
    started_at: datetime


def send_due(*, output_id: int, budget_seconds: float = BUDGET_SECONDS) -> None:
    """Send what is due at an output, one delivery after the other.

    Running it twice is harmless: each delivery is claimed by one worker.
    """
    answer(Task.SEND, output_id=output_id)
    deadline = time.monotonic() + budget_seconds
    while time.monotonic() < deadline:
        claim = _claim(output_id=output_id, now=database_now())
        if claim is None:
            return
        with about(**_ids_of(claim.delivery)):
            _attempt(claim)
    nudge(Task.SEND, output_id=output_id)


def _claim(*, output_id: int, now: datetime) -> _Claim | None:
    """Take the first due delivery of an output whose circuit is closed.

    The resolve of an alert waits until its opening, or the summary that tells of it,
    was sent or given up, so nobody is told the end before the beginning.
    """
    worker = uuid.uuid4().hex
    with writing():
        output = _hold(output_id)
        held_back = suppression_of(output=output, is_live=True)
        if held_back:
            _hold_back(output, held_back, now)
            return None
        first = _first_due(output_id, now) if _has_room(output, now) else None
        if first is None:
            return None
        end_gathering(summary=first)
        Delivery.objects.filter(pk=first.pk).update(
            status=DeliveryStatus.SENDING,
            lease_until=now + LEASE,
            leased_by=worker,
            attempts=F("attempts") + 1,
        )
    delivery = Delivery.objects.select_related(
        "output__workspace", "transition__alert__rule", "transition__alert__version"
    ).get(pk=first.pk)
    return _Claim(delivery=delivery, worker=worker, started_at=now)


def _hold(output_id: int) -> Output:
    """Return an output whose claims and circuit nobody else changes meanwhile.

    Always before a delivery is touched, so that two workers never wait for each other;
    `no_key` because alerts may go on to name the output.
    """
    return Output.objects.select_for_update(no_key=True).get(pk=output_id)


def _has_room(output: Output, now: datetime) -> bool:
    most = sends_at_once(_circuit_of(output), most=output.max_in_flight, now=now)
    busy = Delivery.objects.filter(
        output_id=output.pk, status=DeliveryStatus.SENDING, lease_until__gte=now
    )
    return most > 0 and busy.count() < most


def _hold_back(output: Output, reason: Suppression, now: datetime) -> None:
    """Keep what waits for an output that was turned off or deleted meanwhile."""
    end_gatherings(output=output)
    waiting = Q(status__in=[DeliveryStatus.QUEUED, DeliveryStatus.FAILED])
    left = Q(status=DeliveryStatus.SENDING, lease_until__lt=now)
    Delivery.objects.filter(waiting | left, output=output).update(
        status=DeliveryStatus.SUPPRESSED, reason=reason.value, lease_until=None
    )


def _first_due(output_id: int, now: datetime) -> Delivery | None:
    """Return the first due delivery that waits for no earlier one of its alert.

    Looked for a few at a time, because it is asked anew for each of them, by workers
    that wait for each other.
    """
    due = Delivery.objects.due(now).filter(output_id=output_id)
    inline = (
        due.select_related("transition")
        .only("summary", "transition__alert", "transition__number")
        .order_by("due_at", "transition_id")
    )
    start = 0
    while some := list(inline[start : start + _LOOKED_AT]):
        first = _first_free(output_id, some)
        if first is not None:
            return first
        start += _LOOKED_AT
    return None


def _first_free(output_id: int, some: Sequence[Delivery]) -> Delivery | None:
    if some[0].transition.number == 1:  # nothing comes before an opening
        return some[0]
    unfinished = _unfinished_of(output_id, {one.transition.alert_id for one in some})
    return next(
        (
            one
            for one in some
            # Of one that a late worker has just finished nothing is known any more.
            if one.transition.number == unfinished.get(one.transition.alert_id)
        ),
        None,
    )


def _unfinished_of(
    output_id: int, alerts: Collection[uuid.UUID]
) -> dict[uuid.UUID, int]:
    """Return by alert the number of its first step that the output is yet to be told.

    Two plain questions: about both at once a database without statistics, as it is in
    the midst of a storm, thinks for longer than it may.
    """
    of_these = Delivery.objects.filter(output=output_id, transition__alert__in=alerts)
    unfinished: dict[uuid.UUID, int] = {}
    for told in (
        of_these.filter(status__in=_UNFINISHED),
        of_these.filter(summary__status__in=_UNFINISHED),
    ):
        rows = told.values_list("transition__alert").annotate(Min("transition__number"))
        for alert_id, number in rows.order_by():
            unfinished[alert_id] = min(number, unfinished.get(alert_id, number))
    return unfinished


def _ids_of(delivery: Delivery) -> dict[str, object]:
    return {
        "workspace": delivery.output.workspace_id,
        "rule": delivery.transition.rule_id,
        "output": delivery.output_id,
        "delivery": delivery.pk,
    }


def _attempt(claim: _Claim) -> None:
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


def _context_of(claim: _Claim) -> SendContext:
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


def _circuit_of(output: Output) -> Circuit:
    return Circuit(
        failures=output.failures,
        open_until=output.open_until,
        opened_at=output.opened_at,
    )


def _save_circuit(output: Output, circuit: Circuit) -> None:
    if circuit == _circuit_of(output):
        return
    Output.objects.filter(pk=output.pk).update(
        failures=circuit.failures,
        open_until=circuit.open_until,
        opened_at=circuit.opened_at,
    )


def _record_sent(claim: _Claim, result: SendResult, *, now: datetime) -> None:
    with writing():
        output = _hold(claim.delivery.output_id)
        mine = _still_mine(claim).update(
            status=DeliveryStatus.SENT, sent_at=now, error="", lease_until=None
        )
        if mine:
            _store_attempt(claim, result, now=now)
            _save_circuit(output, after_success())
    _note(claim, "sent", now)


def _record_failure(claim: _Claim, error: OutputError, *, now: datetime) -> None:
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
        output = _hold(delivery.output_id)
        mine = _still_mine(claim).update(
            status=DeliveryStatus.FAILED if next_at else DeliveryStatus.DEAD,
            due_at=next_at or delivery.due_at,
            error=str(error),
            lease_until=None,
        )
        if not mine:
            return
        _store_attempt(claim, error.result, now=now, error=str(error))
        _save_circuit(output, after_failure(_circuit_of(output), now=now))
        if error.disable:
            Output.objects.filter(pk=output.pk).update(
                is_enabled=False, disabled_reason=str(error)
            )
    _note(claim, "failed" if next_at else "given up", now, error=str(error))


def _note(claim: _Claim, result: str, now: datetime, *, error: str = "") -> None:
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


def _still_mine(claim: _Claim) -> DeliveryQuerySet:
    """Return the claimed row, unless the lease ran out and another took it."""
    return Delivery.objects.filter(
        pk=claim.delivery.pk,
        status=DeliveryStatus.SENDING,
        leased_by=claim.worker,
    )


def _store_attempt(
    claim: _Claim, result: SendResult, *, now: datetime, error: str = ""
) -> None:
    Attempt.objects.create(
        delivery=claim.delivery,
        number=claim.delivery.attempts,
        started_at=claim.started_at,
        ended_at=now,
        status_code=result.status_code,
        answer=result.answer,
        error=error,
    )
