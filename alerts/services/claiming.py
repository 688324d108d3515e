"""Claim: take the next delivery that is due at an output, for one worker."""

from __future__ import annotations

import uuid
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import lru_cache

from django.db.models import F, Min, Q, QuerySet

from alerts.models import Delivery, DeliveryQuerySet, DeliveryStatus, Output
from alerts.retries import Circuit, sends_at_once
from alerts.services.storms import end_gathering, end_gatherings
from alerts.suppression import Suppression, suppression_of
from config.prepared import Given, Prepared, PreparedChange
from datasets.services import writing

#: A worker that has not recorded its attempt by then is taken for dead.
LEASE = timedelta(seconds=60)
#: Deliveries of which the first free one is looked for at a time.
_LOOKED_AT = 100
_UNFINISHED = (DeliveryStatus.QUEUED, DeliveryStatus.SENDING, DeliveryStatus.FAILED)


@dataclass(frozen=True, slots=True, kw_only=True)
class Claim:
    """A delivery that a worker may send until its lease ends."""

    delivery: Delivery
    worker: str
    started_at: datetime


def claim_next(*, output_id: int, now: datetime) -> Claim | None:
    """Take the first due delivery of an output whose circuit is closed.

    The resolve of an alert waits until its opening, or the summary that tells of it,
    was sent or given up, so nobody is told the end before the beginning.
    """
    worker = uuid.uuid4().hex
    with writing():
        output = hold_output(output_id)
        held_back = suppression_of(output=output, is_live=True)
        if held_back:
            _hold_back(output, held_back, now)
            return None
        first = _first_due(output_id, now) if _has_room(output, now) else None
        if first is None:
            return None
        end_gathering(summary=first)
        _lease.make(delivery=first.pk, until=now + LEASE, worker=worker)
    [delivery] = _claimed.ask(delivery=first.pk)
    return Claim(delivery=delivery, worker=worker, started_at=now)


def is_any_due(*, output_id: int, now: datetime) -> bool:
    """Say whether anything is due at an output, without holding it for the answer."""
    return bool(_looking(0).ask(output=output_id, now=now))


def hold_output(output_id: int) -> Output:
    """Return an output whose claims and circuit nobody else changes meanwhile.

    Always before a delivery is touched, so that two workers never wait for each other;
    `no_key` because alerts may go on to name the output.
    """
    found = _holding.ask(output=output_id)
    if not found:
        raise Output.DoesNotExist(f"There is no output {output_id} any more.")
    return found[0]


def _has_room(output: Output, now: datetime) -> bool:
    most = sends_at_once(circuit_of(output), most=output.max_in_flight, now=now)
    return most > 0 and len(_busy.ask(output=output.pk, now=now)) < most


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
    start = 0
    while some := _looking(start).ask(output=output_id, now=now):
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


def circuit_of(output: Output) -> Circuit:
    """Return what is known of how sends to an output went."""
    return Circuit(
        failures=output.failures,
        open_until=output.open_until,
        opened_at=output.opened_at,
    )


@lru_cache(maxsize=16)
def _looking(start: int) -> Prepared[Delivery]:
    """Look at the deliveries that are due at an output, from this place on."""

    def due() -> QuerySet[Delivery]:
        rows = Delivery.objects.due(Given("now")).filter(output=Given("output"))
        inline = rows.select_related("transition").order_by("due_at", "transition_id")
        asked = inline.only("summary", "transition__alert", "transition__number")
        return asked[start : start + _LOOKED_AT]

    return Prepared(due)


def _of_output() -> QuerySet[Output]:
    return Output.objects.filter(pk=Given("output")).select_for_update(no_key=True)


def _under_way() -> DeliveryQuerySet:
    sending = Delivery.objects.filter(status=DeliveryStatus.SENDING)
    return sending.filter(output=Given("output"), lease_until__gte=Given("now"))


def _this() -> DeliveryQuerySet:
    return Delivery.objects.filter(pk=Given("delivery"))


def _with_all() -> QuerySet[Delivery]:
    return _this().select_related(
        "output__workspace", "transition__alert__rule", "transition__alert__version"
    )


_holding = Prepared(_of_output)
_busy = Prepared(lambda: _under_way().only("pk"))
_claimed = Prepared(_with_all)
_lease = PreparedChange(
    _this,
    status=DeliveryStatus.SENDING,
    lease_until=Given("until"),
    leased_by=Given("worker"),
    attempts=F("attempts") + 1,
)
