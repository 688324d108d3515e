"""What is never true, and what always is, is found; and it is so of any events."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rules.engine import (
    ConditionVerdict,
    Value,
    Verdict,
    find_cautions,
)
from tests.rules.engine.lanes import parsed, signal
from tests.rules.engine.test_misses import facts, trees
from tests.rules.engine.test_reaches import events, few, judged, moves

X, Y = "CORE:STOCK:*:x", "CORE:STOCK:*:y"
texts = st.sampled_from(["a", "b"])
leaves = st.one_of(
    moves,
    st.fixed_dictionaries(
        {
            "fact": facts,
            "op": st.sampled_from(["gt", "gte", "lt", "lte", "eq", "ne"]),
            "value": few | few | st.fixed_dictionaries({"fact": facts}),
        }
    ),
    st.fixed_dictionaries(
        {
            "fact": facts,
            "op": st.sampled_from(["eq", "ne"]),
            "value": texts | st.booleans(),
        },
    ),
    st.fixed_dictionaries(
        {
            "fact": facts,
            "op": st.sampled_from(["in", "nin"]),
            "value": st.lists(texts, min_size=1, max_size=2),
        }
    ),
    st.fixed_dictionaries(
        {
            "fact": facts,
            "op": st.sampled_from(
                ["is_missing", "is_present", "is_absent", "becomes_true", "changed"]
            ),
        }
    ),
)
mixed = few | few | texts | st.booleans() | st.none() | st.just([1])
happenings = st.lists(
    st.dictionaries(st.sampled_from("xyz"), mixed), min_size=1, max_size=4
)


def cautions(when: Mapping[str, Any], **members: Any) -> list[tuple[str, str]]:
    spec = parsed(signal(when, **members))
    return [(one.code, one.pointer) for one in find_cautions(spec)]


def codes(when: Mapping[str, Any]) -> set[str]:
    return {code for code, _ in cautions(when)}


def are_known(verdict: Verdict) -> bool:
    """Tell whether every condition could be judged."""
    if isinstance(verdict, ConditionVerdict):
        return verdict.truth is not None
    return all(map(are_known, verdict.members))


@given(trees(leaves, "all", "any", "not"), happenings | events)
def test_never_is_never_and_always_is_always(
    when: dict[str, Any], happened: list[dict[str, Value]]
) -> None:
    found = codes(when)
    verdict = judged(parsed(signal(when)), happened)

    if "impossible" in found:
        assert verdict.truth is not True
    if "always_true" in found:
        assert verdict.truth is not False
        assert verdict.truth is True or not are_known(verdict)


@given(
    st.lists(
        st.fixed_dictionaries(
            {
                "fact": st.sampled_from([X, Y]),
                "op": st.sampled_from(["gt", "gte", "lt", "lte", "eq", "ne"]),
                "value": st.integers(-2, 2),
            }
        ),
        min_size=1,
        max_size=4,
    )
)
def test_every_contradiction_of_numbers_is_found(
    members: list[dict[str, Any]],
) -> None:
    """Half way between the numbers and on them there is a value for every demand."""
    tried: Sequence[Any] = [quarter / 4 for quarter in range(-13, 14)]

    def can_be(fact: str) -> bool:
        mine = [one for one in members if one["fact"] == fact]
        return any(all(holds(one, value) for one in mine) for value in tried)

    assert ("impossible" in codes({"all": members})) is not (can_be(X) and can_be(Y))


def holds(condition: Mapping[str, Any], value: float) -> bool:
    level = float(condition["value"])
    return {
        "gt": value > level,
        "gte": value >= level,
        "lt": value < level,
        "lte": value <= level,
        "eq": value == level,
        "ne": value != level,
    }[str(condition["op"])]


def x(op: str, value: object = None) -> dict[str, Any]:
    return {"fact": X, "op": op} | ({} if value is None else {"value": value})


FOUND: Mapping[str, tuple[dict[str, Any], list[tuple[str, str]]]] = {
    "above and below": (
        {"all": [x("gt", 10), x("lt", 5)]},
        [("impossible", "/when")],
    ),
    "touching, and neither end counts": (
        {"all": [x("gt", 5), x("lt", 5)]},
        [("impossible", "/when")],
    ),
    "touching in one value": ({"all": [x("gte", 5), x("lte", 5)]}, []),
    "above or below": (
        {"any": [x("gt", 5), x("lte", 5)]},
        [("always_true", "/when")],
    ),
    "all but one": ({"any": [x("gt", 5), x("lt", 5)]}, []),
    "one part of any": (
        {"any": [{"all": [x("gt", 10), x("lt", 5)]}, x("eq", 3)]},
        [("part_impossible", "/when/any/0")],
    ),
    "one part of all": (
        {"all": [{"any": [x("ne", 1), x("ne", 2)]}, x("lt", 3)]},
        [("part_always_true", "/when/all/0")],
    ),
    "a part that is never true makes all of it so": (
        {"all": [{"all": [x("gt", 10), x("lt", 5)]}, {"fact": Y, "op": "changed"}]},
        [("impossible", "/when/all/0")],
    ),
    "within a not": (
        {"not": {"any": [x("gt", 5), x("lte", 5)]}},
        [("part_always_true", "/when/not")],
    ),
    "two texts": (
        {"all": [x("eq", "a"), x("eq", "b")]},
        [("impossible", "/when")],
    ),
    "text and number": (
        {"all": [x("eq", "a"), x("gt", 1)]},
        [("impossible", "/when")],
    ),
    "missing and above": (
        {"all": [x("is_missing"), x("gt", 1)]},
        [("impossible", "/when")],
    ),
    "missing or present": (
        {"any": [x("is_missing"), x("is_present")]},
        [("always_true", "/when")],
    ),
    "true and false": (
        {"all": [x("eq", True), x("eq", False)]},
        [("impossible", "/when")],
    ),
    "crosses above what it is below": (
        {"all": [x("cross_up", 10), x("lt", 8)]},
        [("impossible", "/when")],
    ),
    "what is so and is not": (
        {"all": [x("changed"), {"not": x("changed")}]},
        [("impossible", "/when")],
    ),
    "two facts either way": (
        {
            "all": [
                x("gt", {"fact": Y}),
                {"fact": Y, "op": "gte", "value": {"fact": X}},
            ]
        },
        [("impossible", "/when")],
    ),
    "above itself": ({"all": [x("gt", {"fact": X})]}, [("impossible", "/when/all/0")]),
    "list without itself": (
        {"all": [x("in", ["a", "b"]), x("nin", ["a", "b", "c"])]},
        [("impossible", "/when")],
    ),
    "in any case is another matter": (
        {"all": [x("eq", "a") | {"ignore_case": True}, x("eq", "A")]},
        [],
    ),
    "a spell of what is never so": (
        {"all": [x("gt", 10), x("lt", 5)], "held": "5m"},
        [("impossible", "/when")],
    ),
    "number or text, of which one is always unknown": (
        {"any": [x("gt", 5), x("lte", 5), x("eq", "a")]},
        [],
    ),
}


@pytest.mark.parametrize(("when", "found"), FOUND.values(), ids=FOUND)
def test_caution_stands_where_it_is_so(
    when: dict[str, Any], found: list[tuple[str, str]]
) -> None:
    assert cautions(when) == found


def test_recovery_that_never_comes_is_found() -> None:
    spec = parsed(
        {
            "name": "Stuck",
            "kind": "state",
            "when": x("gt", 10),
            "recover": {"when": {"all": [x("lt", 5), x("gt", 7)]}},
        }
    )

    assert [one.pointer for one in find_cautions(spec)] == ["/recover/when"]


def test_single_keys_beside_any_key_are_said_once_not_to_run_the_rule() -> None:
    spy = "CORE:STOCK:SPY:x"
    when = {
        "all": [
            x("gt", 10),
            {"fact": Y, "op": "lt", "value": {"fact": spy}},
            {"fact": spy, "op": "gt", "value": 1},
        ]
    }

    assert cautions(when) == [("does_not_run", "/when/all/1/value")]
    assert cautions({"fact": spy, "op": "gt", "value": 1}) == []


def test_what_has_too_many_ways_is_left_alone() -> None:
    """Each member has two ways, so all together 2 to the 25th."""
    members = [
        {
            "any": [
                {"fact": f"CORE:STOCK:*:f{number}", "op": "eq", "value": one}
                for one in (1, 2)
            ]
        }
        for number in range(25)
    ]

    assert cautions({"all": [*members]}) == []
