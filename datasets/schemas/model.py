"""The schema of a dataset: its fields, and which of them tell records apart."""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Final

from datasets.schemas.names import FIELDS_LIMIT, check_field_name


class FieldType(StrEnum):
    """What the values of a field are; integers and decimals are numbers alike."""

    STRING = "string"
    INTEGER = "integer"
    NUMBER = "number"
    BOOLEAN = "boolean"
    DATE = "date"
    OBJECT = "object"
    ARRAY = "array"
    ANY = "any"


@dataclass(frozen=True, slots=True)
class FieldProblem:
    """What is wrong at one place of a schema or an event, and how to mend it.

    `pointer` is a JSON pointer into the schema or the event.
    """

    pointer: str
    code: str
    detail: str


class SchemaInvalid(ValueError):
    """A schema that cannot be used; `problems` says all that is wrong with it."""

    def __init__(self, problems: Iterable[FieldProblem]) -> None:
        self.problems = tuple(problems)
        super().__init__(" ".join(problem.detail for problem in self.problems))


@dataclass(frozen=True, slots=True, kw_only=True)
class Field:
    """One declared property of the events of a dataset."""

    name: str
    type: FieldType
    nullable: bool = False
    required: bool = False
    description: str = ""
    #: For dates: whether the schema promises a time of day.
    has_time: bool = False

    def to_property(self) -> dict[str, object]:
        """Return the JSON Schema of the values of this field."""
        shown: dict[str, object] = {}
        name = "string" if self.type is FieldType.DATE else self.type.value
        if self.type is not FieldType.ANY:
            shown["type"] = [name, "null"] if self.nullable else name
        if self.type is FieldType.DATE:
            shown["format"] = "date-time" if self.has_time else "date"
        if self.description:
            shown["description"] = self.description
        return shown


@dataclass(frozen=True, slots=True, kw_only=True)
class Schema:
    """The declared fields of a dataset, in their order."""

    fields: tuple[Field, ...]
    title: str = ""
    #: Whether events may carry fields that are not declared.
    is_open: bool = True

    def field(self, name: str) -> Field | None:
        """Return the field of that name, if it is declared."""
        return next((field for field in self.fields if field.name == name), None)

    def to_document(self) -> dict[str, object]:
        """Return the JSON Schema object; `read_schema` reads it back unchanged."""
        document: dict[str, object] = {
            "type": "object",
            "properties": {field.name: field.to_property() for field in self.fields},
            "required": [field.name for field in self.fields if field.required],
        }
        if self.title:
            document["title"] = self.title
        if not self.is_open:
            document["additionalProperties"] = False
        return document


@dataclass(frozen=True, slots=True, kw_only=True)
class Index:
    """The names of the columns that tell records apart; blank where there is none."""

    key: str = ""
    subkey: str = ""
    date: str = ""


_KEY_TYPES: Final = frozenset(
    (FieldType.STRING, FieldType.INTEGER, FieldType.DATE, FieldType.ANY)
)
_DATE_TYPES: Final = _KEY_TYPES | {FieldType.NUMBER}


def build_schema(
    fields: Iterable[Field],
    *,
    title: str = "",
    is_open: bool = True,
    pointer: str = "",
) -> Schema:
    """Return a schema of these fields.

    Raises:
        SchemaInvalid: for names that a field cannot bear, and for too many fields.
    """
    fields = tuple(fields)
    if len(fields) > FIELDS_LIMIT:
        raise SchemaInvalid(
            [
                FieldProblem(
                    child_pointer(pointer, "properties"),
                    "too_many_fields",
                    f"{len(fields)} fields are declared; a dataset has at most "
                    f"{FIELDS_LIMIT}.",
                )
            ]
        )
    problems = [
        FieldProblem(child_pointer(pointer, "properties", field.name), "name", reason)
        for field in fields
        if (reason := check_field_name(field.name))
    ]
    if problems:
        raise SchemaInvalid(problems)
    return Schema(fields=fields, title=title, is_open=is_open)


def apply_index(schema: Schema, index: Index) -> Schema:
    """Return the schema with its key and subkey required and never null.

    Without them a record has no place; so they are made so where the schema forgot.
    The date column may be missing or null: then the time of receipt stands for it.

    Raises:
        SchemaInvalid: for columns that are not declared, serve twice, or have a type
            that cannot serve; pointers begin at ``/columnMapping``.
    """
    problems = [
        problem
        for role, name in (
            ("key", index.key),
            ("subkey", index.subkey),
            ("date", index.date),
        )
        if name
        for problem in _index_problems(schema, role, name)
    ]
    if index.subkey and index.subkey == index.key:
        problems.append(
            FieldProblem(
                "/columnMapping/subkey",
                "index_twice",
                f"{index.subkey!r} is the key already; choose another subkey.",
            )
        )
    if problems:
        raise SchemaInvalid(problems)
    fields = tuple(
        replace(field, required=True, nullable=field.type is FieldType.ANY)
        if field.name in (index.key, index.subkey)
        else field
        for field in schema.fields
    )
    return replace(schema, fields=fields)


def child_pointer(pointer: str, *parts: str) -> str:
    """Return the JSON pointer of a member below `pointer` (RFC 6901)."""
    escaped = (part.replace("~", "~0").replace("/", "~1") for part in parts)
    return "/".join((pointer, *escaped))


def _index_problems(schema: Schema, role: str, name: str) -> Iterable[FieldProblem]:
    pointer = f"/columnMapping/{role}"
    field = schema.field(name)
    if field is None:
        yield FieldProblem(
            pointer,
            "index_unknown",
            f"The schema has no property {name!r} to be the {role}; declare it.",
        )
        return
    allowed = _DATE_TYPES if role == "date" else _KEY_TYPES
    if field.type not in allowed:
        names = ", ".join(sorted(allowed))
        yield FieldProblem(
            pointer,
            "index_type",
            f"{name!r} holds {field.type} values and cannot be the {role}; "
            f"it needs one of: {names}.",
        )
