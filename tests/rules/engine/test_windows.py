"""What is taken over windows, and when time alone turns it: named cases."""

from datetime import timedelta
from decimal import Decimal

import pytest

from rules.engine import Instance, Position, Program, Series, Tick, step
from rules.engine.grids import ticks_of
from tests.rules.engine.lanes import START, Lane, signal, state

P = "CORE:STOCK:MSFT:price"


def over(take, op, value, **extent):
    """Ask something of a window of ten seconds, unless its extent is said."""
    window = {"take": take, **(extent or {"length": "10s"})}
    return {"fact": P, "over": window, "op": op, "value": value}


def found(condition, *events):
    """Send values at their seconds; give the truth at each and what was taken."""
    lane = Lane()
    lane.put(signal({"any": [condition, {"fact": P, "op": "is_absent"}]}))
    told = []
    for second, value in events:
        before = lane.counts.get(1)
        lane.send({"price": value}, second=second)
        after = lane.counts[1]
        passed = after.passed - (before.passed if before else 0)
        unknown = after.unknown - (before.unknown if before else 0)
        told.append("?" if unknown else "+" if passed else "-")
    return "".join(told)


def move(op, by, within="10s"):
    """Ask how far the newest value lies from the extremes of ten seconds."""
    return {"fact": P, "op": op, "by": by, "within": within}


FOUR = [(0, 4), (1, 10), (2, 4), (3, 6)]
TRUTHS = {
    "average": (over("avg", "eq", 6), FOUR, "--++"),
    "average-of-thirds-has-34-digits": (
        over("avg", "eq", Decimal("0." + "3" * 34)),
        [(0, 0), (1, 0), (2, 1)],
        "--+",
    ),
    "sum": (over("sum", "gte", 18), FOUR, "--++"),
    "sum-is-exact": (
        over("sum", "eq", Decimal("0.3")),
        [(0, Decimal("0.1")), (1, Decimal("0.2"))],
        "-+",
    ),
    "lowest": (over("min", "lt", 4), [*FOUR, (4, 3)], "----+"),
    "highest": (over("max", "gte", 10), FOUR, "-+++"),
    "highest-leaves": (over("max", "gte", 10), [(0, 10), (9, 1), (10, 1)], "++-"),
    "number-of-values": (over("count", "gte", 3), FOUR, "--++"),
    "spread-of-the-values-themselves": (
        over("stddev", "eq", 2),
        [(at, value) for at, value in enumerate([2, 4, 4, 4, 5, 5, 7, 9])],
        "-------+",
    ),
    "spread-of-one-is-none": (over("stddev", "eq", 0), [(0, 5)], "+"),
    "first": (over("first", "eq", 10), [(0, 4), (1, 10), (10, 1), (11, 1)], "--+-"),
    "last": (over("last", "eq", 10), [(0, 4), (1, 10), (1, 9)], "-+-"),
    "change": (over("change", "lte", -3), [(0, 9), (1, 5), (2, 6), (3, 7)], "-++-"),
    "different-values": (
        over("distinct", "eq", 2),
        [(0, 1), (1, Decimal("1.0")), (2, "1"), (3, True)],
        "--+-",
    ),
    "begins-after-its-length": (over("count", "eq", 1), [(0, 1), (10, 1)], "++"),
    "ends-with-the-event": (over("count", "eq", 2), [(0, 1), (9.999, 1)], "-+"),
    "nulls-do-not-count": (over("count", "eq", 1), [(0, 1), (1, None)], "++"),
    "texts-are-no-numbers": (
        over("avg", "eq", 1),
        [(0, 1), (1, "9"), (2, True)],
        "+++",
    ),
    "empty-is-unknown": (over("avg", "ne", 1), [(0, None), (1, "1")], "??"),
    "empty-counts-nothing": (over("count", "eq", 0), [(0, None), (1, 1)], "+-"),
    "empty-is-not-outside": (over("min", "outside", [1, 2]), [(0, None)], "?"),
    "between": (over("avg", "between", [5, 7]), FOUR, "-+++"),
    "last-three": (
        over("sum", "eq", 6, last=3),
        [(0, 1), (50, 2), (900, 3), (901, 4)],
        "--+-",
    ),
    "last-three-are-as-many-as-there-are": (
        over("avg", "eq", 2, last=3),
        [(0, 2), (1, 2)],
        "++",
    ),
    "last-counts-up-to-so-many": (
        over("count", "eq", 2, last=2),
        [(0, 1), (1, 1), (2, 1)],
        "-++",
    ),
    "out-of-order-takes-its-place": (
        over("first", "eq", 7),
        [(5, 1), (2, 7), (6, 1), (13, 1)],
        "-++-",
    ),
    "out-of-order-is-last-of-its-instant": (
        over("last", "eq", 7, last=9),
        [(5, 1), (5, 7), (4, 3)],
        "-++",
    ),
    "out-of-order-and-gone": (over("count", "eq", 1), [(20, 1), (10, 1)], "++"),
    "late-is-not-seen": (
        over("sum", "gte", 3, length="2m"),
        [(100, 1), (39, 2), (101, 1)],
        "---",
    ),
    "not-yet-late-is-seen": (
        over("sum", "gte", 3, length="2m"),
        [(100, 1), (40, 2), (101, 1)],
        "-++",
    ),
    "crossing-from-a-side": (
        over("avg", "cross_up", 5, last=2),
        [(0, 9), (1, 3), (2, 3), (3, 9), (4, 9)],
        "?--+-",
    ),
    "fall-is-from-the-highest": (
        move("fall", "5%"),
        [(0, 100), (1, 98), (2, 96), (3, 95), (4, 99)],
        "?--+-",
    ),
    "rise-is-from-the-lowest": (
        move("rise", 5),
        [(0, 10), (1, 7), (2, 11), (3, 12), (4, 11)],
        "?--+-",
    ),
    "change-is-from-either": (
        move("change", 5),
        [(0, 10), (1, 6), (2, 11), (3, 6), (4, 9)],
        "?-++-",
    ),
    "move-from-what-was-in-force": (
        move("fall", 5),
        [(0, 100), (1000, 95), (1001, 96)],
        "?+-",
    ),
    "move-from-what-is-in-force-no-more": (
        move("fall", 5),
        [(0, 100), (1, 99), (11, 94), (12, 94)],
        "?-++",
    ),
    "first-value-has-not-moved": (move("fall", 5), [(0, 100), (1, None)], "??"),
    "share-of-nothing-is-unknown": (
        move("rise", "5%"),
        [(0, 0), (1, 5), (9, 6), (12, 7)],
        "???+",
    ),
    "move-out-of-order": (
        move("fall", 5),
        [(5, 100), (8, 98), (6, 90), (9, 95)],
        "?--+",
    ),
    "new-high-of-ten-seconds": (
        {"fact": P, "op": "new_high", "within": "10s"},
        [(0, 9), (1, 5), (9, 6), (10, 8), (11, 9), (12, 9)],
        "?---+-",
    ),
    "new-low-below-what-is-in-force": (
        {"fact": P, "op": "new_low", "within": "10s"},
        [(0, 9), (100, 8), (200, 8), (300, 7)],
        "?+-+",
    ),
    "new-high-out-of-order-passes-later-ones-too": (
        {"fact": P, "op": "new_high", "within": "10s"},
        [(5, 1), (8, 4), (6, 3), (7, 5)],
        "?+-+",
    ),
    "another-fact": (
        over("avg", "lt", {"fact": P, "times": Decimal("0.5")}),
        [(0, 1), (1, 1), (2, 9)],
        "--+",
    ),
}


