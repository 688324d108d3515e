"""How much a request may bring, asked before any of it is kept.

Django writes a whole body to disk before a view sees its first byte, so whoever sends
without end, with or without a token, fills the disk. Here what says that it is too
long is refused unread, and what does not say is counted while it comes.
"""

from __future__ import annotations

import asyncio
from collections.abc import Collection
from functools import lru_cache
from typing import Any

from django.conf import settings
from django.urls import Resolver404, resolve

from workspaces.api.bare import is_call, refused_bare
from workspaces.api.bodies import too_large

#: Pages say themselves what is too long for them, up to this many times as much.
_PAGES_BEAR = 2
#: Many clients look for the answer only when they have sent all. So much more is read,
#: and thrown away, in so much time, that they find it.
_THROWN_AWAY_BYTES = 32_000_000
_THROWN_AWAY_SECONDS = 10.0


class _TooLong(Exception):
    """The body has more bytes than it may."""


class LimitedBodies:
    """Stands before Django and passes on no more of a body than its path may bring."""

    # Any: an ASGI application, as in config.origins.
    def __init__(self, application: Any) -> None:
        self._application = application

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        """Pass a request on, or answer 413."""
        limit = limit_of(scope["path"], scope["method"])
        if _said_length(scope) > limit:
            await _refuse(scope, receive, send, limit=limit)
            return
        try:
            await self._application(scope, _counted(receive, limit), send)
        except _TooLong:
            await _refuse(scope, receive, send, limit=limit)


def limit_of(path: str, method: str) -> int:
    """Return the most bytes that a request of this path and method may bring."""
    uploaded: int = settings.BELLWETHER_UPLOAD_BYTES
    if not is_call(path):
        return _PAGES_BEAR * uploaded
    in_memory: int = settings.DATA_UPLOAD_MAX_MEMORY_SIZE
    return uploaded if method in _taking_files(path) else in_memory


# Programs call the same path all day long, and finding its view takes longer than
# reading what they send.
@lru_cache(maxsize=1_024)
def _taking_files(path: str) -> Collection[str]:
    """Return the methods with which a path takes files."""
    try:
        view = getattr(resolve(path).func, "cls", None)
    except Resolver404:
        return ()
    taking: Collection[str] = getattr(view, "takes_files", ())
    return taking


def _said_length(scope: Any) -> int:
    said = dict(scope["headers"]).get(b"content-length", b"")
    return int(said) if said.isdigit() else 0


def _counted(receive: Any, limit: int) -> Any:
    """Return `receive`, which fails once more than `limit` bytes have come."""
    came = 0

    async def counted() -> Any:
        nonlocal came
        message = await receive()
        came += len(message.get("body", b""))
        if came > limit:
            raise _TooLong
        return message

    return counted


async def _refuse(scope: Any, receive: Any, send: Any, *, limit: int) -> None:
    answer = refused_bare(too_large(limit), path=scope["path"])
    await send(answer.start(connection="close"))
    await send({"type": "http.response.body", "body": answer.body, "more_body": True})
    await _throw_away(receive)
    await send({"type": "http.response.body", "body": b""})


async def _throw_away(receive: Any) -> None:
    """Read on until the end of the body, or until it is too much or takes too long."""
    left = _THROWN_AWAY_BYTES
    try:
        async with asyncio.timeout(_THROWN_AWAY_SECONDS):
            while left > 0:
                message = await receive()
                left -= len(message.get("body", b""))
                if not message.get("more_body"):
                    return
    except TimeoutError:
        return
