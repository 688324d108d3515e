"""Holding, recovering, silence and hours: what happens when, told by the second."""

from datetime import timedelta

import pytest

from rules.engine import Position, Tick, step
from tests.rules.engine.lanes import START, Lane, signal, state

P = "CORE:STOCK:MSFT:price"
LOW = {"fact": P, "op": "<", "value": 10}


def told(definition, *events):
    """Send prices at their seconds; give what happened, each with its second."""
    lane = Lane()
    lane.put(definition)
    happened = []
    for second, price in events:
        fields = {"other": 1} if price == "other" else {"price": price}
        happened += [said(one) for one in lane.send(fields, second=second)]
    return happened


def said(one):
    """Say a transition by its kind and its second."""
    return str(one.kind), (one.at - START).total_seconds()


HELD = state(LOW, hold="30s")
BAND = state(LOW, recover={"when": {"fact": P, "op": ">", "value": 12}})
CALMED = state(LOW, recover={"hold": "20s"})
QUIET = state(LOW, no_data={"after": "60s", "then": "alert"})
GONE = state(LOW, no_data={"after": "60s", "then": "resolve"})

CASES = {
    "held-until-an-event": (HELD, [(0, 9), (40, 9)], [("opened", 30)]),
    "held-by-the-second": (HELD, [(0, 9), (30, 9)], [("opened", 30)]),
    "not-held": (HELD, [(0, 9), (29, 11), (31, 9)], []),
    "held-anew": (HELD, [(0, 9), (10, 11), (20, 9), (60, 9)], [("opened", 50)]),
    "held-and-over-at-once": (
        HELD,
        [(0, 9), (50, 11)],
        [("opened", 30), ("resolved", 50)],
    ),
    "unknown-neither-ends-nor-helps-a-hold": (
        HELD,
        [(0, 9), (10, None), (40, 9)],
        [("opened", 40)],
    ),
    "another-field-lets-a-timer-fire": (
        HELD,
        [(0, 9), (31, "other")],
        [("opened", 30)],
    ),
    "late-event-fires-no-timer": (HELD, [(0, 9), (-90, 9), (20, 9)], []),
    "recovery-on-the-level-itself": (
        state(LOW, recover={"when": {"fact": P, "op": ">=", "value": 10}}),
        [(0, 9), (1, 10)],
        [("opened", 0), ("resolved", 1)],
    ),
    "in-the-band-it-stays-open": (
        BAND,
        [(0, 9), (1, 11), (2, 12), (3, 13)],
        [("opened", 0), ("resolved", 3)],
    ),
    "recovery-unknown-keeps-it-open": (BAND, [(0, 9), (1, None)], [("opened", 0)]),
    "recovery-must-hold": (
        CALMED,
        [(0, 9), (10, 11), (30, 11)],
        [("opened", 0), ("resolved", 30)],
    ),
    "same-alert-when-it-is-true-again": (
        CALMED,
        [(0, 9), (10, 11), (20, 9), (25, 11), (46, 11)],
        [("opened", 0), ("resolved", 45)],
    ),
    "silence-is-told": (QUIET, [(0, 9), (61, 9)], [("opened", 0), ("no_data", 60)]),
    "silence-counts-from-the-last-event": (
        QUIET,
        [(0, 9), (50, 9), (100, 9), (170, 9)],
        [("opened", 0), ("no_data", 160)],
    ),
    "silence-is-told-again-after-a-sign-of-life": (
        QUIET,
        [(0, 9), (70, 9), (140, 9)],
        [("opened", 0), ("no_data", 60), ("no_data", 130)],
    ),
    "any-event-of-the-key-is-a-sign-of-life": (
        QUIET,
        [(0, 9), (40, "other"), (90, 9)],
        [("opened", 0)],
    ),
    "silence-resolves": (
        GONE,
        [(0, 9), (61, 9)],
        [("opened", 0), ("resolved", 60), ("opened", 61)],
    ),
    "nothing-open-no-silence": (GONE, [(0, 11), (90, 11)], []),
    "silence-as-a-condition": (
        signal({"fact": P, "op": "silent", "value": "30s"}),
        [(0, 9), (20, 9), (60, 9), (80, 9)],
        [("raised", 50)],
    ),
    "silence-ends-with-any-event": (
        state({"fact": P, "op": "silent", "value": "30s"}),
        [(0, 9), (40, "other")],
        [("opened", 30), ("resolved", 40)],
    ),
    "first-time-only": (
        signal(LOW, **{"raise": {"mode": "once_per_key"}}),
        [(0, 9), (1, 11), (2, 9)],
        [("raised", 0)],
    ),
    "again-once-it-has-moved": (
        signal(LOW, **{"raise": {"mode": "again_if_moved", "again_if_moved": 2}}),
        [(0, 9), (1, 8), (2, 7), (3, 6), (4, 9)],
        [("raised", 0), ("raised", 2), ("raised", 4)],
    ),
    "again-by-a-share": (
        signal(LOW, **{"raise": {"mode": "again_if_moved", "again_if_moved": "50%"}}),
        [(0, 8), (1, 5), (2, 4)],
        [("raised", 0), ("raised", 2)],
    ),
    "outside-its-hours-it-rests": (
        signal(LOW, active={"hours": "14:30-14:31"}),
        [(0, 9), (59, 9), (60, 9)],
        [("raised", 0), ("raised", 59)],
    ),
    "past-midnight": (
        signal(LOW, active={"hours": "22:00-14:31", "zone": "UTC"}),
        [(0, 9), (60, 9)],
        [("raised", 0)],
    ),
    "on-other-days-it-rests": (signal(LOW, active={"days": "tue-sun"}), [(0, 9)], []),
    "on-holidays-it-rests": (
        signal(LOW, active={"holidays": ["2026-03-02"]}),
        [(0, 9)],
        [],
    ),
    "hold-that-runs-into-the-night-is-forgotten": (
        state(LOW, hold="30s", active={"hours": "14:30-14:31"}),
        [(40, 9), (80, 9)],
        [],
    ),
    "past-its-end-it-rests": (
        signal(LOW, expires_at="2026-03-02T14:30:10Z"),
        [(9, 9), (10, 9)],
        [("raised", 9)],
    ),
}


