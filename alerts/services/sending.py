"""Sending in threads of its own, so that receivers that hang hold up nobody else."""

from __future__ import annotations

import logging
import threading
import time
from collections import Counter
from concurrent.futures import ThreadPoolExecutor

from django.db import close_old_connections, connection

from alerts.services.delivering import send_due

logger = logging.getLogger(__name__)

#: Sends under way at once in one process. One that waits costs next to nothing.
THREADS = 128
#: An output may have so many of them, and once half of all are under way only one.
EACH = 4
#: While more are under way, a thread does not keep its connection for its next send.
_KEPT_CONNECTIONS = 8


class Senders:
    """Threads that send what is due at outputs; each output has a share of them."""

    def __init__(self, threads: int = THREADS) -> None:
        self._threads = threads
        self._pool = ThreadPoolExecutor(threads, thread_name_prefix="sender")
        self._shares: Counter[int] = Counter()
        self._again: set[int] = set()
        self._running = 0
        self._is_stopping = False
        self._lock = threading.Lock()

    def send(self, output_id: int) -> None:
        """Hand an output to a thread and return at once.

        An output that has its share already is looked at once more when one of its
        threads is done, so what became due meanwhile does not wait for a sweep.
        """
        with self._lock:
            if self._shares[output_id] >= self._share():
                self._again.add(output_id)
            elif not self._is_stopping:
                self._shares[output_id] += 1
                self._pool.submit(self._work, output_id)

    def stop(self, *, seconds: float) -> None:
        """Begin no further send, and wait so long for those that are under way."""
        with self._lock:
            self._is_stopping = True
        self._pool.shutdown(wait=False, cancel_futures=True)
        deadline = time.monotonic() + seconds
        while self._running and time.monotonic() < deadline:
            time.sleep(0.05)

    def _share(self) -> int:
        return EACH if self._shares.total() < self._threads // 2 else 1

    def _work(self, output_id: int) -> None:
        with self._lock:
            self._running += 1
        try:
            send_due(output_id=output_id)
        except Exception:
            # What is due stays due; the next sweep finds it.
            logger.exception("sending failed", extra={"output": output_id})
        finally:
            self._leave(output_id)

    def _leave(self, output_id: int) -> None:
        if self._running > _KEPT_CONNECTIONS:
            connection.close()
        else:
            close_old_connections()
        with self._lock:
            self._running -= 1
            if output_id in self._again and not self._is_stopping:
                self._again.remove(output_id)
                self._pool.submit(self._work, output_id)
                return
            self._shares[output_id] -= 1
            if not self._shares[output_id]:
                del self._shares[output_id]


#: Those of this process, whoever finds in it that something is due.
senders = Senders()
