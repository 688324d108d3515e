"""How a part notices that it is of no use any more, and leaves by itself.

Leaving is always safe, at once and anywhere: what was not committed is still due, and
the parent starts the part again.
"""

from __future__ import annotations

import logging
import os
import signal
import threading
import time
from collections.abc import Callable
from datetime import datetime, timedelta
from functools import partial
from typing import NoReturn

from django.db import DatabaseError, connection

from alerts.models import Heartbeat
from alerts.services import SILENCE_ALLOWED
from config.celery import Task, ring
from config.clock import database_now
from datasets.services import lane_held_for

logger = logging.getLogger(__name__)

#: How long a part may take to finish what it does once it is told to leave.
LEAVING_SECONDS = 8.0
#: An event is judged in milliseconds; what takes longer comes to no end. Four times
#: this, and starting again, may pass before an event is set aside (promise R10).
JUDGING_ALLOWED = timedelta(seconds=16)
_LOOK_EVERY_SECONDS = 5.0
_LOOK_AT_LANES_EVERY_SECONDS = 1.0
_RING_EVERY_SECONDS = 15.0


def leave_with_parent(leash: int) -> None:
    """Leave when this pipe ends: the parent, who alone holds its other end, is gone."""
    _in_background("leash", partial(_await_end_of, leash))


def _await_end_of(leash: int) -> None:
    while os.read(leash, 512):
        pass
    os.kill(os.getpid(), signal.SIGTERM)
    time.sleep(LEAVING_SECONDS)
    # A worker whose broker is gone ignores SIGTERM. The group is the part's own.
    os.killpg(os.getpgrp(), signal.SIGKILL)


def show_life(pulse: int) -> None:
    """Write to this pipe every few seconds that the interpreter runs.

    What hangs inside one instruction, as a sum of numbers of a billion digits would,
    hangs every thread of its process; then only the parent can end it.
    """

    def beat() -> None:
        while True:
            os.write(pulse, b".")
            time.sleep(_LOOK_EVERY_SECONDS)

    _in_background("pulse", beat)


def watch_judging(*, allowed: timedelta = JUDGING_ALLOWED) -> None:
    """Leave once a lane's holder in this process comes on no more, so others get it.

    Judging an event is allowed this long, all else a minute more.

    Threads have no time limit, and that of a process is longer. The lane's next drain
    finds out which event it was (`datasets.services.quarantine`).
    """

    def watch() -> None:
        while True:
            time.sleep(_LOOK_AT_LANES_EVERY_SECONDS)
            if (lane := lane_held_for(allowed)) is not None:
                logger.error("judging comes to no end, leaving", extra={"lane": lane})
                leave()

    _in_background("judging", watch)


def watch_worker(*, part: str, allowed: timedelta = SILENCE_ALLOWED) -> None:
    """Leave once nobody answered a bell of this worker for so long.

    A worker can be alive but deaf (promise R7); only an answered bell shows that
    it hears. `part` is the row in which the answer is noted.
    """
    _in_background("watchdog", lambda: _watch(part, allowed))


def ring_for(*, part: str) -> None:
    """Send this worker a bell every 15 seconds, through the broker."""

    def ring_on() -> None:
        while True:
            ring(Task.HEARTBEAT, {"worker": part})
            time.sleep(_RING_EVERY_SECONDS)

    _in_background("bell", ring_on)


def run_or_leave(name: str, work: Callable[[], None]) -> None:
    """Run `work` in a thread; if it fails the process leaves, being incomplete."""

    def run() -> None:
        try:
            work()
        except BaseException:
            # The thread's last frame: whatever it was, the part cannot go on without.
            logger.exception("a thread failed, leaving", extra={"work": name})
            leave()

    _in_background(name, run)


def leave(status: int = 1) -> NoReturn:
    """End the process now, also where a thread still waits for somebody outside.

    Python would wait for it, for a minute and more. What it does is still due.
    """
    logging.shutdown()
    os._exit(status)


def _in_background(name: str, work: Callable[[], None]) -> None:
    threading.Thread(target=work, name=name, daemon=True).start()


def _watch(part: str, allowed: timedelta) -> None:
    started = time.monotonic()
    while True:
        time.sleep(_LOOK_EVERY_SECONDS)
        if time.monotonic() - started < allowed.total_seconds():
            continue
        try:
            silent = _is_silent(part, database_now() - allowed)
        except DatabaseError:
            # Without the database nobody can answer, and a restart mends nothing.
            continue
        finally:
            connection.close()
        if silent:
            logger.error("no bell is answered, leaving", extra={"part": part})
            leave()


def _is_silent(part: str, since: datetime) -> bool:
    heard = Heartbeat.objects.filter(part=part, at__gte=since)
    return not heard.exists()
