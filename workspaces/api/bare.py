"""Answers to API calls that no view makes: refused before one, or broken inside it."""

from __future__ import annotations

import json
from dataclasses import dataclass

from workspaces.api.problems import PROBLEM_TYPE, problem_of, status_of
from workspaces.refusals import Refusal

_NATIVE = "/api/"
_APPERATE = ("/v1/", "/stable/", "/beta/")


@dataclass(frozen=True, slots=True, kw_only=True)
class BareAnswer:
    """A status and a body, for whoever has no framework at hand."""

    status: int
    content_type: str
    body: bytes


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
        status=status, content_type=content_type, body=json.dumps(body).encode()
    )
