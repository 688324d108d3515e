"""Windows that follow one another: what they say, and when: named cases.

The start is 14:30:00, and a window of a minute is final a minute after it ended.
"""

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from zoneinfo import ZoneInfo

import pytest

from rules.engine import Event, Instance, Position, Series, judge_event, judge_facts
from rules.engine.grids import Grid, instant_of, ticks_of
from rules.engine.program import Program
from tests.rules.engine.lanes import START, Lane, parsed, signal, state
from tests.rules.engine.test_windows import found, told

P = "CORE:STOCK:MSFT:price"
OTHER = {"other": 1}
AT_CLOSE = {"raise": {"mode": "on_window_close"}}


def each(take, op, value, **members):
    """Ask something of each minute."""
    over = {"take": take, "window": "tumbling", "length": "1m", **members}
    return {"fact": P, "over": over, "op": op, "value": value}


TWO = [(0, 40), (30, 80), (60, 1), (119, 1), (121, 1), (500, OTHER)]
"""Two values in the first minute, two ones in the second, a one in the third."""

TURNS = {
    "average-waits-for-its-close": (
        state(each("avg", "gt", 50)),
        TWO,
        [("opened", 120), ("resolved", 180)],
    ),
    "sum-need-not-wait": (
        state(each("sum", "gte", 100)),
        TWO,
        [("opened", 30), ("resolved", 180)],
    ),
    "sum-that-may-fall-waits": (
        state(each("sum", "gte", 100)),
        [(0, -1), (30, 200), (500, OTHER)],
        [("opened", 120), ("resolved", 180)],
    ),
    "sum-below-a-level-waits": (
        state(each("sum", "lt", 5)),
        TWO,
        [("opened", 180)],
    ),
    "highest-need-not-wait": (
        state(each("max", "gt", 79)),
        TWO,
        [("opened", 30), ("resolved", 180)],
    ),
    "lowest-need-not-wait": (
        state(each("min", "lte", 1)),
        TWO,
        [("opened", 60)],
    ),
    "highest-below-waits": (
        state(each("max", "lt", 80)),
        TWO,
        [("opened", 180)],
    ),
    "count-need-not-wait": (
        state(each("count", "gt", 1)),
        TWO,
        [("opened", 30), ("resolved", 240)],
    ),
    "different-ones-need-not-wait": (
        state(each("distinct", "gte", 2)),
        TWO,
        [("opened", 30), ("resolved", 180)],
    ),
    "another-fact-is-waited-for": (
        state(each("sum", "gte", {"fact": P})),
        [(0, 40), (30, 80), (500, OTHER)],
        [("opened", 120), ("resolved", 180)],
    ),
    "what-is-true-early-is-waited-for-if-asked": (
        state(each("sum", "gte", 100), **AT_CLOSE),
        TWO,
        [("opened", 120), ("resolved", 180)],
    ),
    "in-that-mode-nothing-opens-between": (
        state(
            {"all": [each("sum", "gte", 2), {"fact": P, "op": "gt", "value": 50}]},
            **AT_CLOSE,
        ),
        [(0, 40), (30, 1), (125, 80), (150, 1), (200, 90), (500, OTHER)],
        # At 120 and 180 the price is 1; at 240 it is 90, and a minute with 81 is over.
        [("opened", 240), ("resolved", 360)],
    ),
    "in-that-mode-a-hold-begins-at-a-close": (
        state(each("sum", "gte", 2), hold="50s", **AT_CLOSE),
        TWO,
        [("opened", 170), ("resolved", 240)],
    ),
    "hold-goes-on-from-window-to-window": (
        state(each("avg", "gte", 1), hold="90s"),
        TWO,
        [("opened", 210)],
    ),
    "recovery-waits-for-a-window-of-its-own": (
        state(
            {"fact": P, "op": "gt", "value": 50},
            recover={"when": each("max", "lt", 50)},
        ),
        TWO,
        [("opened", 30), ("resolved", 180)],
    ),
    "empty-window-counts-nothing": (
        state(each("count", "lt", 1)),
        [(0, 1), (59, 1), (500, OTHER)],
        [("opened", 180)],
    ),
    "empty-window-has-the-sum-0": (
        state(each("sum", "eq", 0)),
        [(0, 1), (500, OTHER)],
        [("opened", 180)],
    ),
    "empty-window-has-no-average": (
        state(each("avg", "gte", 1)),
        [(0, 1), (500, OTHER)],
        [("opened", 120)],
    ),
    "empty-windows-end-when-something-comes": (
        state(each("count", "lt", 1)),
        [(0, 1), (600, 1), (900, OTHER)],
        [("opened", 180), ("resolved", 720), ("opened", 780)],
    ),
    "value-in-time-for-a-window-that-ended": (
        state(each("sum", "eq", 7)),
        [(0, 3), (110, 1), (59, 4), (500, OTHER)],
        [("opened", 120), ("resolved", 180)],
    ),
    "value-late-for-its-window": (
        state(each("sum", "gte", 7)),
        [(0, 3), (121, 1), (61, 7), (59, 4), (500, OTHER)],
        # The value of second 61 is not late; that of 59 is.
        [("opened", 61), ("resolved", 240)],
    ),
    "first-and-last-by-their-time": (
        state(each("change", "eq", -2)),
        [(20, 3), (10, 5), (500, OTHER)],
        [("opened", 120)],
    ),
    "spread-of-a-window": (
        state(each("stddev", "eq", 2)),
        [(at, one) for at, one in enumerate([2, 4, 4, 4, 5, 5, 7, 9])] + [(500, OTHER)],
        [("opened", 120)],
    ),
    "crossing-from-window-to-window": (
        state(each("avg", "cross_up", 50)),
        [(0, 10), (60, 90), (120, 95), (500, OTHER)],
        [("opened", 180), ("resolved", 240)],
    ),
    "signal-is-raised-at-the-close": (
        signal(each("avg", "gt", 0)),
        TWO,
        [("raised", 120), ("raised", 180), ("raised", 240)],
    ),
    "signal-is-told-early-by-events-of-the-window": (
        signal(each("sum", "gte", 100)),
        TWO,
        [("raised", 30), ("raised", 120)],
    ),
    "signal-is-told-of-the-first-empty-window": (
        signal(each("count", "lt", 1)),
        [(0, 1), (500, OTHER), (900, 1)],
        [("raised", 180)],
    ),
    "what-raises-nothing-counts": (
        state(each("count", "gte", 2)),
        [(0, 1, {"raises": False}), (1, 1, {"raises": False}), (500, OTHER)],
        [("opened", 120), ("resolved", 180)],
    ),
    "what-does-not-stay-is-seen-once": (
        state(each("sum", "gte", 5)),
        [(0, 9, {"moves_facts": False}), (1, 1), (500, OTHER)],
        [("opened", 0), ("resolved", 120)],
    ),
    "no-window-closes-while-the-rule-rests": (
        state(each("count", "lt", 1), active={"hours": "14:40-15:00", "zone": "UTC"}),
        [(0, 1), (30 * 60, OTHER)],
        # The empty windows before went by unseen; the first to close inside opens.
        [("opened", 10 * 60)],
    ),
    "nothing-is-known-before-the-first-value": (
        state(each("count", "lt", 1)),
        [(0, OTHER), (500, OTHER), (505, 1), (560, OTHER)],
        [],
    ),
}


