"""The engine as a package: what it may import, and what it remembers as JSON."""

import ast
import json
import sys
from datetime import timedelta
from pathlib import Path

import pytest

import rules.engine
from rules.engine import (
    OPERATORS,
    Instance,
    InstanceState,
    KeyFacts,
    Position,
    UnknownOperator,
    find_operator,
)
from tests.rules.engine.lanes import START, Lane

SOURCES = sorted(Path(rules.engine.__file__).parent.rglob("*.py"))


@pytest.mark.parametrize("source", SOURCES, ids=lambda source: source.stem)
def test_module_imports_the_standard_library_alone(source):
    for node in ast.walk(ast.parse(source.read_text())):
        if isinstance(node, ast.Import):
            names = [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            names = [node.module or ""]
        else:
            continue
        for name in names:
            top = name.partition(".")[0]
            assert top in sys.stdlib_module_names or name.startswith("rules.engine")


@pytest.mark.parametrize("source", SOURCES, ids=lambda source: source.stem)
def test_module_reads_no_clock(source):
    called = {
        node.func.attr
        for node in ast.walk(ast.parse(source.read_text()))
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute)
    }

    assert not called & {"now", "utcnow", "today", "time", "monotonic"}


def test_every_name_of_the_door_is_there():
    assert sorted(rules.engine.__all__) == sorted(set(rules.engine.__all__))
    assert all(hasattr(rules.engine, name) for name in rules.engine.__all__)


@pytest.mark.parametrize("operator", OPERATORS.values(), ids=OPERATORS.keys())
def test_operator_is_found_by_its_id_and_by_every_symbol(operator):
    for name in (operator.id, *operator.aliases):
        assert find_operator(name) is operator


def test_unknown_operator_is_answered_with_those_there_are():
    with pytest.raises(UnknownOperator, match=r"lte \(<=\)"):
        find_operator("~")


@pytest.mark.parametrize(
    "instance",
    [
        Instance(rule_id=1, key="MSFT", version=1),
        Instance(
            rule_id=2,
            key="ключ",
            version=3,
            state=InstanceState.FIRING,
            since=START,
            opening=Position(4, 5),
            told={"mail": START + timedelta(microseconds=1)},
            memory={"told_of_opening": ["mail"]},
        ),
    ],
    ids=["blank", "firing"],
)
def test_instance_survives_being_json(instance):
    written = json.loads(json.dumps(instance.to_json()))

    assert Instance.from_json(written) == instance


def test_what_no_instance_wrote_is_refused():
    with pytest.raises(ValueError, match="to_json"):
        Instance.from_json({"rule_id": "1"})


def test_facts_of_a_key_survive_being_json():
    lane = Lane()
    lane.send({"price": 1, "name": None}, second=1)
    lane.send({"price": 2, "tags": ["a", {"b": True}]}, second=2)
    facts = lane.state.facts["CORE:STOCK", "MSFT"]

    written = json.loads(json.dumps(facts.to_json()))

    assert KeyFacts.from_json(written) == facts
    assert KeyFacts.from_json(KeyFacts().to_json()) == KeyFacts()
