"""Schemas are read from JSON Schema objects and written back."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from datasets.schemas import (
    Field,
    FieldType,
    Index,
    Schema,
    SchemaInvalid,
    apply_index,
    build_schema,
    check_dataset_name,
    read_schema,
)

TYPES = [
    pytest.param({"type": "string"}, FieldType.STRING, False, id="string"),
    pytest.param({"type": "integer"}, FieldType.INTEGER, False, id="integer"),
    pytest.param({"type": "number"}, FieldType.NUMBER, False, id="number"),
    pytest.param({"type": "boolean"}, FieldType.BOOLEAN, False, id="boolean"),
    pytest.param({"type": "object"}, FieldType.OBJECT, False, id="object"),
    pytest.param({"type": "array"}, FieldType.ARRAY, False, id="array"),
    pytest.param({"type": "date"}, FieldType.DATE, False, id="date"),
    pytest.param(
        {"type": "string", "format": "date"}, FieldType.DATE, False, id="format-date"
    ),
    pytest.param(
        {"type": ["string", "null"], "format": "date-time"},
        FieldType.DATE,
        True,
        id="format-date-time-or-null",
    ),
    pytest.param(
        {"type": "string", "format": "email"}, FieldType.STRING, False, id="other"
    ),
    pytest.param({"type": ["null", "number"]}, FieldType.NUMBER, True, id="or-null"),
    pytest.param({"type": "number", "nullable": True}, FieldType.NUMBER, True, id="nu"),
    pytest.param(
        {"type": ["integer", "number"]}, FieldType.NUMBER, False, id="both-numbers"
    ),
    pytest.param({"type": "any"}, FieldType.ANY, True, id="any"),
    pytest.param({}, FieldType.ANY, True, id="no-type"),
    pytest.param(True, FieldType.ANY, True, id="true"),
]


@pytest.mark.parametrize(("shape", "type_", "nullable"), TYPES)
def test_property_type_is_read(shape, type_, nullable):
    schema = read_schema({"type": "object", "properties": {"a": shape}})

    assert schema.fields == (
        Field(
            name="a",
            type=type_,
            nullable=nullable,
            has_time="date-time" in str(shape),
        ),
    )


def test_schema_of_a_dataset_is_read_whole():
    schema = read_schema(
        {
            "type": "object",
            "title": "Prices",
            "properties": {
                "symbol": {"type": "string", "description": "Ticker"},
                "price": {"type": "number", "examples": [1]},
            },
            "required": ["symbol"],
            "additionalProperties": False,
        }
    )

    assert schema == Schema(
        fields=(
            Field(
                name="symbol",
                type=FieldType.STRING,
                required=True,
                description="Ticker",
            ),
            Field(name="price", type=FieldType.NUMBER),
        ),
        title="Prices",
        is_open=False,
    )


FIELDS = st.builds(
    lambda name, type_, nullable, required, description, has_time: Field(
        name=name,
        type=type_,
        nullable=nullable or type_ is FieldType.ANY,
        required=required,
        description=description,
        has_time=has_time and type_ is FieldType.DATE,
    ),
    st.from_regex(r"[A-Za-z][A-Za-z0-9 ./~_-]{0,20}", fullmatch=True),
    st.sampled_from(FieldType),
    st.booleans(),
    st.booleans(),
    st.text(max_size=10),
    st.booleans(),
)


@given(
    st.builds(
        Schema,
        fields=st.lists(FIELDS, unique_by=lambda field: field.name).map(tuple),
        title=st.text(max_size=10),
        is_open=st.booleans(),
    )
)
def test_written_schema_is_read_back_unchanged(schema):
    assert read_schema(schema.to_document()) == schema


REFUSED = [
    pytest.param([], "/schema", "type", id="array"),
    pytest.param({"type": "array"}, "/schema/type", "type", id="type-of-all"),
    pytest.param({"properties": []}, "/schema/properties", "type", id="properties"),
    pytest.param(
        {"properties": {"a": "string"}}, "/schema/properties/a", "type", id="bare-type"
    ),
    pytest.param(
        {"properties": {"a/b": {"type": "float"}}},
        "/schema/properties/a~1b/type",
        "type",
        id="unknown-type",
    ),
    pytest.param(
        {"properties": {"a": {"type": ["string", "number"]}}},
        "/schema/properties/a/type",
        "type",
        id="two-types",
    ),
    pytest.param(
        {"properties": {"a": {"type": [{}]}}},
        "/schema/properties/a/type",
        "type",
        id="type-of-no-kind",
    ),
    pytest.param(
        {"properties": {"a": {"type": []}}},
        "/schema/properties/a/type",
        "type",
        id="no-type-in-array",
    ),
    pytest.param(
        {"properties": {"a": {"type": "string", "enum": ["x"]}}},
        "/schema/properties/a/enum",
        "unsupported",
        id="enum",
    ),
    pytest.param(
        {"properties": {"a": {"type": "object", "properties": {}}}},
        "/schema/properties/a/properties",
        "unsupported",
        id="nested-properties",
    ),
    pytest.param({"allOf": []}, "/schema/allOf", "unsupported", id="all-of"),
    pytest.param({"required": "a"}, "/schema/required", "type", id="required-text"),
    pytest.param({"required": [1]}, "/schema/required/0", "unknown_field", id="one"),
    pytest.param(
        {"required": ["a"]}, "/schema/required/0", "unknown_field", id="undeclared"
    ),
    pytest.param(
        {"additionalProperties": {"type": "string"}},
        "/schema/additionalProperties",
        "unsupported",
        id="typed-additional",
    ),
    pytest.param(
        {"properties": {"a:b": {}}}, "/schema/properties/a:b", "name", id="colon"
    ),
    pytest.param({"properties": {"": {}}}, "/schema/properties/", "name", id="blank"),
    pytest.param(
        {"properties": {"_SystemId": {}}},
        "/schema/properties/_SystemId",
        "name",
        id="reserved",
    ),
    pytest.param(
        {"properties": {"a\n": {}}}, "/schema/properties/a\n", "name", id="control"
    ),
    pytest.param(
        {"properties": {"n" * 201: {}}},
        "/schema/properties/" + "n" * 201,
        "name",
        id="long-name",
    ),
    pytest.param(
        {"properties": {f"f{number}": {} for number in range(2001)}},
        "/schema/properties",
        "too_many_fields",
        id="too-many",
    ),
]


@pytest.mark.parametrize(("document", "pointer", "code"), REFUSED)
def test_bad_schema_is_refused_with_pointer_and_sentence(document, pointer, code):
    with pytest.raises(SchemaInvalid) as caught:
        read_schema(document, pointer="/schema")

    (problem,) = caught.value.problems
    assert (problem.pointer, problem.code) == (pointer, code)
    assert problem.detail.endswith(".")


def test_all_problems_are_told_at_once():
    with pytest.raises(SchemaInvalid) as caught:
        read_schema({"properties": {"a": {"type": "x"}, "b": 1, "c": {"enum": []}}})

    pointers = [problem.pointer for problem in caught.value.problems]
    assert pointers == ["/properties/a/type", "/properties/b", "/properties/c/enum"]


def test_index_columns_become_required_and_never_null():
    schema = read_schema(
        {
            "properties": {
                "symbol": {"type": ["string", "null"]},
                "n": {"type": "integer"},
                "at": {"type": "date", "nullable": True},
            }
        }
    )

    applied = apply_index(schema, Index(key="symbol", subkey="n", date="at"))

    told = [(field.name, field.required, field.nullable) for field in applied.fields]
    assert told == [("symbol", True, False), ("n", True, False), ("at", False, True)]


@pytest.mark.parametrize(
    ("index", "pointer", "code"),
    [
        pytest.param(
            Index(key="x"), "/columnMapping/key", "index_unknown", id="unknown"
        ),
        pytest.param(
            Index(key="price"), "/columnMapping/key", "index_type", id="number-as-key"
        ),
        pytest.param(
            Index(subkey="ok"), "/columnMapping/subkey", "index_type", id="boolean"
        ),
        pytest.param(
            Index(date="ok"), "/columnMapping/date", "index_type", id="boolean-as-date"
        ),
        pytest.param(
            Index(key="symbol", subkey="symbol"),
            "/columnMapping/subkey",
            "index_twice",
            id="twice",
        ),
    ],
)
def test_index_that_cannot_serve_is_refused(index, pointer, code):
    schema = build_schema(
        [
            Field(name="symbol", type=FieldType.STRING),
            Field(name="price", type=FieldType.NUMBER),
            Field(name="ok", type=FieldType.BOOLEAN),
        ]
    )

    with pytest.raises(SchemaInvalid) as caught:
        apply_index(schema, index)

    (problem,) = caught.value.problems
    assert (problem.pointer, problem.code) == (pointer, code)


@pytest.mark.parametrize("name", ["PRICES", "a", "_x", "A_1", "x" * 64, "dataset1"])
def test_name_of_a_dataset_is_taken(name):
    assert check_dataset_name(name) is None


@pytest.mark.parametrize(
    "name",
    [
        "",
        "a:b",
        "a-b",
        "a b",
        "x" * 65,
        "Dataset",
        "alerts",
        "SOURCES",
        "_SYSTEM_x",
        "é",
    ],
)
def test_name_that_no_dataset_can_bear_is_refused(name):
    reason = check_dataset_name(name)

    assert reason is not None
    assert reason.endswith(".")
