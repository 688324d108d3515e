"""Which requests are plain calls with records, told by their head alone.

Native `POST .../datasets/<dataset>/records` and Apperate's `POST /record/...`, with a
token, as JSON or lines of it, and with no wish beyond waiting for the judgement.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import lru_cache, partial
from typing import Any

from django.conf import settings
from django.http import QueryDict
from django.http.request import split_domain_port, validate_host

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
    tell: Callable[[Published], BareAnswer]


def read_call(scope: Mapping[str, Any]) -> Call | None:  # Any: as ASGI gives it
    """Return the call of a request, or None if it is not a plain one."""
    headers = dict(scope["headers"])
    if scope["method"] != "POST" or not _NOT_PLAIN.isdisjoint(headers):
        return None
    if len(headers) < len(scope["headers"]):  # one is there twice
        return None
    if settings.SECURE_SSL_REDIRECT and not _is_secure(scope, headers):
        return None
    return _read_head(
        headers.get(b"host", b"").decode("latin-1"),
        scope["path"],
        scope["query_string"],
        headers.get(b"authorization", b"").decode("latin-1"),
        headers.get(b"content-type", b"").decode("latin-1"),
    )


def read_idempotency_key(scope: Mapping[str, Any]) -> str | None:  # Any: as above
    """Return the key under which a request may be repeated, if it has one."""
    said = dict(scope["headers"]).get(b"idempotency-key")
    return None if said is None else said.decode("latin-1")


# A client's requests differ in their bodies.
@lru_cache(maxsize=1_024)
def _read_head(
    host: str, path: str, query_string: bytes, authorization: str, content_type: str
) -> Call | None:
    domain, _ = split_domain_port(host)
    if not validate_host(domain, settings.ALLOWED_HOSTS):
        return None
    query = QueryDict(query_string)
    bearer = _bearer(authorization)
    try:
        if found := _NATIVE.fullmatch(path):
            return _native(found, query, bearer, kind_of(content_type))
        if found := _APPERATE.fullmatch(path):
            return _apperate(found, query, bearer)
    except Refusal:  # whose words are the view's business
        return None
    return None


def _is_secure(scope: Mapping[str, Any], headers: Mapping[bytes, bytes]) -> bool:
    """Say whether the request came over TLS, to us or to the proxy before us."""
    forwarded = headers.get(b"x-forwarded-proto") == b"https"
    return forwarded or scope.get("scheme") == "https"


def _native(
    found: re.Match[str], query: QueryDict, token: str, kind: BodyKind
) -> Call | None:
    waits = query.getlist("wait") == [_JUDGED]
    is_plain = waits or not query
    if not token or kind is BodyKind.CSV or not is_plain or len(query) > 1:
        return None
    return Call(
        path=found[0],
        query=query.urlencode(),
        workspace=found[1],
        dataset=found[2],
        token=token,
        kind=kind,
        waits=waits,
        tell=_tell_natively,
    )


def _apperate(found: re.Match[str], query: QueryDict, bearer: str) -> Call | None:
    waits = Parameters(query).flag("wait", default=True)
    without = query.copy()
    tokens = without.pop("token", [])
    token = tokens[-1].strip() if tokens else bearer
    if not token or not set(without) <= {"wait"}:
        return None
    return Call(
        path=found[0],
        query=without.urlencode(),
        workspace=found[1],
        dataset=found[2],
        token=token,
        kind=BodyKind.JSON,
        waits=waits,
        tell=partial(_tell_apperate, waits=waits),
    )


def _bearer(authorization: str) -> str:
    scheme, _, text = authorization.partition(" ")
    return text.strip() if scheme.lower() == "bearer" else ""


def _tell_natively(published: Published) -> BareAnswer:
    status, told = tell_accepted(published)
    return BareAnswer(status=status, body=encode(told))


def _tell_apperate(published: Published, *, waits: bool) -> BareAnswer:
    return BareAnswer(status=200, body=encode(tell_written(published, waits=waits)))
