"""A market that never was: 60 well-known symbols that trade around the clock.

Everything is a pure function of (seed, symbol, second). Nothing is kept between ticks,
so any second can be asked for in any order, by any process, and comes out the same;
caches only save time.

* `noise`: repeatable noise out of hashes.
* `listing`: the companies, with where their prices dwell and how much they move.
* `paths`: the prices of a symbol, block by block: octaves of noise, jumps and halts.
* `days`: its price, volume, high and low at a second.
* `market`: quotes, ticks, history and facts of the market as a whole.
* `schemas`: the schemas of CORE:STOCK and CORE:MARKET.
"""

from datasets.connectors.simulator.connector import Simulator
from datasets.connectors.simulator.listing import COMPANIES, Company
from datasets.connectors.simulator.market import Market
from datasets.connectors.simulator.schemas import (
    MARKET_INDEX,
    MARKET_SCHEMA,
    STOCK_INDEX,
    STOCK_SCHEMA,
)

__all__ = [
    "COMPANIES",
    "MARKET_INDEX",
    "MARKET_SCHEMA",
    "STOCK_INDEX",
    "STOCK_SCHEMA",
    "Company",
    "Market",
    "Simulator",
]
