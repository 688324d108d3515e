"""The simulated market is lively, plausible and the same whenever it is asked."""

from collections.abc import Iterator
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from itertools import islice, pairwise
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from datasets.connectors import ConfigInvalid, find_connector
from datasets.connectors.simulator import (
    COMPANIES,
    MARKET_INDEX,
    MARKET_SCHEMA,
    STOCK_INDEX,
    STOCK_SCHEMA,
    Market,
    days,
    market,
    noise,
    paths,
)
from datasets.json import decode, encode
from datasets.schemas import Checker, Index, Prepared, apply_index, read_schema

NOW = datetime(2026, 11, 23, 19, 30, 7, tzinfo=UTC)
SECOND = timedelta(seconds=1)
NEW_YORK = ZoneInfo("America/New_York")

MOMENTS = st.integers(0, 7 * 86_400).map(lambda seconds: NOW + seconds * SECOND)
SEEDS = st.integers(0, 2)
SYMBOLS = st.sampled_from(sorted(COMPANIES))


def price(quote: dict[str, object], name: str = "latestPrice") -> Decimal:
    value = quote[name]
    assert isinstance(value, Decimal)
    return value


def day_begin(at: datetime) -> datetime:
    return datetime.combine(at.astimezone(NEW_YORK).date(), time(), NEW_YORK)


def forget() -> None:
    for cached in (
        noise._page,
        paths.regime_of,
        paths._market,
        paths._jump_in,
        days._points_of,
        days.day_of,
        market._decimal,
        market._traders,
        market._session_of,
    ):
        cached.cache_clear()


@settings(max_examples=40, deadline=None)
@given(SEEDS, SYMBOLS, MOMENTS)
def test_quote_is_true_to_itself(seed, symbol, at):
    quote = Market(seed=seed).quote(symbol, at)

    assert price(quote, "low") <= price(quote) <= price(quote, "high")
    assert price(quote, "low") <= price(quote, "open") <= price(quote, "high")
    assert price(quote, "change") == price(quote) - price(quote, "previousClose")
    ratio = price(quote, "change") / price(quote, "previousClose")
    assert abs(price(quote, "changePercent") - ratio) <= Decimal("0.000005")
    assert price(quote, "week52Low") <= price(quote, "low")
    assert price(quote, "week52High") >= price(quote, "high")
    assert str(price(quote)).split(".")[1:] == [f"{price(quote):.2f}"[-2:]]
    home = Decimal(COMPANIES[symbol].price)
    assert abs(price(quote) / home - 1) < Decimal("0.25")


@settings(max_examples=20, deadline=None)
@given(SEEDS, SYMBOLS, MOMENTS, st.integers(1, 86_400))
def test_volume_and_extremes_only_grow_within_a_day(seed, symbol, at, later):
    market_ = Market(seed=seed)
    until = min(at + later * SECOND, day_begin(at) + timedelta(hours=23) - SECOND)
    first, last = market_.quote(symbol, at), market_.quote(symbol, max(at, until))

    assert int(str(first["volume"])) <= int(str(last["volume"]))
    assert price(first, "high") <= price(last, "high")
    assert price(first, "low") >= price(last, "low")
    assert first["open"] == last["open"]
    assert first["previousClose"] == last["previousClose"]


def test_high_and_low_are_those_of_every_second_of_the_day():
    market_ = Market(seed=1)
    begin = day_begin(NOW)
    highest = lowest = price(market_.quote("TSLA", begin))

    for second in range(1_500):
        quote = market_.quote("TSLA", begin + second * SECOND)
        highest, lowest = max(highest, price(quote)), min(lowest, price(quote))
        assert price(quote, "low") <= lowest
        assert price(quote, "high") >= highest
        pieces_end = second % 10 == 0
        assert not pieces_end or price(quote, "high") == highest
        assert not pieces_end or price(quote, "low") == lowest


@pytest.mark.parametrize(
    "day", [date(2026, 11, 24), date(2026, 11, 1), date(2027, 3, 14)]
)
def test_previous_close_is_the_price_at_four_in_new_york(day):
    market_ = Market(seed=1)
    closed = datetime.combine(day - timedelta(days=1), time(16), NEW_YORK)

    quote = market_.quote("MSFT", datetime.combine(day, time(12), NEW_YORK))

    assert quote["previousClose"] == market_.quote("MSFT", closed)["latestPrice"]


