"""Definitions that are alike are read as each by itself would be."""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal
from typing import Any

from hypothesis import example, given
from hypothesis import strategies as st

from rules.engine import OPERATORS, DefinitionInvalid, Specification
from rules.services import parse_rule
from rules.services.moulds import read_alike
from tests.rules.engine.strategies import definitions, outputs, raising, severities

numbers = st.sampled_from(
    [0, 1, -3, 310, Decimal("1.0"), Decimal("1.00"), Decimal("1E-7"), 10**34 - 1]
)
no_numbers = st.sampled_from(
    [None, True, False, "", "310", [1], {"fact": 0}, 10**34, Decimal("1E+301"), 0.1]
)
names = st.sampled_from(["Dear", " Dear ", "", " ", "a\nb", "é" * 201, None, 7])
comparisons = st.builds(
    lambda kind, rest: {**kind, **rest},
    raising,
    st.fixed_dictionaries(
        {
            "name": names,
            "watch": st.just({"facts": ["DEMO:PRICES:A:x"]}),
            "when": st.fixed_dictionaries(
                {
                    "fact": st.sampled_from([0, False, 1, "DEMO:PRICES:*:x.y[0]"]),
                    "op": st.sampled_from([*OPERATORS, ">="]),
                    "value": numbers | numbers | no_numbers,
                }
            ),
            "outputs": outputs,
        },
        optional={"severity": severities, "ladder": st.just([])},
    ),
)

Read = Callable[..., Specification]


def found(read: Read, definition: dict[str, Any]) -> object:
    """Say all that was read, spelling and memories too; or all that was refused."""
    try:
        specification = read(definition, workspace="DEMO")
    except DefinitionInvalid as error:
        return error.problems
    memories = [one.memory_id for _, one in specification.conditions()]
    return repr(specification), memories


def comparing(value: object) -> dict[str, Any]:
    return {
        "name": f"Above {value}",
        "when": {"fact": "DEMO:PRICES:A:x", "op": "gt", "value": value},
    }


@given(comparisons)
@example(comparing(Decimal("1.0")))
@example(comparing(Decimal("1.00")))
@example(comparing(True))
def test_comparison_is_read_as_by_itself(definition: dict[str, Any]) -> None:
    assert found(read_alike, definition) == found(parse_rule, definition)


@given(definitions)
def test_any_definition_is_read_as_by_itself(definition: dict[str, Any]) -> None:
    assert found(read_alike, definition) == found(parse_rule, definition)


def test_what_is_alike_shares_what_is_the_same() -> None:
    one, other = (
        read_alike(comparing(value), workspace="DEMO") for value in (310, 311)
    )

    assert one != other
    assert one.facts is other.facts
