"""Repeatable noise: numbers out of hashes, and smooth curves through them."""

import struct
from functools import lru_cache
from hashlib import blake2b
from typing import Final

_PAGE: Final = 16
_PAGE_FORM: Final = struct.Struct(f">{_PAGE}I")
_HALF: Final = 2.0**31


def digest(*name: object) -> bytes:
    """Return 64 bytes that only this name gives."""
    return blake2b("/".join(map(str, name)).encode()).digest()


@lru_cache(maxsize=16_384)
def _page(stream: str, number: int) -> tuple[float, ...]:
    """Return 16 neighbouring knots at once; one hash pays for all of them."""
    knots = _PAGE_FORM.unpack(digest(stream, number))
    return tuple(knot / _HALF - 1.0 for knot in knots)


def knot(stream: str, position: int) -> float:
    """Return the knot of a stream at a position, evenly spread over [-1, 1)."""
    number, place = divmod(position, _PAGE)
    return _page(stream, number)[place]


def smooth(stream: str, position: float) -> float:
    """Return the curve through the knots of a stream, between -1 and 1."""
    before = int(position // 1)
    part = position - before
    number, place = divmod(before, _PAGE)
    page = _page(stream, number)
    first = page[place]
    last = page[place + 1] if place + 1 < _PAGE else knot(stream, before + 1)
    return first + (last - first) * part * part * (3.0 - 2.0 * part)
