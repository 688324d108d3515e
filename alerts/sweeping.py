"""Sweeps: find in the database what is due and do it, whatever bell was lost.

Every sweep may run in any number of processes at once; the claims inside the work
decide who does it. Beat rings them every few seconds, and the runner calls them each
second without needing the broker, so either one alone is enough.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta

from django.conf import settings

from alerts.models import Delivery, FeedEntry
from alerts.pipeline import drain_lane
from alerts.services import (
    forget_canaries,
    number_entries,
    report_troubles,
    send_canary,
)
from config.sweeping import each
from datasets.models import Batch, BatchState, Idempotency, Origin
from datasets.services import KEEP_FOR, forget_expired
from rules.services import expire_rules, fire_timers, forget_backtests

#: A bell answers sooner than this; what is older was not rung for.
OVERDUE = timedelta(seconds=1)
#: For the past of a source no bell rings until it is whole; that may take a while.
PAST_OVERDUE = timedelta(seconds=10)


def sweep_lanes(*, now: datetime) -> None:
    """Drain the lanes whose pending batches nobody took."""
    lanes = (
        Batch.objects.filter(
            state=BatchState.PENDING,
            received_at__lt=now - OVERDUE,
            lane__is_paused=False,
        )
        .exclude(
            origin=Origin.SOURCE, is_live=False, received_at__gte=now - PAST_OVERDUE
        )
        .values_list("lane_id", flat=True)
        .distinct()
    )
    each("lane", lanes, lambda lane_id: drain_lane(lane_id=lane_id))


def sweep_timers(*, now: datetime) -> None:
    """Have timers fired that no event has fired, and end the rules that expire."""
    fire_timers(now=now)
    expire_rules(now=now)


def sweep_feed(*, now: datetime) -> None:
    """Number the feed entries that are still without a number."""
    workspaces = (
        FeedEntry.objects.filter(seq=None, at__lt=now - OVERDUE)
        .values_list("workspace_id", flat=True)
        .distinct()
    )
    each(
        "workspace",
        workspaces,
        lambda workspace_id: number_entries(workspace_id=workspace_id),
    )


def sweep_deliveries(*, now: datetime, send: Callable[[int], None]) -> None:
    """Have sent what is due: retries, and what a dead worker left.

    `send` is given the id of each output and returns at once: a receiver that hangs
    must not keep the others waiting.
    """
    outputs = (
        Delivery.objects.due(now - OVERDUE)
        .values_list("output_id", flat=True)
        .distinct()
    )
    each("output", outputs, send)


def sweep_canary(*, now: datetime) -> None:
    """Send the canary off if its minute has come, unless it is to stay at home."""
    if settings.BELLWETHER_CANARY:
        send_canary(now=now)


def sweep_troubles(*, now: datetime) -> None:
    """Have the owners of whatever has stopped working told, and told when it works."""
    report_troubles(now=now)


def sweep_upkeep(*, now: datetime) -> None:
    """Forget what has lived its time."""
    Idempotency.objects.filter(created_at__lt=now - KEEP_FOR).delete()
    forget_expired(now=now)
    forget_backtests(now=now)
    forget_canaries(now=now)
