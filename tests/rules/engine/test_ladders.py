"""How bad an alert is: where it begins, when it escalates or eases, who is told."""

from typing import Any

import pytest

from rules.engine import parse_definition, same_meaning, to_definition
from tests.rules.engine.lanes import Lane, parsed, signal, state

P = "CORE:STOCK:MSFT:price"


def below(level: int) -> dict[str, object]:
    return {"fact": P, "op": "<", "value": level}


STEPS = [{"when": below(5), "is": "critical"}, {"when": below(8), "is": "warning"}]


def climbing(**members: object) -> dict[str, object]:
    return state(below(10), severity="info", ladder=STEPS, **members)


def course(definition: dict[str, Any], *prices: Any, every: float = 1) -> list[str]:
    """Send prices; give what happened at each, with the severity from there on."""
    lane = Lane()
    lane.put(definition)
    happened = []
    for place, price in enumerate(prices):
        found = lane.send({"price": price}, second=place * every)
        said = [f"{one.kind} {one.severity or ''}".strip() for one in found]
        happened.append(", ".join(said) or "-")
    return happened


CASES = {
    "it-opens-on-its-step": (climbing(), [4], ["opened critical"]),
    "it-opens-with-its-own": (climbing(), [9], ["opened info"]),
    "step-by-step": (
        climbing(),
        [9, 7, 6, 4, 9, 11],
        [
            *("opened info", "escalated warning", "-", "escalated critical"),
            *("eased info", "resolved"),
        ],
    ),
    "highest-step-counts-wherever-it-stands": (
        {**climbing(), "ladder": STEPS[::-1]},
        [4],
        ["opened critical"],
    ),
    "unknown-step-keeps-the-alert-on-it": (
        state(
            {"fact": P, "op": "ne", "value": 0},
            ladder=[{"when": {"fact": P, "op": "<", "value": 5}, "is": "critical"}],
        ),
        [9, 4, None, 4, "x", 9],
        [
            *("opened warning", "escalated critical", "-", "-", "-"),
            "eased warning",
        ],
    ),
    "step-may-be-lower-than-the-rule": (
        state(below(10), ladder=[{"when": below(5), "is": "info"}]),
        [9, 4, 9],
        ["opened warning", "eased info", "escalated warning"],
    ),
    "of-what-recovers-nothing-changes": (
        climbing(recover={"hold": "1h"}),
        [9, 11, 4],
        ["opened info", "-", "escalated critical"],
    ),
    "signal-is-as-bad-as-its-moment": (
        signal(below(10), severity="info", ladder=STEPS),
        [9, 4, 7],
        ["raised info", "raised critical", "raised warning"],
    ),
}


@pytest.mark.parametrize(
    ("definition", "prices", "happened"), CASES.values(), ids=CASES.keys()
)
def test_alert_carries_its_highest_step(definition, prices, happened):
    assert course(definition, *prices) == happened


def test_time_alone_may_escalate():
    step = {"when": {**below(10), "held": "30s"}, "is": "critical"}
    lane = Lane()
    lane.put(state(below(10), ladder=[step]))
    lane.send({"price": 9})

    (escalated,) = lane.send({"other": 1}, second=60)

    assert (escalated.kind, escalated.severity) == ("escalated", "critical")
    assert (escalated.at.second, escalated.position.ord) == (30, 2)


def test_all_are_told_of_what_is_worse_than_ever_and_of_an_easing_none():
    lane = Lane()
    lane.put(climbing(outputs=[{"output": "mail", "at_most_every": "1h"}]))

    told = [
        (str(one.kind), one.told)
        for place, price in enumerate([9, 7, 9, 7, 4, 11])
        for one in lane.send({"price": price}, second=place)
    ]

    assert told == [
        ("opened", ("mail",)),
        ("escalated", ("mail",)),
        ("eased", ()),
        ("escalated", ()),
        ("escalated", ("mail",)),
        ("resolved", ("mail",)),
    ]


def test_escalation_says_why():
    lane = Lane()
    lane.put(climbing())
    lane.send({"price": 9})

    (escalated,) = lane.send({"price": 4}, second=1)
    (eased,) = lane.send({"price": 9}, second=2)

    assert escalated.reason == "Critical now: price is 4, below 5 (by 1)"
    assert eased.reason == "A notice now: price is 9, not below 5 (by 4)"


def test_escalation_comes_before_a_reminder_and_counts_as_one():
    lane = Lane()
    lane.put(climbing(**{"raise": {"again_if_moved": 2}}))

    kinds = [
        str(one.kind)
        for place, price in enumerate([9, 7, 6, 5])
        for one in lane.send({"price": price}, second=place)
    ]

    assert kinds == ["opened", "escalated", "reminded"]


def test_edit_of_the_ladder_keeps_the_alert():
    lane = Lane()
    lane.put(climbing())
    lane.send({"price": 7})
    steeper = {**climbing(), "ladder": [{"when": below(8), "is": "critical"}]}
    lane.put(steeper)

    (escalated,) = lane.send({"price": 7}, second=1)

    assert (escalated.severity, escalated.version) == ("critical", 1)
    assert same_meaning(parsed(climbing()), parsed(steeper))


def test_facts_of_the_ladder_run_the_rule():
    step = {"when": {"fact": "CORE:STOCK:MSFT:volume", "op": ">", "value": 5}}
    lane = Lane()
    lane.put(state(below(10), ladder=[{**step, "is": "critical"}]))
    lane.send({"price": 9})

    (escalated,) = lane.send({"volume": 6}, second=1)

    assert escalated.severity == "critical"


def test_definition_is_written_as_it_was_read():
    written = to_definition(parsed(climbing()))

    again = parse_definition(written, workspace="DEMO")
    assert to_definition(again) == written
    assert [step["is"] for step in written["ladder"]] == ["critical", "warning"]  # type: ignore[attr-defined]
    assert "ladder" not in to_definition(parsed(signal(below(1))))
