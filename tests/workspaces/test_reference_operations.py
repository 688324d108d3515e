"""The reading of an OpenAPI document into what the API reference shows."""

from __future__ import annotations

import shlex
from typing import Any

import pytest

from workspaces.console.reference.operations import Operation, read_reference
from workspaces.console.reference.shapes import Choice, Field, Schemas

HOST = "https://bellwether.example"
COMPONENTS: dict[str, Any] = {
    "schemas": {
        "Problem": {"type": "object", "properties": {"code": {"type": "string"}}},
        "Level": {
            "type": "string",
            "enum": ["low", "high"],
            "description": "* `low` - Low\n* `high` - Wakes people",
        },
        "Node": {
            "type": "object",
            "description": "A node of a tree.",
            "properties": {
                "name": {"type": "string", "maxLength": 40},
                "children": {
                    "type": "array",
                    "items": {"$ref": "#/components/schemas/Node"},
                },
            },
            "required": ["name"],
        },
    }
}
LEVEL = {"allOf": [{"$ref": "#/components/schemas/Level"}], "default": "low"}
NODE = {"$ref": "#/components/schemas/Node"}
SCHEMAS = Schemas({"components": COMPONENTS})


def read(path: str, method: str = "get", **said: Any) -> Operation:
    """Read a document of one call."""
    call = {"operationId": "call", "tags": ["trees"], "responses": {}, **said}
    document = {"paths": {path: {method: call}}, "components": COMPONENTS}
    reference = read_reference(document, host=HOST)
    return reference.groups[0].operations[0]


def parameter(name: str, place: str, **said: Any) -> dict[str, Any]:
    return {"name": name, "in": place, "schema": {"type": "string"}, **said}


def field(schema: dict[str, Any], description: str = "") -> Field:
    return SCHEMAS.field("one", schema, is_required=False, description=description)


def test_calls_stand_under_their_tags_in_the_order_of_the_document() -> None:
    calls = {
        "get": {"operationId": "show", "tags": ["trees"], "responses": {}},
        "delete": {"operationId": "fell", "tags": ["axes"], "responses": {}},
    }
    document = {"paths": {"/a": calls, "/b": calls}, "components": COMPONENTS}

    groups = read_reference(document, host=HOST).groups

    found = {one.name: [call.name for call in one.operations] for one in groups}
    assert found == {"trees": ["show", "show"], "axes": ["fell", "fell"]}


def test_parameters_stand_by_place_and_those_of_the_path_in_its_order() -> None:
    said = [
        parameter("leaf", "path", required=True),
        parameter("q", "query", description="Words."),
        parameter("tree", "path", required=True),
    ]

    call = read("/trees/{tree}/{leaf}", parameters=said)

    names = {one.place: [row.name for row in one.fields] for one in call.parameters}
    assert names == {"path": ["tree", "leaf"], "query": ["q"]}
    assert call.parameters[0].fields[0].is_required
    assert call.parameters[1].fields[0].description == "Words."


def test_answers_leave_out_the_one_that_every_call_shares() -> None:
    answers = {
        "200": {"description": "", "content": {"application/json": {"schema": NODE}}},
        "default": {"description": "Refused."},
    }

    call = read("/trees", responses=answers)

    assert [answer.status for answer in call.answers] == ["200"]
    assert call.answers[0].contents[0].shape.description == "A node of a tree."


def test_schema_within_itself_is_followed_two_levels() -> None:
    shape = SCHEMAS.shape({"type": "array", "items": NODE})

    assert (shape.name, shape.type) == ("Node", "array of object")
    assert [row.name for row in shape.fields] == [
        "[].name",
        "[].children",
        "[].children[].name",
        "[].children[].children",
        "[].children[].children[].name",
        "[].children[].children[].children",
    ]


def test_enum_behind_a_reference_names_its_values_and_default() -> None:
    row = field(LEVEL)

    assert row.choices == (
        Choice(value="low", label=""),
        Choice(value="high", label="Wakes people"),
    )
    assert (row.description, row.notes) == ("", ("default low",))


@pytest.mark.parametrize(
    ("schema", "words"),
    [
        ({}, "any"),
        ({"type": ["string", "null"], "format": "uuid"}, "string (uuid) or null"),
        ({"type": "array", "items": {"type": "integer"}}, "array of integer"),
        ({"oneOf": [NODE, {"type": "null"}]}, "object or null"),
    ],
    ids=["anything", "nullable", "array", "either"],
)
def test_type_is_said_in_words(schema: dict[str, Any], words: str) -> None:
    assert field(schema).type == words


@pytest.mark.parametrize(
    ("schema", "notes"),
    [
        ({"type": "integer", "minimum": 1, "maximum": 1000}, ("1 to 1,000",)),
        ({"type": "integer", "minimum": 0}, ("at least 0",)),
        (
            {"type": "string", "minLength": 1, "maxLength": 9},
            ("at most 9 characters",),
        ),
        ({"type": "boolean", "default": False}, ("default False",)),
    ],
    ids=["both", "lower", "text", "default"],
)
def test_limits_are_said_in_words(
    schema: dict[str, Any], notes: tuple[str, ...]
) -> None:
    assert field(schema).notes == notes


def test_limit_that_the_description_names_is_not_said_twice() -> None:
    schema = {"type": "integer", "minimum": 1, "maximum": 5}

    assert field(schema, "Rows, 1 to 5.").notes == ()


def test_command_carries_what_is_required_and_nothing_else() -> None:
    said = [
        parameter("tree", "path", required=True),
        parameter("wait", "query"),
        parameter("as", "query", required=True),
        parameter("If-Match", "header", required=True),
    ]
    body = {"content": {"application/json": {"schema": NODE}}}

    call = read("/trees/{tree}", "put", parameters=said, requestBody=body)

    assert shlex.split(call.curl.replace("\\\n", "")) == [
        *("curl", "-X", "PUT", f"{HOST}/trees/TREE?as=AS"),
        *("-H", "Authorization: Bearer TOKEN"),
        *("-H", "If-Match: IF_MATCH"),
        *("-H", "Content-Type: application/json"),
        *("-d", '{"name": "NAME"}'),
    ]


def test_example_of_the_document_is_what_the_command_sends() -> None:
    media = {"schema": NODE, "examples": {"oak": {"value": {"name": "Zoë's oak"}}}}

    call = read("/trees", "post", requestBody={"content": {"application/json": media}})

    assert shlex.split(call.curl.replace("\\\n", ""))[-1] == (
        '{"name": "Zo\\u00eb\'s oak"}'
    )
    assert '"name"' in call.bodies[0].example
