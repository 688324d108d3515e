"""The runs that are chosen decide all: transitions, instances and counts are the same.

Every random rule of the engine's strategies goes through both programs; so do rules
around wandering values, which fire and end often.
"""

from hypothesis import given, settings
from hypothesis import strategies as st

from rules.engine import Counts
from tests.rules.columns.both_programs import (
    PATHS,
    always,
    never,
    over,
    play,
    values,
)
from tests.rules.engine.lanes import signal, state
from tests.rules.engine.strategies import (
    Put,
    Remove,
    Sent,
    definitions,
    sent,
    workable,
)
from tests.rules.engine.walks import happenings


@PATHS
@given(
    rules=st.lists(definitions, min_size=1, max_size=3),
    history=st.lists(sent, min_size=10, max_size=30),
    reloads=st.sampled_from([never, always]),
    sweeps=st.sampled_from([never, always]),
)
@settings(max_examples=25)
def test_random_rules_decide_the_same_with_columns(
    few, rules, history, reloads, sweeps
):
    put = [Put(rule_id, rule) for rule_id, rule in enumerate(rules, start=1)]

    play([*put, *history], few=few, reloads=reloads, sweeps=sweeps)


@PATHS
@given(random=st.randoms(use_true_random=True))
@settings(max_examples=25)
def test_rules_around_wandering_values_decide_the_same_with_columns(few, random):
    happened = happenings(random, number=100)

    play(
        map(plainly, happened),
        few=few,
        reloads=lambda: random.random() < 0.3,
        sweeps=lambda: random.random() < 0.2,
    )


def plainly(one: Put | Remove | Sent) -> Put | Remove | Sent:
    """Leave out of some rules what keeps them from being followed."""
    if isinstance(one, Put) and one.rule_id % 2:
        terms = {"no_data", "active", "ladder", "recover"}
        plain = {
            name: term for name, term in one.definition.items() if name not in terms
        }
        recover = one.definition.get("recover", {})
        assert isinstance(recover, dict)
        if plain["kind"] == "state" and "hold" in recover:
            plain["recover"] = {"hold": recover["hold"]}
        plain["when"] = over(one.rule_id % 3 - 1, "*")
        return Put(one.rule_id, workable(plain))
    return one


@PATHS
def test_quiet_rule_is_not_stepped(few):
    put = [Put(1, state(over(10))), Put(2, signal(over(20)))]

    _, columns = play([*put, *values(1, 2, 11, 12, 13, 1, 2)], few=few)

    assert columns.stepped == 2
    assert columns.counted(1) == Counts(ran=7, passed=3, failed=4, sent=1)


@PATHS
def test_rule_that_stays_true_is_stepped_when_its_cool_down_is_over(few):
    outputs = [{"output": "mail", "at_most_every": "10s"}]
    put = [Put(1, signal(over(0), outputs=outputs))]

    _, columns = play([*put, *values(*range(1, 31))], few=few)

    assert columns.stepped == 3
    assert columns.counted(1) == Counts(ran=30, passed=30, sent=3)
