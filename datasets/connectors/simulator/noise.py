"""Repeatable noise: numbers out of hashes, and smooth curves through them."""

import struct
from functools import lru_cache
from hashlib import blake2b
from typing import Final

import numpy as np
import numpy.typing as npt

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


def knots(stream: str, first: int, count: int) -> list[float]:
    """Return neighbouring knots of a stream, from a position on."""
    pages = range(first // _PAGE, (first + count - 1) // _PAGE + 1)
    drawn = [one for number in pages for one in _page(stream, number)]
    begin = first % _PAGE
    return drawn[begin : begin + count]


def smooth(stream: str, positions: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    """Return the curve through the knots of a stream, between -1 and 1.

    Positions ascend.
    """
    before = np.floor(positions)
    parts = positions - before
    places = (before - before[0]).astype(np.intp)
    near = np.array(knots(stream, int(before[0]), int(places[-1]) + 2))
    firsts, lasts = near[places], near[places + 1]
    curve: npt.NDArray[np.float64] = firsts + (lasts - firsts) * parts * parts * (
        3.0 - 2.0 * parts
    )
    return curve
