"""Fetching in threads of its own, so that sources that hang hold up nobody else's.

A source is fetched by one thread at a time. All sources of a workspace share so many
threads, and so do all sources of a host; what has no thread yet waits here, while the
rows say that it is due. A fetch that hangs ends by the limits of its connector's calls
and of its run (`datasets.services.sources.RUN_LIMIT`).
"""

from __future__ import annotations

import logging
import threading
import time
from collections import Counter
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

from django.db import close_old_connections, connection

from datasets.connectors import ConnectorError, find_connector
from datasets.models import Source
from datasets.services.sources import fetch_source

logger = logging.getLogger(__name__)

#: Fetches under way at once in one process. One that waits costs next to nothing.
THREADS = 64
#: A workspace, or a host, may have so many of them, and once half of all are under way
#: only one.
EACH = 16
#: While more are under way, a thread does not keep its connection for its next fetch.
_KEPT_CONNECTIONS = 8

#: Whose threads a fetch takes: its workspace's, and its host's if it calls one.
_Sharers = tuple[str, ...]


def _fetch(source_id: int) -> None:
    fetch_source(source_id=source_id)


class Fetchers:
    """Threads that fetch what is due; each workspace and each host has a share."""

    def __init__(
        self, threads: int = THREADS, *, work: Callable[[int], None] = _fetch
    ) -> None:
        self._threads = threads
        self._fetch = work
        self._pool = ThreadPoolExecutor(threads, thread_name_prefix="fetcher")
        self._waiting: dict[int, _Sharers] = {}
        self._running: dict[int, _Sharers] = {}
        self._taken: Counter[str] = Counter()
        self._again: set[int] = set()
        self._is_stopping = False
        self._lock = threading.Lock()

    def fetch(self, source_id: int) -> None:
        """Hand a source to a thread as soon as its share has one; return at once.

        A source that is being fetched is looked at once more when that is done, so what
        became due meanwhile does not wait for a sweep.
        """
        with self._lock:
            if source_id in self._running:
                self._again.add(source_id)
            if source_id in self._running or source_id in self._waiting:
                return
        sharers = _sharers_of(source_id)
        with self._lock:
            if source_id not in self._running:
                self._waiting.setdefault(source_id, sharers)
            self._begin()

    def stop(self, *, seconds: float) -> None:
        """Begin no further fetch, and wait so long for those that are under way."""
        with self._lock:
            self._is_stopping = True
            self._waiting.clear()
        self._pool.shutdown(wait=False)
        deadline = time.monotonic() + seconds
        while self._running and time.monotonic() < deadline:
            time.sleep(0.05)

    def _begin(self) -> None:
        """Give threads to those that wait, the longest first; the lock is held."""
        for source_id, sharers in [*self._waiting.items()]:
            if self._is_stopping or len(self._running) >= self._threads:
                return
            if all(self._taken[one] < self._share() for one in sharers):
                self._running[source_id] = self._waiting.pop(source_id)
                self._taken.update(sharers)
                self._pool.submit(self._work, source_id)

    def _share(self) -> int:
        half = self._threads // 2
        return min(EACH, half) if len(self._running) < half else 1

    def _work(self, source_id: int) -> None:
        try:
            self._fetch(source_id)
        except Exception:
            # What is due stays due; the next sweep finds it.
            logger.exception("fetching failed", extra={"source": source_id})
        finally:
            self._leave(source_id)

    def _leave(self, source_id: int) -> None:
        if len(self._running) > _KEPT_CONNECTIONS:
            connection.close()
        else:
            close_old_connections()
        with self._lock:
            sharers = self._running.pop(source_id)
            self._taken.subtract(sharers)
            self._taken += Counter()  # forgets who has none
            if source_id in self._again:
                self._again.remove(source_id)
                self._waiting[source_id] = sharers
            self._begin()


def _sharers_of(source_id: int) -> _Sharers:
    found = Source.objects.filter(pk=source_id)
    for source in found.select_related("dataset"):
        workspace = f"workspace {source.dataset.workspace_id}"
        host = _host_of(source)
        return (workspace, f"host {host}") if host else (workspace,)
    return ()


def _host_of(source: Source) -> str:
    try:
        return find_connector(source.kind).host(source.config)
    except ConnectorError:
        return ""  # its fetch says what is wrong


#: Those of this process, whoever finds in it that something is due.
fetchers = Fetchers()
