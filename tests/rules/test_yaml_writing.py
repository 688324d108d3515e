"""YAML that is written reads back to the last digit, here and elsewhere."""

from __future__ import annotations

from decimal import Decimal

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from datasets.json import encode
from rules.yaml import read_yaml
from rules.yaml_writing import write_yaml

numbers = st.one_of(
    st.integers(-(10**30), 10**30),
    st.decimals(-(10**9), 10**9, places=3),
    st.sampled_from([Decimal("1E+2"), Decimal("-0.50"), Decimal("0.000")]),
)
odd = ["yes", "12", "1e3", "~", "", "- a", "a: b", "a #b", "{", "\u2028", "\x85", "🦆"]
texts = st.one_of(
    st.text(st.characters(exclude_categories=["Cs"]), max_size=12),
    st.sampled_from(odd),
)
values = st.recursive(
    st.none() | st.booleans() | numbers | texts,
    lambda inside: (
        st.lists(inside, max_size=4) | st.dictionaries(texts, inside, max_size=4)
    ),
    max_leaves=12,
)


@given(values)
def test_what_is_written_reads_back(value: object) -> None:
    written = write_yaml(value)

    assert encode(read_yaml(written.encode()).value) == encode(value)


@given(st.recursive(st.none() | st.booleans() | texts, st.lists))
def test_other_readers_take_texts_for_texts(value: object) -> None:
    assert yaml.safe_load(write_yaml(value)) == value


def test_it_reads_like_what_people_write() -> None:
    written = write_yaml(
        {
            "name": "Cellar too warm",
            "watch": {"facts": ["DEMO:READINGS:*:celsius"]},
            "when": {
                "all": [
                    {"fact": 0, "op": "gt", "value": Decimal("12.50")},
                    {"fact": 0, "op": "ne", "value": 10**34 - 1},
                ]
            },
            "mode": "on",
            "include": [],
            "note": "Two\nlines",
        }
    )

    assert written == (
        "name: Cellar too warm\n"
        'watch: {facts: ["DEMO:READINGS:*:celsius"]}\n'
        "when:\n"
        "  all:\n"
        "    - {fact: 0, op: gt, value: 12.50}\n"
        "    - {fact: 0, op: ne, value: 9999999999999999999999999999999999}\n"
        'mode: "on"\n'
        "include: []\n"
        'note: "Two\\nlines"\n'
    )


@pytest.mark.parametrize(
    "value", [1.5, {1: 2}, {"a": {3}}, Decimal("NaN"), [Decimal("Infinity")]], ids=repr
)
def test_what_is_no_json_is_refused(value: object) -> None:
    with pytest.raises(TypeError):
        write_yaml(value)
