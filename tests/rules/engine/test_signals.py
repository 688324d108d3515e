"""Signal rules: passes, cool-downs, and what is only counted."""

from decimal import Decimal

import pytest

from rules.engine import FEED, Counts, TransitionKind
from tests.rules.engine.lanes import START, Lane, signal

PRICE = "CORE:STOCK:MSFT:price"
LOW = {"fact": PRICE, "op": "lte", "value": 310}
ANY_LOW = {"fact": "CORE:STOCK:*:price", "op": "lte", "value": 310}


def told_at(lane, seconds, key="MSFT"):
    """Send a passing price at each of these seconds; give who was told each time."""
    return [
        [list(one.told) for one in lane.send({"price": 1}, key=key, second=second)]
        for second in seconds
    ]


def outputs(**every):
    """Write outputs with their cool-downs."""
    return [{"output": name, "at_most_every": value} for name, value in every.items()]


def test_threshold_already_true_fires_at_the_next_event():
    lane = Lane()
    lane.send({"price": 300})
    lane.put(signal(LOW))

    assert lane.send({"price": 300}, second=1)


def test_every_match_raises_each_time():
    lane = Lane()
    lane.put(signal(LOW))

    assert lane.prices(309, 311, 310, 310) == ["raised", "-", "raised", "raised"]


def test_on_enter_raises_after_false_or_unknown():
    lane = Lane()
    lane.put(signal(LOW, **{"raise": {"mode": "on_enter"}}))

    happened = lane.prices(309, 308, 311, 309, None, 309, 309)

    assert happened == ["raised", "-", "-", "raised", "-", "raised", "-"]
    assert lane.counts[1] == Counts(ran=7, passed=5, failed=2, unknown=1, sent=3)


def test_on_enter_inside_a_cool_down_is_counted_and_not_raised_later():
    lane = Lane()
    lane.put(signal(LOW, outputs=outputs(mail=60), **{"raise": {"mode": "on_enter"}}))

    assert lane.prices(309, 311, 309, every=10) == ["raised", "-", "-"]
    assert lane.send({"price": 309}, second=200) == ()


COOL_DOWNS = {
    "one-second-short": ([0, 59], [True, False]),
    "exactly-over": ([0, 60], [True, True]),
    "counted-from-the-last-telling": ([0, 30, 60, 90], [True, False, True, False]),
    "same-time": ([0, 0], [True, False]),
    "just-before": ([100, 70], [True, False]),
    "far-before": ([100, 40], [True, True]),
    "last-telling-may-lie-before": ([100, 40, 100], [True, True, True]),
}


@pytest.mark.parametrize(
    ("seconds", "raised"), COOL_DOWNS.values(), ids=COOL_DOWNS.keys()
)
def test_cool_down_is_event_time_in_either_direction(seconds, raised):
    lane = Lane()
    lane.put(signal(LOW, outputs=outputs(mail=60)))

    assert [bool(told) for told in told_at(lane, seconds)] == raised


def test_no_cool_down_tells_every_pass():
    lane = Lane()
    lane.put(signal(LOW, outputs=outputs(mail=0)))

    assert told_at(lane, [0, 0, 0]) == [[["mail"]]] * 3


def test_pass_inside_the_cool_down_is_only_counted():
    lane = Lane()
    lane.put(signal(LOW, outputs=outputs(mail="1m")))

    told_at(lane, [0, 10, 20, 60])

    assert lane.counts[1] == Counts(ran=4, passed=4, sent=2)


def test_each_output_keeps_its_own_cool_down():
    lane = Lane()
    lane.put(signal(LOW, outputs=outputs(slow=60, fast=20)))

    told = told_at(lane, [0, 20, 40, 60])

    assert told == [[["slow", "fast"]], [["fast"]], [["fast"]], [["slow", "fast"]]]


def test_feed_has_the_smallest_cool_down_of_the_outputs():
    lane = Lane()
    lane.put(signal(LOW, outputs=outputs(slow=60, fast=20)))

    lane.send({"price": 1}, second=0)

    assert lane.state.instances[1, "MSFT"].told == {
        "slow": START,
        "fast": START,
        FEED: START,
    }


def test_rule_without_outputs_raises_once_a_minute_and_sends_nothing():
    lane = Lane()
    lane.put(signal(LOW, outputs=[]))

    told = told_at(lane, [0, 59, 60, 61])

    assert told == [[[]], [], [[]], []]
    assert lane.counts[1] == Counts(ran=4, passed=4)


def test_feed_is_noted_whenever_its_own_cool_down_is_over():
    lane = Lane()
    lane.put(signal(LOW, outputs=outputs(slow=60, fast=20)))
    told_at(lane, [0, 20, 40])
    lane.put(signal(LOW, outputs=[]))

    assert told_at(lane, [70, 100]) == [[], [[]]]


def test_feed_is_not_noted_when_another_output_alone_is_told():
    lane = Lane()
    lane.put(signal(LOW, outputs=outputs(mail=60)))
    told_at(lane, [0])
    lane.put(signal(LOW, outputs=outputs(mail=60, chat=60)))

    told = told_at(lane, [30])
    lane.put(signal(LOW, outputs=[]))

    assert told == [[["chat"]]]
    assert told_at(lane, [60]) == [[[]]]


def test_every_key_has_its_own_cool_down():
    lane = Lane()
    lane.put(signal(ANY_LOW, outputs=outputs(mail=60)))

    first, second = told_at(lane, [0], key="A"), told_at(lane, [1], key="B")

    assert first == second == [[["mail"]]]


def test_two_rules_are_told_in_the_order_of_their_ids():
    lane = Lane()
    lane.put(signal(LOW), rule_id=7)
    lane.put(signal(ANY_LOW), rule_id=3)

    raised = lane.send({"price": 1})

    assert [one.rule_id for one in raised] == [3, 7]


def test_raised_alert_carries_the_values_and_names_what_fired():
    lane = Lane()
    lane.put(
        signal(
            {"fact": "core:Stock:*:price", "op": "<=", "value": 310},
            include=["core:Stock:*:high", "CORE:STOCK:SPY:price"],
        )
    )
    lane.send({"price": 500}, key="SPY")

    (raised,) = lane.send({"price": Decimal("309.20"), "high": 315}, key="AAPL")

    assert raised.kind is TransitionKind.RAISED
    assert raised.key == "AAPL"
    assert raised.set == "core:Stock:AAPL"
    assert list(raised.values.items()) == [
        ("core:Stock:AAPL:price", Decimal("309.20")),
        ("core:Stock:AAPL:high", 315),
        ("CORE:STOCK:SPY:price", 500),
    ]
    assert raised.reason == "price is 309.20, at or below 310 (by 0.80)"
    assert raised.opening == raised.position


def test_own_data_is_named_as_apperate_named_it():
    lane = Lane()
    lane.put(signal({"fact": "DEMO:DATASET:PRICES:price", "op": ">", "value": 200}))

    (raised,) = lane.send(
        {"price": Decimal("201.5")}, series="DEMO:PRICES", key="anything"
    )

    assert raised.set == "DEMO:DATASET:PRICES"
    assert raised.values == {"DEMO:DATASET:PRICES:price": Decimal("201.5")}


def test_included_fact_that_was_never_seen_is_null():
    lane = Lane()
    lane.put(signal(LOW, include=["CORE:STOCK:MSFT:high"]))

    (raised,) = lane.send({"price": 1})

    assert raised.values["CORE:STOCK:MSFT:high"] is None
