from datetime import UTC, datetime, timedelta
from random import Random

from hypothesis import given
from hypothesis import strategies as st

from rules.columns import CoolDowns

START = datetime(2026, 1, 1, tzinfo=UTC)
SECOND = timedelta(seconds=1)
ONE, OTHER = ("CORE:STOCK", "A"), ("CORE:STOCK", "B")


def test_rule_is_due_when_its_cool_down_is_over_and_not_before():
    waiting = CoolDowns()
    waiting.wait(ONE, [3, 1], at=START, cool_down=5 * SECOND)

    assert waiting.due(ONE, START + 4 * SECOND) == []
    assert waiting.due(OTHER, START + 9 * SECOND) == []
    assert waiting.due(ONE, START + 5 * SECOND) == [1, 3]
    assert waiting.due(ONE, START + 6 * SECOND) == []


def test_rule_told_again_waits_anew():
    waiting = CoolDowns()
    waiting.wait(ONE, [1, 2], at=START, cool_down=5 * SECOND)
    waiting.wait(ONE, [2], at=START + 3 * SECOND, cool_down=5 * SECOND)

    assert waiting.due(ONE, START + 5 * SECOND) == [1]
    assert waiting.due(ONE, START + 8 * SECOND) == [2]


def test_rule_that_stopped_is_not_due():
    waiting = CoolDowns()
    waiting.wait(ONE, [1, 2], at=START, cool_down=SECOND)
    waiting.stop(ONE, [1])

    assert waiting.due(ONE, START + SECOND) == [2]
    assert len(waiting) == 0


def test_event_from_before_the_telling_ends_a_cool_down_too():
    waiting = CoolDowns()
    waiting.wait(ONE, [1], at=START, cool_down=5 * SECOND)

    assert waiting.due(ONE, START - 4 * SECOND) == []
    assert waiting.due(ONE, START - 5 * SECOND) == [1]


@given(seed=st.integers(0, 2**32))
def test_rules_are_due_exactly_when_the_engine_would_tell_them(seed):
    random = Random(seed)
    waiting = CoolDowns()
    last: dict[int, datetime] = {}
    cool_downs = {rule: random.choice([0, 1, 5]) * SECOND for rule in range(6)}
    at = START
    for _ in range(60):
        at += random.choice([-6, -1, 0, 1, 3]) * SECOND
        due = waiting.due(ONE, at)
        told = {
            rule for rule, then in last.items() if abs(at - then) >= cool_downs[rule]
        }
        assert due == sorted(told)
        turned_true = set(random.sample(range(6), 1)) - last.keys()
        for rule in told | turned_true:
            last[rule] = at
        for cool_down in set(cool_downs.values()):
            chunk = [
                rule
                for rule in sorted(told | turned_true)
                if cool_downs[rule] == cool_down
            ]
            if chunk:
                waiting.wait(ONE, chunk, at=at, cool_down=cool_down)
        for rule in set(random.sample(range(6), 1)) & last.keys():
            waiting.stop(ONE, [rule])
            del last[rule]
