"""The runner: sweeps each second from the database, without needing the broker."""

from __future__ import annotations

import logging
import signal
import threading
from collections.abc import Callable, Mapping
from datetime import datetime

from django.db import DatabaseError, close_old_connections

from alerts.services import note_heartbeat, senders
from alerts.sweeping import (
    sweep_canary,
    sweep_deliveries,
    sweep_feed,
    sweep_lanes,
    sweep_timers,
    sweep_troubles,
    sweep_upkeep,
)
from alerts.up.calls import end_calls
from alerts.up.watching import LEAVING_SECONDS
from config.clock import database_now
from datasets.services import fetchers, sweep_jobs, sweep_sources
from rules.services import keep_segments, sweep_backtests

logger = logging.getLogger(__name__)

Sweep = Callable[..., None]


def _sweep_deliveries(*, now: datetime) -> None:
    sweep_deliveries(now=now, send=senders.send)


def _sweep_sources(*, now: datetime) -> None:
    sweep_sources(now=now, fetch=fetchers.fetch)


def _show_life(*, now: datetime) -> None:
    note_heartbeat(part="runner", now=now)


#: Every sweep and the seconds between two rounds of it. Each has a thread of its own,
#: so that a receiver that hangs delays no lane.
ROUNDS: Mapping[str, tuple[Sweep, float]] = {
    "lanes": (sweep_lanes, 1.0),
    "deliveries": (_sweep_deliveries, 1.0),
    "feed": (sweep_feed, 1.0),
    "timers": (sweep_timers, 1.0),
    "sources": (_sweep_sources, 1.0),
    "jobs": (sweep_jobs, 1.0),
    "segments": (keep_segments, 15.0),
    "backtests": (sweep_backtests, 5.0),
    "canary": (sweep_canary, 10.0),
    "troubles": (sweep_troubles, 15.0),
    "upkeep": (sweep_upkeep, 60.0),
    "life": (_show_life, 15.0),
}


def start_sweeping(stopping: threading.Event) -> None:
    """Sweep in threads until `stopping` is set."""
    for name, (sweep, seconds) in ROUNDS.items():
        threading.Thread(
            target=_go_round,
            args=(name, sweep, seconds, stopping),
            name=f"sweep {name}",
            daemon=True,
        ).start()


def run() -> None:
    """Sweep until SIGTERM or Ctrl-C."""
    stopping = threading.Event()
    for one in (signal.SIGTERM, signal.SIGINT):
        signal.signal(one, lambda *_: stopping.set())
    start_sweeping(stopping)
    stopping.wait()
    end_calls(seconds=LEAVING_SECONDS / 2)


def _go_round(
    name: str, sweep: Sweep, seconds: float, stopping: threading.Event
) -> None:
    while True:
        try:
            sweep(now=database_now())
        except DatabaseError as error:
            logger.warning("no database, the next round tries again: %s", error)
        except Exception:
            # A sweep that fails must not end: the next round may find it mended.
            logger.exception("sweep failed", extra={"sweep": name})
        finally:
            close_old_connections()
        if stopping.wait(seconds):
            return