@pytest.mark.parametrize(
    ("definition", "events", "happened"), CASES.values(), ids=CASES.keys()
)
def test_things_happen_in_their_time(definition, events, happened):
    assert told(definition, *events) == happened


def tick(lane, second):
    """Let the sweep look at an instant of event time."""
    at = START + timedelta(seconds=second)
    happening = Tick(rule_id=1, key="MSFT", at=at, position=Position(2, 0))
    result = step(lane.program, lane.state, happening)
    lane.state = lane.state.after(result)
    return [
        (str(one.kind), (one.at - START).total_seconds()) for one in result.transitions
    ]


class TestTick:
    """A timer that no event fires."""

    def test_it_fires_what_is_due_and_is_stamped_so(self):
        lane = Lane()
        lane.put(HELD)
        lane.send({"price": 9})

        assert tick(lane, 29) == []
        assert tick(lane, 100) == [("opened", 30)]
        assert tick(lane, 200) == []

    def test_it_counts_no_run(self):
        lane = Lane()
        lane.put(HELD)
        lane.send({"price": 9})

        tick(lane, 30)

        assert lane.counts[1].ran == 1

    def test_it_fires_timers_in_the_order_in_which_they_are_due(self):
        lane = Lane()
        lane.put(state(LOW, hold="10s", no_data={"after": "15s", "then": "alert"}))
        lane.send({"price": 9})

        assert tick(lane, 60) == [("opened", 10), ("no_data", 25)]

    def test_rule_that_is_gone_fires_nothing(self):
        lane = Lane()
        lane.put(HELD)
        lane.send({"price": 9})
        lane.program.remove(1)

        assert tick(lane, 60) == []


def test_alert_keeps_the_version_under_which_it_opened():
    lane = Lane()
    lane.put(CALMED)
    lane.send({"price": 9})
    lane.put({**CALMED, "severity": "info"})
    lane.send({"price": 11}, second=1)

    (resolved,) = lane.send({"price": 11}, second=30)

    assert resolved.version == 1
