"""Celery inside our processes: a worker and a beat as threads, or one of them alone.

Celery's time limits mean nothing to threads, nor to a task that no message brought. So
each kind of work has its own: an event is judged within 16 s (`watching`), a send ends
after 15 s and a fetch after 90 s (`outbound.http`, `datasets.services.sources`), an
import gives its turn back after 30 s, and PostgreSQL ends a statement after 15 s. A
worker that answers no bell for a minute leaves, and its parent starts it again.
"""

from __future__ import annotations

import logging
import os
import platform
import signal
import time
import warnings
from typing import Any

from celery.beat import Service
from celery.platforms import SecurityWarning
from celery.worker import WorkController, state
from django.db import Error, connection
from django_celery_beat.schedulers import DatabaseScheduler

from alerts.services import note_heartbeat, part_of_worker
from alerts.up.calls import end_calls
from alerts.up.drainers import hear_bells
from alerts.up.plan import Worker
from alerts.up.watching import (
    LEAVING_SECONDS,
    ring_for,
    run_or_leave,
    watch_judging,
    watch_worker,
)
from config.celery import Task, app, heartbeat_queue
from config.clock import database_now

logger = logging.getLogger(__name__)

#: Beat shows so often that it works, as the workers do.
_SHOW_EVERY_SECONDS = 15.0
#: Gossip and mingle are chatter between workers; our heartbeat is a row.
_QUIET = {"without_heartbeat": True, "without_mingle": True, "without_gossip": True}


class WorkerThread:
    """A real worker, run by a thread of this process; installs no signal handlers."""

    def __init__(self, worker: Worker) -> None:
        self._worker = worker

    def start(self) -> None:
        """Let it work, and end the process if nobody hears its bells any more."""
        run_or_leave(self._worker.name, self._run)
        watch_worker(part=self._worker.name)

    def stop(self, *, seconds: float) -> None:
        """Take no further task and wait for those that run, and for their calls."""
        state.should_stop = 0
        deadline = time.monotonic() + seconds
        # The worker itself looks at its orders every other second only.
        while state.active_requests and time.monotonic() < deadline:
            time.sleep(0.05)
        end_calls(seconds=deadline - time.monotonic())

    def _run(self) -> None:
        controller = WorkController(
            app=app,
            hostname=f"{self._worker.name}@localhost",
            pool=self._worker.pool,
            concurrency=self._worker.concurrency,
            queues=list(self._worker.queues),
            **_QUIET,
        )
        controller.start()
        if state.should_stop is None:
            raise RuntimeError("The worker ended by itself.")


class _Scheduler(DatabaseScheduler):  # type: ignore[misc] # a library without types
    """The schedule of the database, begun with the heartbeat.

    A new installation would else wait until its first 15 s are over to hear that a
    worker answers.
    """

    _has_begun = False
    _shows_at = 0.0

    def tick(self, *args: Any, **options: Any) -> Any:
        """Ring for what is due; return the seconds until the next look."""
        if not self._has_begun:
            self._has_begun = True
            if entry := self.schedule.get(Task.HEARTBEAT.value):
                self.apply_entry(entry, producer=self.producer)
        seconds = super().tick(*args, **options)
        self._show_life()
        return seconds

    def _show_life(self) -> None:
        """Note now and then, without a worker, that this beat comes to ring."""
        if time.monotonic() < self._shows_at:
            return
        try:
            note_heartbeat(part="beat", now=database_now())
        except Error as error:
            # The next tick looks at the schedule, and gives up what is broken.
            logger.warning("no database, the next tick tries again: %s", error)
        else:
            self._shows_at = time.monotonic() + _SHOW_EVERY_SECONDS


class BeatThread:
    """A real beat, run by a thread of this process."""

    def __init__(self) -> None:
        self._service = new_beat()

    def start(self) -> None:
        """Let it ring; the process ends if it does."""
        run_or_leave("beat", self._service.start)

    def stop(self) -> None:
        """Ring no more."""
        self._service.stop()


def run_beat() -> None:
    """Be a beat until SIGTERM or Ctrl-C."""
    service = new_beat()
    for one in (signal.SIGTERM, signal.SIGINT):
        signal.signal(one, lambda *_: service.stop())
    service.start()


def run_worker(worker: Worker) -> int:
    """Be a worker until SIGTERM or Ctrl-C; return its exit status."""
    part = part_of_worker(worker.name, host=platform.node())
    # In a container root is the only user there is; what it runs comes from our rows.
    warnings.simplefilter("ignore", SecurityWarning)
    controller = app.Worker(
        hostname=part,
        pool=worker.pool,
        concurrency=worker.concurrency,
        queues=[*worker.queues, heartbeat_queue(part)],
        quiet=True,
        redirect_stdouts=False,
        **_QUIET,
    )
    _hear(worker)
    ring_for(part=part)
    watch_worker(part=part)
    controller.start()
    end_calls(seconds=LEAVING_SECONDS / 2)
    return int(controller.exitcode or 0)


def _hear(worker: Worker) -> None:
    """Have whoever runs its tasks hear its bells; a fork has no thread of ours."""

    def hear() -> None:
        watch_judging()
        hear_bells(worker.queues)

    def hear_in_fork() -> None:
        # What the watch over the worker has opened is not the fork's.
        connection.close_pool()  # type: ignore[attr-defined] # PostgreSQL has one
        hear()

    if worker.pool == "prefork":
        os.register_at_fork(after_in_child=hear_in_fork)
    else:
        hear()


def new_beat() -> Service:
    """Return a beat that rings by the schedule of the database."""
    return Service(app, scheduler_cls=_Scheduler)
