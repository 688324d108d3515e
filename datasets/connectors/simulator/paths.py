"""The price of a symbol at any second.

Time is cut into blocks of five minutes. How far a price is from where it dwells:

* At the bounds of the blocks it follows a sum of smooth noises whose knots lie ten
  minutes, half an hour, two hours, a day and five days apart; a part of each is the
  whole market's. It stays around its home, so that a threshold near by is crossed
  every few minutes to an hour: more lively than a real one, as a demonstration needs.
* Inside a block it wanders from bound to bound in 30 straight pieces of ten seconds,
  more in stormy regimes than in calm ones. A *regime* lasts two hours for all symbols.
* A *jump* of 2 to 6 % comes to a symbol once a day on average, and fades over an
  hour. Two jumps of five are announced by a *halt* of five or ten minutes, in which
  nothing trades.

Because pieces are straight, the extremes of a block are among its 31 points; so high
and low of a day are exact over every second, and cheap.
"""

import struct
from array import array
from dataclasses import dataclass
from enum import StrEnum
from functools import lru_cache
from itertools import accumulate
from typing import Final

from datasets.connectors.simulator.listing import COMPANIES
from datasets.connectors.simulator.noise import digest, knot, smooth

BLOCK_SECONDS: Final = 300
_PIECE_SECONDS: Final = 10
_PIECES: Final = BLOCK_SECONDS // _PIECE_SECONDS
_STEPS: Final = struct.Struct(f">{_PIECES}H")
_STEP_MIDDLE: Final = 32_768

#: Distance of the knots in blocks, and how far each noise strays at a swing of 1.
_OCTAVES: Final = ((2, 0.007), (6, 0.007), (24, 0.002), (288, 0.001), (1440, 0.001))
_MARKET_PART: Final = 0.4
_WANDER: Final = 0.0011

_JUMP_WINDOW: Final = 36
_JUMP_FADE: Final = 12
_JUMP_CHANCE: Final = 0.12
_HALT_CHANCE: Final = 0.4
_REGIME_BLOCKS: Final = 24


class Regime(StrEnum):
    """How lively the whole market is for two hours."""

    CALM = "calm"
    NORMAL = "normal"
    STORMY = "stormy"


#: How much more prices wander and shares trade.
LIVELINESS: Final = {Regime.CALM: 0.6, Regime.NORMAL: 1.0, Regime.STORMY: 2.0}


@dataclass(frozen=True, slots=True, kw_only=True)
class Jump:
    """A sudden change of a price at the beginning of a block."""

    block: int
    size: float
    #: The first block without trades before it; the jump's own if there is no halt.
    halted_from: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Day:
    """What is known of a symbol's day as each of its blocks begins.

    Prices are in cents; highs, lows and volumes are those of all blocks before.
    """

    first: int
    previous_close: int
    prices: "array[int]"
    highs: "array[int]"
    lows: "array[int]"
    volumes: "array[int]"


