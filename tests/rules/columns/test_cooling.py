from datetime import UTC, datetime, timedelta
from random import Random

from hypothesis import given
from hypothesis import strategies as st

from rules.columns import Repeats

START = datetime(2026, 1, 1, tzinfo=UTC)
SECOND = timedelta(seconds=1)


def told(repeats: Repeats, *rules: int, at: datetime = START, seconds: int = 5) -> None:
    """Have true rules told at a time, with a cool-down, and end the stretch."""
    for rule in rules:
        repeats.begin("A", rule)
        quiet = (at - seconds * SECOND, at + seconds * SECOND)
        repeats.keep_quiet("A", rule, quiet if seconds else None)
    repeats.settle()


def asked(repeats: Repeats, second: float, key: str = "A") -> list[int]:
    at = START + second * SECOND
    repeats.wake(key, at)
    return sorted(repeats.asked_at(key, at))


def test_rule_is_asked_when_its_cool_down_is_over_and_not_before():
    repeats = Repeats()
    told(repeats, 3, 1)

    assert asked(repeats, 4) == []
    assert asked(repeats, 9, key="B") == []
    assert asked(repeats, 5) == [1, 3]
    assert asked(repeats, 6) == [1, 3]


def test_rule_told_again_waits_anew():
    repeats = Repeats()
    told(repeats, 1, 2)
    told(repeats, 2, at=START + 3 * SECOND)

    assert asked(repeats, 5) == [1]
    assert asked(repeats, 8) == [1, 2]


def test_rule_without_cool_down_is_always_asked():
    repeats = Repeats()
    told(repeats, 1, seconds=0)

    assert asked(repeats, 0) == [1]


def test_rule_that_is_true_no_more_is_not_asked():
    repeats = Repeats()
    told(repeats, 1, 2)
    repeats.drop(1, "A")

    assert asked(repeats, 5) == [2]
    assert len(repeats) == 1


def test_event_from_before_the_telling_ends_a_cool_down_too():
    repeats = Repeats()
    told(repeats, 1)

    assert asked(repeats, -4) == []
    assert asked(repeats, -5) == [1]


def test_dropped_rule_is_asked_under_no_key():
    repeats = Repeats()
    told(repeats, 1, 2)
    repeats.drop(1, None)
    repeats.settle()

    assert asked(repeats, 9) == [2]


@given(seed=st.integers(0, 2**32))
def test_rules_are_asked_exactly_when_the_engine_would_tell_them(seed):
    random = Random(seed)
    repeats = Repeats()
    last: dict[int, datetime] = {}
    cool_downs = {rule: random.choice([0, 1, 5]) for rule in range(6)}
    at = START
    for _ in range(60):
        at += random.choice([-6, -1, 0, 1, 3]) * SECOND
        repeats.wake("A", at)
        due = {
            rule
            for rule, then in last.items()
            if abs(at - then) >= cool_downs[rule] * SECOND
        }
        assert set(repeats.asked_at("A", at)) == due
        for rule in due | (set(random.sample(range(6), 1)) - last.keys()):
            last[rule] = at
            told(repeats, rule, at=at, seconds=cool_downs[rule])
        for rule in set(random.sample(range(6), 1)) & last.keys():
            repeats.drop(rule, "A")
            repeats.settle()
            del last[rule]
