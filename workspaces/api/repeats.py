"""What makes two requests the same under one `Idempotency-Key`."""

from __future__ import annotations

from typing import TypedDict

from django.http import HttpRequest

from workspaces.access import Access


class RepeatableRequest(TypedDict):
    """What an idempotency key is claimed for: `datasets.services` takes it whole."""

    key: str | None
    caller: str
    path: str
    query: str
    body: bytes


def repeatable(
    request: HttpRequest, *, access: Access, body: bytes
) -> RepeatableRequest:
    """Describe a request; its token is told by the caller, not by the query."""
    query = request.GET.copy()
    query.pop("token", None)
    return {
        "key": request.headers.get("Idempotency-Key"),
        "caller": _caller_of(access),
        "path": request.path,
        "query": query.urlencode(),
        "body": body,
    }


def _caller_of(access: Access) -> str:
    if access.token is not None:
        return f"token:{access.token.pk}"
    return f"user:{access.user.pk}" if access.user else "system"
