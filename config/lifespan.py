"""The end of the server, which ASGI servers tell by the lifespan protocol."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any


class Lifespan:
    """Does what is to be done when the server ends, after its last request."""

    def __init__(self, *, at_end: Callable[[], None]) -> None:
        self._at_end = at_end

    # Any: an ASGI application, as in config.origins.
    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        """Let the server begin, wait for its end, and end with it."""
        await receive()
        await send({"type": "lifespan.startup.complete"})
        await receive()
        await asyncio.to_thread(self._at_end)
        await send({"type": "lifespan.shutdown.complete"})