@pytest.mark.parametrize(
    ("condition", "events", "wanted"), TRUTHS.values(), ids=TRUTHS.keys()
)
def test_window_says(condition, events, wanted):
    assert found(condition, *events) == wanted


def told(definition, *events):
    """Send events at their seconds; give what happened, each with its second."""
    lane = Lane()
    lane.put(definition)
    happened = []
    for second, fields, *flags in events:
        named = fields if isinstance(fields, dict) else {"price": fields}
        happened += [
            (str(one.kind), (one.at - START).total_seconds())
            for one in lane.send(named, second=second, **dict(*flags))
        ]
    return happened


OTHER = {"other": 1}
BUSY = over("count", "gte", 2)
TIMES = {
    "count-resolves-when-values-leave": (
        state(BUSY),
        [(0, 1), (1, 1), (30, OTHER)],
        [("opened", 1), ("resolved", 10)],
    ),
    "count-stays-while-enough-are-left": (
        state(BUSY),
        [(0, 1), (1, 1), (5, 1), (30, OTHER)],
        [("opened", 1), ("resolved", 11)],
    ),
    "an-event-at-the-instant-comes-second": (
        state(BUSY),
        [(0, 1), (1, 1), (10, 1)],
        [("opened", 1), ("resolved", 10), ("opened", 10)],
    ),
    "average-turns-when-a-value-leaves": (
        state(over("avg", "gt", 5)),
        [(0, 1), (5, 9), (30, OTHER)],
        [("opened", 10)],
    ),
    "average-of-nothing-neither-ends-nor-opens": (
        state(over("avg", "gt", 5)),
        [(0, 9), (30, OTHER)],
        [("opened", 0)],
    ),
    "none-any-more-opens-by-time": (
        state(over("count", "lt", 1)),
        [(0, 1), (30, OTHER)],
        [("opened", 10)],
    ),
    "a-lapse-must-hold-too": (
        state(over("count", "lt", 1), hold="5s"),
        [(0, 1), (30, OTHER)],
        [("opened", 15)],
    ),
    "fall-is-over-when-the-highest-was-long-ago": (
        state(move("fall", 5)),
        [(0, 100), (4, 95), (30, OTHER)],
        [("opened", 4), ("resolved", 14)],
    ),
    "fall-goes-on-while-the-highest-is-in-force": (
        state(move("fall", 5)),
        [(0, 100), (50, 95), (59, OTHER)],
        [("opened", 50)],
    ),
    "a-signal-is-told-of-events-alone": (
        signal(over("count", "lt", 1)),
        [(0, 1), (30, OTHER)],
        [],
    ),
    "last-values-do-not-leave-by-time": (
        state(over("count", "gte", 2, last=3)),
        [(0, 1), (1, 1), (900, OTHER)],
        [("opened", 1)],
    ),
    "what-raises-nothing-is-counted": (
        state(BUSY),
        [(0, 1, {"raises": False}), (1, 1)],
        [("opened", 1)],
    ),
    "what-does-not-stay-is-seen-once": (
        state(over("sum", "gte", 5)),
        [(0, 9, {"moves_facts": False}), (1, 1)],
        [("opened", 0), ("resolved", 1)],
    ),
    "hours-of-rest-fill-windows": (
        state(BUSY, active={"hours": "14:31-15:00", "zone": "UTC"}),
        [(55, 1), (61, 1)],
        [("opened", 61)],
    ),
}


