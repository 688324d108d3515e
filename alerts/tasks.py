"""What workers answer to: each task takes ids, calls one service, returns nothing."""

from __future__ import annotations

from celery import shared_task

from alerts.pipeline import drain_lane
from alerts.services import (
    ONLY_WORKER,
    note_heartbeat,
    number_entries,
    senders,
)
from alerts.sweeping import (
    sweep_canary,
    sweep_deliveries,
    sweep_feed,
    sweep_lanes,
    sweep_timers,
    sweep_troubles,
    sweep_upkeep,
)
from config.celery import Task, nudge
from config.clock import database_now


@shared_task(name=Task.DRAIN.value)
def drain(*, lane_id: int) -> None:
    """Judge what waits in a lane."""
    drain_lane(lane_id=lane_id)


@shared_task(name=Task.NUMBER.value)
def number(*, workspace_id: int) -> None:
    """Number the new entries of a feed."""
    number_entries(workspace_id=workspace_id)


@shared_task(name=Task.SEND.value)
def send(*, output_id: int) -> None:
    """Have sent what is due at an output, however long its receiver takes."""
    senders.send(output_id)


@shared_task(name=Task.SWEEP_LANES.value)
def lanes() -> None:
    """Drain lanes whose bell was lost."""
    sweep_lanes(now=database_now())


@shared_task(name=Task.SWEEP_FEED.value)
def feed() -> None:
    """Number entries whose bell was lost."""
    sweep_feed(now=database_now())


@shared_task(name=Task.SWEEP_TIMERS.value)
def timers() -> None:
    """Fire what is due by time alone."""
    sweep_timers(now=database_now())


@shared_task(name=Task.SWEEP_DELIVERIES.value)
def deliveries() -> None:
    """Ring for retries and for what a dead worker left."""

    def ring(output_id: int) -> None:
        nudge(Task.SEND, output_id=output_id)

    sweep_deliveries(now=database_now(), send=ring)


@shared_task(name=Task.SWEEP_CANARY.value)
def canary() -> None:
    """Send the canary off if its minute has come, and look what has stopped working."""
    sweep_canary(now=database_now())
    sweep_troubles(now=database_now())


@shared_task(name=Task.SWEEP_UPKEEP.value)
def upkeep() -> None:
    """Forget what has lived its time."""
    sweep_upkeep(now=database_now())


@shared_task(name=Task.HEARTBEAT.value)
def heartbeat(*, worker: str = "") -> None:
    """Show that a worker answers; alive but deaf shows nothing.

    With a name it is that worker's bell to itself, without one it is beat's, for the
    only worker of the embedded default.
    """
    note_heartbeat(part=worker or ONLY_WORKER, now=database_now())
