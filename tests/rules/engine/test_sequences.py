"""One thing, then another: what ends a sequence, what breaks it, what is kept of it."""

from typing import Any

import pytest

from rules.engine import nearest_miss, same_meaning, to_definition
from tests.rules.engine.lanes import Lane, parsed, signal
from tests.rules.engine.test_holding import told

P = "CORE:STOCK:MSFT:price"


def price(op: str, value: int) -> dict[str, object]:
    return {"fact": P, "op": op, "value": value}


LOW, HIGH, TOP = price("<", 10), price(">", 20), price(">", 30)
TURN = {"sequence": [LOW, HIGH], "within": "60s"}
CALM = {**TURN, "without": price("=", 15)}
CLIMB = {"sequence": [LOW, HIGH, TOP], "within": "60s"}
SAME = {"sequence": [LOW, LOW], "within": "60s"}

CASES = {
    "one-then-the-other": (TURN, [(0, 9), (5, 21)], [5]),
    "the-other-alone": (TURN, [(0, 21), (5, 22)], []),
    "the-other-first": (TURN, [(0, 21), (5, 9)], []),
    "what-lies-between-does-not-matter": (TURN, [(0, 9), (2, 15), (5, 21)], [5]),
    "just-in-time": (TURN, [(0, 9), (59, 21)], [59]),
    "too-late": (TURN, [(0, 9), (60, 21)], []),
    "a-later-beginning-is-in-time": (TURN, [(0, 9), (30, 9), (70, 21)], [70]),
    "each-end-in-time-is-one": (TURN, [(0, 9), (5, 21), (6, 22)], [5, 6]),
    "the-same-event-is-no-later-one": (SAME, [(0, 9)], []),
    "the-next-event-is": (SAME, [(0, 9), (0, 9)], [0]),
    "nothing-between": (CALM, [(0, 9), (2, 15), (5, 21)], []),
    "something-else-between": (CALM, [(0, 9), (2, 16), (5, 21)], [5]),
    "begun-anew-after-it": (CALM, [(0, 9), (2, 15), (3, 9), (5, 21)], [5]),
    "before-the-beginning-it-may-be": (CALM, [(0, 15), (2, 9), (5, 21)], [5]),
    "the-last-event-is-not-between": (
        {**TURN, "without": HIGH},
        [(0, 9), (5, 21), (6, 21)],
        [5],
    ),
    "nor-is-the-first": ({**TURN, "without": LOW}, [(0, 9), (5, 21)], [5]),
    "three-steps": (CLIMB, [(0, 9), (1, 21), (2, 31)], [2]),
    "a-step-left-out": (CLIMB, [(0, 9), (2, 31)], []),
    "one-event-takes-one-step": (CLIMB, [(0, 9), (1, 31), (2, 31)], [2]),
    "a-later-first-has-to-go-all-the-way": (
        CLIMB,
        [(0, 9), (1, 21), (2, 9), (60, 31)],
        [],
    ),
    "unknown-step-leaves-it-unknown": (TURN, [(0, None), (5, 21)], []),
    "unknown-between-leaves-it-unknown": (CALM, [(0, 9), (2, None), (5, 21)], []),
    "order-is-that-of-arrival": (TURN, [(10, 9), (5, 21)], [5]),
    "nested": (
        {"sequence": [{**LOW, "of_last": {"at_least": 2, "of": 2}}, HIGH]}
        | {"within": "60s"},
        [(0, 9), (1, 21), (2, 9), (3, 9), (4, 21)],
        [4],
    ),
}


@pytest.mark.parametrize(("when", "events", "ended"), CASES.values(), ids=CASES.keys())
def test_sequence_ends_at_its_last_step(when, events, ended):
    found = told(signal(when), *events)

    assert found == [("raised", second) for second in ended]


def test_unknown_is_neither_true_nor_false():
    lane = Lane()
    lane.put(signal({"any": [CALM, {"not": CALM}]}))

    lane.prices(9, None, 21, 21)

    # The null may have been above 20, and it may have been the 15 in between.
    assert (lane.counts[1].passed, lane.counts[1].unknown) == (1, 3)


def test_sequence_over_two_facts_of_any_key():
    lane = Lane()
    steps = [
        {"fact": "CORE:STOCK:*:price", "op": "<", "value": 10},
        {"fact": "CORE:STOCK:*:volume", "op": ">", "value": 100},
    ]
    lane.put(signal({"sequence": steps, "within": "1m"}))

    assert lane.send({"price": 9}, key="A", second=0) == ()
    assert lane.send({"volume": 200}, key="B", second=1) == ()
    (raised,) = lane.send({"volume": 200}, key="A", second=2)
    assert raised.key == "A"


def test_nothing_is_kept_of_what_did_not_begin_or_is_over():
    lane = Lane()
    lane.put(signal(TURN))

    lane.send({"price": 15}, second=0)
    assert lane.state.instances == {}

    lane.send({"price": 9}, second=1)
    (begun,) = lane.state.instances.values()
    assert begun.nodes

    lane.send({"price": 15}, second=61)
    (over,) = lane.state.instances.values()
    assert over.is_blank


def verdict_after(when: object, *prices: int) -> Any:
    """Judge prices, ten seconds apart, by a rule that is always true."""
    lane = Lane()
    lane.put(signal({"any": [{"fact": P, "op": "is_present"}, {"all": [when]}]}))
    found = [
        lane.send({"price": one}, second=10 * place) for place, one in enumerate(prices)
    ]
    verdict: Any = found[-1][0].verdict
    return verdict.members[1].members[0]


SAID = {
    "not-begun": ([15], "price is 15, not below 10 (by 5), awaited as step 1 of 3"),
    "begun": (
        [9, 15],
        (
            "price is 15, not above 20 (by 5), awaited as step 2 of 3, begun 10 seconds"
            " before"
        ),
    ),
    "ended": (
        [9, 21, 31],
        "price is 31, above 30 (by 1), the last of 3 steps, begun 20 seconds before",
    ),
}


@pytest.mark.parametrize(("prices", "reason"), SAID.values(), ids=SAID.keys())
def test_reason_says_which_step_was_reached(prices, reason):
    assert verdict_after(CLIMB, *prices).reason == reason


def test_figures_are_plain_values():
    written = verdict_after(CLIMB, 9, 21).to_json()

    assert (written["kind"], len(written["members"])) == ("sequence", 3)
    assert written["progress"] == {
        "said": "awaited as step 3 of 3, begun 10 seconds before",
        "step": 2,
        "of": 3,
        "began_at": "2026-03-02T14:30:00+00:00",
        "within_seconds": 60,
    }


def test_no_number_alone_takes_a_step_of_the_past():
    miss = nearest_miss(verdict_after(CLIMB, 15), {})

    assert miss is not None
    assert miss.misses == ()
    assert "awaited as step 1 of 3" in miss.sentence


def test_order_of_the_steps_means_something():
    one, other = signal(TURN), signal({**TURN, "sequence": [HIGH, LOW]})

    assert same_meaning(parsed(one), parsed(signal({**TURN, "within": 60})))
    assert not same_meaning(parsed(one), parsed(other))
    assert not same_meaning(parsed(one), parsed(signal(CALM)))


@pytest.mark.parametrize("when", [TURN, CALM, CLIMB])
def test_definition_is_written_as_it_was_read(when):
    written = to_definition(parsed(signal(when)))

    assert to_definition(parsed(written)) == written
    assert "sequence" in written["when"]  # type: ignore[operator]
