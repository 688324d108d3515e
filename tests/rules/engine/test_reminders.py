"""Reminders of what stays open, and rules that raise one alert in all."""

from datetime import timedelta

import pytest

from rules.engine import (
    CloseReason,
    Position,
    Tick,
    close_rule,
    step,
    to_definition,
)
from tests.rules.engine.lanes import START, Lane, parsed, signal, state
from tests.rules.engine.test_holding import told

P = "CORE:STOCK:MSFT:price"
LOW = {"fact": P, "op": "<", "value": 10}
HOURLY = {"remind_every": "1h"}
MOVING = {"again_if_moved": 2}


def reminding(raising: object, **members: object) -> dict[str, object]:
    return state(LOW, **{"raise": raising, **members})


HOUR = 3600
CASES = {
    "by-the-hour": (
        reminding(HOURLY),
        [(0, 9), (HOUR, 9), (2 * HOUR, 9)],
        [("opened", 0), ("reminded", HOUR), ("reminded", 2 * HOUR)],
    ),
    "only-the-last-of-those-missed": (
        reminding(HOURLY),
        [(0, 9), (3.5 * HOUR, 9), (4 * HOUR, 9)],
        [("opened", 0), ("reminded", 3 * HOUR), ("reminded", 4 * HOUR)],
    ),
    "not-after-the-end": (
        reminding(HOURLY),
        [(0, 9), (60, 11), (2 * HOUR, 11)],
        [("opened", 0), ("resolved", 60)],
    ),
    "anew-with-the-next-alert": (
        reminding(HOURLY),
        [(0, 9), (60, 11), (120, 9), (HOUR + 60, 9), (HOUR + 120, 9)],
        [("opened", 0), ("resolved", 60), ("opened", 120), ("reminded", HOUR + 120)],
    ),
    "not-while-it-recovers": (
        reminding(HOURLY, recover={"hold": "2h"}),
        [(0, 9), (HOUR - 1, 11), (HOUR, 11), (HOUR + 1, 9), (2 * HOUR, 9)],
        [("opened", 0), ("reminded", 2 * HOUR)],
    ),
    "unknown-is-no-end": (
        reminding(HOURLY),
        [(0, 9), (1, None), (HOUR, None)],
        [("opened", 0), ("reminded", HOUR)],
    ),
    "outside-its-hours-it-waits": (
        reminding({"remind_every": "10m"}, active={"hours": "14:30-14:45"}),
        [(0, 9), (601, 9), (1201, 9), (86400, 9)],
        [("opened", 0), ("reminded", 600), ("reminded", 86400)],
    ),
    "once-it-has-moved": (
        reminding(MOVING),
        [(0, 9), (1, 8), (2, 7), (3, 6), (4, 5), (5, 11)],
        [("opened", 0), ("reminded", 2), ("reminded", 4), ("resolved", 5)],
    ),
    "back-again-is-moved-too": (
        reminding({"again_if_moved": "50%"}),
        [(0, 8), (1, 4), (2, 6), (3, 5)],
        [("opened", 0), ("reminded", 1), ("reminded", 2)],
    ),
    "moved-from-what-nobody-knew": (
        state({"any": [{"fact": P, "op": "is_missing"}, LOW]}, **{"raise": MOVING}),
        [(0, None), (1, 9), (2, 7)],
        [("opened", 0), ("reminded", 2)],
    ),
    "by-time-and-by-moving": (
        reminding({**HOURLY, **MOVING}),
        [(0, 9), (60, 7), (HOUR, 5), (HOUR + 1, 3)],
        [("opened", 0), ("reminded", 60), ("reminded", HOUR), ("reminded", HOUR + 1)],
    ),
}


@pytest.mark.parametrize(
    ("definition", "events", "happened"), CASES.values(), ids=CASES.keys()
)
def test_it_reminds_in_its_time(definition, events, happened):
    assert told(definition, *events) == happened


def slow(*often: str) -> list[dict[str, object]]:
    return [
        {"output": f"mail{place}", "at_most_every": one}
        for place, one in enumerate(often)
    ]


def test_reminders_keep_to_the_cool_downs():
    lane = Lane()
    lane.put(reminding(HOURLY, outputs=slow("90m", "3h")))
    lane.send({"price": 9})

    found = [lane.send({"price": 9}, second=hour * HOUR) for hour in range(1, 5)]

    assert [[one.told for one in each] for each in found] == [
        [],
        [("mail0",)],
        [("mail1",)],
        [("mail0",)],
    ]


