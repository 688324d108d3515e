"""The id of a request, by which its log lines and the problem it met are found."""

from __future__ import annotations

from typing import Any

from config.about import RequestId, about


class NamedRequests:
    """Stands before everything else and gives each request and socket an id."""

    # Any: an ASGI application, as in config.origins.
    def __init__(self, application: Any) -> None:
        self._application = application

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        """Pass a request on."""
        with about(request_id=RequestId()):
            await self._application(scope, receive, send)
