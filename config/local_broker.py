"""The broker of the embedded default: queues in memory that wake whoever waits.

Kombu's memory transport looks into its queues every so often and sleeps in between, so
that a bell waits for the next look, and an idle process is never quite idle. Here the
one who puts a message, or makes room for one, ends the wait.
"""

from __future__ import annotations

import threading
import time
from queue import Empty
from typing import Any

from kombu.transport import memory
from kombu.utils.scheduling import FairCycle


class _Doorbell:
    """Lets threads wait until something happened since they last looked."""

    def __init__(self) -> None:
        self.rung = 0
        self._condition = threading.Condition()

    def ring(self) -> None:
        with self._condition:
            self.rung += 1
            self._condition.notify_all()

    def wait(self, *, seen: int, seconds: float | None) -> None:
        """Wait until it has rung more often than was seen, or time is up."""
        with self._condition:
            self._condition.wait_for(lambda: self.rung != seen, seconds)


_doorbell = _Doorbell()


class Channel(memory.Channel):
    """Rings when there is a message to take, or room to take one."""

    def _put(self, queue: str, message: Any, **options: Any) -> None:
        super()._put(queue, message, **options)  # type: ignore[no-untyped-call] # kombu's
        _doorbell.ring()

    def _put_fanout(self, *place: Any, **options: Any) -> None:
        super()._put_fanout(*place, **options)  # type: ignore[no-untyped-call] # kombu's
        _doorbell.ring()

    def basic_ack(self, *tag: Any, **options: Any) -> None:
        """Acknowledge a message, so that the next may be taken."""
        super().basic_ack(*tag, **options)  # type: ignore[no-untyped-call] # kombu's
        _doorbell.ring()

    def basic_reject(self, *tag: Any, **options: Any) -> None:
        """Give a message up, so that the next may be taken."""
        super().basic_reject(*tag, **options)  # type: ignore[no-untyped-call] # kombu's
        _doorbell.ring()


class Transport(memory.Transport):
    """Hands out messages as they come."""

    Channel = Channel

    cycle: FairCycle

    def drain_events(
        self, connection: Any, timeout: float | None = None, **options: Any
    ) -> None:
        """Hand one message to its consumer; wait for it if there is none.

        Raises:
            TimeoutError: if none came within so many seconds.
        """
        deadline = None if timeout is None else time.monotonic() + timeout
        while True:
            seen = _doorbell.rung
            try:
                self.cycle.get(self._deliver, timeout=timeout)  # type: ignore[no-untyped-call] # kombu's
            except Empty:
                left = None if deadline is None else deadline - time.monotonic()
                if left is not None and left <= 0:
                    raise TimeoutError from None
                _doorbell.wait(seen=seen, seconds=left)
            else:
                return