@lru_cache(maxsize=512)
def regime_of(seed: int, block: int) -> Regime:
    """Return the market's regime in a block."""
    draw = knot(f"{seed}/regime", block // _REGIME_BLOCKS)
    if draw < 0:
        return Regime.CALM
    return Regime.NORMAL if draw < 0.7 else Regime.STORMY


def is_halted(seed: int, symbol: str, block: int) -> bool:
    """Say whether a symbol does not trade in a block."""
    return _halting_jump(seed, symbol, block) is not None


def cents_at(seed: int, symbol: str, second: int) -> int:
    """Return the price at a second since 1970."""
    block, inside = divmod(second, BLOCK_SECONDS)
    piece, part = divmod(inside, _PIECE_SECONDS)
    points = points_of(seed, symbol, block)
    first, last = points[piece], points[piece + 1]
    return first + _nearest((last - first) * part, _PIECE_SECONDS)


def extremes_until(seed: int, symbol: str, second: int) -> tuple[int, int]:
    """Return highest and lowest price of the current block up to a second."""
    block, inside = divmod(second, BLOCK_SECONDS)
    points = points_of(seed, symbol, block)[: inside // _PIECE_SECONDS + 1]
    now = cents_at(seed, symbol, second)
    return max(now, *points), min(now, *points)


def volume_inside(seed: int, symbol: str, second: int) -> int:
    """Return the shares traded in the current block up to and with a second."""
    block, inside = divmod(second, BLOCK_SECONDS)
    return _volume(seed, symbol, block) * (inside + 1) // BLOCK_SECONDS


@lru_cache(maxsize=1_024)
def points_of(seed: int, symbol: str, block: int) -> tuple[int, ...]:
    """Return the 31 prices, in cents, between which a block runs straight."""
    return tuple(map(round, _path(seed, symbol, block)))


@lru_cache(maxsize=256)
def day_of(seed: int, symbol: str, *, first: int, blocks: int, closed_at: int) -> Day:
    """Return the day of a symbol that begins with a block and has so many.

    The close before it was at the second `closed_at`.
    """
    high, low, volume = 0, 10**12, 0
    prices, highs, lows, volumes = (array("q") for _ in range(4))
    for block in range(first, first + blocks):
        path = _path(seed, symbol, block)
        prices.append(round(path[0]))
        highs.append(high)
        lows.append(low)
        volumes.append(volume)
        high, low = max(high, round(max(path))), min(low, round(min(path)))
        volume += _volume(seed, symbol, block)
    return Day(
        first=first,
        previous_close=cents_at(seed, symbol, closed_at),
        prices=prices,
        highs=highs,
        lows=lows,
        volumes=volumes,
    )


def _path(seed: int, symbol: str, block: int) -> list[float]:
    """Return the points of a block before rounding.

    They lie on the straight line from bound to bound, plus a walk of random steps that
    is bent so that it ends where it began.
    """
    company = COMPANIES[symbol]
    scale = company.price * 100.0
    jump = _halting_jump(seed, symbol, block)
    if jump is not None:
        return [scale * (1.0 + _start(seed, symbol, jump.halted_from))] * (_PIECES + 1)
    start, end = _start(seed, symbol, block), _end(seed, symbol, block)
    steps = _STEPS.unpack_from(digest(seed, symbol, "steps", block))
    wander = _WANDER * company.swing * LIVELINESS[regime_of(seed, block)]
    unit = scale * wander / (_STEP_MIDDLE * _PIECES**0.5)
    home = scale * (1.0 + start)
    slope = (scale * (end - start) - sum(steps) * unit) / _PIECES
    return [
        home + slope * at + walked * unit
        for at, walked in enumerate(accumulate(steps, initial=0))
    ]


def _start(seed: int, symbol: str, block: int) -> float:
    """Return how far the price is from home as a block begins, its jumps made."""
    return _drift(seed, symbol, block) + _jumped(seed, symbol, block, until=block)


def _end(seed: int, symbol: str, block: int) -> float:
    """Return how far it is as a block ends, before the jump of the next."""
    after = block + 1
    return _drift(seed, symbol, after) + _jumped(seed, symbol, after, until=block)


@lru_cache(maxsize=1_024)
def _drift(seed: int, symbol: str, block: int) -> float:
    own = (1.0 - _MARKET_PART) * _octaves(f"{seed}/{symbol}", block)
    return COMPANIES[symbol].swing * (own + _MARKET_PART * _market(seed, block))


@lru_cache(maxsize=2_048)
def _market(seed: int, block: int) -> float:
    return _octaves(f"{seed}/market", block)


def _octaves(stream: str, block: int) -> float:
    return sum(
        strength * smooth(f"{stream}/{distance}", block / distance)
        for distance, strength in _OCTAVES
    )


def _jumped(seed: int, symbol: str, block: int, *, until: int) -> float:
    """Return what jumps of the blocks up to `until` still add as `block` begins."""
    window = block // _JUMP_WINDOW
    total = 0.0
    for jump in (
        _jump_in(seed, symbol, window - 1),
        _jump_in(seed, symbol, window),
    ):
        if jump is not None and jump.block <= until:
            total += jump.size * max(0.0, 1.0 - (block - jump.block) / _JUMP_FADE)
    return total


@lru_cache(maxsize=4_096)
def _jump_in(seed: int, symbol: str, window: int) -> Jump | None:
    drawn = struct.unpack_from(">4H", digest(seed, symbol, "jump", window))
    chance, place, size, halt = (number / 65536.0 for number in drawn)
    if chance >= _JUMP_CHANCE:
        return None
    block = window * _JUMP_WINDOW + int(place * _JUMP_WINDOW)
    sign = 1.0 if size < 0.5 else -1.0
    length = 0 if halt >= _HALT_CHANCE else 1 if halt >= _HALT_CHANCE / 2 else 2
    return Jump(
        block=block,
        size=sign * (0.02 + 0.08 * (size % 0.5)),
        halted_from=block - length,
    )


def _halting_jump(seed: int, symbol: str, block: int) -> Jump | None:
    """Return the jump before which a block is without trades."""
    window = block // _JUMP_WINDOW
    for jump in (
        _jump_in(seed, symbol, window),
        _jump_in(seed, symbol, window + 1),
    ):
        if jump is not None and jump.halted_from <= block < jump.block:
            return jump
    return None


def _volume(seed: int, symbol: str, block: int) -> int:
    if is_halted(seed, symbol, block):
        return 0
    usual = COMPANIES[symbol].volume / 288
    busy = LIVELINESS[regime_of(seed, block)]
    return int(usual * busy * (1.0 + 0.6 * knot(f"{seed}/{symbol}/volume", block)))


def _nearest(numerator: int, denominator: int) -> int:
    return (2 * numerator + denominator) // (2 * denominator)
