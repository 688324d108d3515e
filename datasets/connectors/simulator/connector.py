"""The simulated market as a source like any other."""

from collections.abc import Iterator, Mapping
from datetime import datetime, timedelta
from enum import StrEnum

from datasets.connectors.base import ConfigInvalid
from datasets.connectors.simulator.market import Market

HISTORY_DAYS = 2
HISTORY_STEP = timedelta(minutes=5)


class Feed(StrEnum):
    """What of the market a source brings."""

    STOCKS = "stocks"
    MARKET = "market"


class Simulator:
    """Brings the quotes of simulated stocks, or facts of their market.

    Settings: `feed` (stocks or market) and `seed`; sources of one seed agree with each
    other.
    """

    kind = "simulator"
    label = "Market simulator"

    def validate(self, config: Mapping[str, object]) -> dict[str, object]:
        """Return the configuration with its defaults: stocks, seed 1."""
        problems = {
            name: f"{name!r} is no setting of the simulator; leave it out."
            for name in config
            if name not in ("feed", "seed")
        }
        feed, seed = config.get("feed", Feed.STOCKS), config.get("seed", 1)
        if feed not in list(Feed):
            problems["feed"] = f"The feed is one of {', '.join(Feed)}."
        is_number = isinstance(seed, int) and not isinstance(seed, bool)
        if not is_number or not 0 <= int(str(seed)) < 2**63:
            problems["seed"] = "The seed is a whole number from 0 on, such as 1."
        if problems:
            raise ConfigInvalid(problems)
        return {"feed": str(feed), "seed": seed}

    def host(self, config: Mapping[str, object]) -> str:
        """Return nothing: it asks nobody."""
        return ""

    def fetch(
        self, *, config: Mapping[str, object], slot: datetime
    ) -> Iterator[dict[str, object]]:
        """Yield what trades in the slot's second, or the market's facts then."""
        market, feed = self._open(config)
        if feed is Feed.MARKET:
            yield market.facts(slot)
        else:
            yield from market.tick(slot)

    def history(
        self, *, config: Mapping[str, object], until: datetime
    ) -> Iterator[dict[str, object]]:
        """Yield two days of five-minute quotes or facts, the last not after `until`."""
        market, feed = self._open(config)
        if feed is Feed.STOCKS:
            yield from market.history(until, days=HISTORY_DAYS, step=HISTORY_STEP)
            return
        seconds = until.timestamp() % HISTORY_STEP.total_seconds()
        last = until - timedelta(seconds=seconds)
        for steps in reversed(range(timedelta(days=HISTORY_DAYS) // HISTORY_STEP)):
            yield market.facts(last - steps * HISTORY_STEP)

    def _open(self, config: Mapping[str, object]) -> tuple[Market, Feed]:
        checked = self.validate(config)
        return Market(seed=int(str(checked["seed"]))), Feed(str(checked["feed"]))
