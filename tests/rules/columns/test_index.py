"""What the index promises at its door, case by case."""

from datetime import UTC, datetime
from decimal import Decimal
from random import Random
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rules.columns import (
    FALSE,
    OPERATORS,
    TRUE,
    UNKNOWN,
    Events,
    Index,
    Place,
    Predicates,
)
from rules.engine import (
    FactValue,
    KeyFacts,
    RuleNotInProgram,
    Specification,
    Subject,
    parse_definition,
)

PATHS = pytest.mark.parametrize("few", [0, 1000], ids=["arrays", "plain"])
SERIES = "DEMO:PRICES"
AT = datetime(2026, 1, 1, tzinfo=UTC)


def rule(when: object) -> Specification:
    return parse_definition(
        {"kind": "signal", "name": "Named", "when": when}, workspace="DEMO"
    )


def over(
    limit: object, *, key: str = "A", op: str = "gt", field: str = "x"
) -> dict[str, object]:
    return {"fact": f"{SERIES}:{key}:{field}", "op": op, "value": limit}


def send(
    index: Index, *values: Any, raises: list[bool] | None = None
) -> list[tuple[int, int, int]]:
    fields = [one if isinstance(one, dict) else {"x": one} for one in values]
    return list(index.flips(Events(SERIES, ["A"] * len(values), fields, raises)))


def facts(**values: int) -> dict[Subject, KeyFacts]:
    return {
        (SERIES, key): KeyFacts(values={"x": FactValue.first(value, AT)})
        for key, value in values.items()
    }


@PATHS
def test_flip_is_told_once_and_not_while_a_rule_stays_true(few):
    index = Index(few=few)
    index.put(7, rule(over(5)))

    assert send(index, 6, 7, 5, 8) == [(0, 7, TRUE), (2, 7, FALSE), (3, 7, TRUE)]
    assert send(index, 9) == []


@PATHS
def test_new_rule_that_is_true_already_is_told_at_its_next_run(few):
    index = Index(few=few)
    index.put(1, rule(over(0)))
    send(index, 6)

    index.put(2, rule(over(5)))

    assert send(index, {"y": 1}, 6, 7) == [(1, 2, TRUE)]


@PATHS
@pytest.mark.parametrize("key", ["A", "*"])
def test_new_rule_learns_the_facts_it_is_given(key, few):
    index = Index(few=few)

    index.put(1, rule(over(5, key=key)), facts(A=6, B=7))

    assert send(index, 6) == [(0, 1, TRUE)]
    assert index.counts(1).ran == 1
    assert send(index, 4) == [(0, 1, FALSE)]


@PATHS
def test_rule_that_has_run_is_not_told_again(few):
    index = Index(few=few)

    index.put(1, rule(over(5)), facts(A=6), has_run=True)

    assert send(index, 6, 4) == [(1, 1, FALSE)]


@PATHS
def test_event_that_runs_nothing_is_told_at_the_next_run(few):
    index = Index(few=few)
    index.put(1, rule(over(5)))

    assert send(index, 4, 6, 7, raises=[True, False, True]) == [
        (0, 1, FALSE),
        (2, 1, TRUE),
    ]
    assert send(index, 3, raises=[False]) == []
    assert send(index, 8) == []
    assert (index.counts(1).ran, index.counts(1).passed) == (3, 2)


@PATHS
def test_rule_is_told_again_after_an_event_that_moved_no_facts(few):
    index = Index(few=few)
    index.put(1, rule(over(5)))
    index.put(2, rule(over(5, field="y")))
    send(index, {"x": 6, "y": 6})

    index.tell_again(SERIES, "A", 1)

    assert send(index, {"x": 6, "y": 6}) == [(0, 1, TRUE)]
    assert send(index, {"x": 6, "y": 6}) == []


@PATHS
def test_edited_rule_forgets_what_it_told_and_counted(few):
    index = Index(few=few)
    index.put(1, rule(over(5)))
    send(index, 6, 7)

    index.put(1, rule(over(6)))

    assert send(index, 7) == [(0, 1, TRUE)]
    assert (index.counts(1).ran, len(index)) == (1, 1)


@PATHS
def test_removed_rule_is_told_no_more(few):
    index = Index(few=few)
    index.put(1, rule(over(5)))
    index.put(2, rule(over(5)))
    send(index, 6)

    index.remove(1)

    assert send(index, 4) == [(0, 2, FALSE)]
    assert 1 not in index
    with pytest.raises(RuleNotInProgram):
        index.remove(1)


@pytest.mark.parametrize(
    "when",
    [
        pytest.param(over("text", op="eq"), id="text"),
        pytest.param({**over(1), "value": {"fact": f"{SERIES}:A:y"}}, id="a fact"),
        pytest.param(over(1, field="x.part"), id="a path into an object"),
        pytest.param({"any": [over(1, key="*"), over(1, key="B")]}, id="* and a key"),
    ],
)
def test_rule_that_cannot_be_followed_is_asked_about_whenever_it_runs(when):
    index = Index()
    index.put(1, rule(when))
    events = Events(SERIES, ["A", "A", "Z"], [{"x": 1}, {"unread": 1}, {"unread": 1}])

    assert index.asked(events) == [(0, 1)]
    assert list(index.flips(events)) == []

    index.remove(1)
    assert index.asked(events) == []


