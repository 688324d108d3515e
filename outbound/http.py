"""The door for calls: post a webhook, or fetch a document.

Both are bounded in time, in size and in what they may reach; neither follows
anything that the environment says.
"""

import re
import ssl
import time
import zlib
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta
from urllib.parse import urljoin

import httpx

from outbound.addresses import AddressRules, Target, read_target
from outbound.errors import (
    BadAnswer,
    ConnectionFailed,
    OutboundError,
    Refused,
    TimedOut,
    TooLarge,
)
from outbound.resolver import Resolve, ask_system
from outbound.transport import GuardedTransport

__all__ = [
    "FETCH_LIMITS",
    "WEBHOOK_LIMITS",
    "Answer",
    "BadAnswer",
    "ConnectionFailed",
    "Limits",
    "OutboundError",
    "Refused",
    "TimedOut",
    "TooLarge",
    "fetch",
    "post_json",
]

USER_AGENT = "Bellwether"
_REDIRECTS = frozenset({301, 302, 303, 307, 308})
_OWN_HEADERS = frozenset(
    {"host", "content-length", "transfer-encoding", "connection", "accept-encoding"}
    | {"expect", "upgrade", "te", "trailer"}
)
_HEADER_NAME = re.compile(r"[A-Za-z0-9!#$%&'*+.^_`|~-]{1,100}")
_HEADER_VALUE = re.compile(r"[\x21-\x7e]([\x20-\x7e]{0,8190}[\x21-\x7e])?|")


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """How long a call may take, what it may bring, how often it may be led on."""

    connect: timedelta
    total: timedelta
    body_bytes: int
    redirects: int


