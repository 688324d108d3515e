"""A symbol's day: its prices and volumes at any second, its highs and lows until then.

Because the pieces of a path are straight, the extremes of a block are among its 31
points; so high and low of a day are exact over every second, and cheap.
"""

from dataclasses import dataclass
from functools import lru_cache
from itertools import accumulate

from datasets.connectors.simulator.paths import (
    BLOCK_SECONDS,
    PIECE_SECONDS,
    cents_of,
    volumes_of,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Day:
    """What is known of a symbol's day as each of its blocks begins.

    Prices are in cents; highs, lows and volumes are those of all blocks before, and
    volumes have one more, of the whole day.
    """

    first: int
    previous_close: int
    prices: list[int]
    highs: list[int]
    lows: list[int]
    volumes: list[int]

    def volume_until(self, second: int) -> int:
        """Return the shares traded in the day up to and with a second."""
        block, inside = divmod(second, BLOCK_SECONDS)
        before, after = self.volumes[block - self.first : block - self.first + 2]
        return before + (after - before) * (inside + 1) // BLOCK_SECONDS


@lru_cache(maxsize=256)
def day_of(seed: int, symbol: str, *, first: int, blocks: int, closed_at: int) -> Day:
    """Return the day of a symbol that begins with a block and has so many.

    The close before it was at the second `closed_at`.
    """
    cents = cents_of(seed, symbol, first, blocks)
    highs, lows = cents.max(axis=1).tolist(), cents.min(axis=1).tolist()
    return Day(
        first=first,
        previous_close=cents_at(seed, symbol, closed_at),
        prices=cents[:, 0].tolist(),
        highs=list(accumulate(highs[:-1], max, initial=0)),
        lows=list(accumulate(lows[:-1], min, initial=10**12)),
        volumes=list(
            accumulate(volumes_of(seed, symbol, first, blocks).tolist(), initial=0)
        ),
    )


def cents_at(seed: int, symbol: str, second: int) -> int:
    """Return the price at a second since 1970."""
    block, inside = divmod(second, BLOCK_SECONDS)
    piece, part = divmod(inside, PIECE_SECONDS)
    points = _points_of(seed, symbol, block)
    first, last = points[piece], points[piece + 1]
    return first + _nearest((last - first) * part, PIECE_SECONDS)


def extremes_until(seed: int, symbol: str, second: int) -> tuple[int, int]:
    """Return highest and lowest price of the current block up to a second."""
    block, inside = divmod(second, BLOCK_SECONDS)
    points = _points_of(seed, symbol, block)[: inside // PIECE_SECONDS + 1]
    now = cents_at(seed, symbol, second)
    return max(now, *points), min(now, *points)


@lru_cache(maxsize=1_024)
def _points_of(seed: int, symbol: str, block: int) -> list[int]:
    points: list[int] = cents_of(seed, symbol, block, 1)[0].tolist()
    return points


def _nearest(numerator: int, denominator: int) -> int:
    return (2 * numerator + denominator) // (2 * denominator)
