"""The bell to the browser, and the only module that talks to the channel layer.

It carries the number up to which the feed has grown and, where they are few, the newest
entries themselves; consumers who miss more read the rows. A lost message costs nothing:
the next one, or the heartbeat, shows the gap.
"""

from __future__ import annotations

import asyncio
import logging
import os
import threading
from collections.abc import Awaitable, Callable, Sequence
from concurrent.futures import Future
from functools import lru_cache, partial

from channels.layers import BaseChannelLayer, InMemoryChannelLayer, get_channel_layer
from django.db import transaction
from redis import RedisError

from config.celery import is_broker_away, note_broker_away

logger = logging.getLogger(__name__)

#: Whoever asks the channel layer waits so long for it.
_PATIENCE_SECONDS = 1.0


class _Loop:
    """The event loop of the web server, known when it runs in this process."""

    def __init__(self) -> None:
        self.running: asyncio.AbstractEventLoop | None = None


_loop = _Loop()


def use_loop(loop: asyncio.AbstractEventLoop | None) -> None:
    """Hand messages to this loop, the only one the in-memory layer works in."""
    _loop.running = loop


def group_of(*, workspace_id: int) -> str:
    """Return the name of the group that follows a workspace's feed."""
    return f"feed.{workspace_id}"


def announce(*, workspace_id: int, last: int, texts: Sequence[str] = ()) -> None:
    """Say, after the commit, up to which number the feed has grown.

    `texts` are the newest entries as sockets send them, for those who have sent all
    that came before.
    """
    message: dict[str, object] = {"type": "feed.grown", "last": last, "texts": [*texts]}
    transaction.on_commit(
        partial(_send, group_of(workspace_id=workspace_id), message), robust=True
    )


def _send(group: str, message: dict[str, object]) -> None:
    """Hand a message to a loop that passes it on; nobody waits for that."""
    layer = get_channel_layer()
    loop = _loop.running
    if loop is None and not isinstance(layer, InMemoryChannelLayer):
        loop = _own_loop()
    if layer is not None and loop is not None:
        passed_on = _in_time(layer.group_send, group, message)
        asyncio.run_coroutine_threadsafe(passed_on, loop).add_done_callback(_check)


@lru_cache(maxsize=1)
def _own_loop() -> asyncio.AbstractEventLoop:
    """Return a loop for a process that serves no web; it keeps its way to Redis."""
    loop = asyncio.new_event_loop()
    threading.Thread(target=loop.run_forever, name="push", daemon=True).start()
    return loop


# A child has the memory of a loop, but not the thread that runs it.
os.register_at_fork(after_in_child=_own_loop.cache_clear)


def _check(passed_on: Future[None]) -> None:
    if not passed_on.cancelled() and (error := passed_on.exception()):
        logger.error("the bell to the browser failed", exc_info=error)


async def join_group(layer: BaseChannelLayer, group: str, channel: str) -> None:
    """Have a channel hear what a group is told; without Redis it hears nothing."""
    await _in_time(layer.group_add, group, channel)


async def leave_group(layer: BaseChannelLayer, group: str, channel: str) -> None:
    """Have a channel hear no more; what Redis does not hear it forgets by itself."""
    await _in_time(layer.group_discard, group, channel)


async def _in_time(ask: Callable[..., Awaitable[None]], *words: object) -> None:
    """Ask the channel layer, but wait for no Redis that is gone or deaf."""
    if is_broker_away():
        return
    try:
        async with asyncio.timeout(_PATIENCE_SECONDS):
            await ask(*words)
    except (RedisError, OSError, TimeoutError):
        note_broker_away()
        logger.warning("channel layer away, browsers catch up by number")
