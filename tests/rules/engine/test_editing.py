"""What a change of a rule does to its instances."""

import pytest

from rules.engine import (
    FEED,
    CloseReason,
    InstanceState,
    Position,
    TransitionKind,
    close_rule,
    edit_rule,
    parse_definition,
    same_meaning,
)
from tests.rules.engine.lanes import START, Lane, signal, state

A = {"fact": "CORE:STOCK:MSFT:price", "op": "lt", "value": 5}
B = {"fact": "CORE:STOCK:MSFT:open", "op": "gt", "value": 1}
SPY = {"fact": "CORE:STOCK:SPY:price", "op": "gt", "value": 1}
HERE = Position(9, 0)

SAME = {
    "nothing-changed": (signal(A), signal(A)),
    "name": (signal(A), signal(A, name="Another")),
    "severity": (signal(A), signal(A, severity="critical")),
    "outputs": (signal(A), signal(A, outputs=[])),
    "include": (signal(A), signal(A, include=["CORE:STOCK:MSFT:high"])),
    "mode": (signal(A), signal(A, **{"raise": {"mode": "on_enter"}})),
    "symbol-for-id": (signal(A), signal({**A, "op": "<"})),
    "number-written-otherwise": (signal(A), signal({**A, "value": 5.0})),
    "order-of-members": (signal({"all": [A, B]}), signal({"all": [B, A]})),
    "member-twice": (signal({"any": [A, B]}), signal({"any": [A, B, A]})),
    "group-of-one": (signal(A), signal({"any": [{"all": [A]}]})),
    "nested-group-of-its-kind": (
        signal({"all": [A, B, SPY]}),
        signal({"all": [A, {"all": [B, SPY]}]}),
    ),
    "not-not": (signal(A), signal({"not": {"not": A}})),
    "spelling-of-names": (
        signal(A),
        signal({**A, "fact": "core:stock:MSFT:price"}),
    ),
    "any-key-of-old": (
        signal({**A, "fact": "CORE:STOCK:*:price"}),
        signal({**A, "fact": "CORE:STOCK:ANYEVENT:price"}),
    ),
}
OTHER = {
    "kind": (signal(A), state(A)),
    "value": (signal(A), signal({**A, "value": 6})),
    "operator": (signal(A), signal({**A, "op": "lte"})),
    "field": (signal(A), signal({**A, "fact": "CORE:STOCK:MSFT:Price"})),
    "key": (signal(A), signal({**A, "fact": "CORE:STOCK:msft:price"})),
    "any-key": (signal(A), signal({**A, "fact": "CORE:STOCK:*:price"})),
    "group": (signal({"all": [A, B]}), signal({"any": [A, B]})),
    "negation": (signal(A), signal({"not": A})),
    "one-condition-more": (signal(A), signal({"all": [A, B]})),
    "one-for-true": (
        signal({**A, "op": "eq", "value": 1}),
        signal({**A, "op": "eq", "value": True}),
    ),
    "fact-for-its-text": (
        signal({**A, "op": "eq", "value": {"fact": B["fact"]}}),
        signal({**A, "op": "eq", "value": B["fact"]}),
    ),
    "first-fact": (signal({"any": [A, SPY]}), signal({"any": [SPY, A]})),
}


def parsed(definition):
    return parse_definition(definition, workspace="DEMO")


@pytest.mark.parametrize(("old", "new"), SAME.values(), ids=SAME.keys())
def test_edit_that_means_the_same_keeps_state(old, new):
    assert same_meaning(parsed(old), parsed(new))


@pytest.mark.parametrize(("old", "new"), OTHER.values(), ids=OTHER.keys())
def test_edit_that_means_something_else_begins_anew(old, new):
    assert not same_meaning(parsed(old), parsed(new))


def firing(**members):
    """Open an alert of a state rule, and give its instances."""
    lane = Lane()
    lane.put(state(A, **members))
    lane.send({"price": 1})
    return list(lane.state.instances.values())


@pytest.mark.parametrize(
    ("reason", "said"),
    [
        (CloseReason.EDITED, "The rule was edited."),
        (CloseReason.DISABLED, "The rule was turned off."),
        (CloseReason.DELETED, "The rule, or the data it watched, was deleted."),
    ],
)
def test_open_alert_closes_with_its_reason_and_nobody_is_told(reason, said):
    result = close_rule(firing(), reason=reason, at=START, position=HERE)

    (closed,) = result.transitions
    assert closed.kind is TransitionKind.CLOSED
    assert closed.reason == said
    assert closed.told == ()
    assert closed.opening == Position(1, 1)
    assert closed.position == HERE


def test_closing_forgets_all_but_cool_downs():
    result = close_rule(firing(), reason=CloseReason.DISABLED, at=START, position=HERE)

    instance = result.instances[1, "MSFT"]
    assert instance.state is InstanceState.INACTIVE
    assert instance.memory == {}
    assert instance.told == {"mail": START}


def test_closing_twice_changes_nothing():
    first = close_rule(firing(), reason=CloseReason.DISABLED, at=START, position=HERE)

    second = close_rule(
        first.instances.values(), reason=CloseReason.DISABLED, at=START, position=HERE
    )

    assert (second.instances, second.transitions) == ({}, ())


def test_signal_that_remembers_begins_anew_without_an_alert_to_close():
    lane = Lane()
    lane.put(signal(A, **{"raise": {"mode": "on_enter"}}))
    lane.send({"price": 1})

    result = close_rule(
        lane.state.instances.values(),
        reason=CloseReason.EDITED,
        at=START,
        position=HERE,
    )

    assert result.transitions == ()
    assert result.instances[1, "MSFT"].is_blank


def edited(old, new):
    instances = firing() if old["kind"] == "state" else []
    return edit_rule(parsed(old), parsed(new), instances, at=START, position=HERE)


def test_edit_of_the_conditions_closes():
    result = edited(state(A), state(B))

    assert [one.kind for one in result.transitions] == [TransitionKind.CLOSED]


def test_edit_of_the_name_changes_nothing():
    result = edited(state(A), state(A, name="Another"))

    assert (result.instances, result.transitions) == ({}, ())


def test_cool_down_ends_with_its_output_and_the_alert_stays_open():
    result = edited(state(A), state(A, outputs=[{"output": "chat"}]))

    instance = result.instances[1, "MSFT"]
    assert instance.is_open
    assert instance.told == {}


def test_cool_down_of_the_feed_survives_every_edit():
    lane = Lane()
    lane.put(signal(A))
    lane.send({"price": 1})

    result = edit_rule(
        parsed(signal(A)),
        parsed(signal(B, outputs=[])),
        lane.state.instances.values(),
        at=START,
        position=HERE,
    )

    assert result.instances[1, "MSFT"].told == {FEED: START}
