"""Answers to API calls that no view makes: refused before one, or broken inside it."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field

from workspaces.api.problems import PROBLEM_TYPE, problem_of, retry_header, status_of
from workspaces.refusals import Refusal

_NATIVE = "/api/"
_APPERATE = ("/v1/", "/stable/", "/beta/")


@dataclass(frozen=True, slots=True, kw_only=True)
class BareAnswer:
    """A status and a body, for whoever has no framework at hand."""

    status: int
    body: bytes
    content_type: str = "application/json"
    headers: Mapping[str, str] = field(default_factory=dict)

    def start(self, **more: str) -> dict[str, object]:
        """Return the message that begins the answer on an ASGI server."""
        headers = {
            "content-type": self.content_type,
            "content-length": str(len(self.body)),
            "x-content-type-options": "nosniff",
            **self.headers,
            **more,
        }
        return {
            "type": "http.response.start",
            "status": self.status,
            "headers": [
                (name.lower().encode(), text.encode()) for name, text in headers.items()
            ],
        }


def is_call(path: str) -> bool:
    """Say whether a path is one of an API's, not a page's."""
    return path.startswith((_NATIVE, *_APPERATE))


def refused_bare(refusal: Refusal, *, path: str) -> BareAnswer:
    """Return the answer that a view of this path would make of a refusal."""
    status, title = status_of(refusal)
    body: dict[str, object] = {"error": refusal.code, "message": refusal.detail}
    content_type = "application/json"
    if path.startswith(_NATIVE):
        body = problem_of(refusal, status=status, title=title, path=path)
        content_type = PROBLEM_TYPE
    return BareAnswer(
        status=status,
        body=json.dumps(body).encode(),
        content_type=content_type,
        headers=retry_header(refusal),
    )
