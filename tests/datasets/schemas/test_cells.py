"""CSV cells become values of the schema's types."""

from decimal import Decimal

import pytest

from datasets.schemas import CellReader, read_schema

TYPED = [
    ("string", "5", "5"),
    ("string", "", ""),
    ("string", "NA", "NA"),
    ("string", " a ", " a "),
    ("integer", "5", 5),
    ("integer", " +05 ", 5),
    ("integer", "-7", -7),
    ("integer", "5.0", Decimal("5.0")),
    ("integer", "five", "five"),
    ("number", "310.50", Decimal("310.50")),
    ("number", "100", 100),
    ("number", ".5", Decimal("0.5")),
    ("number", "1e-5", Decimal("0.00001")),
    ("number", "1,234.5", "1,234.5"),
    ("number", "1" * 35, "1" * 35),
    ("number", "1e999", "1e999"),
    ("number", "1" * 100_000, "1" * 100_000),
    ("number", "inf", "inf"),
    ("number", "٥", "٥"),  # noqa: RUF001
    ("boolean", "True", True),
    ("boolean", "FALSE", False),
    ("boolean", "1", "1"),
    ("date", " 2004-08-19 ", "2004-08-19"),
    ("date", "20040819", "20040819"),
    ("array", "[1, 2.50]", [1, Decimal("2.50")]),
    ("object", '{"a": 1}', {"a": 1}),
    ("object", "{a}", "{a}"),
    ("any", "5", "5"),
]


@pytest.mark.parametrize(
    ("type_", "cell", "value"),
    TYPED,
    ids=[f"{type_}-{cell[:12]!r}" for type_, cell, _ in TYPED],
)
def test_cell_becomes_a_value_of_its_type(type_, cell, value):
    reader = CellReader(read_schema({"properties": {"a": {"type": type_}}}))

    found = reader.read({"a": cell})["a"]

    assert found == value
    assert type(found) is type(value)


@pytest.mark.parametrize("cell", ["", "  ", "NaN", "null", "None", "N/A", "na", "#N/A"])
@pytest.mark.parametrize("type_", ["integer", "number", "boolean", "date", "array"])
def test_word_for_nothing_is_null_outside_of_texts(type_, cell):
    schema = {"properties": {"a": {"type": [type_, "null"]}}}

    assert CellReader(read_schema(schema)).read({"a": cell}) == {"a": None}


def test_nothing_is_left_out_where_null_is_not_allowed():
    reader = CellReader(read_schema({"properties": {"a": {"type": "number"}}}))

    assert reader.read({"a": "", "b": "x"}) == {"b": "x"}


def test_undeclared_columns_stay_text():
    assert CellReader(read_schema({})).read({"a": "5"}) == {"a": "5"}
