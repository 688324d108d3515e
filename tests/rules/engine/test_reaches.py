"""The nearest miss of conditions on the past, and of lists: applied, it is true."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rules.engine import (
    ConditionVerdict,
    Event,
    KeyFacts,
    NearestMiss,
    Position,
    Specification,
    Value,
    Verdict,
    judge_event,
    nearest_miss,
)
from tests.rules.engine.lanes import START, parsed, signal
from tests.rules.engine.test_misses import comparisons, facts, moved, numbers, trees

PRICE = "CORE:STOCK:*:x"
LEVEL = "CORE:STOCK:*:y"
SUBJECT = ("CORE:STOCK", "MSFT")
few = st.integers(-3, 3) | st.sampled_from([Decimal("0.5"), Decimal("-2.50")])
moves = st.one_of(
    st.fixed_dictionaries(
        {
            "fact": facts,
            "op": st.sampled_from(["cross_up", "cross_down", "cross"]),
            "value": few | st.fixed_dictionaries({"fact": facts}),
        }
    ),
    st.fixed_dictionaries(
        {
            "fact": facts,
            "op": st.sampled_from(["rise", "fall", "change"]),
            "by": st.sampled_from([1, Decimal("0.5"), "10%", "0.125%"]),
        }
    ),
    st.fixed_dictionaries({"fact": facts, "op": st.just("changed")}),
    st.fixed_dictionaries({"fact": facts, "op": st.just("changed_to"), "value": few}),
    st.fixed_dictionaries(
        {
            "fact": facts,
            "op": st.sampled_from(["in", "nin"]),
            "value": st.lists(few, min_size=1, max_size=4),
        }
    ),
)
values = few | few | st.none() | st.just("text")
events = st.lists(
    st.dictionaries(st.sampled_from("xyz"), values), min_size=1, max_size=5
)


def as_event(fields: Mapping[str, Value], number: int) -> Event:
    return Event(
        series="CORE:STOCK",
        key="MSFT",
        fields=fields,
        at=START + timedelta(seconds=number),
        position=Position(number, 0),
    )


def judged(spec: Specification, happened: Sequence[Mapping[str, Value]]) -> Verdict:
    """Judge the last event over the facts that those before it left."""
    known = KeyFacts()
    *past, last = enumerate(happened, start=1)
    for number, fields in past:
        known = known.take_in(as_event(fields, number))
    event = as_event(last[1], last[0])
    return judge_event(spec, {SUBJECT: known}, event, key="MSFT", series={})


def miss_of(
    when: dict[str, Any], happened: Sequence[Mapping[str, Value]]
) -> tuple[Specification, NearestMiss]:
    spec = parsed(signal(when))
    miss = nearest_miss(judged(spec, happened), {})
    assert miss is not None
    return spec, miss


@given(trees(moves | comparisons(few), "all", "any", "not"), events)
def test_applying_the_nearest_miss_makes_the_verdict_true(
    when: dict[str, Any], happened: list[dict[str, Value]]
) -> None:
    spec = parsed(signal(when))
    miss = nearest_miss(judged(spec, happened), {})

    assert (miss is None) is (judged(spec, happened).truth is True)
    if miss is not None and miss.misses:
        *past, last = happened
        assert judged(spec, [*past, moved(miss, last)]).truth is True


@given(moves, st.lists(st.fixed_dictionaries(dict.fromkeys("xyz", few)), min_size=2))
def test_miss_is_found_wherever_a_number_would_do(
    when: dict[str, Any], happened: list[dict[str, Value]]
) -> None:
    spec = parsed(signal(when))
    *past, last = happened
    miss = nearest_miss(judged(spec, happened), {})
    if miss is None or miss.misses:
        return
    (_, condition), *_ = spec.conditions()
    name = condition.fact.root
    tried = [Decimal(quarter) / 4 for quarter in range(-40, 41)]

    assert not [
        number
        for number in tried
        if judged(spec, [*past, {**last, name: number}]).truth is True
        and len(condition.facts) == 1
    ]


STUCK = "No number alone would make it true:"
SENTENCES = {
    "list": (
        {"fact": PRICE, "op": "in", "value": [1, 5, 9]},
        [{"x": 6}],
        "Fires with x at 5, was 6.",
    ),
    "outside of a list": (
        {"fact": PRICE, "op": "nin", "value": [1, 5, 9]},
        [{"x": 5}],
        "Fires with x below 5, was 5.",
    ),
    "crossing": (
        {"fact": PRICE, "op": "cross_up", "value": 10},
        [{"x": 9}, {"x": 10}],
        "Fires with x above 10, was 10.",
    ),
    "crossing from the wrong side": (
        {"fact": PRICE, "op": "cross_up", "value": 10},
        [{"x": 11}, {"x": 12}],
        f"{STUCK} x went from 11 to 12, not crossing above 10.",
    ),
    "crossing either way": (
        {"fact": PRICE, "op": "cross", "value": 10},
        [{"x": 11}, {"x": Decimal("10.50")}],
        "Fires with x below 10, was 10.50.",
    ),
    "rise": (
        {"fact": PRICE, "op": "rise", "by": "2.5%"},
        [{"x": 400}, {"x": 405}],
        "Fires with x at or above 410, was 405.",
    ),
    "rise of exact digits": (
        {"fact": PRICE, "op": "rise", "by": "0.1%"},
        [{"x": Decimal("0.03")}, {"x": Decimal("0.03")}],
        "Fires with x at or above 0.03003, was 0.03.",
    ),
    "change, the nearer way": (
        {"fact": PRICE, "op": "change", "by": 5},
        [{"x": 400}, {"x": 398}],
        "Fires with x at or below 395, was 398.",
    ),
    "share of nothing": (
        {"fact": PRICE, "op": "rise", "by": "1%"},
        [{"x": 0}, {"x": 4}],
        f"{STUCK} x was 0, of which no 1 % can be told.",
    ),
    "changed": (
        {"fact": PRICE, "op": "changed"},
        [{"x": 4}, {"x": 4}],
        "Fires with x below 4, was 4.",
    ),
    "changed to": (
        {"fact": PRICE, "op": "changed_to", "value": 7},
        [{"x": 4}, {"x": 5}],
        "Fires with x at 7, was 5.",
    ),
    "changed to what it was": (
        {"fact": PRICE, "op": "changed_to", "value": 7},
        [{"x": 7}, {"x": 5}],
        f"{STUCK} x went from 7 to 5, not changed to 7.",
    ),
    "not a crossing": (
        {"not": {"fact": PRICE, "op": "cross_up", "value": 10}},
        [{"x": 9}, {"x": 12}],
        "Fires with x at or below 10, was 12.",
    ),
}


@pytest.mark.parametrize(
    ("when", "happened", "sentence"), SENTENCES.values(), ids=SENTENCES
)
def test_miss_says(
    when: dict[str, Any], happened: list[dict[str, Value]], sentence: str
) -> None:
    assert miss_of(when, happened)[1].sentence == sentence


def test_fact_that_moves_takes_a_level_with_it() -> None:
    """y must move for the comparison, and x crosses y."""
    when = {
        "all": [
            {"fact": LEVEL, "op": "lte", "value": 5},
            {"fact": PRICE, "op": "cross_up", "value": {"fact": LEVEL}},
        ]
    }
    happened: list[dict[str, Value]] = [{"x": 4, "y": 8}, {"x": 6, "y": 8}]

    spec, miss = miss_of(when, happened)

    assert {one.path.root for one in miss.misses} <= {"x", "y"}
    if miss.misses:
        assert judged(spec, [happened[0], moved(miss, happened[1])]).truth is True


@pytest.mark.parametrize(
    ("happened", "side"),
    [([11, 12], "above"), ([9, 10, 10], "below"), ([11], None), ([9, None], "below")],
)
def test_verdict_tells_the_side_it_came_from(
    happened: list[Value], side: str | None
) -> None:
    spec = parsed(signal({"fact": PRICE, "op": "cross", "value": 10}))

    verdict = judged(spec, [{"x": value} for value in happened])

    assert isinstance(verdict, ConditionVerdict)
    assert (verdict.side, verdict.to_json()["side"]) == (side, side)


@given(numbers)
def test_other_operators_have_no_side(number: int | Decimal) -> None:
    spec = parsed(signal({"fact": PRICE, "op": "gt", "value": 10}))

    verdict = judged(spec, [{"x": number}])

    assert "side" not in verdict.to_json()
