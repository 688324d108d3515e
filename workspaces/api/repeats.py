"""What makes two requests the same under one `Idempotency-Key`."""

from __future__ import annotations

from typing import Protocol, TypedDict

from django.http import HttpRequest
from drf_spectacular.utils import OpenApiParameter
from rest_framework.response import Response

from workspaces.access import Access

#: For `extend_schema(parameters=...)` of every call that may be repeated.
IDEMPOTENCY_KEY = OpenApiParameter(
    "Idempotency-Key",
    {"type": "string", "minLength": 1, "maxLength": 255},
    OpenApiParameter.HEADER,
    description="The same key with the same request gets the same answer for 72 h.",
)
_REPLAY = "Idempotent-Replay"


class Answered(Protocol):
    """What was answered, perhaps to an earlier request under the same key."""

    @property
    def status(self) -> int:
        """The status of the answer."""
        ...

    @property
    def body(self) -> object:
        """What was answered."""
        ...

    @property
    def is_replay(self) -> bool:
        """Whether it was answered before."""
        ...


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
        "caller": caller_of(access),
        "path": request.path,
        "query": query.urlencode(),
        "body": body,
    }


def replayed(answer: Answered) -> Response:
    """Send an answer, marked if it repeats an earlier one."""
    return Response(
        answer.body,
        status=answer.status,
        headers=replay_header(is_replay=answer.is_replay),
    )


def replay_header(*, is_replay: bool) -> dict[str, str]:
    """Return the header that marks a repeated answer, if it is one."""
    return {_REPLAY: "true"} if is_replay else {}


def caller_of(access: Access) -> str:
    """Return who calls, so that keys of two callers never meet."""
    if access.token is not None:
        return f"token:{access.token.pk}"
    return f"user:{access.user.pk}" if access.user else "system"