@pytest.mark.parametrize(
    ("definition", "events", "wanted"), TURNS.values(), ids=TURNS.keys()
)
def test_window_turns_when_it_is_final(definition, events, wanted):
    assert told(definition, *events) == wanted


def test_to_a_signal_a_window_is_unknown_until_it_is_final():
    assert found(each("avg", "gt", 0), (0, 1), (30, 1), (125, 1)) == "???"


def test_close_is_counted_as_a_run():
    lane = Lane()
    lane.put(state(each("avg", "gt", 50)))
    lane.send({"price": 60}, second=0)
    lane.send(OTHER, second=150)
    counts = lane.counts[1]

    assert (counts.ran, counts.passed, counts.unknown, counts.sent) == (2, 1, 1, 1)


def test_reason_names_the_window_and_says_what_is_not_final():
    lane = Lane()
    lane.put(state(each("avg", "gt", 50)))
    lane.send({"price": 60}, second=0)
    lane.send({"price": 61}, second=1)
    (instance,) = lane.state.instances.values()
    (opened,) = lane.send(OTHER, second=150)
    spec = parsed(state(each("avg", "gt", 50)))

    before = judge_facts(
        spec,
        lane.state.facts,
        key="MSFT",
        at=START + timedelta(seconds=90),
        series={},
        remembered=instance.nodes,
    )

    assert opened.reason == (
        "the average of price over each minute is 60.5 (2 values, 2026-03-02 14:30:00"
        " to 14:31:00 UTC), above 50 (by 10.5)"
    )
    assert before.reason == (
        "the average of price over each minute is 60.5 so far, and final at"
        " 2026-03-02 14:32:00 UTC (2026-03-02 14:30:00 to 14:31:00 UTC)"
    )
    assert opened.verdict is not None
    assert opened.verdict.to_json()["contents"] == {
        "count": 2,
        "first_at": "2026-03-02T14:30:00+00:00",
        "last_at": "2026-03-02T14:30:01+00:00",
        "is_whole": True,
        "start": "2026-03-02T14:30:00+00:00",
        "end": "2026-03-02T14:31:00+00:00",
        "final_at": "2026-03-02T14:32:00+00:00",
        "is_final": True,
    }


