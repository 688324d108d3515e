"""The whole market: who trades when, quotes, history, and facts of all symbols."""

from bisect import bisect
from collections.abc import Iterator
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from functools import lru_cache
from itertools import accumulate
from typing import Final, TypedDict
from zoneinfo import ZoneInfo

from datasets.connectors.simulator.days import cents_at, day_of, extremes_until
from datasets.connectors.simulator.listing import COMPANIES
from datasets.connectors.simulator.noise import digest
from datasets.connectors.simulator.paths import (
    BLOCK_SECONDS,
    Regime,
    is_halted,
    regime_of,
)

ZONE: Final = ZoneInfo("America/New_York")
SYMBOLS: Final = tuple(COMPANIES)
_MIDNIGHT: Final = time()
_CLOSE: Final = time(16)
_FEWEST: Final = 5
_MOST: Final = 20
#: The more of it trades, the more often; large numbers less than in proportion.
_WEIGHTS: Final = tuple(
    accumulate(int(company.volume**0.5) for company in COMPANIES.values())
)

Quote = dict[str, object]


class Session(TypedDict):
    """A day of the market: New York's, from midnight to midnight."""

    first: int
    blocks: int
    #: The second of the official close of the day before.
    closed_at: int


class Market:
    """The market of one seed; instants are cut to whole seconds."""

    def __init__(self, *, seed: int) -> None:
        self._seed = seed

    def traders(self, at: datetime) -> tuple[str, ...]:
        """Return the symbols that trade in a second: 5 to 20, in order of the list."""
        return _traders(self._seed, _second(at))

    def quote(self, symbol: str, at: datetime) -> Quote:
        """Return the whole quote of a symbol at a second."""
        return self._quote(symbol, _second(at))

    def tick(self, at: datetime) -> Iterator[Quote]:
        """Yield what the symbols send that trade in a second.

        A symbol's first trade in each five minutes sends the whole quote, so that
        whoever missed something is right again; every other one only the fields that
        changed since its last trade.
        """
        second = _second(at)
        before = self._trades_before(second)
        for symbol in _traders(self._seed, second):
            quote = self._quote(symbol, second)
            if symbol in before:
                yield _changes(self._quote(symbol, before[symbol]), quote)
            else:
                yield quote

    def history(
        self,
        until: datetime,
        *,
        days: int = 2,
        step: timedelta = timedelta(seconds=BLOCK_SECONDS),
    ) -> Iterator[Quote]:
        """Yield whole quotes of all symbols at each step of the days before `until`."""
        length = int(step.total_seconds())
        last = _second(until) // length
        for number in range(last - days * 86_400 // length + 1, last + 1):
            for symbol in SYMBOLS:
                yield self._quote(symbol, number * length)

    def facts(self, at: datetime) -> Quote:
        """Return the facts of the market as a whole."""
        second = _second(at)
        session = _session(second)
        block, inside = divmod(second, BLOCK_SECONDS)
        changes = []
        volume = 0
        for symbol in SYMBOLS:
            day = day_of(self._seed, symbol, **session)
            price = day.prices[block - day.first]
            if inside:
                price = cents_at(self._seed, symbol, second)
            changes.append(_ratio(price - day.previous_close, day.previous_close))
            volume += day.volume_until(second)
        halted = sum(is_halted(self._seed, symbol, block) for symbol in SYMBOLS)
        return {
            "market": "US",
            "isOpen": True,
            "regime": regime_of(self._seed, block).value,
            "advancers": sum(change > 0 for change in changes),
            "decliners": sum(change < 0 for change in changes),
            "unchanged": sum(change == 0 for change in changes),
            "halted": halted,
            "averageChangePercent": _decimal(
                round(sum(changes) / len(changes)), places=5
            ),
            "totalVolume": volume,
            "latestSource": "Simulated",
            "latestUpdate": second * 1000,
        }

    def _trades_before(self, second: int) -> dict[str, int]:
        """Return when the second's traders traded before in the same five minutes."""
        wanted = set(_traders(self._seed, second))
        found: dict[str, int] = {}
        for earlier in range(
            second - 1, second // BLOCK_SECONDS * BLOCK_SECONDS - 1, -1
        ):
            for symbol in wanted.intersection(_traders(self._seed, earlier)):
                found[symbol] = earlier
                wanted.discard(symbol)
            if not wanted:
                break
        return found

    def _quote(self, symbol: str, second: int) -> Quote:
        seed, company = self._seed, COMPANIES[symbol]
        block, inside = divmod(second, BLOCK_SECONDS)
        day = day_of(seed, symbol, **_session(second))
        number = block - day.first
        begun_at = price = high = low = day.prices[number]
        if inside:
            price = cents_at(seed, symbol, second)
            high, low = extremes_until(seed, symbol, second)
        high, low = max(high, day.highs[number]), min(low, day.lows[number])
        change = price - day.previous_close
        earnings, home = company.earnings, round(company.price * 100)
        return {
            "symbol": symbol,
            "companyName": company.name,
            "primaryExchange": company.exchange,
            "latestSource": "Simulated",
            "latestPrice": _decimal(price),
            "open": _decimal(day.prices[0]),
            "high": _decimal(high),
            "low": _decimal(low),
            "previousClose": _decimal(day.previous_close),
            "change": _decimal(change),
            "changePercent": _decimal(_ratio(change, day.previous_close), places=5),
            "volume": day.volume_until(second),
            "avgTotalVolume": company.volume,
            # These two are brought up to date with the whole quote, every five minutes.
            "marketCap": begun_at * company.shares * 10_000,
            "peRatio": _decimal(100 * begun_at // earnings) if earnings else None,
            "week52High": _decimal(max(home * 5 // 4, high)),
            "week52Low": _decimal(min(home * 7 // 10, low)),
            "isUSMarketOpen": True,
            "latestUpdate": second * 1000,
        }


def _changes(before: Quote, now: Quote) -> Quote:
    return {
        name: value
        for name, value in now.items()
        if name == "symbol" or value != before[name]
    }


@lru_cache(maxsize=4_096)
def _traders(seed: int, second: int) -> tuple[str, ...]:
    block = second // BLOCK_SECONDS
    stormy = regime_of(seed, block) is Regime.STORMY
    drawn = digest(seed, "traders", second)
    share = (drawn[0] / 256.0) ** (2 if stormy else 4)
    count = _FEWEST + int(share * (_MOST - _FEWEST + 1))
    chosen: set[str] = set()
    page = 0
    while len(chosen) < count:
        drawn = digest(seed, "traders", second, page)
        page += 1
        for at in range(0, len(drawn), 2):
            place = int.from_bytes(drawn[at : at + 2]) * _WEIGHTS[-1] >> 16
            symbol = SYMBOLS[bisect(_WEIGHTS, place)]
            if len(chosen) < count and not is_halted(seed, symbol, block):
                chosen.add(symbol)
    return tuple(symbol for symbol in SYMBOLS if symbol in chosen)


def _session(second: int) -> Session:
    return _session_of(datetime.fromtimestamp(second, ZONE).date())


@lru_cache(maxsize=16)
def _session_of(day: date) -> Session:
    """Return the session of a day in New York; it has 23 or 25 h as clocks change."""
    begin, end, closed_at = (
        int(datetime.combine(day + timedelta(days=days), at, ZONE).timestamp())
        for days, at in ((0, _MIDNIGHT), (1, _MIDNIGHT), (-1, _CLOSE))
    )
    return Session(
        first=begin // BLOCK_SECONDS,
        blocks=(end - begin) // BLOCK_SECONDS,
        closed_at=closed_at,
    )


def _second(at: datetime) -> int:
    return (at - datetime(1970, 1, 1, tzinfo=UTC)) // timedelta(seconds=1)


def _ratio(change: int, base: int) -> int:
    """Return change / base in hundred-thousandths, rounded."""
    return (200_000 * change + base) // (2 * base)


@lru_cache(maxsize=16_384)
def _decimal(number: int, *, places: int = 2) -> Decimal:
    return Decimal(number).scaleb(-places)
