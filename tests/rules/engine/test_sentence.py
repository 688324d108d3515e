"""Rules said in plain English."""

from typing import Any

import pytest

from rules.engine import parse_definition, render_parts, render_sentence, to_definition
from tests.rules.engine.said import SAID


def read(definition):
    return parse_definition({"name": "x", **definition}, workspace="DEMO")


@pytest.mark.parametrize(("definition", "sentence"), SAID.values(), ids=SAID.keys())
def test_rule_is_one_plain_sentence(definition, sentence):
    assert render_sentence(read(definition)) == sentence


@pytest.mark.parametrize(
    "definition", [one for one, _ in SAID.values()], ids=SAID.keys()
)
def test_every_phrase_points_into_the_canonical_definition(definition):
    canonical = to_definition(read(definition))

    for text, pointer in render_parts(read(definition)):
        found: Any = canonical
        for step in pointer.split("/")[1:]:
            found = found[int(step)] if isinstance(found, list) else found[step]
        assert text