def test_reason_rounds_what_nobody_reads_and_the_verdict_does_not():
    lane = Lane()
    lane.put(state(each("avg", "gt", 3)))
    lane.prices(1, 1, 8)

    (opened,) = lane.send(OTHER, second=150)

    assert "is 3.33333333333 (3 values, " in opened.reason
    assert opened.reason.endswith("above 3 (by 0.333333333333)")
    assert opened.verdict is not None
    assert opened.verdict.to_json()["found"] == Decimal("3." + "3" * 33)


def test_windows_are_remembered_as_json_however_many_values_came():
    lane = Lane()
    lane.put(signal({"any": [each(one, "gt", 9) for one in TAKES]}))
    for second in range(50):
        lane.send({"price": Decimal(second) / 4}, second=second)

    (instance,) = lane.state.instances.values()
    written = instance.to_json()

    again = Instance.from_json(written)
    assert again.to_json() == written
    sizes = {name: len(str(node)) for name, node in written["nodes"].items()}  # type: ignore[attr-defined] # it is an object
    assert sorted(sizes.values())[:-1] == pytest.approx([250] * 8, abs=120)


TAKES = ("avg", "min", "max", "sum", "count", "stddev", "change", "last", "distinct")
NEW_YORK = ZoneInfo("America/New_York")


@pytest.mark.parametrize(
    ("length", "zone", "at", "start", "end"),
    [
        ("5m", UTC, "14:33", "2026-03-08T14:30:00Z", "2026-03-08T14:35:00Z"),
        # Seven minutes do not divide the hour: they are counted from 1970 on.
        ("7m", UTC, "14:33", "2026-03-08T14:27:00Z", "2026-03-08T14:34:00Z"),
        ("1h", NEW_YORK, "14:33", "2026-03-08T14:00:00Z", "2026-03-08T15:00:00Z"),
        # The clocks go forward on that Sunday, so the day has 23 hours.
        ("1d", NEW_YORK, "14:33", "2026-03-08T05:00:00Z", "2026-03-09T04:00:00Z"),
        ("1d", NEW_YORK, "04:59", "2026-03-07T05:00:00Z", "2026-03-08T05:00:00Z"),
        # Weeks begin on a Monday.
        ("7d", NEW_YORK, "14:33", "2026-03-02T05:00:00Z", "2026-03-09T04:00:00Z"),
        ("7d", UTC, "14:33", "2026-03-02T00:00:00Z", "2026-03-09T00:00:00Z"),
    ],
)
def test_windows_lie_as_clocks_and_calendars_do(length, zone, at, start, end):
    seconds = {"m": 60, "h": 3_600, "d": 86_400}[length[-1]] * int(length[:-1])
    grid = Grid(timedelta(seconds=seconds), zone)
    instant = datetime.fromisoformat(f"2026-03-08T{at}:00Z")

    begins = grid.start_of(ticks_of(instant))

    assert instant_of(begins) == datetime.fromisoformat(start)
    assert instant_of(grid.end_of(begins)) == datetime.fromisoformat(end)
    assert grid.start_of(begins) == begins
    assert grid.start_of(grid.end_of(begins) - 1) == begins


def test_day_is_the_datasets_and_final_after_its_lateness():
    series = {"CORE:STOCK": Series(zone=NEW_YORK, lateness=timedelta(hours=1))}
    daily = {"take": "count", "window": "tumbling", "length": "1d"}
    lane = Lane(Program(series))
    lane.put(state({"fact": P, "over": daily, "op": "lte", "value": 1}))
    lane.send({"price": 1})

    (opened,) = lane.send(OTHER, second=86_400)

    assert opened.at == datetime(2026, 3, 3, 6, tzinfo=UTC)
    assert "2026-03-02 00:00:00 to 2026-03-03 00:00:00 EST" in opened.reason


def test_record_of_the_past_is_judged_by_what_was_final_then():
    lane = Lane()
    definition = state(each("avg", "gt", 50))
    lane.put(definition)
    lane.send({"price": 60}, second=0)
    lane.send({"price": 1}, second=70)
    (instance,) = lane.state.instances.values()
    event = Event(
        series="CORE:STOCK",
        key="MSFT",
        fields={"price": 2},
        at=START + timedelta(seconds=130),
        position=Position(2, 0),
    )

    verdict = judge_event(
        parsed(definition),
        lane.state.facts,
        event,
        key="MSFT",
        series={},
        remembered=instance.nodes,
    )

    assert verdict.truth is True
