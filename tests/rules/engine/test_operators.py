"""What every operator answers: tables of cases, each with a name."""

from decimal import Decimal
from zoneinfo import ZoneInfo

import pytest

from rules.engine import OPERATORS, Counts, Operand, Series, Value
from rules.engine.program import Program
from tests.rules.engine.lanes import Lane, signal
from tests.rules.engine.moving import MOVING, F, T, U

X = "CORE:STOCK:MSFT:x"
Y = "CORE:STOCK:MSFT:y"
NEW_YORK = "America/New_York"


def asked(condition, *values, **lane):
    """Send the values of x one by one; give what the rule said of each."""
    one = Lane(**lane)
    one.put(signal({"fact": X, **condition}))
    told = []
    for second, value in enumerate(values):
        before = one.counts.get(1, Counts())
        one.send({"x": value}, second=second)
        now = one.counts.get(1, Counts())
        if now.passed > before.passed:
            told.append(T)
        else:
            told.append(U if now.unknown > before.unknown else F)
    return told


STATIC = {
    "inside": ({"op": "between", "value": [1, 3]}, 2, T),
    "on-the-lower-end": ({"op": "between", "value": [1, 3]}, Decimal("1.0"), T),
    "on-the-upper-end": ({"op": "between", "value": [1, 3]}, 3, T),
    "below-the-range": ({"op": "between", "value": [1, 3]}, Decimal("0.99"), F),
    "range-of-a-text": ({"op": "between", "value": [1, 3]}, "2", U),
    "range-of-null": ({"op": "between", "value": [1, 3]}, None, U),
    "range-of-one-number": ({"op": "between", "value": [2, 2]}, 2, T),
    "outside-above": ({"op": "outside", "value": [1, 3]}, 4, T),
    "outside-on-an-end": ({"op": "outside", "value": [1, 3]}, 3, F),
    "outside-of-null": ({"op": "outside", "value": [1, 3]}, None, U),
    "time-inside": (
        {"op": "between", "value": ["2026-01-01", "2026-02-01"]},
        "2026-01-31T23:00:00Z",
        T,
    ),
    "time-past-the-end": (
        {"op": "between", "value": ["2026-01-01", "2026-02-01"]},
        "2026-02-01T00:00:01Z",
        F,
    ),
    "no-time-inside": (
        {"op": "between", "value": ["2026-01-01", "2026-02-01"]},
        "soon",
        U,
    ),
    "one-of-numbers": ({"op": "in", "value": [1, 2]}, Decimal("2.0"), T),
    "none-of-numbers": ({"op": "in", "value": [1, 2]}, 3, F),
    "one-of-against-a-text": ({"op": "in", "value": [1, 2]}, "1", U),
    "one-of-against-true": ({"op": "in", "value": [1, 2]}, True, U),
    "one-of-texts": ({"op": "in", "value": ["a", "b"]}, "b", T),
    "one-of-minds-case": ({"op": "in", "value": ["a", "b"]}, "B", F),
    "one-of-in-any-case": (
        {"op": "in", "value": ["Straße"], "ignore_case": True},
        "STRASSE",
        T,
    ),
    "not-one-of": ({"op": "nin", "value": ["a"]}, "b", T),
    "not-none-of": ({"op": "nin", "value": ["a"]}, "a", F),
    "null-is-not-none-of": ({"op": "nin", "value": ["a"]}, None, U),
    "equal-in-any-case": (
        {"op": "eq", "value": "HALT", "ignore_case": True},
        "halt",
        T,
    ),
    "other-in-any-case": (
        {"op": "ne", "value": "HALT", "ignore_case": True},
        "halt",
        F,
    ),
    "contains-a-part": ({"op": "contains", "value": "alt"}, "halted", T),
    "contains-minds-case": ({"op": "contains", "value": "ALT"}, "halted", F),
    "contains-in-any-case": (
        {"op": "contains", "value": "ALT", "ignore_case": True},
        "halted",
        T,
    ),
    "contains-nothing": ({"op": "contains", "value": ""}, "halted", T),
    "number-contains-nothing": ({"op": "contains", "value": "1"}, 11, U),
    "list-contains": ({"op": "contains", "value": "b"}, ["a", "b"], T),
    "list-contains-no-part": ({"op": "contains", "value": "b"}, ["abc"], F),
    "list-does-not-convert": ({"op": "contains", "value": "1"}, [1], F),
    "list-without": ({"op": "not_contains", "value": "b"}, ["a"], T),
    "text-without": ({"op": "not_contains", "value": "b"}, "abc", F),
    "null-without": ({"op": "not_contains", "value": "b"}, None, U),
    "starts": ({"op": "starts_with", "value": "ha"}, "halted", T),
    "starts-otherwise": ({"op": "starts_with", "value": "al"}, "halted", F),
    "ends": ({"op": "ends_with", "value": "ed"}, "halted", T),
    "ends-otherwise": ({"op": "ends_with", "value": "al"}, "halted", F),
    "is-longer-than-the-text": ({"op": "ends_with", "value": "halted!"}, "halted", F),
    "matches": ({"op": "matches", "value": "^h.*d$"}, "halted", T),
    "matches-somewhere": ({"op": "matches", "value": "l+"}, "hello", T),
    "matches-not": ({"op": "matches", "value": "^l"}, "hello", F),
    "matches-in-any-case": (
        {"op": "matches", "value": "^H", "ignore_case": True},
        "hello",
        T,
    ),
    "number-matches-nothing": ({"op": "matches", "value": "1"}, 1, U),
    "empty-text": ({"op": "empty"}, "", T),
    "blank-is-not-empty": ({"op": "empty"}, " ", F),
    "empty-list": ({"op": "empty"}, [], T),
    "empty-object": ({"op": "empty"}, {}, T),
    "null-is-not-empty": ({"op": "empty"}, None, U),
    "zero-is-not-empty": ({"op": "empty"}, 0, U),
    "something": ({"op": "not_empty"}, [None], T),
    "nothing": ({"op": "not_empty"}, "", F),
    "any-item": ({"op": "contains_any", "value": ["a", "c"]}, ["c", "d"], T),
    "no-item-of-any": ({"op": "contains_any", "value": ["a"]}, ["c"], F),
    "all-items": ({"op": "contains_all", "value": [1, 2]}, [2, Decimal("1.0"), 3], T),
    "one-item-short": ({"op": "contains_all", "value": [1, 2]}, [2], F),
    "no-items": ({"op": "contains_none", "value": [1, 2]}, [3], T),
    "an-item-too-many": ({"op": "contains_none", "value": [1, 2]}, [2], F),
    "text-has-no-items": ({"op": "contains_any", "value": ["a"]}, "abc", U),
    "enough-items": ({"op": "has_at_least", "value": 2}, [1, 1], T),
    "too-few-items": ({"op": "has_at_least", "value": 2}, [1], F),
    "enough-members": ({"op": "has_at_least", "value": 1}, {"a": None}, T),
    "text-has-no-number-of-items": ({"op": "has_at_least", "value": 1}, "abc", U),
    "member": ({"op": "has_key", "value": "a"}, {"a": None}, T),
    "no-member": ({"op": "has_key", "value": "b"}, {"a": 1}, F),
    "list-has-no-members": ({"op": "has_key", "value": "a"}, ["a"], U),
    "null-is-missing": ({"op": "is_missing"}, None, T),
    "zero-is-not-missing": ({"op": "is_missing"}, 0, F),
    "empty-text-is-present": ({"op": "is_present"}, "", T),
    "null-is-not-present": ({"op": "is_present"}, None, F),
    "null-is-not-absent": ({"op": "is_absent"}, None, F),
    "before": ({"op": "before", "value": "2026-01-02"}, "2026-01-01T23:59:59Z", T),
    "not-before-itself": (
        {"op": "before", "value": "2026-01-02"},
        "2026-01-02T00:00:00Z",
        F,
    ),
    "after": ({"op": "after", "value": "2026-01-02T00:00:00Z"}, "2026-01-03", T),
    "not-after": ({"op": "after", "value": "2026-01-02T00:00:00Z"}, "2026-01-02", F),
    "offset-counts": (
        {"op": "before", "value": "2026-01-02T00:00:00Z"},
        "2026-01-02T00:30:00+01:00",
        T,
    ),
    "no-time-before": ({"op": "before", "value": "2026-01-02"}, "later", U),
    "number-before": ({"op": "before", "value": "2026-01-02"}, 5, U),
    "within-the-last": (
        {"op": "within_last", "value": "1h"},
        "2026-03-02T13:30:01Z",
        T,
    ),
    "an-hour-ago-is-past": (
        {"op": "within_last", "value": "1h"},
        "2026-03-02T13:30:00Z",
        F,
    ),
    "what-is-to-come-is-not-within": (
        {"op": "within_last", "value": "1h"},
        "2026-03-02T14:30:01Z",
        F,
    ),
    "longer-ago": ({"op": "more_than_ago", "value": "1d"}, "2026-03-01T14:29:59Z", T),
    "not-longer-ago": (
        {"op": "more_than_ago", "value": "1d"},
        "2026-03-01T14:30:00Z",
        F,
    ),
    "on-the-day": ({"op": "day_of_week", "value": ["mon"]}, "2026-03-02", T),
    "on-another-day": ({"op": "day_of_week", "value": ["tue", "sun"]}, "2026-03-02", F),
    "day-of-its-zone": (
        {"op": "day_of_week", "value": ["sun"], "zone": NEW_YORK},
        "2026-03-02T04:59:00Z",
        T,
    ),
    "in-the-hours": (
        {"op": "time_of_day", "value": ["09:30", "16:00"], "zone": NEW_YORK},
        "2026-03-02T14:30:00Z",
        T,
    ),
    "past-the-hours": (
        {"op": "time_of_day", "value": ["09:30", "16:00"], "zone": NEW_YORK},
        "2026-03-02T21:00:00Z",
        F,
    ),
    "past-midnight": (
        {"op": "time_of_day", "value": ["22:00", "06:00"]},
        "2026-03-02T05:59:59Z",
        T,
    ),
    "not-past-midnight": (
        {"op": "time_of_day", "value": ["22:00", "06:00"]},
        "2026-03-02T12:00:00Z",
        F,
    ),
}