def more_than_conditions(terms: dict[str, object]) -> Specification:
    definition = {"kind": "state", "name": "More", "when": over(1), **terms}
    return parse_definition(definition, workspace="DEMO")


@pytest.mark.parametrize(
    "terms",
    [
        pytest.param({"expires_at": "2030-01-01T00:00:00Z"}, id="an end"),
        pytest.param(
            {"recover": {"when": over(1, field="y", op="lt")}}, id="another field ends"
        ),
        pytest.param(
            {"ladder": [{"when": over(2, op="cross_up"), "is": "critical"}]},
            id="a ladder that remembers",
        ),
        pytest.param({"raise": {"only_new": True}}, id="only what is new"),
    ],
)
def test_rule_that_says_more_than_conditions_is_asked_about(terms):
    index = Index()

    index.put(1, more_than_conditions(terms))

    assert not index.is_followed(1)
    assert index.asked(Events(SERIES, ["A"], [{"x": 1}])) == [(0, 1)]


@pytest.mark.parametrize(
    "terms",
    [
        pytest.param({"hold": "5m", "recover": {"hold": "1m"}}, id="holds"),
        pytest.param({"recover": {"when": over(1, op="lt")}}, id="another recovery"),
        pytest.param({"no_data": {"after": "1h", "then": "alert"}}, id="no data"),
        pytest.param({"raise": {"remind_every": "1h"}}, id="reminders"),
        pytest.param({"ladder": [{"when": over(2), "is": "critical"}]}, id="a ladder"),
    ],
)
def test_rule_that_does_more_once_it_is_true_is_followed(terms):
    index = Index()

    index.put(1, more_than_conditions(terms))

    assert index.is_followed(1)
    assert index.asked(Events(SERIES, ["A"], [{"x": 1}])) == []


def test_rule_over_several_keys_counts_the_runs_of_all():
    index = Index(few=3)
    index.put(1, rule({"all": [over(5, key="A"), over(5, key="B")]}))

    index.flips(Events(SERIES, list("ABAB"), [{"x": n} for n in (6, 6, 7, 1)]))
    index.flips(Events(SERIES, list("BB"), [{"x": n} for n in (6, 6)]))

    found = index.counts(1)
    assert (found.ran, found.passed, found.unknown) == (6, 4, 1)


@PATHS
@given(seed=st.integers(0, 2**32))
@settings(max_examples=25)
def test_rules_loaded_from_a_table_are_the_rules_put_one_by_one(seed, few):
    random = Random(seed)
    keys = ("A", "B", None, "unused")
    places = [Place(SERIES, key, field) for key in keys for field in "xy"]
    written = []
    for number in range(1, 30):
        subject = random.choice([0, 2, 4])
        size = random.choice([1, 1, 2, 3])
        is_all = random.random() < 0.5
        for _ in range(size):
            op = random.randrange(4)
            limit = random.choice([-1, 0, 0.1, 1, 2.5])
            written.append((number, subject + random.randrange(2), op, limit, is_all))
    loaded, put = Index(few=few), Index(few=few)
    columns = list(zip(*written, strict=True))
    loaded.load(
        Predicates(
            places,
            np.array(columns[0]),
            np.array(columns[1], np.int32),
            np.array(columns[2], np.int8),
            np.array(columns[3], np.float64),
            np.array(columns[4], bool),
        )
    )
    for number in range(1, 30):
        own = [one for one in written if one[0] == number]
        members = [
            over(
                Decimal(str(limit)),
                key=places[place].key or "*",
                op=OPERATORS[op],
                field=places[place].field,
            )
            for _, place, op, limit, _ in own
        ]
        put.put(number, rule({"all" if own[0][4] else "any": members}))

    for _ in range(4):
        values = [-1, 0, 0.1, 1, 2, 3, None]
        fields = [
            {"x": random.choice(values), "y": random.choice(values)} for _ in "123"
        ]
        events = Events(SERIES, random.choices(["A", "B", "C", "unused"], k=3), fields)
        assert list(loaded.flips(events)) == list(put.flips(events))
        gone = random.randrange(1, 30)
        if gone in put:
            loaded.remove(gone)
            put.remove(gone)
    assert all(loaded.counts(n) == put.counts(n) for n in range(1, 30) if n in put)


@PATHS
def test_learnt_facts_are_told_of_nowhere(few):
    index = Index(few=few)
    index.put(1, rule(over(5)))

    index.learn(Events(SERIES, ["A", "B"], [{"x": 6}, {"x": None}]))

    assert send(index, 6) == []
    assert send(index, None) == [(0, 1, UNKNOWN)]
    assert index.counts(1).ran == 2
