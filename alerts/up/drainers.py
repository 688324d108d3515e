"""Tasks that run the moment their bell rings, without a message on its way to them.

A message takes as long as a small drain does. Bells that nobody hears so come as one,
to the same task. Whoever comes second finds the lane held, the delivery claimed, or
nothing that is due.
"""

from __future__ import annotations

import logging
from collections.abc import Iterable
from concurrent.futures import Future, ThreadPoolExecutor, wait
from functools import partial

from alerts import tasks
from alerts.services import drain_queues
from alerts.up.watching import run_or_leave
from config.bells import Hearer, hear_here, hear_no_more, listen
from config.celery import Task, queue_of

logger = logging.getLogger(__name__)

#: Lanes that the embedded default drains at once. They take turns at the interpreter;
#: there are several so that one which loads its rules keeps no other waiting.
_AT_ONCE = 4


class Drainers:
    """Threads that drain the lanes whose bells ring in this process."""

    def __init__(self) -> None:
        self._pool = ThreadPoolExecutor(_AT_ONCE, thread_name_prefix="drainer")
        self._going_on: set[Future[None]] = set()

    def start(self) -> None:
        """Hear the bells of lanes, and those of outputs that have something to send."""
        hear_here(Task.DRAIN, self._drain)
        hear_here(Task.SEND, tasks.send)

    def stop(self, *, seconds: float) -> None:
        """Begin no further drain, and wait so long for those that go on."""
        hear_no_more(Task.DRAIN)
        hear_no_more(Task.SEND)
        self._pool.shutdown(wait=False, cancel_futures=True)
        wait(self._going_on, seconds)

    def _drain(self, *, lane_id: int) -> None:
        drain = self._pool.submit(_drain, lane_id=lane_id)
        self._going_on.add(drain)
        drain.add_done_callback(self._going_on.discard)


def hear_bells(queues: Iterable[str]) -> None:
    """Do in a thread for each of these queues what its bells ring for, one by one."""
    for queue in queues:
        if queue in drain_queues():
            _hear(Task.DRAIN, _drain, queue)
        elif queue == queue_of(Task.SEND, {}):
            _hear(Task.SEND, tasks.send, queue)


def _hear(task: Task, hearer: Hearer, queue: str) -> None:
    run_or_leave(f"bells of {queue}", partial(listen, task, hearer, queue=queue))


def _drain(*, lane_id: int) -> None:
    try:
        tasks.drain(lane_id=lane_id)
    except Exception:
        # The next bell must find this thread; the sweep finds what waits.
        logger.exception("draining failed", extra={"lane": lane_id})
