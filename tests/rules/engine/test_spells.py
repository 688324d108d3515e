"""Held for some time, at several events, among the last: what happens when."""

from typing import Any

import pytest

from rules.engine import SpellVerdict, Value, nearest_miss, same_meaning, to_definition
from tests.rules.engine.lanes import Lane, parsed, signal, state
from tests.rules.engine.test_holding import told

P = "CORE:STOCK:MSFT:price"
V = "CORE:STOCK:MSFT:volume"
LOW = {"fact": P, "op": "<", "value": 10}
BUSY = {"fact": V, "op": ">", "value": 100}
ENTER = {"mode": "on_enter"}


def entering(when: object, **members: object) -> dict[str, object]:
    """Write a signal rule that raises when it becomes true."""
    return signal(when, **{"raise": ENTER, **members})


HELD = {**LOW, "held": "30s"}
TIMES = {**LOW, "times": {"at_least": 3, "within": "60s"}}
OF_LAST = {**LOW, "of_last": {"at_least": 2, "of": 3}}

CASES = {
    "held-is-seen-on-the-timer": (entering(HELD), [(0, 9), (40, 9)], [("raised", 30)]),
    "held-to-the-very-second": (entering(HELD), [(0, 9), (30, 9)], [("raised", 30)]),
    "held-too-short": (entering(HELD), [(0, 9), (29, 11), (31, 9)], []),
    "held-begins-anew": (
        entering(HELD),
        [(0, 9), (10, 11), (20, 9), (60, 9)],
        [("raised", 50)],
    ),
    "unknown-interrupts-nothing-and-completes-nothing": (
        entering(HELD),
        [(0, 9), (10, None), (40, 9)],
        [("raised", 40)],
    ),
    "an-event-from-before-makes-it-no-shorter": (
        state(HELD),
        [(0, 9), (50, 9), (10, 9), (60, 11)],
        [("opened", 30), ("resolved", 60)],
    ),
    "held-alert-ends-with-the-condition": (
        state(HELD),
        [(0, 9), (40, None), (41, 11)],
        [("opened", 30), ("resolved", 41)],
    ),
    "held-begins-anew-after-hours": (
        entering(HELD, active={"hours": "14:30-14:31"}),
        [(40, 9), (80, 9)],
        [],
    ),
    "three-events-within-a-minute": (
        entering(TIMES),
        [(0, 9), (20, 9), (25, 11), (40, 9)],
        [("raised", 40)],
    ),
    "span-has-left-the-first": (entering(TIMES), [(0, 9), (20, 9), (60, 9)], []),
    "each-event-counts-not-each-beginning": (
        entering(TIMES),
        [(0, 9), (1, 9), (2, 9)],
        [("raised", 2)],
    ),
    "count-ends-by-time-alone": (
        state(TIMES),
        [(0, 9), (1, 9), (2, 9), (70, "other")],
        [("opened", 2), ("resolved", 60)],
    ),
    "unknown-event-may-have-counted": (
        state({**LOW, "times": {"at_least": 2, "within": "60s"}}),
        # At 60 one is left, and the unknown one, which alone is not enough at 61.
        [(0, 9), (1, 9), (10, None), (100, "other")],
        [("opened", 1), ("resolved", 61)],
    ),
    "order-of-arrival-does-not-matter-to-a-count": (
        entering(TIMES),
        [(50, 9), (0, 9), (20, 9)],
        [("raised", 20)],
    ),
    "two-of-the-last-three": (
        entering(OF_LAST),
        [(0, 9), (1, 11), (2, 9), (3, 11), (4, 11), (5, 9), (6, 9)],
        [("raised", 2), ("raised", 6)],
    ),
    "two-are-enough-before-there-were-three": (
        entering(OF_LAST),
        [(0, 9), (1, 9)],
        [("raised", 1)],
    ),
    "unknown-among-the-last-leaves-it-open": (
        state(OF_LAST),
        [(0, 9), (1, 9), (2, None), (3, 11), (4, 11)],
        [("opened", 1), ("resolved", 4)],
    ),
    "group-that-holds": (
        entering({"all": [LOW, {"fact": P, "op": ">", "value": 5}], "held": "30s"}),
        [(0, 9), (10, 4), (20, 6), (60, 6)],
        [("raised", 50)],
    ),
    "one-in-another": (
        entering({"all": [HELD], "times": {"at_least": 2, "within": "1h"}}),
        # The timer at which it has held is no event, so it does not count.
        [(0, 9), (31, 9), (32, 9)],
        [("raised", 32)],
    ),
    "timer-counts-as-no-event": (
        state({**LOW, "times": {"at_least": 2, "within": "60s"}}, hold="10s"),
        [(0, 9), (1, 9), (11, "other")],
        [("opened", 11)],
    ),
}


