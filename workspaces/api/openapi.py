"""What the OpenAPI document says of all calls: signing in, bodies, and errors."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from drf_spectacular.extensions import (
    OpenApiAuthenticationExtension,
    OpenApiSerializerExtension,
)
from drf_spectacular.generators import SchemaGenerator
from drf_spectacular.openapi import AutoSchema

from workspaces.api.authentication import SessionAuthentication, TokenAuthentication
from workspaces.api.serializers import StrictSerializer

Document = dict[str, Any]  # any: a JSON document

_TEXT = {"type": "string"}
_PROBLEM = {
    "type": "object",
    "description": "What went wrong, as RFC 9457 has it, and each wrong place.",
    "properties": {
        "type": {**_TEXT, "description": "An address that stands for the code."},
        "title": {**_TEXT, "description": "What the status means, in words."},
        "status": {"type": "integer", "description": "The status, once more."},
        "detail": {**_TEXT, "description": "One sentence for people."},
        "instance": {**_TEXT, "description": "The path that was called."},
        "code": {**_TEXT, "description": "Stable, for programs."},
        "request_id": {**_TEXT, "description": "Of this answer alone."},
        "errors": {
            "type": "array",
            "description": "Each wrong place, and how to mend it.",
            "items": {
                "type": "object",
                "properties": {"pointer": _TEXT, "code": _TEXT, "detail": _TEXT},
                "required": ["pointer", "code", "detail"],
            },
        },
    },
    "required": ["type", "title", "status", "detail", "code", "request_id", "errors"],
}
_REFUSED = {
    "description": "The call was refused; nothing of it was stored.",
    "content": {
        "application/problem+json": {"schema": {"$ref": "#/components/schemas/Problem"}}
    },
}


class TokenScheme(OpenApiAuthenticationExtension):  # type: ignore[no-untyped-call] # its base's
    """A token in the Authorization header."""

    target_class = TokenAuthentication
    name = "token"

    def get_security_definition(self, auto_schema: AutoSchema) -> dict[str, str]:
        """Return a bearer scheme."""
        return {"type": "http", "scheme": "bearer"}


class SessionScheme(OpenApiAuthenticationExtension):  # type: ignore[no-untyped-call] # its base's
    """The console's session."""

    target_class = SessionAuthentication
    name = "session"

    def get_security_definition(self, auto_schema: AutoSchema) -> dict[str, str]:
        """Return a cookie scheme."""
        return {
            "type": "apiKey",
            "in": "cookie",
            "name": settings.SESSION_COOKIE_NAME,
        }


class StrictScheme(OpenApiSerializerExtension):  # type: ignore[no-untyped-call] # its base's
    """Bodies in which a field that is not declared is an error."""

    target_class = StrictSerializer
    match_subclasses = True

    def map_serializer(self, auto_schema: AutoSchema, direction: str) -> Document:
        """Return the usual schema, closed."""
        schema: Document = auto_schema._map_serializer(  # type: ignore[no-untyped-call] # noqa: SLF001 - its documented way
            self.target, direction, bypass_extensions=True
        )
        return {**schema, "additionalProperties": False}


def sort_by_subject(
    result: Document,
    generator: SchemaGenerator,
    request: object,
    public: bool,  # noqa: FBT001 - as the generator calls its hooks
) -> Document:
    """Tag every call with what it is about: the first word below the workspace."""
    for path, item in result["paths"].items():
        below = path.partition("/{workspace}/")[2]
        subject = below.partition("/")[0] or "workspaces"
        for operation in item.values():
            operation["tags"] = [subject]
    return result


def name_errors(
    result: Document,
    generator: SchemaGenerator,
    request: object,
    public: bool,  # noqa: FBT001 - as the generator calls its hooks
) -> Document:
    """Say of every call in which form it is refused."""
    result["components"]["schemas"]["Problem"] = _PROBLEM
    for path in result["paths"].values():
        for operation in path.values():
            operation["responses"]["default"] = _REFUSED
    return result
