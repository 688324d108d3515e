"""A schema read from Apperate's JSON Schema object.

The form is ``{"type": "object", "properties": {...}, "required": [...]}``. A date is
``{"type": "string", "format": "date"}`` (or ``date-time``), null is allowed by
``["number", "null"]`` or ``"nullable": true``, and no type at all means any.

Properties that the schema does not declare are allowed and kept, as in JSON Schema,
unless it says ``"additionalProperties": false``. Words that only describe (title,
examples, formats other than dates) are ignored; words that would forbid something we do
not check (enum, minimum, items ...) are refused, so that nobody relies on them.
"""

from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import Final, NoReturn

from datasets.schemas.model import (
    Field,
    FieldProblem,
    FieldType,
    Schema,
    SchemaInvalid,
    build_schema,
    child_pointer,
)

_TYPES: Final = {member.value: member for member in FieldType}
_DATE_FORMATS: Final = frozenset(("date", "date-time"))
_UNCHECKED: Final = frozenset(
    """
    $ref allOf anyOf const contains dependencies dependentRequired dependentSchemas else
    enum exclusiveMaximum exclusiveMinimum if items maxItems maxLength maxProperties
    maximum minItems minLength minProperties minimum multipleOf not oneOf pattern
    patternProperties prefixItems propertyNames then unevaluatedProperties uniqueItems
    """.split()  # noqa: SIM905 - a list of these would fill a page
)


def read_schema(document: object, *, pointer: str = "") -> Schema:
    """Return the schema that a JSON Schema object describes.

    Args:
        document: the decoded JSON.
        pointer: where the document stands in the request, for the problems.

    Raises:
        SchemaInvalid: with every problem and its JSON pointer.
    """
    frame = _mapping(document, pointer, "A schema", '{"type": "object", ...}')
    if frame.get("type", "object") != "object":
        _refuse(
            child_pointer(pointer, "type"),
            "type",
            'The type of a schema is "object"; its properties are the fields.',
        )
    place = child_pointer(pointer, "properties")
    properties = _mapping(
        frame.get("properties", {}), place, "properties", '{"name": {"type": ...}}'
    )
    required = _read_required(frame, properties, pointer)
    problems = [*_unchecked_problems(frame, pointer)]
    fields = []
    for name, shape in properties.items():
        try:
            field = _read_field(name, shape, child_pointer(place, name))
        except SchemaInvalid as invalid:
            problems.extend(invalid.problems)
        else:
            fields.append(replace(field, required=name in required))
    if problems:
        raise SchemaInvalid(problems)
    return build_schema(
        fields,
        title=str(frame.get("title") or ""),
        is_open=_read_openness(frame, pointer),
        pointer=pointer,
    )


def _mapping(
    value: object, pointer: str, what: str, example: str
) -> Mapping[str, object]:
    if not isinstance(value, Mapping):
        _refuse(pointer, "type", f"{what} must be an object, as {example}.")
    return value


def _read_required(
    frame: Mapping[str, object], properties: Mapping[str, object], pointer: str
) -> frozenset[str]:
    place = child_pointer(pointer, "required")
    said = frame.get("required", [])
    if not isinstance(said, list | tuple):
        _refuse(place, "type", "required must be an array of names of properties.")
    for position, name in enumerate(said):
        if not isinstance(name, str) or name not in properties:
            _refuse(
                child_pointer(place, str(position)),
                "unknown_field",
                f"{name!r} is required but not declared under properties; declare it.",
            )
    return frozenset(said)


def _read_openness(frame: Mapping[str, object], pointer: str) -> bool:
    said = frame.get("additionalProperties", True)
    if not isinstance(said, bool):
        _refuse(
            child_pointer(pointer, "additionalProperties"),
            "unsupported",
            "additionalProperties must be true or false; declare fields as properties.",
        )
    return said


def _unchecked_problems(
    shape: Mapping[str, object], pointer: str
) -> Iterable[FieldProblem]:
    for word in sorted(_UNCHECKED.intersection(shape)):
        yield FieldProblem(
            child_pointer(pointer, word),
            "unsupported",
            f"{word!r} is not checked here; leave it out and use a rule for it.",
        )


def _read_field(name: str, said: object, pointer: str) -> Field:
    shape = _mapping({} if said is True else said, pointer, name, '{"type": "number"}')
    problems = list(_unchecked_problems(shape, pointer))
    if isinstance(shape.get("properties"), Mapping):
        problems.append(
            FieldProblem(
                child_pointer(pointer, "properties"),
                "unsupported",
                f"{name!r} is checked as one object; leave its properties out.",
            )
        )
    if problems:
        raise SchemaInvalid(problems)
    type_, nullable = _read_type(shape, pointer)
    return Field(
        name=name,
        type=type_,
        nullable=nullable or type_ is FieldType.ANY,
        description=str(shape.get("description") or ""),
        has_time=type_ is FieldType.DATE and shape.get("format") == "date-time",
    )


def _read_type(shape: Mapping[str, object], pointer: str) -> tuple[FieldType, bool]:
    """Return the type that a property names, and whether it may be null."""
    said = shape.get("type", "any")
    names = [str(name) for name in (said if isinstance(said, list) else [said])]
    others = sorted(name for name in names if name != "null")
    if others == ["integer", "number"]:
        others = ["number"]
    if len(others) != 1 or others[0] not in _TYPES:
        _refuse(
            child_pointer(pointer, "type"),
            "type",
            f"The type is one of {', '.join(_TYPES)}, alone or in an array with "
            '"null".',
        )
    type_ = _TYPES[others[0]]
    if type_ is FieldType.STRING and shape.get("format") in _DATE_FORMATS:
        type_ = FieldType.DATE
    return type_, "null" in names or shape.get("nullable") is True


def _refuse(pointer: str, code: str, detail: str) -> NoReturn:
    raise SchemaInvalid([FieldProblem(pointer, code, detail)])