WEBHOOK_LIMITS = Limits(
    connect=timedelta(seconds=5),
    total=timedelta(seconds=15),
    body_bytes=64 * 1024,
    redirects=0,
)
FETCH_LIMITS = Limits(
    connect=timedelta(seconds=5),
    total=timedelta(seconds=60),
    body_bytes=10 * 1024 * 1024,
    redirects=3,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """What came back; names of headers are in lower case."""

    url: str
    status: int
    headers: Mapping[str, str]
    body: bytes
    is_cut: bool
    elapsed: timedelta


def post_json(
    url: str,
    *,
    body: bytes,
    rules: AddressRules,
    headers: Mapping[str, str] | None = None,
    limits: Limits = WEBHOOK_LIMITS,
    resolve: Resolve = ask_system,
    tls: ssl.SSLContext | None = None,
) -> Answer:
    """Post bytes that are JSON; any status is an answer, a redirect is not followed.

    Of the answer's body only the beginning is read; `is_cut` says if there was more.

    Raises:
        Refused: the URL is written badly or leads to a forbidden address.
        TimedOut, ConnectionFailed, BadAnswer: no answer came, or none of HTTP.
    """
    target = read_target(url)
    sent = _sent_headers({"content-type": "application/json"}, headers)
    sent["accept-encoding"] = "identity"
    with _way_out(rules, limits, resolve, tls) as way_out:
        started = time.monotonic()
        with _exchange(way_out, "POST", target, sent, body) as response:
            kept, is_cut = _beginning(response.iter_raw(), limits.body_bytes)
            return _answer(target, response, kept, started, is_cut=is_cut)


def fetch(
    url: str,
    *,
    rules: AddressRules,
    headers: Mapping[str, str] | None = None,
    limits: Limits = FETCH_LIMITS,
    resolve: Resolve = ask_system,
    tls: ssl.SSLContext | None = None,
) -> Answer:
    """Get a document, decoded, following a few redirects that are checked anew.

    The caller's headers do not follow a redirect to another origin.

    Raises:
        Refused: the URL, or one it was led on to, may not be called.
        TooLarge: the document, decoded, is larger than the limit.
        TimedOut, ConnectionFailed, BadAnswer: no answer came, or none of HTTP.
    """
    target = read_target(url)
    sent = _sent_headers({}, headers)
    with _way_out(rules, limits, resolve, tls) as way_out:
        started = time.monotonic()
        for _ in range(limits.redirects + 1):
            with _exchange(way_out, "GET", target, sent, b"") as response:
                if response.status_code not in _REDIRECTS:
                    whole = _whole(response, limits.body_bytes)
                    return _answer(target, response, whole, started, is_cut=False)
                onward = _led_to(target, response)
            if onward.origin != target.origin:
                sent = _sent_headers({}, None)
            target = onward
    raise BadAnswer(f"It was led on more than {limits.redirects} times.")


def _way_out(
    rules: AddressRules, limits: Limits, resolve: Resolve, tls: ssl.SSLContext | None
) -> GuardedTransport:
    return GuardedTransport(
        rules=rules,
        resolve=resolve,
        connect_seconds=limits.connect.total_seconds(),
        total_seconds=limits.total.total_seconds(),
        tls=tls,
    )


def _sent_headers(
    first: Mapping[str, str], given: Mapping[str, str] | None
) -> dict[str, str]:
    headers = {"user-agent": USER_AGENT, "accept-encoding": "gzip", **first}
    for name, value in (given or {}).items():
        if name.lower() in _OWN_HEADERS or not _HEADER_NAME.fullmatch(name):
            raise Refused(f"The header {name[:80]!r} cannot be set.")
        if not _HEADER_VALUE.fullmatch(value):
            raise Refused(f"The value of header {name!r} holds a forbidden character.")
        headers[name.lower()] = value
    return headers


@contextmanager
def _exchange(
    way_out: GuardedTransport,
    method: str,
    target: Target,
    headers: Mapping[str, str],
    body: bytes,
) -> Iterator[httpx.Response]:
    try:
        url = httpx.URL(target.url)
    except httpx.InvalidURL:
        raise Refused("The address is not a URL.") from None
    request = httpx.Request(method, url, headers=dict(headers), content=body)
    response = way_out.handle_request(request)
    try:
        yield response
    finally:
        response.close()


def _answer(
    target: Target,
    response: httpx.Response,
    body: bytes,
    started: float,
    *,
    is_cut: bool,
) -> Answer:
    return Answer(
        url=target.url,
        status=response.status_code,
        headers=dict(response.headers),
        body=body,
        is_cut=is_cut,
        elapsed=timedelta(seconds=time.monotonic() - started),
    )


def _led_to(target: Target, response: httpx.Response) -> Target:
    location = response.headers.get("location", "")
    if not location:
        raise BadAnswer("It was led on, but the answer does not say where to.")
    try:
        return read_target(urljoin(target.url, location))
    except ValueError:
        raise Refused("It was led on to something that is no URL.") from None


def _beginning(chunks: Iterable[bytes], limit: int) -> tuple[bytes, bool]:
    kept = bytearray()
    for chunk in chunks:
        kept += chunk
        if len(kept) > limit:
            return bytes(kept[:limit]), True
    return bytes(kept), False


def _whole(response: httpx.Response, limit: int) -> bytes:
    """Read a body to its end, decoding no more than the limit at any moment."""
    written = _decoded(response, limit)
    body, is_cut = _beginning(written, limit)
    if is_cut:
        raise TooLarge(f"The document is larger than {limit} bytes.")
    return body


def _decoded(response: httpx.Response, limit: int) -> Iterator[bytes]:
    encoding = response.headers.get("content-encoding", "identity").strip().lower()
    if encoding == "identity":
        return response.iter_raw()
    if encoding in {"gzip", "x-gzip"}:
        return _inflated(response.iter_raw(), limit)
    raise BadAnswer(f"The answer is encoded as {encoding[:40]!r}; gzip was offered.")


def _inflated(chunks: Iterable[bytes], limit: int) -> Iterator[bytes]:
    # httpx would inflate a whole chunk at once, a thousandfold; zlib's own max_length
    # keeps a bomb from being built at all. What came in counts too, because a file of
    # empty members never grows.
    taken, inflater = 0, _new_inflater()
    try:
        for chunk in chunks:
            taken += len(chunk)
            rest = chunk
            while rest:
                inflater = _new_inflater() if inflater.eof else inflater
                yield inflater.decompress(rest, limit + 1)
                if inflater.unconsumed_tail or taken > limit:
                    raise TooLarge(f"The document is larger than {limit} bytes.")
                rest = inflater.unused_data
    except zlib.error:
        raise BadAnswer("The answer says it is gzip, and is not.") from None
    if not inflater.eof:
        raise BadAnswer("The answer ended before its gzip did.")


def _new_inflater() -> "zlib._Decompress":
    return zlib.decompressobj(zlib.MAX_WBITS | 16)