@pytest.mark.parametrize(
    ("condition", "value", "truth"), STATIC.values(), ids=STATIC.keys()
)
def test_operator_answers_of_one_value(condition, value, truth):
    assert asked(condition, value) == [truth]


@pytest.mark.parametrize(
    ("condition", "values", "truths"), MOVING.values(), ids=MOVING.keys()
)
def test_operator_answers_of_values_in_turn(condition, values, truths):
    assert asked(condition, *values) == truths


def test_event_that_does_not_carry_a_fact_moves_nothing():
    lane = Lane()
    lane.put(
        signal({"any": [{"fact": X, "op": "cross_up", "value": 10}, watches("y")]})
    )
    lane.send({"x": 9})
    assert lane.send({"x": 11})

    assert not lane.send({"y": 1}, second=1)


def watches(field):
    """Let events that carry a field run the rule, and never be true."""
    return {"fact": f"CORE:STOCK:MSFT:{field}", "op": "eq", "value": "never"}


def test_event_that_does_not_carry_a_fact_is_said_to():
    lane = Lane()
    lane.put(signal({"any": [{"fact": X, "op": "is_absent"}, watches("y")]}))

    assert not lane.send({"x": 1, "y": 1})
    assert lane.send({"y": 1}, second=1)


class TestAgainstAnotherFact:
    """A fact, times a factor, plus an offset, on the right side."""

    def test_factor_and_offset_are_reckoned(self):
        other = {"fact": Y, "times": Decimal("1.05"), "plus": -1}
        lane = Lane()
        lane.put(signal({"fact": X, "op": "gt", "value": other}))

        assert not lane.send({"x": Decimal(20), "y": 20})
        assert lane.send({"x": Decimal("20.01"), "y": 20}, second=1)

    def test_text_times_two_is_unknown(self):
        lane = Lane()
        lane.put(signal({"fact": X, "op": "ne", "value": {"fact": Y, "times": 2}}))

        lane.send({"x": 1, "y": "1"})

        assert lane.counts[1].unknown == 1

    def test_two_averages_cross(self):
        lane = Lane()
        lane.put(signal({"fact": X, "op": "cross_up", "value": {"fact": Y}}))
        told = [
            bool(lane.send({"x": x, "y": y}, second=second))
            for second, (x, y) in enumerate([(1, 2), (2, 2), (3, 2), (3, 4), (5, 4)])
        ]

        assert told == [False, False, True, False, True]

    def test_side_outlives_the_move_of_a_fact_that_runs_nothing(self):
        lane = Lane()
        spy = {"fact": "CORE:STOCK:SPY:x"}
        lane.put(signal({"fact": "CORE:STOCK:*:x", "op": "cross_down", "value": spy}))
        lane.send({"x": 100}, key="SPY")
        lane.send({"x": 105})
        lane.send({"x": 110}, key="SPY", second=1)

        assert lane.send({"x": 105}, second=2)

    def test_part_of_an_object_crosses_by_itself(self):
        lane = Lane()
        lane.put(
            signal({"fact": "CORE:STOCK:MSFT:q.bid", "op": "cross_up", "value": 10})
        )
        quotes: list[dict[str, Value]] = [
            {"bid": 9},
            {"bid": 10, "ask": 1},
            {"bid": 10, "ask": 2},
            {"bid": 11},
        ]

        told = [
            bool(lane.send({"q": quote}, second=n)) for n, quote in enumerate(quotes)
        ]

        assert told == [False, False, False, True]


