"""Sending without the broker: some threads, and never two at one output."""

from __future__ import annotations

import logging
import threading
from concurrent.futures import ThreadPoolExecutor

from django.db import close_old_connections

from alerts.services import send_due

logger = logging.getLogger(__name__)

#: Receivers that may hang at once before the others have to wait.
THREADS = 8


class Senders:
    """Threads that send what is due at outputs, each output in one at a time."""

    def __init__(self, threads: int = THREADS) -> None:
        self._pool = ThreadPoolExecutor(threads, thread_name_prefix="sender")
        self._busy: set[int] = set()
        self._lock = threading.Lock()

    def send(self, output_id: int) -> None:
        """Hand an output to a thread, unless one is at it already."""
        with self._lock:
            if output_id in self._busy:
                return
            self._busy.add(output_id)
        self._pool.submit(self._send, output_id)

    def stop(self) -> None:
        """Wait for those that send; hand over nothing more."""
        self._pool.shutdown(cancel_futures=True)

    def _send(self, output_id: int) -> None:
        try:
            send_due(output_id=output_id)
        except Exception:
            # What is due stays due; the next sweep finds it.
            logger.exception("sending failed", extra={"output": output_id})
        finally:
            close_old_connections()
            with self._lock:
                self._busy.discard(output_id)
