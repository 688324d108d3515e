"""Bodies of the native API: exact JSON in and out."""

from __future__ import annotations

from collections.abc import Mapping
from typing import IO, Any

from django.http import HttpRequest
from rest_framework.parsers import BaseParser
from rest_framework.renderers import BaseRenderer

from datasets.json import JsonInvalid, decode, encode
from workspaces.api.bodies import read_body, read_limited
from workspaces.refusals import Unreadable


class ExactJSONRenderer(BaseRenderer):
    """Write numbers with the digits they were sent with."""

    media_type = "application/json"
    format = "json"
    charset = None

    def render(
        self,
        data: object,
        accepted_media_type: str | None = None,
        renderer_context: Mapping[str, object] | None = None,
    ) -> bytes:
        """Return the body; nothing at all for an answer without one."""
        return b"" if data is None else encode(data)


class ExactJSONParser(BaseParser):
    """Read JSON without turning decimals into floats."""

    media_type = "application/json"

    def parse(
        self,
        stream: IO[bytes],
        media_type: str | None = None,
        parser_context: Mapping[str, object] | None = None,
    ) -> Any:  # any: REST framework expects an object, JSON may be anything
        """Return the decoded body.

        Raises:
            Unreadable: saying what is wrong and where.
            TooLarge: if it has more bytes than one request may bring.
        """
        source: object = stream
        # What arrives is the request itself, which keeps its body for who asks again.
        body = (
            read_body(source)
            if isinstance(source, HttpRequest)
            else read_limited(stream)
        )
        if not body:
            return {}
        try:
            return decode(body)
        except JsonInvalid as error:
            raise Unreadable(str(error), code=error.code) from error
