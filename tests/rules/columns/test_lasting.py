"""Rules of what has to last run where that begins, ends or is over; all is the same."""

from decimal import Decimal
from random import Random

from hypothesis import given, settings
from hypothesis import strategies as st

from rules.engine import Counts
from tests.rules.columns.both_programs import HOME, PATHS, over, play, values
from tests.rules.columns.random_rules import LEVELS, random_waiting_rule
from tests.rules.engine.lanes import state
from tests.rules.engine.strategies import Put, Sent

FIELDS = ("x", "y", "xy", "xyw", "w")
SPANS = ("0s", "2s", "9s")


def random_living_rule(random: Random) -> dict[str, object]:
    """Write a rule of one key's numbers that says more than when it is true."""
    key = random.choice("*A")
    rule: dict[str, object] = {
        **random_waiting_rule(random),
        "when": random_lines(random, key),
        "raise": {"resolved": random.random() < 0.5},
    }
    recover: dict[str, object] = {"hold": random.choice(SPANS)}
    if random.random() < 0.4:
        # Of several, so that they may lie anywhere.
        recover["when"] = random_lines(random, key, least=2)
    rule["recover"] = recover
    raising: dict[str, object] = {}
    if random.random() < 0.3:
        raising["again_if_moved"] = random.choice([1, Decimal("0.5"), "50%"])
    if random.random() < 0.2:
        raising["remind_every"] = "1m"
    if random.random() < 0.3:
        then = random.choice(["alert", "resolve", "keep"])
        rule["no_data"] = {"after": random.choice(["2s", "9s", "40s"]), "then": then}
    if random.random() < 0.3:
        step = {"when": random_lines(random, key), "is": "critical"}
        rule |= {"severity": "info", "ladder": [step]}
    if random.random() < 0.2:
        del rule["recover"], rule["hold"]
        moved = {"mode": "again_if_moved", "again_if_moved": random.choice([1, "50%"])}
        return {**plain_of(rule), "kind": "signal", "raise": moved}
    return {**rule, "raise": raising}


def plain_of(rule: dict[str, object]) -> dict[str, object]:
    return {name: rule[name] for name in ("name", "when", "outputs") if name in rule}


def random_lines(random: Random, key: str, *, least: int = 1) -> dict[str, object]:
    members = [random_line(random, key) for _ in range(random.randint(least, 2))]
    return {random.choice(["all", "any"]): members}


def random_line(random: Random, key: str) -> dict[str, object]:
    op, value = random.choice(["gt", "gte", "lt", "lte", "ne"]), random.choice(LEVELS)
    return {"fact": f"{HOME}:{key}:{random.choice('xxy')}", "op": op, "value": value}


def random_event(random: Random) -> Sent:
    """Send numbers and nulls, early and late, of which some run no rules."""
    return Sent(
        HOME,
        random.choice("AAB"),
        {name: random.choice([*LEVELS, None]) for name in random.choice(FIELDS)},
        random.choice([-4, 0, 1, 1, 2, 8]),
        raises=random.random() < 0.8,
        moves_facts=random.random() < 0.9,
    )


@PATHS
@given(random=st.randoms(use_true_random=True))
@settings(max_examples=25)
def test_rules_of_what_lasts_decide_the_same_with_columns(few, random):
    put = [Put(rule_id, random_living_rule(random)) for rule_id in range(1, 5)]
    history = [random_event(random) for _ in range(60)]

    play(
        [*put, *history],
        few=few,
        reloads=lambda: random.random() < 0.1,
        sweeps=lambda: random.random() < 0.1,
    )


@PATHS
def test_rule_of_what_lasts_is_stepped_where_that_begins_ends_and_is_over(few):
    rule = state(over(10), hold="4s", recover={"hold": "3s"})
    numbers = [1, 2, *[11] * 9, *[1] * 8]

    engine, columns = play([Put(1, rule), *values(*numbers)], few=few)

    assert [one.kind for one in engine.transitions] == ["opened", "resolved"]
    # Unknown before the first, true, held, false, calm.
    assert columns.stepped <= 6
    assert columns.counted(1) == Counts(ran=19, passed=9, failed=10)