@pytest.mark.parametrize(
    ("definition", "events", "happened"), CASES.values(), ids=CASES.keys()
)
def test_things_happen_in_their_time(definition, events, happened):
    assert told(definition, *events) == happened


def test_late_events_are_not_seen():
    lane = Lane()
    lane.put(signal({**LOW, "times": {"at_least": 2, "within": "1h"}}))

    assert lane.send({"price": 9}, second=200) == ()
    assert lane.send({"price": 9}, second=0) == ()
    assert len(lane.send({"price": 9}, second=201)) == 1


TWO = {"at_least": 2, "of": 2}


def test_keys_are_counted_each_on_its_own():
    lane = Lane()
    lane.put(signal({**LOW, "fact": "CORE:STOCK:*:price", "of_last": TWO}))

    assert lane.send({"price": 9}, key="A") == ()
    assert lane.send({"price": 9}, key="B") == ()
    assert [one.key for one in lane.send({"price": 9}, key="A")] == ["A"]


def test_what_was_never_true_is_not_remembered():
    lane = Lane()
    lane.put(signal({"any": [HELD, TIMES, OF_LAST]}))

    lane.prices(11, 12, 13)

    assert lane.state.instances == {}


def test_no_more_is_remembered_than_can_count():
    lane = Lane()
    lane.put(signal({"any": [TIMES, OF_LAST]}))

    lane.prices(*[9, None] * 50, every=0.1)

    (instance,) = lane.state.instances.values()
    kept: Any = {name.split("-")[0]: one for name, one in instance.nodes.items()}
    assert [len(times) for times in kept["times"]] == [3, 3]
    assert len(kept["of_last"]) == 3


SAID = {
    "held": (HELD, "price is 9, below 10 (by 1), held for 20 seconds of 30 seconds"),
    "times": (TIMES, "price is 9, below 10 (by 1), at 2 of 3 events within 1 minute"),
    "of_last": (
        {**LOW, "of_last": {"at_least": 3, "of": 4}},
        "price is 9, below 10 (by 1), at 2 of the last 4 events, of which 3 are wanted",
    ),
}


def verdict_after(when: object, *events: tuple[int, Value]) -> Any:
    """Judge prices at their seconds; a rule that is true meanwhile tells of it all."""
    lane = Lane()
    lane.put(signal({"any": [{"fact": P, "op": "is_present"}, {"all": [when]}]}))
    found = [lane.send({"price": price}, second=second) for second, price in events]
    verdict: Any = found[-1][0].verdict
    return verdict.members[1].members[0]


@pytest.mark.parametrize(("when", "reason"), SAID.values(), ids=SAID.keys())
def test_reason_says_how_far_it_has_come(when, reason):
    verdict = verdict_after(when, (0, 9), (20, 9))

    assert isinstance(verdict, SpellVerdict)
    assert (verdict.truth, verdict.reason) == (False, reason)


def test_figures_are_plain_values():
    held = verdict_after(HELD, (0, 9), (20, 9)).to_json()

    assert held["kind"] == "held"
    assert held["progress"] == {
        "said": "held for 20 seconds of 30 seconds",
        "since": "2026-03-02T14:30:00+00:00",
        "held_seconds": 20,
        "wanted_seconds": 30,
    }
    times = verdict_after(TIMES, (0, 9), (20, 9)).to_json()
    assert times["progress"] == {
        "said": "at 2 of 3 events within 1 minute",
        "count": 2,
        "unknown": 0,
        "wanted": 3,
        "within_seconds": 60,
    }


def test_no_number_alone_makes_time_pass():
    verdict = verdict_after(HELD, (0, 9), (20, 9))

    miss = nearest_miss(verdict, {})

    assert miss is not None
    assert miss.misses == ()
    assert "held for 20 seconds of 30 seconds" in miss.sentence


def test_two_spellings_mean_the_same_and_two_spans_do_not():
    one, other = signal(HELD), signal({**LOW, "op": "lt", "held": 30})
    longer = signal({**LOW, "held": "31s"})

    assert same_meaning(parsed(one), parsed(other))
    assert not same_meaning(parsed(one), parsed(longer))
    assert not same_meaning(parsed(one), parsed(signal(LOW)))


@pytest.mark.parametrize("when", [HELD, TIMES, OF_LAST, {"all": [HELD], "held": "1h"}])
def test_definition_is_written_as_it_was_read(when):
    written = to_definition(parsed(signal(when)))

    assert to_definition(parsed(written)) == written
    assert {"held", "times", "of_last"} & written["when"].keys()  # type: ignore[attr-defined]
