"""The channel layer over Redis, for a Redis that may be gone, emptied or deaf."""

from __future__ import annotations

import asyncio
import logging
from typing import Any

from channels_redis.core import RedisChannelLayer  # type: ignore[import-untyped]
from redis import RedisError

from config.celery import note_broker_away

logger = logging.getLogger(__name__)

_PAUSE_SECONDS = 1.0


class PatientRedisLayer(RedisChannelLayer):  # type: ignore[misc] # it has no types
    """Waits for Redis to come back, where Channels would end every socket.

    Meanwhile it says so to this process, whose sockets then look for themselves.
    """

    # How long Redis holds a read; one that takes much longer is not answered at all
    # (settings, `socket_timeout`).
    brpop_timeout = 1

    async def receive(self, channel: str) -> Any:  # Any: as Channels' messages are
        """Return the next message of a channel, however long Redis is away."""
        while True:
            try:
                return await super().receive(channel)
            except (RedisError, OSError, TimeoutError):
                note_broker_away()
                logger.warning("channel layer away, sockets look for themselves")
                await asyncio.sleep(_PAUSE_SECONDS)
