"""The bell to the browser, and the only module that talks to the channel layer.

What it carries are numbers of feed entries; the consumers read the rows. A lost
message costs nothing: the next one, or the heartbeat, shows the gap.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable
from functools import partial

from asgiref.sync import async_to_sync
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


def announce(*, workspace_id: int, last: int) -> None:
    """Say, after the commit, up to which number the feed has grown."""
    message: dict[str, object] = {"type": "feed.grown", "last": last}
    transaction.on_commit(
        partial(_send, group_of(workspace_id=workspace_id), message), robust=True
    )


def _send(group: str, message: dict[str, object]) -> None:
    layer = get_channel_layer()
    if isinstance(layer, InMemoryChannelLayer):
        if _loop.running is not None:
            asyncio.run_coroutine_threadsafe(
                layer.group_send(group, message), _loop.running
            )
        return
    if layer is not None:
        async_to_sync(_in_time)(layer.group_send, group, message)


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
