"""State rules: what opens, what resolves, and who hears of it."""

from datetime import timedelta

from rules.engine import Counts, InstanceState, TransitionKind
from tests.rules.engine.lanes import START, Lane, state

LOW = {"fact": "CORE:STOCK:MSFT:price", "op": "lte", "value": 310}
HOURLY = [{"output": "mail", "at_most_every": "1h"}]


def test_state_opens_once_and_resolves_once():
    lane = Lane()
    lane.put(state(LOW))

    happened = lane.prices(311, 309, 308, 310, 311, 312, 300)

    assert happened == ["-", "opened", "-", "-", "resolved", "-", "opened"]


def test_unknown_neither_opens_nor_resolves():
    lane = Lane()
    lane.put(state(LOW))

    assert lane.prices(None, 309, None, "309", 308, 311) == [
        "-",
        "opened",
        "-",
        "-",
        "-",
        "resolved",
    ]


def test_resolve_belongs_to_the_alert_that_opened():
    lane = Lane()
    lane.put(state(LOW))

    (opened,) = lane.send({"price": 309}, second=0)
    (resolved,) = lane.send({"price": 311}, second=5)

    assert opened.opening == opened.position == resolved.opening
    assert resolved.position > resolved.opening
    assert resolved.reason == "price is 311, not at or below 310 (by 1)"


def test_instance_is_firing_while_the_alert_is_open():
    lane = Lane()
    lane.put(state(LOW))

    lane.send({"price": 309}, second=3)
    firing = lane.state.instances[1, "MSFT"]
    lane.send({"price": 311}, second=4)
    inactive = lane.state.instances[1, "MSFT"]

    assert firing.state is InstanceState.FIRING
    assert firing.since == START + timedelta(seconds=3)
    assert inactive.state is InstanceState.INACTIVE
    assert (inactive.since, inactive.opening) == (None, None)


def test_cool_down_holds_back_openings_and_no_resolve_of_what_was_told():
    lane = Lane()
    lane.put(state(LOW, outputs=HOURLY))

    told = [
        [(str(one.kind), one.told) for one in lane.send({"price": price}, second=at)]
        for at, price in [(0, 309), (10, 311), (20, 309), (30, 311), (3600, 309)]
    ]

    assert told == [
        [("opened", ("mail",))],
        [("resolved", ("mail",))],
        [("opened", ())],
        [("resolved", ())],
        [("opened", ("mail",))],
    ]


def test_only_openings_that_were_told_count_as_sent():
    lane = Lane()
    lane.put(state(LOW, outputs=HOURLY))

    lane.prices(309, 311, 309, 311)

    assert lane.counts[1] == Counts(ran=4, passed=2, failed=2, sent=1)


def test_resolve_is_silent_when_the_rule_says_so():
    lane = Lane()
    lane.put(state(LOW, **{"raise": {"resolved": False}}))

    lane.send({"price": 309})
    (resolved,) = lane.send({"price": 311})

    assert resolved.kind is TransitionKind.RESOLVED
    assert resolved.told == ()


def test_whoever_was_told_of_the_opening_is_told_of_the_end_after_an_edit():
    lane = Lane()
    lane.put(state(LOW, outputs=[{"output": "mail"}]))
    lane.send({"price": 309})
    lane.put(state(LOW, outputs=[{"output": "chat"}]))

    (resolved,) = lane.send({"price": 311})

    assert resolved.told == ("mail",)
    assert resolved.version == 1


def test_every_key_opens_for_itself():
    lane = Lane()
    lane.put(state({"fact": "CORE:STOCK:*:price", "op": "<", "value": 5}))

    lane.send({"price": 1}, key="A")
    lane.send({"price": 1}, key="B")
    (resolved,) = lane.send({"price": 9}, key="A")

    assert resolved.key == "A"
    assert lane.state.instances[1, "B"].is_open


def test_rule_without_any_key_has_one_instance_under_its_first_fact():
    lane = Lane()
    lane.put(
        state(
            {
                "any": [
                    {"fact": "CORE:STOCK:MSFT:price", "op": "<", "value": 5},
                    {"fact": "CORE:STOCK:SPY:price", "op": "<", "value": 5},
                ]
            }
        )
    )

    (opened,) = lane.send({"price": 1}, key="SPY")

    assert opened.key == "MSFT"
    assert opened.set == "CORE:STOCK:MSFT"
    assert opened.reason == "SPY price is 1, below 5 (by 4)"
