"""Rules of what is new: what was so before they began is held back until false."""

from dataclasses import replace

import pytest

from rules.engine import Counts, close_rule
from rules.engine.editing import CloseReason
from rules.engine.events import Position
from tests.rules.engine.lanes import START, Lane, signal, state

PRICE = "CORE:STOCK:MSFT:price"
LOW = {"fact": PRICE, "op": "lte", "value": 310}
LASTING = {**LOW, "held": "2s"}
OFTEN = {**LOW, "times": {"at_least": 2, "within": "1m"}}
FALLS = {"fact": PRICE, "op": "cross_down", "value": 310}
MEAN = {
    "fact": PRICE,
    "over": {"take": "avg", "window": "sliding", "length": "1h"},
    "op": "lte",
    "value": 310,
}

#: The rule's kind and condition, the prices before it and after it, and what happens.
CASES = {
    "was-so": (signal, LOW, [300], [300, 301], "- -"),
    "becomes-so": (signal, LOW, [320], [300, 301], "raised raised"),
    "first-seen": (signal, LOW, [], [300, 301], "raised raised"),
    "was-unknown": (signal, LOW, [300, None], [300], "raised"),
    "again-after-false": (
        signal,
        LOW,
        [300],
        [300, 320, 300, 300],
        "- - raised raised",
    ),
    "false-at-first": (signal, LOW, [300], [320, 300], "- raised"),
    "unknown-changes-nothing": (signal, LOW, [300], [300, None, 300], "- - -"),
    "unknown-at-first": (signal, LOW, [300], [None, 300, 320, 300], "- - - raised"),
    "state-was-so": (state, LOW, [300], [300, 301], "- -"),
    "state-opens-after-false": (state, LOW, [300], [300, 320, 300], "- - opened"),
    "state-first-seen": (state, LOW, [], [300, 320, 300], "opened resolved opened"),
    "not": (signal, {"not": LOW}, [320], [320, 300, 320], "- - raised"),
    "any": (signal, {"any": [LOW, FALLS]}, [300], [300, 301, 320, 305], "- - - raised"),
    "lasts-since-before": (signal, LASTING, [300], [300] * 4, "- - - -"),
    "lasts-anew": (signal, LASTING, [300], [320, 300, 300, 300], "- - - raised,raised"),
    "often-since-before": (signal, OFTEN, [300], [300] * 3, "- - -"),
    "crossing-is-new": (signal, FALLS, [320], [300, 320, 300], "raised - raised"),
    "window-begins-with-it": (signal, MEAN, [300], [300, 301], "raised raised"),
}


@pytest.mark.parametrize(
    ("kind", "when", "before", "after", "wanted"), CASES.values(), ids=CASES.keys()
)
def test_only_what_becomes_so_is_told(kind, when, before, after, wanted):
    lane = Lane()
    for second, price in enumerate(before):
        lane.send({"price": price}, second=second)
    lane.put(kind(when, **{"raise": {"only_new": True}}))

    happened = [
        ",".join(one.kind for one in lane.send({"price": price}, second=10 + place))
        for place, price in enumerate(after)
    ]

    assert [one or "-" for one in happened] == wanted.split()


def test_what_is_held_back_counts_as_passed_and_not_as_sent():
    lane = Lane()
    lane.send({"price": 300})
    lane.put(signal(LOW, **{"raise": {"only_new": True}}))

    lane.send({"price": 300}, second=1)

    assert lane.counts[1] == Counts(ran=1, passed=1)


def test_each_key_is_new_or_not_on_its_own():
    lane = Lane()
    lane.send({"price": 300}, key="MSFT")
    lane.send({"price": 320}, key="AAPL")
    anywhere = {"fact": "CORE:STOCK:*:price", "op": "lte", "value": 310}
    lane.put(signal(anywhere, **{"raise": {"only_new": True}}))

    told = [lane.send({"price": 305}, key=key, second=1) for key in ("MSFT", "AAPL")]

    assert [len(one) for one in told] == [0, 1]


def test_rule_that_is_turned_on_again_begins_anew():
    lane = Lane()
    rule = signal(LOW, **{"raise": {"only_new": True}})
    lane.put(rule)
    assert lane.send({"price": 300})
    closed = close_rule(
        lane.state.instances.values(),
        reason=CloseReason.DISABLED,
        at=START,
        position=Position(2, 0),
    )
    lane.state = lane.state.after(closed)

    assert not lane.send({"price": 300}, second=1)


def test_alert_that_is_open_when_only_new_ones_are_asked_for_goes_on():
    lane = Lane()
    lane.put(state(LOW))
    lane.send({"price": 300})
    lane.put(state(LOW, **{"raise": {"only_new": True}}))

    happened = [lane.send({"price": 300 + 20 * n}, second=n)[:1] for n in (1, 2)]

    assert [[one.kind for one in told] for told in happened] == [["resolved"], []]


def test_late_event_is_not_seen_as_of_any_rule_that_remembers():
    lane = Lane()
    lane.send({"price": 320}, second=200)
    lane.put(signal(LOW, **{"raise": {"only_new": True}}))

    assert not lane.send({"price": 300}, second=0)


def test_what_is_held_back_survives_being_written_and_read():
    lane = Lane()
    lane.send({"price": 300})
    lane.put(signal(LOW, **{"raise": {"only_new": True}}))
    lane.send({"price": 300}, second=1)
    named, instance = next(iter(lane.state.instances.items()))

    read = type(instance).from_json(instance.to_json())
    lane.state = replace(lane.state, instances={named: read})

    assert not lane.send({"price": 300}, second=2)
