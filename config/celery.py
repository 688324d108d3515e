"""The bell: names of tasks, and `nudge`, which says "look now" and carries no state.

A message holds ids only and may be lost: sweeps find from the database whatever is
due. Nothing else in the program sends a Celery message.
"""

import logging
import os
import zlib
from collections.abc import Mapping
from enum import StrEnum
from functools import lru_cache, partial

import redis
from celery import Celery
from celery import Task as CeleryTask
from django.conf import settings
from django.db import close_old_connections, transaction
from kombu.connection import ConnectionPool
from kombu.exceptions import KombuError

from config.bells import bells, pause

logger = logging.getLogger(__name__)


class _OurTask(CeleryTask):  # type: ignore[misc] # Celery comes without types
    """Leaves the database as a request does.

    A connection of the pool goes back to it, SQLite's stays with its thread, and one
    that broke is given up.
    """

    def __call__(self, *args: object, **ids: object) -> object:
        try:
            return self.run(*args, **ids)
        finally:
            close_old_connections()


#: Without Celery's own ways with Django, which close what others of the process use.
app = Celery("bellwether", task_cls=_OurTask, fixups=())
app.config_from_object("django.conf:settings", namespace="CELERY")
app.autodiscover_tasks(lambda: settings.INSTALLED_APPS)


class Task(StrEnum):
    """Every task there is, by the name under which it travels."""

    DRAIN = "alerts.drain"
    NUMBER = "alerts.number"
    SEND = "alerts.send"
    FETCH = "datasets.fetch"
    IMPORT = "datasets.import"
    SWEEP_LANES = "alerts.sweep_lanes"
    SWEEP_DELIVERIES = "alerts.sweep_deliveries"
    SWEEP_FEED = "alerts.sweep_feed"
    SWEEP_TIMERS = "alerts.sweep_timers"
    SWEEP_SOURCES = "datasets.sweep_sources"
    SWEEP_JOBS = "datasets.sweep_jobs"
    BACKTEST = "rules.backtest"
    SWEEP_SEGMENTS = "rules.sweep_segments"
    SWEEP_BACKTESTS = "rules.sweep_backtests"
    SWEEP_CANARY = "alerts.sweep_canary"
    SWEEP_UPKEEP = "alerts.sweep_upkeep"
    HEARTBEAT = "alerts.heartbeat"


_QUEUES: Mapping[Task, str] = {
    Task.SEND: "send",
    Task.FETCH: "fetch",
    Task.IMPORT: "fetch",
}


def heartbeat_queue(worker: str) -> str:
    """Return the queue that only this worker reads, for the bell to itself."""
    return f"heartbeat.{worker}"


def queue_of(task: Task, ids: Mapping[str, object]) -> str:
    """Return the queue of a task; a lane always rings at the same drain process."""
    if task is Task.HEARTBEAT and "worker" in ids:
        return heartbeat_queue(str(ids["worker"]))
    if task is Task.DRAIN:
        digest = zlib.crc32(str(ids["lane_id"]).encode())
        return f"drain.{digest % settings.BELLWETHER_DRAIN_SLOTS}"
    return _QUEUES.get(task, "upkeep")


def nudge(task: Task, **ids: int | str) -> None:
    """Ring for `task` once the current transaction is committed; never raises."""
    transaction.on_commit(partial(ring, task, ids), robust=True)


def answer(task: Task, **ids: int | str) -> None:
    """Let the bell ring again: called before the work first reads what is due.

    An event stored after that read therefore always rings. While the
    broker is away no bell rings, and a key that stays dies by itself soon after.
    """
    if not pause.is_on():
        bells().answer(task, ids)


def ring(task: Task, ids: Mapping[str, int | str]) -> None:
    """Send one message unless the same bell already rang and nobody has answered.

    Nor is one sent for a while after the broker failed: publishing never raises, and
    the sweeps find what is due.
    """
    queue = queue_of(task, ids)
    if pause.is_on() or not bells().ring(task, ids, queue=queue):
        return
    try:
        pool = _connections()
        with pool.acquire(block=True, timeout=1) as connection:  # type: ignore[no-untyped-call] # kombu's
            app.send_task(
                task.value,
                kwargs=dict(ids),
                queue=queue,
                connection=connection,
                expires=30,
                retry=False,
                ignore_result=True,
            )
    except (KombuError, OSError, redis.RedisError):
        pause.begin()
        logger.warning("broker away, sweeps take over", extra={"task": task.value})


def is_broker_away() -> bool:
    """Say whether Redis failed a moment ago, so that nobody asks it now."""
    return pause.is_on()


def note_broker_away() -> None:
    """Have everybody in this process leave Redis alone for a few seconds."""
    pause.begin()


#: Whoever publishes has somebody waiting. Those who read wait for hours, and have other
#: limits (settings, `CELERY_BROKER_TRANSPORT_OPTIONS`).
_PUBLISHING = {
    "socket_timeout": 0.5,
    "socket_connect_timeout": 0.5,
    "retry_on_timeout": False,
    "max_retries": 0,
}


@lru_cache(maxsize=1)
def _connections() -> ConnectionPool:
    options = _PUBLISHING if settings.REDIS_URL else {}
    pool: ConnectionPool = app.connection(transport_options=options).Pool(limit=10)
    return pool


# A child has none of its parent's connections, only copies of their files.
os.register_at_fork(after_in_child=_connections.cache_clear)