@pytest.mark.parametrize("day", [date(2026, 11, 24), date(2026, 11, 1)])
def test_day_begins_anew_at_midnight_in_new_york(day):
    market_ = Market(seed=1)
    midnight = datetime.combine(day, time(), NEW_YORK)

    before = market_.quote("AAPL", midnight - SECOND)
    after = market_.quote("AAPL", midnight)

    assert int(str(after["volume"])) < 10_000 < int(str(before["volume"]))
    assert after["open"] == after["high"] == after["low"] == after["latestPrice"]


@settings(max_examples=30, deadline=None)
@given(SEEDS, MOMENTS)
def test_five_to_twenty_symbols_trade_in_a_second(seed, at):
    ticks = list(Market(seed=seed).tick(at))

    symbols = [tick["symbol"] for tick in ticks]
    assert 5 <= len(ticks) <= 20
    assert len(set(symbols)) == len(symbols)
    assert set(symbols) <= set(COMPANIES)
    stamp = int(at.timestamp()) * 1000
    assert {tick["latestUpdate"] for tick in ticks} == {stamp}


def test_some_seconds_are_busier_than_others():
    counts = [len(Market(seed=1).traders(NOW + n * SECOND)) for n in range(2_000)]

    assert min(counts) == 5
    assert max(counts) > 15
    assert 6 < sum(counts) / len(counts) < 10


def test_changes_add_up_to_the_whole_quote():
    market_ = Market(seed=1)
    known: dict[str, dict[str, object]] = {}

    for number in range(600):
        at = NOW + number * SECOND
        for tick in market_.tick(at):
            symbol = str(tick["symbol"])
            if symbol in known or len(tick) > 10:
                known[symbol] = known.get(symbol, {}) | tick
                assert known[symbol] == market_.quote(symbol, at)

    assert len(known) == 60


def test_most_ticks_carry_only_what_changed():
    begun = NOW.replace(minute=34, second=0)
    sizes = [
        len(tick)
        for number in range(60)
        for tick in Market(seed=1).tick(begun + number * SECOND)
    ]

    assert sum(size < 9 for size in sizes) > len(sizes) * 0.8


def test_same_second_is_the_same_in_any_order_and_process():
    moments = [NOW + number * timedelta(seconds=97) for number in range(20)]
    forward = [list(Market(seed=7).tick(at)) for at in moments]

    forget()
    backward = [list(Market(seed=7).tick(at)) for at in reversed(moments)]

    assert backward[::-1] == forward


def test_other_seed_is_another_market():
    one, other = (Market(seed=seed).quote("MSFT", NOW) for seed in (1, 2))

    assert one["latestPrice"] != other["latestPrice"]


def test_fractions_of_a_second_do_not_matter():
    market_ = Market(seed=1)

    assert list(market_.tick(NOW.replace(microsecond=999_999))) == list(
        market_.tick(NOW)
    )


def ten_days(symbol: str) -> Iterator[Decimal]:
    market_ = Market(seed=1)
    for number in range(10 * 288):
        yield price(market_.quote(symbol, NOW + number * timedelta(minutes=5)))


def test_microsoft_crosses_310_many_times_a_day():
    prices = list(ten_days("MSFT"))

    falls = sum(before > 310 >= after for before, after in pairwise(prices))

    assert falls > 10 * 8


def test_prices_jump_now_and_then():
    moves = [abs(after / before - 1) for before, after in pairwise(ten_days("SHOP"))]

    assert sum(move > Decimal("0.02") for move in moves) > 2
    assert sum(move > Decimal("0.02") for move in moves) < len(moves) * 0.05


def test_halted_symbol_does_not_trade_and_reopens_elsewhere():
    halts = [
        (symbol, block)
        for symbol in COMPANIES
        for block in range(6_000_000, 6_000_600)
        if paths.is_halted(1, symbol, block)
        and not paths.is_halted(1, symbol, block + 1)
    ]
    symbol, block = halts[0]
    begun = datetime.fromtimestamp(block * 300, UTC)
    market_ = Market(seed=1)

    first = market_.quote(symbol, begun)
    last = market_.quote(symbol, begun + 299 * SECOND)
    reopened = market_.quote(symbol, begun + 300 * SECOND)

    assert len(halts) > 30
    assert first["latestPrice"] == last["latestPrice"] != reopened["latestPrice"]
    assert first["volume"] == last["volume"]
    traders = {one for n in range(300) for one in market_.traders(begun + n * SECOND)}
    assert symbol not in traders
    assert int(str(market_.facts(begun)["halted"])) >= 1


