"""Which requests are plain calls with records, told by their head alone.

Native `POST .../datasets/<dataset>/records` and Apperate's `POST /record/...`, with a
token, as JSON or lines of it, and with no wish beyond waiting for the judgement.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from typing import Any

from django.http import QueryDict

from datasets.api.apperate.records import tell_written
from datasets.api.records import kind_of, tell_accepted
from datasets.json import encode
from datasets.services import BodyKind, Published
from workspaces.api.bare import BareAnswer
from workspaces.api.parameters import Parameters
from workspaces.refusals import Refusal

_NATIVE = re.compile(
    r"/api/v1/workspaces/(\w{1,64})/datasets/(\w{1,64})/records", re.ASCII
)
_APPERATE = re.compile(
    r"/(?:v1|stable|beta)/(?:record|write)/(\w{1,64})/(\w{1,64})/?", re.ASCII
)
#: With one of these a request is from a page, or its body is packed.
_NOT_PLAIN = frozenset((b"cookie", b"origin", b"content-encoding"))
_JUDGED = "judged"


@dataclass(frozen=True, slots=True, kw_only=True)
class Call:
    """A request to store records; `query` is without its token."""

    path: str
    query: str
    workspace: str
    dataset: str
    token: str
    kind: BodyKind
    waits: bool
    key: str | None
    tell: Callable[[Published], BareAnswer]


def read_call(scope: Mapping[str, Any]) -> Call | None:  # Any: as ASGI gives it
    """Return the call of a request, or None if it is not a plain one."""
    if scope["method"] != "POST":
        return None
    path = scope["path"]
    headers = dict(scope["headers"])
    is_plain = len(headers) == len(scope["headers"]) and _NOT_PLAIN.isdisjoint(headers)
    if not is_plain:
        return None
    query = QueryDict(scope["query_string"])
    try:
        if found := _NATIVE.fullmatch(path):
            return _native(found, path, headers, query)
        if found := _APPERATE.fullmatch(path):
            return _apperate(found, path, headers, query)
    except Refusal:  # whose words are the view's business
        return None
    return None


def _native(
    found: re.Match[str], path: str, headers: Mapping[bytes, bytes], query: QueryDict
) -> Call | None:
    kind = kind_of(headers.get(b"content-type", b"").decode("latin-1"))
    token = _bearer(headers)
    waits = query.getlist("wait") == [_JUDGED]
    is_plain = waits or not query
    if not token or kind is BodyKind.CSV or not is_plain or len(query) > 1:
        return None
    return Call(
        path=path,
        query=query.urlencode(),
        workspace=found[1],
        dataset=found[2],
        token=token,
        kind=kind,
        waits=waits,
        key=_key(headers),
        tell=_tell_natively,
    )


def _apperate(
    found: re.Match[str], path: str, headers: Mapping[bytes, bytes], query: QueryDict
) -> Call | None:
    waits = Parameters(query).flag("wait", default=True)
    without = query.copy()
    tokens = without.pop("token", [])
    token = tokens[-1].strip() if tokens else _bearer(headers)
    if not token or not set(without) <= {"wait"}:
        return None
    return Call(
        path=path,
        query=without.urlencode(),
        workspace=found[1],
        dataset=found[2],
        token=token,
        kind=BodyKind.JSON,
        waits=waits,
        key=_key(headers),
        tell=partial(_tell_apperate, waits=waits),
    )


def _bearer(headers: Mapping[bytes, bytes]) -> str:
    said = headers.get(b"authorization", b"").decode("latin-1")
    scheme, _, text = said.partition(" ")
    return text.strip() if scheme.lower() == "bearer" else ""


def _key(headers: Mapping[bytes, bytes]) -> str | None:
    said = headers.get(b"idempotency-key")
    return None if said is None else said.decode("latin-1")


def _tell_natively(published: Published) -> BareAnswer:
    status, told = tell_accepted(published)
    return BareAnswer(status=status, body=encode(told))


def _tell_apperate(published: Published, *, waits: bool) -> BareAnswer:
    return BareAnswer(status=200, body=encode(tell_written(published, waits=waits)))
