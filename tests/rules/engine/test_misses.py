"""The nearest miss: what would have made a verdict true, and that it does."""

from collections.abc import Mapping
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rules.engine import (
    Event,
    FactPath,
    NearestMiss,
    Position,
    Series,
    Specification,
    Value,
    Verdict,
    judge_event,
    nearest_miss,
)
from tests.rules.engine.lanes import START, parsed, signal

FIELDS = ("x", "y", "z")
numbers: st.SearchStrategy[int | Decimal] = st.one_of(
    st.integers(-20, 20),
    st.decimals(-20, 20, places=2),
    st.sampled_from([Decimal("1E+1"), Decimal("0.000001"), 10**30]),
)
facts = st.sampled_from([f"CORE:STOCK:*:{field}" for field in FIELDS])
other_facts = st.builds(
    lambda fact, times, plus: {"fact": fact, "times": times, "plus": plus},
    facts,
    st.sampled_from([1, Decimal("1.05"), -2]),
    st.integers(-3, 3),
)
ranges = st.lists(numbers, min_size=2, max_size=2, unique=True).map(
    lambda ends: [min(ends), max(ends)]
)


def comparisons(right: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    """Compare one of the facts with a number, or see whether a range holds it."""
    return st.fixed_dictionaries(
        {
            "fact": facts,
            "op": st.sampled_from(["gt", "gte", "lt", "lte", "eq", "ne"]),
            "value": right,
        }
    ) | st.fixed_dictionaries(
        {
            "fact": facts,
            "op": st.sampled_from(["between", "outside"]),
            "value": ranges,
        }
    )


def trees(
    leaves: st.SearchStrategy[Any], *groups: str
) -> st.SearchStrategy[dict[str, Any]]:
    """Nest conditions in groups of these kinds, one level in another."""

    def grow(inside: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
        several = st.lists(inside, min_size=1, max_size=3)
        return st.one_of(
            *(
                st.fixed_dictionaries({kind: inside if kind == "not" else several})
                for kind in groups
            )
        )

    return st.recursive(leaves, grow, max_leaves=6)


values = st.fixed_dictionaries(dict.fromkeys(FIELDS, numbers))
gappy_values = st.fixed_dictionaries(
    dict.fromkeys(FIELDS, numbers | numbers | st.sampled_from([None, "text"]))
)


def judged(spec: Specification, fields: Mapping[str, Value]) -> Verdict:
    event = Event(
        series="CORE:STOCK",
        key="MSFT",
        fields=fields,
        at=START,
        position=Position(1, 0),
    )
    return judge_event(spec, {}, event, key="MSFT", series={})


def found_miss(
    when: dict[str, Any], fields: Mapping[str, Value]
) -> tuple[Specification, NearestMiss | None]:
    spec = parsed(signal(when))
    return spec, nearest_miss(judged(spec, fields), {})


def moved(miss: NearestMiss, fields: Mapping[str, Value]) -> dict[str, Value]:
    """Set in an event what the miss says."""
    return {**fields, **{one.path.root: one.value for one in miss.misses}}


@given(trees(comparisons(numbers | other_facts), "all", "any", "not"), gappy_values)
def test_applying_the_nearest_miss_makes_the_verdict_true(
    when: dict[str, Any], fields: dict[str, Value]
) -> None:
    spec, miss = found_miss(when, fields)

    assert (miss is None) is (judged(spec, fields).truth is True)
    if miss is not None and miss.misses:
        assert judged(spec, moved(miss, fields)).truth is True
    if miss is not None:
        assert miss.sentence


@given(trees(comparisons(numbers), "any"), values)
def test_there_is_always_one_where_any_number_will_do(
    when: dict[str, Any], fields: dict[str, Value]
) -> None:
    spec, miss = found_miss(when, fields)

    assert miss is None or len(miss.misses) == 1
    assert (miss is None) is (judged(spec, fields).truth is True)


@given(comparisons(numbers), values, st.integers(1, 9))
def test_nothing_on_the_way_to_it_is_enough(
    when: dict[str, Any], fields: dict[str, Value], tenths: int
) -> None:
    """Short of the last digit written, where an end does not count itself."""
    spec, miss = found_miss(when, fields)
    if miss is None or " at " not in miss.sentence:
        return
    (one,) = miss.misses
    share = (Decimal(one.value) - Decimal(one.found)) * tenths / 10
    on_the_way = {**fields, one.path.root: Decimal(one.found) + share}

    assert judged(spec, on_the_way).truth is False


PRICE, VOLUME = "CORE:STOCK:*:price", "CORE:STOCK:*:volume"
STATE = "CORE:STOCK:*:state"
SENTENCES = {
    "at or below": (
        {"fact": PRICE, "op": "lte", "value": Decimal("310.00")},
        "Fires with price at or below 310.00, was 310.42.",
    ),
    "below": (
        {"fact": PRICE, "op": "lt", "value": 310},
        "Fires with price below 310, was 310.42.",
    ),
    "exactly": (
        {"fact": PRICE, "op": "eq", "value": 311},
        "Fires with price at 311, was 310.42.",
    ),
    "nearer end of a range": (
        {"fact": PRICE, "op": "between", "value": [200, 300]},
        "Fires with price at or below 300, was 310.42.",
    ),
    "nearer side outside a range": (
        {"fact": PRICE, "op": "outside", "value": [300, 400]},
        "Fires with price below 300, was 310.42.",
    ),
    "every failing one of all": (
        {
            "all": [
                {"fact": PRICE, "op": "lt", "value": 310},
                {"fact": VOLUME, "op": "gte", "value": 50},
                {"fact": VOLUME, "op": "lt", "value": 60},
            ]
        },
        "Fires with price below 310, was 310.42 and volume at or above 50, was 40.",
    ),
    "relatively nearest of any": (
        {
            "any": [
                {"fact": VOLUME, "op": "gte", "value": 50},
                {"fact": PRICE, "op": "gte", "value": 330},
            ]
        },
        "Fires with price at or above 330, was 310.42.",
    ),
    "not": (
        {"not": {"fact": PRICE, "op": "gte", "value": 310}},
        "Fires with price below 310, was 310.42.",
    ),
    "other fact": (
        {"fact": PRICE, "op": "lt", "value": {"fact": VOLUME, "times": 2}},
        "Fires with price below 80, was 310.42.",
    ),
    "text in the way": (
        {
            "all": [
                {"fact": PRICE, "op": "lt", "value": 310},
                {"fact": STATE, "op": "eq", "value": "open"},
            ]
        },
        'No number alone would make it true: state is "halted", not equal to "open".',
    ),
    "unknown in the way": (
        {"fact": "CORE:STOCK:*:yield", "op": "lt", "value": 3},
        "No number alone would make it true: yield has no value.",
    ),
    "contradiction": (
        {
            "all": [
                {"fact": PRICE, "op": "lt", "value": 3},
                {"fact": PRICE, "op": "gt", "value": 5},
            ]
        },
        "No values of the facts on its left sides were found to make it true.",
    ),
    "asked of itself": (
        {"fact": PRICE, "op": "gt", "value": {"fact": PRICE, "plus": 1}},
        "No values of the facts on its left sides were found to make it true.",
    ),
}


@pytest.mark.parametrize(("when", "sentence"), SENTENCES.values(), ids=SENTENCES)
def test_miss_says(when: dict[str, Any], sentence: str) -> None:
    fields: dict[str, Value] = {
        "price": Decimal("310.42"),
        "volume": 40,
        "state": "halted",
    }

    _, miss = found_miss(when, fields)

    assert miss is not None
    assert miss.sentence == sentence


@pytest.mark.parametrize(
    ("op", "wanted", "found", "value"),
    [
        ("gt", 310, 300, 311),
        ("gt", 310, Decimal("309.98"), Decimal("310.01")),
        ("lt", Decimal("0.5"), 1, Decimal("0.4")),
        ("gt", Decimal("1E+1"), 3, 11),
        ("ne", 5, 5, 4),
    ],
)
def test_beyond_an_end_is_the_last_digit_written(
    op: str, wanted: Value, found: Value, value: Value
) -> None:
    _, miss = found_miss({"fact": PRICE, "op": op, "value": wanted}, {"price": found})

    assert miss is not None
    assert [one.value for one in miss.misses] == [value]


def test_two_ends_closer_than_a_digit_are_met_half_way() -> None:
    between = [
        {"fact": PRICE, "op": "gt", "value": 5},
        {"fact": PRICE, "op": "lt", "value": 6},
    ]

    _, miss = found_miss({"all": between}, {"price": 3})

    assert miss is not None
    assert [one.value for one in miss.misses] == [Decimal("5.5")]


def test_fact_that_another_kind_of_condition_reads_is_left_alone() -> None:
    when = {
        "any": [
            {
                "all": [
                    {"fact": PRICE, "op": "gt", "value": 5},
                    {"fact": PRICE, "op": "changed"},
                ]
            },
            {"fact": VOLUME, "op": "gt", "value": 1000},
        ]
    }
    spec = parsed(signal(when))

    miss = nearest_miss(judged(spec, {"price": 3, "volume": 1}), {})

    assert miss is not None
    assert [one.path.root for one in miss.misses] == ["volume"]


def test_keys_that_are_one_in_capitals_are_one_fact() -> None:
    spec = parsed(
        signal(
            {
                "all": [
                    {"fact": "CORE:STOCK:MSFT:price", "op": "gt", "value": 5},
                    {"fact": "CORE:STOCK:msft:price", "op": "gt", "value": 7},
                ]
            }
        )
    )
    series = {"CORE:STOCK": Series(folds=True)}
    event = Event(
        series="CORE:STOCK",
        key="MSFT",
        fields={"price": 3},
        at=START,
        position=Position(1, 0),
    )

    verdict = judge_event(spec, {}, event, key="MSFT", series=series)
    miss = nearest_miss(verdict, series)

    assert miss is not None
    assert [(one.path, one.value) for one in miss.misses] == [
        (FactPath.parse("CORE:STOCK:msft:price"), 8)
    ]
