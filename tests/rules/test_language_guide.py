"""Every example of docs/rules.md is a definition, and its sentence stands below it."""

import re
from pathlib import Path
from typing import Any

import pytest

from datasets.json import decode_trusted
from rules.engine import render_sentence
from rules.services.parsing import parse_rule

GUIDE = (Path(__file__).parents[2] / "docs/rules.md").read_text()
EXAMPLES = re.findall(r"```json\n(.*?)```\n\n> (.*?)\n\n", GUIDE + "\n\n", re.DOTALL)


def definition_of(written: str) -> dict[str, object]:
    """Give a whole definition, also for an example that shows a condition alone."""
    example: Any = decode_trusted(written)
    if "when" in example:
        return {**example}
    return {"name": "Example", "when": example, "outputs": []}


def test_every_block_has_its_sentence():
    assert len(EXAMPLES) == GUIDE.count("```json") > 10


@pytest.mark.parametrize(("written", "sentence"), EXAMPLES)
def test_example_means_what_stands_below_it(written, sentence):
    specification = parse_rule(definition_of(written), workspace="DEMO")

    assert render_sentence(specification) == " ".join(sentence.split("\n> "))