@pytest.mark.parametrize(
    ("definition", "events", "wanted"), TIMES.values(), ids=TIMES.keys()
)
def test_time_turns(definition, events, wanted):
    assert told(definition, *events) == wanted


def test_late_and_early_ends_of_a_band_share_one_window():
    lane = Lane()
    lane.put(
        state(
            over("avg", "gt", 10),
            recover={"when": over("avg", "lt", 5)},
        )
    )

    happened = lane.prices(20, 0, 0, 0, 0)

    assert happened == ["opened", "-", "-", "-", "resolved"]
    (instance,) = lane.state.instances.values()
    assert len(instance.nodes) == 1


def test_window_is_remembered_as_json_with_numbers_as_texts():
    lane = Lane()
    lane.put(signal(over("avg", "gt", 5)))
    lane.send({"price": Decimal("1.10")}, second=0)
    lane.send({"price": 2}, second=3)

    (instance,) = lane.state.instances.values()
    written = instance.to_json()

    nodes = written["nodes"]
    assert isinstance(nodes, dict)
    (node,) = nodes.values()
    assert node["values"] == ["1.10", "2"]
    assert node["at"] == [ticks_of(START), 3_000_000]
    again = Instance.from_json(written)
    assert again.to_json() == written


def test_reason_says_what_was_taken_and_of_how_many():
    lane = Lane()
    lane.put(signal(over("avg", "gt", 5)))
    lane.send({"price": 4}, second=0)

    (raised,) = lane.send({"price": 7}, second=1)

    assert raised.reason == (
        "the average of price over the last 10 seconds is 5.5 (2 values), above 5 (by"
        " 0.5)"
    )
    assert raised.verdict is not None
    told = raised.verdict.to_json()
    assert told["found"] == Decimal("5.5")
    assert told["over"] == {"take": "avg", "window": "sliding", "length": "10s"}
    assert told["contents"] == {
        "count": 2,
        "first_at": "2026-03-02T14:30:00+00:00",
        "last_at": "2026-03-02T14:30:01+00:00",
        "is_whole": True,
    }


def test_high_is_set_by_the_event_that_brings_it_alone():
    lane = Lane()
    high = {"fact": P, "op": "new_high", "within": "1h"}
    lane.put(state({"all": [high, {"fact": P, "op": "is_present"}]}))
    lane.prices(1, 2)

    told = lane.send({"price": 1}, second=2)

    assert [str(one.kind) for one in told] == ["resolved"]
    assert "price is 1 against 2, not a new high within the last hour" in told[0].reason


def test_reason_of_a_move_says_from_where_and_within_what():
    lane = Lane()
    lane.put(signal(move("fall", "5%", within="1h")))
    lane.send({"price": 100}, second=0)
    lane.send({"price": 97}, second=1)

    (raised,) = lane.send({"price": 94}, second=2)

    assert raised.reason == (
        "price went from 100 to 94, down by at least 5 % within the last hour"
    )
    assert raised.verdict is not None
    assert raised.verdict.to_json()["within"] == "1h"


def test_tick_fires_what_lapsed():
    program = Program({"CORE:STOCK": Series()})
    lane = Lane(program)
    lane.put(state(BUSY))
    lane.prices(1, 1)

    tick = Tick(
        rule_id=1,
        key="MSFT",
        at=START + timedelta(seconds=60),
        position=Position(2, 0),
    )
    result = step(program, lane.state, tick)

    assert [(str(one.kind), one.at) for one in result.transitions] == [
        ("resolved", START + timedelta(seconds=10))
    ]
    assert result.counts == {}
