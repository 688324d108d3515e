"""The prices of a symbol in consecutive blocks of five minutes.

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

All blocks of a day are computed at once: a first start writes two days of 60 symbols
while somebody waits for them.
"""

import struct
from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum
from functools import lru_cache
from typing import Final

import numpy as np
import numpy.typing as npt

from datasets.connectors.simulator.listing import COMPANIES
from datasets.connectors.simulator.noise import digest, knot, knots, smooth

BLOCK_SECONDS: Final = 300
PIECE_SECONDS: Final = 10
PIECES: Final = BLOCK_SECONDS // PIECE_SECONDS
#: Of two bytes each; a digest holds a few more than are used.
_STEP_FORM: Final = np.dtype(">u2")
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


Floats = npt.NDArray[np.float64]
Longs = npt.NDArray[np.int64]


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


def cents_of(seed: int, symbol: str, first: int, count: int) -> Longs:
    """Return the 31 prices, in cents, between which each of some blocks runs straight.

    A row for each of ``count`` blocks from ``first`` on.
    """
    return np.rint(_paths(seed, symbol, first, count)).astype(np.int64)


def volumes_of(seed: int, symbol: str, first: int, count: int) -> Longs:
    """Return the shares that trade in each of some blocks."""
    usual = COMPANIES[symbol].volume / 288
    drawn = np.array(knots(f"{seed}/{symbol}/volume", first, count))
    volumes = (usual * _liveliness(seed, first, count) * (1.0 + 0.6 * drawn)).astype(
        np.int64
    )
    for jump in _jumps_near(seed, symbol, first, count):
        volumes[_halted(jump, first, count)] = 0
    return volumes


def _paths(seed: int, symbol: str, first: int, count: int) -> Floats:
    """Return the points of the blocks before rounding.

    They lie on the straight line from bound to bound, plus a walk of random steps that
    is bent so that it ends where it began. Where nothing trades they stay.
    """
    company = COMPANIES[symbol]
    scale = company.price * 100.0
    starts = _starts(seed, symbol, first, count)
    ends = _ends(seed, symbol, first, count)
    steps = _steps(seed, symbol, first, count)
    wander = _WANDER * company.swing * _liveliness(seed, first, count)
    units = scale * wander / (_STEP_MIDDLE * PIECES**0.5)
    slopes = (scale * (ends - starts) - steps.sum(axis=1) * units) / PIECES
    walked = np.zeros((count, PIECES + 1), np.int64)
    steps.cumsum(axis=1, out=walked[:, 1:])
    straight = (scale * (1.0 + starts))[:, None] + slopes[:, None] * np.arange(
        PIECES + 1
    )
    paths: Floats = straight + walked * units[:, None]
    for jump in _jumps_near(seed, symbol, first, count):
        stays = _starts(seed, symbol, jump.halted_from, 1)[0]
        paths[_halted(jump, first, count)] = scale * (1.0 + stays)
    return paths


def _steps(seed: int, symbol: str, first: int, count: int) -> Longs:
    drawn = b"".join(
        digest(seed, symbol, "steps", block) for block in range(first, first + count)
    )
    numbers = np.frombuffer(drawn, _STEP_FORM).reshape(count, -1)
    return numbers[:, :PIECES].astype(np.int64)


def _starts(seed: int, symbol: str, first: int, count: int) -> Floats:
    """Return how far the price is from home as blocks begin, their jumps made."""
    blocks = np.arange(first, first + count)
    return _drifts(seed, symbol, first, count) + _jumped(seed, symbol, blocks, blocks)


def _ends(seed: int, symbol: str, first: int, count: int) -> Floats:
    """Return how far it is as blocks end, before the jump of the next."""
    blocks = np.arange(first, first + count)
    drifts = _drifts(seed, symbol, first + 1, count)
    return drifts + _jumped(seed, symbol, blocks + 1, blocks)


def _drifts(seed: int, symbol: str, first: int, count: int) -> Floats:
    own = (1.0 - _MARKET_PART) * _octaves(f"{seed}/{symbol}", first, count)
    return COMPANIES[symbol].swing * (own + _MARKET_PART * _market(seed, first, count))


@lru_cache(maxsize=64)
def _market(seed: int, first: int, count: int) -> Floats:
    return _octaves(f"{seed}/market", first, count)


def _octaves(stream: str, first: int, count: int) -> Floats:
    blocks = np.arange(first, first + count)
    total = np.zeros(count)
    for distance, strength in _OCTAVES:
        total += strength * smooth(f"{stream}/{distance}", blocks / distance)
    return total


def _jumped(seed: int, symbol: str, blocks: Longs, until: Longs) -> Floats:
    """Return what jumps of the blocks up to `until` still add as blocks begin."""
    total = np.zeros(len(blocks))
    for jump in _jumps_near(seed, symbol, int(blocks[0]), len(blocks)):
        fading = np.maximum(0.0, 1.0 - (blocks - jump.block) / _JUMP_FADE)
        total += jump.size * fading * (jump.block <= until)
    return total


def _liveliness(seed: int, first: int, count: int) -> Floats:
    return np.array(
        [LIVELINESS[regime_of(seed, block)] for block in range(first, first + count)]
    )


def _halted(jump: Jump, first: int, count: int) -> slice:
    """Return which of the blocks are without trades before a jump."""
    begin, end = (
        min(max(block - first, 0), count) for block in (jump.halted_from, jump.block)
    )
    return slice(begin, end)


def _jumps_near(seed: int, symbol: str, first: int, count: int) -> Iterator[Jump]:
    """Yield the jumps that some blocks may feel or halt before, in order."""
    before = first // _JUMP_WINDOW - 1
    after = (first + count - 1) // _JUMP_WINDOW + 1
    for window in range(before, after + 1):
        jump = _jump_in(seed, symbol, window)
        if jump is not None:
            yield jump


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