def test_who_is_reminded_is_told_of_the_end():
    definition = reminding(MOVING, outputs=slow("5s"))
    lane = Lane()
    lane.put(definition)
    lane.send({"price": 9}, second=0)
    lane.send({"price": 11}, second=1)
    (opened,) = lane.send({"price": 9}, second=2)
    (reminded,) = lane.send({"price": 7}, second=6)

    (resolved,) = lane.send({"price": 11}, second=7)

    assert [one.told for one in (opened, reminded, resolved)] == [
        (),
        ("mail0",),
        ("mail0",),
    ]


def test_timer_counts_no_run_and_an_event_that_reminds_is_sent():
    lane = Lane()
    lane.put(reminding({**HOURLY, **MOVING}))
    lane.send({"price": 9})
    at = START + timedelta(seconds=HOUR)
    tick = Tick(rule_id=1, key="MSFT", at=at, position=Position(2, 0))

    result = step(lane.program, lane.state, tick)
    (reminded,) = result.transitions
    lane.send({"price": 7}, second=1)

    assert result.counts == {}
    assert (reminded.kind, reminded.at, reminded.told) == ("reminded", at, ("mail",))
    assert reminded.reason == "Still open: price is 9, below 10 (by 1)"
    assert (lane.counts[1].ran, lane.counts[1].sent) == (2, 2)


def test_edit_of_the_reminders_keeps_the_alert():
    lane = Lane()
    lane.put(reminding(HOURLY))
    lane.send({"price": 9})
    lane.put(reminding({}))

    assert lane.send({"price": 9}, second=2 * HOUR) == ()
    lane.put(reminding(MOVING))
    lane.send({"price": 9}, second=2 * HOUR + 1)
    (reminded,) = lane.send({"price": 7}, second=2 * HOUR + 2)
    assert (reminded.kind, reminded.version) == ("reminded", 1)


ONCE = signal({**LOW, "fact": "CORE:STOCK:*:price"}, **{"raise": {"mode": "once"}})


class TestOnce:
    """A rule that raises one alert, under whatever key it comes."""

    def test_it_raises_one_alert_in_all(self):
        lane = Lane()
        lane.put(ONCE)

        happened = [
            lane.send({"price": price}, key=key)
            for price, key in ((11, "A"), (9, "B"), (9, "A"), (9, "B"))
        ]

        assert [[one.key for one in each] for each in happened] == [[], ["B"], [], []]

    def test_it_does_not_run_any_more(self):
        lane = Lane()
        lane.put(ONCE)
        for _ in range(3):
            lane.send({"price": 9})

        assert lane.counts[1].ran == 1

    def test_its_timers_come_to_nothing(self):
        held = {**LOW, "fact": "CORE:STOCK:*:price", "held": "30s"}
        lane = Lane()
        lane.put(signal(held, **{"raise": {"mode": "once"}}))
        lane.send({"price": 9}, key="A")
        lane.send({"price": 9}, key="B", second=1)

        assert len(lane.send({"other": 9}, key="A", second=40)) == 1
        assert lane.send({"other": 9}, key="B", second=41) == ()
        assert lane.state.instances[1, "B"].timers == {}

    def test_it_begins_anew_once_it_was_off(self):
        lane = Lane()
        lane.put(ONCE)
        lane.send({"price": 9})

        off = close_rule(
            lane.state.instances.values(),
            reason=CloseReason.DONE,
            at=START,
            position=Position(2, 0),
        )
        lane.state = lane.state.after(off)

        assert off.transitions == ()
        assert len(lane.send({"price": 9}, second=1)) == 1

    def test_an_edit_of_its_words_does_not_begin_it_anew(self):
        lane = Lane()
        lane.put(ONCE)
        lane.send({"price": 9})
        lane.put({**ONCE, "severity": "info"})

        assert lane.send({"price": 9}, second=1) == ()


@pytest.mark.parametrize(
    "raising", [{"mode": "once"}, {**HOURLY, "again_if_moved": "5%", "resolved": True}]
)
def test_definition_is_written_as_it_was_read(raising):
    kind = "signal" if "mode" in raising else "state"
    definition = {**signal(LOW), "kind": kind, "raise": raising}
    written = to_definition(parsed(definition))

    assert to_definition(parsed(written)) == written
    assert written["raise"] == {"mode": "on_enter", **raising}
