"""Bodies of the native API: exact JSON in and out."""

from __future__ import annotations

from collections.abc import Mapping
from typing import IO

from rest_framework.parsers import BaseParser
from rest_framework.renderers import BaseRenderer

from datasets.json import JsonInvalid, decode, encode
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
    ) -> object:
        """Return the decoded body.

        Raises:
            Unreadable: saying what is wrong and where.
        """
        body = stream.read()
        if not body:
            return {}
        try:
            return decode(body)
        except JsonInvalid as error:
            raise Unreadable(str(error), code=error.code) from error