def test_all_regimes_come():
    assert {paths.regime_of(1, block) for block in range(0, 24 * 200, 24)} == set(
        paths.Regime
    )


def test_history_is_two_days_of_five_minute_quotes_in_time_order():
    history = list(Market(seed=1).history(NOW))

    stamps = [int(str(quote["latestUpdate"])) for quote in history]
    assert len(history) == 34_560
    assert stamps == sorted(stamps)
    assert stamps[-1] == int(NOW.timestamp()) // 300 * 300_000
    assert stamps[0] == stamps[-1] - 2 * 86_400_000 + 300_000
    at = datetime.fromtimestamp(stamps[-1] / 1000, UTC)
    assert history[-60:] == [Market(seed=1).quote(one, at) for one in COMPANIES]


@settings(max_examples=5, deadline=None)
@given(SEEDS, MOMENTS)
def test_facts_sum_up_the_quotes(seed, at):
    market_ = Market(seed=seed)
    quotes = [market_.quote(symbol, at) for symbol in COMPANIES]

    facts = market_.facts(at)

    changes = [price(quote, "change") for quote in quotes]
    assert facts["advancers"] == sum(change > 0 for change in changes)
    assert facts["decliners"] == sum(change < 0 for change in changes)
    assert facts["unchanged"] == sum(change == 0 for change in changes)
    assert facts["totalVolume"] == sum(int(str(one["volume"])) for one in quotes)
    mean = sum((price(one, "changePercent") for one in quotes), Decimal(0)) / 60
    assert abs(price(facts, "averageChangePercent") - mean) < Decimal("0.00002")


@pytest.mark.parametrize(
    ("feed", "document", "index"),
    [
        pytest.param("stocks", STOCK_SCHEMA, STOCK_INDEX, id="stocks"),
        pytest.param("market", MARKET_SCHEMA, MARKET_INDEX, id="market"),
    ],
)
def test_events_pass_their_closed_schema(
    feed: str, document: dict[str, object], index: Index
) -> None:
    simulator = find_connector("simulator")
    config = simulator.validate({"feed": feed})
    closed = read_schema(document | {"additionalProperties": False})
    checker = Checker(
        schema=apply_index(closed, index), index=index, zone=NEW_YORK, upper_keys=True
    )

    events = list(simulator.fetch(config=config, slot=NOW))
    events += islice(simulator.history(config=config, until=NOW), 60)

    for event in events:
        outcome = checker.check(decode(encode(event)), received_at=NOW)
        assert isinstance(outcome, Prepared), outcome
        stamp = int(str(event["latestUpdate"]))
        assert outcome.event_time == datetime.fromtimestamp(stamp // 1000, UTC)
        assert outcome.key in (*COMPANIES, "US")


def test_history_of_the_market_has_a_record_each_five_minutes():
    simulator = find_connector("simulator")

    events = list(simulator.history(config={"feed": "market"}, until=NOW))

    stamps = [int(str(event["latestUpdate"])) for event in events]
    assert len(stamps) == 576
    assert stamps[-1] == int(NOW.timestamp()) // 300 * 300_000
    assert {later - earlier for earlier, later in pairwise(stamps)} == {300_000}


def test_configuration_is_completed():
    assert find_connector("simulator").validate({}) == {"feed": "stocks", "seed": 1}


@pytest.mark.parametrize(
    ("config", "setting"),
    [
        pytest.param({"feed": "bonds"}, "feed", id="feed"),
        pytest.param({"feed": []}, "feed", id="feed-of-wrong-type"),
        pytest.param({"seed": -1}, "seed", id="negative-seed"),
        pytest.param({"seed": "1"}, "seed", id="seed-in-quotes"),
        pytest.param({"seed": True}, "seed", id="boolean-seed"),
        pytest.param({"seed": 2**63}, "seed", id="huge-seed"),
        pytest.param({"sead": 1}, "sead", id="unknown-setting"),
    ],
)
def test_configuration_that_cannot_be_used_is_refused(config, setting):
    with pytest.raises(ConfigInvalid) as caught:
        find_connector("simulator").validate(config)

    assert list(caught.value.problems) == [setting]
    assert str(caught.value).endswith(".")


def test_sixty_companies_are_listed_with_names():
    assert len(COMPANIES) == 60
    assert {"MSFT", "AAPL", "SHOP", "AMZN", "GOOG", "TSLA", "NVDA"} <= set(COMPANIES)
    assert COMPANIES["MSFT"].name == "Microsoft Corporation"
    assert all(company.volume > 10**6 for company in COMPANIES.values())
