"""The published JSON Schema admits what the engine reads, and refuses nonsense."""

import copy
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from jsonschema import Draft202012Validator

from rules.engine import OPERATORS, definition_schema, to_definition
from tests.rules.engine.lanes import parsed
from tests.rules.engine.refused.writing import GOOD
from tests.rules.engine.strategies import definitions

SCHEMA = definition_schema()
VALIDATOR = Draft202012Validator(SCHEMA)


def plain(value: Any) -> Any:
    """Give decimals as floats, for a validator that knows no decimals."""
    if isinstance(value, dict):
        return {name: plain(inside) for name, inside in value.items()}
    if isinstance(value, list):
        return [plain(inside) for inside in value]
    return float(value) if isinstance(value, Decimal) else value


def test_schema_is_one():
    Draft202012Validator.check_schema(SCHEMA)


@given(definitions)
def test_what_is_read_is_admitted(definition):
    VALIDATOR.validate(plain(definition))
    VALIDATOR.validate(plain(to_definition(parsed(definition))))


def test_every_operator_is_in_it():
    nodes: Any = SCHEMA["$defs"]
    named = {
        name
        for node in nodes["node"]["anyOf"]
        for name in node["properties"].get("op", {}).get("enum", ())
    }

    assert named == {
        name for one in OPERATORS.values() for name in (one.id, *one.aliases)
    }


WRONG: dict[str, Any] = {
    "unknown-member": {"colour": "red"},
    "unknown-kind": {"kind": "mood"},
    "unknown-operator": {"when": {"fact": 0, "op": "~", "value": 1}},
    "value-where-none-is-wanted": {"when": {"fact": 0, "op": "empty", "value": 1}},
    "no-value": {"when": {"fact": 0, "op": "gt"}},
    "empty-group": {"when": {"all": []}},
    "null-constant": {"when": {"fact": 0, "op": "gt", "value": None}},
    "change-by-zero": {"when": {"fact": 0, "op": "rise", "by": 0}},
    "anomaly-beside-nothing": {"when": {"fact": 0, "op": "anomaly", "value": 3}},
    "anomaly-of-no-scores": {
        "when": {"fact": 0, "op": "anomaly", "over": {"last": 9}, "value": 0}
    },
    "hold-without-unit": {"kind": "state", "hold": "30"},
    "output-without-name": {"outputs": [{"at_most_every": "60s"}]},
    "blank-name": {"name": ""},
}


@pytest.mark.parametrize("changes", WRONG.values(), ids=WRONG.keys())
def test_nonsense_is_refused(changes):
    assert VALIDATOR.is_valid(GOOD)
    assert not VALIDATOR.is_valid({**copy.deepcopy(GOOD), **changes})
