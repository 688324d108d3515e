"""The calls of the API, read out of the OpenAPI document for people."""

from __future__ import annotations

import json
import re
import shlex
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode

from workspaces.console.reference.shapes import Field, Json, Schemas, Shape

_METHODS = ("get", "post", "put", "patch", "delete")
_PLACES = ("path", "query", "header")
_VARIABLE = re.compile(r"\{(\w+)\}")


@dataclass(frozen=True, slots=True, kw_only=True)
class Parameters:
    """The parameters of a call that stand in one place: path, query or header."""

    place: str
    fields: tuple[Field, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Content:
    """A body in one media type, and an example where the document gives one."""

    media_type: str
    shape: Shape
    example: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """One status that a call answers with."""

    status: str
    description: str
    contents: tuple[Content, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Operation:
    """One call."""

    name: str
    method: str
    path: str
    description: str
    parameters: tuple[Parameters, ...]
    bodies: tuple[Content, ...]
    answers: tuple[Answer, ...]
    #: A command that makes the call; words in capitals stand for the caller's own.
    curl: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Group:
    """The calls under one tag."""

    name: str
    operations: tuple[Operation, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Reference:
    """All that the page shows of a document."""

    groups: tuple[Group, ...]
    #: The form of every error, which the document names once.
    problem: Shape


def read_reference(document: Json, *, host: str) -> Reference:
    """Read a document; `host` is the scheme and authority that its paths are under.

    Groups and calls come in the document's order. The answer `default`, a problem, is
    the same for every call and told once.
    """
    schemas = Schemas(document)
    groups: dict[str, list[Operation]] = {}
    for path, item in document["paths"].items():
        for method in _METHODS:
            if method in item:
                tag = item[method].get("tags", ["other"])[0]
                operation = _operation(schemas, path, method, item[method], host)
                groups.setdefault(tag, []).append(operation)
    return Reference(
        groups=tuple(
            Group(name=name, operations=tuple(operations))
            for name, operations in groups.items()
        ),
        problem=schemas.shape({"$ref": "#/components/schemas/Problem"}),
    )


def _operation(
    schemas: Schemas, path: str, method: str, said: Json, host: str
) -> Operation:
    content = said.get("requestBody", {}).get("content", {})
    return Operation(
        name=said["operationId"],
        method=method.upper(),
        path=path,
        description=said.get("summary") or said.get("description", ""),
        parameters=tuple(_parameters(schemas, path, said)),
        bodies=tuple(_contents(schemas, content)),
        answers=tuple(
            Answer(
                status=status,
                description=answer.get("description", ""),
                contents=tuple(_contents(schemas, answer.get("content", {}))),
            )
            for status, answer in said["responses"].items()
            if status != "default"
        ),
        curl=_curl(schemas, method.upper(), f"{host}{path}", said),
    )


def _parameters(schemas: Schemas, path: str, said: Json) -> Iterator[Parameters]:
    # Those of the path in its order; the others, not in it, keep the document's.
    named = sorted(said.get("parameters", ()), key=lambda one: _place(path, one))
    for place in _PLACES:
        fields = tuple(
            schemas.field(
                one["name"],
                one.get("schema", {}),
                is_required=one.get("required", False),
                description=one.get("description", ""),
            )
            for one in named
            if one["in"] == place
        )
        if fields:
            yield Parameters(place=place, fields=fields)


def _place(path: str, parameter: Json) -> int:
    return path.find(f"{{{parameter['name']}}}")


def _contents(schemas: Schemas, content: Json) -> Iterator[Content]:
    for media_type, media in content.items():
        example = _example(media)
        yield Content(
            media_type=media_type,
            shape=schemas.shape(media.get("schema", {})),
            example=_written(example, indent=2) if example else "",
        )


def _example(media: Json) -> Any:  # any: a JSON document
    named = [one["value"] for one in media.get("examples", {}).values()]
    return named[0] if named else media.get("example")


def _curl(schemas: Schemas, method: str, address: str, said: Json) -> str:
    """Return the shortest command that makes the call."""
    samples = dict(_required(schemas, said))
    query = urlencode(samples.get("query", {}))
    address = _VARIABLE.sub(lambda found: found[1].upper(), address)
    address = f"{address}?{query}" if query else address
    start = "curl" if method == "GET" else f"curl -X {method}"
    headers = {"Authorization": "Bearer TOKEN", **samples.get("header", {})}
    content = said.get("requestBody", {}).get("content", {})
    body = []
    if content:
        media_type, media = next(iter(content.items()))
        headers["Content-Type"] = media_type
        body = [f"-d {shlex.quote(_body(schemas, media))}"]
    options = [shlex.quote(f"{name}: {value}") for name, value in headers.items()]
    lines = [f"-H {option}" for option in options]
    return " \\\n  ".join([f"{start} {shlex.quote(address)}", *lines, *body])


def _body(schemas: Schemas, media: Json) -> str:
    example = _example(media)
    return _written(example or schemas.sample(media["schema"]))


def _written(body: object, *, indent: int | None = None) -> str:
    return body if isinstance(body, str) else json.dumps(body, indent=indent)


def _required(
    schemas: Schemas, said: Json
) -> Iterator[tuple[str, Mapping[str, object]]]:
    for place in _PLACES:
        yield (
            place,
            {
                one["name"]: schemas.sample(
                    one.get("schema", {}), name=one["name"].replace("-", "_")
                )
                for one in said.get("parameters", ())
                if one["in"] == place and one.get("required")
            },
        )