def test_naive_time_is_read_in_the_datasets_zone():
    program = Program({"CORE:STOCK": Series(zone=ZoneInfo(NEW_YORK))})
    condition = {"op": "after", "value": "2026-03-02T14:00:00Z"}

    assert asked(condition, "2026-03-02T09:30:00", program=program) == [T]


@pytest.mark.parametrize("name", [one for one in OPERATORS if one != "is_absent"])
def test_null_is_unknown_to_all_but_presence(name):
    operator = OPERATORS[name]
    said = asked(example_of(operator), None)

    known = {"is_missing": [T], "is_present": [F], "silent": [F]}
    assert said == known.get(name, [U])


def example_of(operator):
    """Give a condition with an operator that may stand anywhere."""
    within: dict[str, object] = {"within": "1h"} if operator.extends else {}
    if operator.deviates:
        within = {"over": {"last": 5}}
    return {"op": operator.id, **EXAMPLES[operator.operand], **within}


EXAMPLES: dict[Operand, dict[str, object]] = {
    Operand.NOTHING: {},
    Operand.VALUE: {"value": "a"},
    Operand.VALUE_OR_FACT: {"value": 1},
    Operand.RANGE: {"value": [1, 2]},
    Operand.VALUES: {"value": ["a"]},
    Operand.PATTERN: {"value": "a"},
    Operand.AMOUNT: {"by": 1},
    Operand.SPAN: {"value": "1h"},
    Operand.COUNT: {"value": 1},
    Operand.NAME: {"value": "a"},
    Operand.TIME: {"value": "2026-01-01"},
    Operand.DAYS: {"value": ["mon"]},
    Operand.HOURS: {"value": ["09:00", "10:00"]},
    Operand.SCORES: {"value": 3},
}
