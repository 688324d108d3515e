"""Definitions that are refused: each with the code, and the place, of its problem."""

import re

import pytest

from rules.engine import DefinitionInvalid, parse_definition
from tests.rules.engine.refused import definitions, operands, terms, windows
from tests.rules.engine.refused.writing import CONDITION, given, nested

INVALID = {
    **definitions.REFUSED,
    **operands.REFUSED,
    **terms.REFUSED,
    **windows.REFUSED,
}


@pytest.mark.parametrize(
    ("definition", "pointer", "code"), INVALID.values(), ids=INVALID.keys()
)
def test_definition_is_refused_where_it_is_wrong(definition, pointer, code):
    with pytest.raises(DefinitionInvalid) as refused:
        parse_definition(definition, workspace="DEMO")

    assert [(one.pointer, one.code) for one in refused.value.problems][:1] == [
        (pointer, code)
    ]


@pytest.mark.parametrize(
    "definition", [one for one, *_ in INVALID.values()], ids=INVALID.keys()
)
def test_refusal_is_a_sentence_of_bearable_length(definition):
    with pytest.raises(DefinitionInvalid) as refused:
        parse_definition(definition, workspace="DEMO")

    for problem in refused.value.problems:
        assert re.search(r"[.\]}]$", problem.detail), problem.detail
        assert len(problem.detail) < 400


def test_every_problem_is_found_at_once():
    definition = given(
        name="",
        severity="loud",
        when={
            "any": [
                {"fact": 9, "op": "~", "value": 1},
                {"fact": 0, "op": "<", "value": None},
                {"all": []},
            ]
        },
        outputs=[{"at_most_every": "soon"}],
    )

    with pytest.raises(DefinitionInvalid) as refused:
        parse_definition(definition, workspace="DEMO")

    assert {problem.code for problem in refused.value.problems} == {
        "blank",
        "unknown_choice",
        "no_such_fact",
        "unknown_operator",
        "null_constant",
        "empty_group",
        "missing",
    }


def test_deeply_nested_definition_is_refused_without_descending():
    node = CONDITION
    for _ in range(100_000):
        node = {"not": node}

    with pytest.raises(DefinitionInvalid) as refused:
        parse_definition(given(when=node), workspace="DEMO")

    assert [one.code for one in refused.value.problems] == ["too_deep"]


def test_six_deep_and_fifty_conditions_are_allowed():
    deep = parse_definition(given(when=nested(6)), workspace="DEMO")
    wide = parse_definition(given(when={"any": [CONDITION] * 50}), workspace="DEMO")

    assert deep.facts == wide.facts
