"""The workload of the matching benchmark: seeded rules and events over many keys.

Nine rules in ten have one condition on the price; the tenth has one on price and one on
volume, joined by any or all. A threshold lies away from the opening price, on the side
its operator waits for, by |N(0, 10 %)| of it. Prices walk in steps of 0.05 %; the
volume is the running total of the key.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TypedDict

import numpy as np
from numpy.typing import NDArray

SERIES = "BENCH:PRICES"


class Event(TypedDict):
    """An event as parsed."""

    symbol: str
    price: float
    volume: float


@dataclass(frozen=True)
class Rules:
    """Rules in columns, one element a rule; a volume of NaN is no second condition."""

    key: NDArray[np.int64]
    down: NDArray[np.bool_]
    price: NDArray[np.float64]
    volume: NDArray[np.float64]
    is_all: NDArray[np.bool_]

    def __len__(self) -> int:
        return len(self.key)


def name_of(number: int) -> str:
    """Name a key by its number."""
    return f"SYM{number:05}"


def make_rules(count: int, keys: int, *, hot: bool = False) -> Rules:
    """Draw rules over so many keys, or all on the first."""
    draw = np.random.default_rng(2)
    key = np.zeros(count, np.int64) if hot else draw.integers(0, keys, count)
    down = draw.random(count) < 0.5
    away = np.abs(draw.normal(0, 0.10, count))
    factor = np.where(down, 1 - np.minimum(away, 0.95), 1 + away)
    price = np.round(opening_prices(keys)[key] * factor, 4)
    two = draw.random(count) < 0.10
    is_all = draw.random(count) < 0.5
    volume = np.round(np.exp(draw.uniform(np.log(1e3), np.log(1e6), count)), 1)
    return Rules(key, down, price, np.where(two, volume, np.nan), is_all)


def make_events(count: int, keys: int, *, hot: bool = False) -> list[Event]:
    """Draw events over so many keys, or all on the first."""
    draw = np.random.default_rng(3)
    price = opening_prices(keys).copy()
    total = np.zeros(keys)
    key = np.zeros(count, np.int64) if hot else draw.integers(0, keys, count)
    step = np.exp(draw.normal(0, 0.0005, count))
    traded = np.round(1000 * np.exp(draw.normal(0, 1, count)), 1)
    events: list[Event] = []
    for place, number in enumerate(key.tolist()):
        price[number] *= step[place]
        total[number] += traded[place]
        events.append(
            {
                "symbol": name_of(number),
                "price": round(float(price[number]), 4),
                "volume": round(float(total[number]), 1),
            }
        )
    return events


def opening_prices(keys: int) -> NDArray[np.float64]:
    """Draw the price at which each key begins."""
    return np.round(np.random.default_rng(1).uniform(10, 500, keys), 2)
