"""The bytes of a request: never more than allowed, unpacked if they came packed."""

from __future__ import annotations

import zlib
from typing import Protocol

from django.conf import settings
from django.http import HttpRequest, UnreadablePostError

from workspaces.refusals import TooLarge, Unreadable, WrongType

#: Where a body that was read is kept: a stream can be read only once.
_KEPT = "bellwether.body"
_GZIP_WINDOW = 31  # zlib's way to say: with gzip's header and check sum


class Readable(Protocol):
    """A request, or any open file."""

    def read(self, size: int = ..., /) -> bytes:
        """Return at most so many bytes."""
        ...


def read_body(request: HttpRequest) -> bytes:
    """Return the body of a request, unpacked; asked again, the same bytes.

    Raises:
        TooLarge: if it has more bytes than one request may bring, packed or unpacked.
        WrongType: for another packing than gzip.
        Unreadable: if the connection broke, or the body is not what it says.
    """
    if _KEPT not in request.META:
        request.META[_KEPT] = _read_unpacked(request)
    body: bytes = request.META[_KEPT]
    return body


def _read_unpacked(request: HttpRequest) -> bytes:
    body = read_limited(request)
    packing = request.headers.get("Content-Encoding", "").strip().lower()
    if packing in ("", "identity"):
        return body
    if packing != "gzip":
        raise WrongType(
            f"Content-Encoding {packing[:40]} is not understood; send gzip, or the "
            "body as it is."
        )
    return _unpack(body)


def read_limited(stream: Readable) -> bytes:
    """Return all bytes of a stream that holds no more than a request may bring."""
    limit = settings.DATA_UPLOAD_MAX_MEMORY_SIZE
    try:
        body = stream.read(limit + 1)
    except UnreadablePostError as error:
        raise Unreadable("The body ended before it was complete.") from error
    if len(body) > limit:
        raise too_large(limit)
    return body


def _unpack(body: bytes) -> bytes:
    limit = settings.DATA_UPLOAD_MAX_MEMORY_SIZE
    unpacking = zlib.decompressobj(_GZIP_WINDOW)
    try:
        text = unpacking.decompress(body, limit + 1)
    except zlib.error as error:
        raise Unreadable("The body is not gzip, as Content-Encoding says.") from error
    if len(text) > limit:
        raise too_large(limit)
    if not unpacking.eof:
        raise Unreadable("The gzip body ends too early; send all of it.")
    return text


def too_large(limit: int) -> TooLarge:
    """Return the refusal of a body that has more bytes than this."""
    return TooLarge(
        f"The body is larger than the {limit:,} bytes that one request may bring; send "
        "it in several requests, or upload it as a file."
    )
