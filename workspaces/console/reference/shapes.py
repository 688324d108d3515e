"""What a body looks like: a schema of the OpenAPI document as rows to read.

A reference (`$ref`) is followed where it stands; fields of fields are named by their
path (`data[].counters.ran`).
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

Json = Mapping[str, Any]  # any: a JSON document

#: How many levels of fields are shown below a body's own.
DEEPEST = 2
# How drf-spectacular lists the values of an enum in its description.
_CHOICE = re.compile(r"^\* `(?P<value>[^`]*)` - (?P<label>.*)$", re.MULTILINE)
# Lower and upper limit, and of what. That a text is not empty goes without saying.
_LIMITS = (("minimum", "maximum", ""), ("minLength", "maxLength", " characters"))


@dataclass(frozen=True, slots=True, kw_only=True)
class Choice:
    """A value that a field may have; `label` is empty where it says no more."""

    value: str
    label: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Field:
    """One row: a field of a body, or a parameter of a call."""

    name: str
    type: str
    is_required: bool
    description: str
    choices: tuple[Choice, ...]
    #: Limits and the default, each in words.
    notes: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Shape:
    """A whole body: its name in the document, or empty, and its fields."""

    name: str
    type: str
    description: str
    fields: tuple[Field, ...]


class Schemas:
    """The schemas of one document, which its references name."""

    def __init__(self, document: Json) -> None:
        """Keep what the document calls its components."""
        self._named: Json = document.get("components", {}).get("schemas", {})

    def shape(self, schema: Json) -> Shape:
        """Describe a body."""
        name, plain = self._follow(schema)
        inner_name, inner, path = self._inside(schema)
        return Shape(
            name=name or inner_name,
            type=self._type(schema),
            description=(plain if name else inner).get("description", ""),
            fields=tuple(self._fields(inner, f"{path}." if path else "", 0)),
        )

    def field(
        self, name: str, schema: Json, *, is_required: bool, description: str = ""
    ) -> Field:
        """Describe one value; `description` goes before what its schema says."""
        _, plain = self._follow(schema)
        said = description or plain.get("description", "")
        _, one, _ = self._inside(schema)
        return Field(
            name=name,
            type=self._type(schema),
            is_required=is_required,
            description=_CHOICE.sub("", said).strip(),
            choices=_choices(one),
            notes=tuple(note for note in _notes(plain) if note not in said),
        )

    def sample(self, schema: Json, *, name: str = "value") -> object:
        """Return a value as small as the schema allows; words in capitals stand in."""
        _, plain = self._follow(schema)
        for said in ("example", "default"):
            if plain.get(said) not in (None, ""):
                return plain[said]
        if plain.get("enum"):
            return plain["enum"][0]
        for one in plain.get("oneOf", ()):
            return self.sample(one, name=name)
        if "object" in _types(plain):
            required = plain.get("required", ())
            return {
                key: self.sample(plain["properties"][key], name=key)
                for key in plain.get("properties", {})
                if key in required
            }
        return _SAMPLES.get(next(iter(_types(plain)), ""), name.upper())

    def _fields(self, schema: Json, prefix: str, depth: int) -> Iterator[Field]:
        required = schema.get("required", ())
        for name, one in schema.get("properties", {}).items():
            yield self.field(f"{prefix}{name}", one, is_required=name in required)
            if depth < DEEPEST:
                _, inner, path = self._inside(one)
                yield from self._fields(inner, f"{prefix}{name}{path}.", depth + 1)

    def _follow(self, schema: Json) -> tuple[str, Json]:
        """Return a schema without its references, and the name of the last one.

        What stands beside a reference goes before what it says.
        """
        name = ""
        while "$ref" in schema or "allOf" in schema:
            parts = [*schema.get("allOf", ())]
            if "$ref" in schema:
                name = schema["$ref"].rpartition("/")[2]
                parts.append(self._named[name])
            beside = {
                key: said for key, said in schema.items() if key not in _REFERENCES
            }
            merged: dict[str, Any] = {}  # any: a JSON document
            for part in (*parts, beside):
                merged.update(part)
            schema = merged
        return name, schema

    def _inside(self, schema: Json) -> tuple[str, Json, str]:
        """Return what an array, or an array of arrays, holds, and the path to it."""
        name, plain = self._follow(schema)
        path = ""
        while "array" in _types(plain) and "items" in plain:
            name, plain = self._follow(plain["items"])
            path += "[]"
        return name, plain, path

    def _type(self, schema: Json) -> str:
        _, plain = self._follow(schema)
        either = [*plain.get("oneOf", ()), *plain.get("anyOf", ())]
        if either:
            return " or ".join(dict.fromkeys(self._type(one) for one in either))
        words = [self._word(kind, plain) for kind in _types(plain)]
        return " or ".join(words) or "any"

    def _word(self, kind: str, plain: Json) -> str:
        if kind == "array" and plain.get("items"):
            return f"array of {self._type(plain['items'])}"
        shows_format = plain.get("format") and kind == "string"
        return f"{kind} ({plain['format']})" if shows_format else kind


_REFERENCES = ("$ref", "allOf")
_SAMPLES: Mapping[str, object] = {
    "integer": 1,
    "number": 1.5,
    "boolean": True,
    "array": [],
    "null": None,
}


def _types(schema: Json) -> tuple[str, ...]:
    kinds = schema.get("type", ())
    return (kinds,) if isinstance(kinds, str) else tuple(kinds)


def _choices(schema: Json) -> tuple[Choice, ...]:
    labels = dict(_CHOICE.findall(schema.get("description", "")))
    return tuple(
        Choice(value=str(value), label=_label(str(value), labels.get(str(value), "")))
        for value in schema.get("enum", ())
        if value is not None
    )


def _label(value: str, label: str) -> str:
    return "" if label.casefold() == value.casefold() else label


def _notes(schema: Json) -> Iterator[str]:
    for least, most, unit in _LIMITS:
        low, high = schema.get(least), schema.get(most)
        low = None if (least, low) == ("minLength", 1) else low
        if low is not None and high is not None:
            yield f"{low:,} to {high:,}{unit}"
        elif low is not None:
            yield f"at least {low:,}{unit}"
        elif high is not None:
            yield f"at most {high:,}{unit}"
    if schema.get("default") not in (None, ""):
        yield f"default {schema['default']}"
