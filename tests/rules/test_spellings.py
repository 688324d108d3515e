"""One rule in every spelling: native JSON, YAML, and Apperate's bodies."""

from __future__ import annotations

from typing import Any

from hypothesis import given

from rules.engine import to_definition
from rules.services import parse_apperate, parse_rule
from rules.yaml import read_yaml
from rules.yaml_writing import write_yaml
from tests.rules.engine.strategies import definitions


@given(definitions)
def test_json_yaml_and_the_canonical_form_are_one_rule(
    definition: dict[str, Any],
) -> None:
    spec = parse_rule(definition, workspace="DEMO")

    for written in (definition, to_definition(spec)):
        read = read_yaml(write_yaml(written).encode()).value
        assert parse_rule(read, workspace="DEMO") == spec


def test_apperates_body_and_its_yaml_are_one_rule() -> None:
    body = {
        "ruleName": "Microsoft under 310",
        "type": "all",
        "index": ["CORE:STOCK:*:latestPrice", "DEMO:DATASET:PRICES:open"],
        "conditions": [["$index[0]", "<=", 310], ["$index[0]", ">", "$index[1]"]],
        "additionalIndex": ["CORE:STOCK:*:high"],
    }
    definition = parse_apperate(body, workspace="DEMO").definition
    spec = parse_rule(definition, workspace="DEMO")

    read = read_yaml(write_yaml(to_definition(spec)).encode()).value

    assert parse_rule(read, workspace="DEMO") == spec
