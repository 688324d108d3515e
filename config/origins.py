"""Which pages may open a socket here: our own, and programs, which have no origin."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlsplit

from channels.security.websocket import WebsocketDenier
from django.conf import settings
from django.http.request import split_domain_port, validate_host


class SameOriginOnly:
    """Refuses, with 403, sockets that a page of another origin opens.

    A browser sends its cookies along with any socket and always names the page's
    origin; a port is part of it, because cookies are not kept apart by ports. A program
    names no origin and has no session to borrow: it is let in, and shows its token.
    """

    # Any: an ASGI application, whose types the stubs of Channels keep to themselves.
    def __init__(self, application: Any) -> None:
        self._application = application

    async def __call__(self, scope: Any, receive: Any, send: Any) -> Any:
        """Pass a socket on, or deny it before it opens."""
        headers = dict(scope.get("headers", ()))
        host = headers.get(b"host", b"").decode("latin1")
        origin = headers.get(b"origin")
        if origin is None or is_ours(origin.decode("latin1"), host=host):
            return await self._application(scope, receive, send)
        return await WebsocketDenier()(scope, receive, send)


def is_ours(origin: str, *, host: str) -> bool:
    """Say whether a page of this origin was served by us under this `Host`."""
    if origin in settings.CSRF_TRUSTED_ORIGINS:
        return True
    domain, _ = split_domain_port(host.lower())
    if not validate_host(domain, settings.ALLOWED_HOSTS):
        return False
    return urlsplit(origin).netloc.lower() == host.lower()
