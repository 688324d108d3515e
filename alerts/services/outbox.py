"""How the outbox stands: what waits to be sent, and how sending went of late."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from django.db.models import Count, F, Min, Q
from django.db.models.functions import TruncMinute

from alerts.models import Attempt, Delivery, DeliveryStatus, Output, Storm
from alerts.outputs.registry import find_kind
from alerts.services.storms import worst_storms

MINUTE: Final = timedelta(minutes=1)
_WAITING = (DeliveryStatus.QUEUED, DeliveryStatus.SENDING, DeliveryStatus.FAILED)


@dataclass(frozen=True, slots=True, kw_only=True)
class Results:
    """How tries went: those that were given up are among the failed ones."""

    sent: int = 0
    failed: int = 0
    given_up: int = 0

    def __add__(self, other: Results) -> Results:
        """Add up."""
        return Results(
            sent=self.sent + other.sent,
            failed=self.failed + other.failed,
            given_up=self.given_up + other.given_up,
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Outbox:
    """What waits by status, since when; and the tries of the last hour."""

    waiting: Mapping[str, int]
    oldest: timedelta | None
    by_kind: Mapping[str, Results]
    #: Oldest minute first, 60 of them.
    by_minute: Sequence[Results]
    #: Outputs that are not sent to now: turned off by failures, or their circuit open.
    held: Sequence[Output]
    #: Rules that have too much for an output, which is told in summaries now.
    storms: Sequence[Storm]

    @property
    def waits(self) -> int:
        """Return how many deliveries are not sent yet."""
        return sum(self.waiting.values())


def read_outbox(*, now: datetime) -> Outbox:
    """Look at the deliveries of all workspaces, and at the tries of the last hour."""
    waiting = {
        row["status"]: row
        for row in Delivery.objects.filter(status__in=_WAITING)
        .values("status")
        .annotate(count=Count("pk"), oldest=Min("created_at"))
    }
    oldest = min((row["oldest"] for row in waiting.values()), default=None)
    by_kind, by_minute = _results(now)
    return Outbox(
        waiting={
            status.value: waiting[status]["count"] if status in waiting else 0
            for status in _WAITING
        },
        oldest=None if oldest is None else max(now - oldest, timedelta()),
        by_kind=by_kind,
        by_minute=by_minute,
        held=_held(now),
        storms=worst_storms(now=now),
    )


def _results(now: datetime) -> tuple[dict[str, Results], list[Results]]:
    """Add up the tries of the last 60 minutes by kind and by minute.

    Tries are stored in the order of their ids, give or take a moment, so only those
    behind the newest one that is older than the period are looked at.
    """
    times = [now.replace(second=0, microsecond=0) - MINUTE * back for back in range(60)]
    since = times[-1]
    older = Attempt.objects.filter(started_at__lt=since).order_by("-pk")
    first = older.values_list("pk", flat=True).first() or 0
    is_last = Q(number=F("delivery__attempts"), delivery__status=DeliveryStatus.DEAD)
    rows = (
        Attempt.objects.filter(pk__gt=first, started_at__gte=since)
        .values("delivery__output__kind", minute=TruncMinute("started_at"))
        .annotate(
            sent=Count("pk", filter=Q(error="")),
            failed=Count("pk", filter=~Q(error="")),
            given_up=Count("pk", filter=~Q(error="") & is_last),
        )
    )
    by_kind: dict[str, Results] = {}
    minutes: dict[datetime, Results] = {}
    for row in rows:
        one = Results(sent=row["sent"], failed=row["failed"], given_up=row["given_up"])
        label = find_kind(row["delivery__output__kind"]).label
        by_kind[label] = by_kind.get(label, Results()) + one
        minutes[row["minute"]] = minutes.get(row["minute"], Results()) + one
    return by_kind, [minutes.get(at, Results()) for at in reversed(times)]


def _held(now: datetime) -> list[Output]:
    is_off = Q(is_enabled=False) & ~Q(disabled_reason="")
    held = Output.objects.alive().filter(is_off | Q(open_until__gt=now))
    return list(held.select_related("workspace").order_by("workspace__slug", "pk")[:20])
