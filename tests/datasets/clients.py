"""HTTP clients of the datasets' edges."""

from __future__ import annotations

from typing import Any

from django.test import Client

from datasets.json import decode, encode
from tests.factories import TokenFactory
from workspaces.models import TokenKind, Workspace


class ApiClient:
    """Sends JSON to a base path and keeps decimals exact both ways."""

    def __init__(self, base: str, token: str = "") -> None:
        headers = {"Authorization": f"Bearer {token}"} if token else {}
        self.base = base
        self.http = Client(headers=headers)

    @classmethod
    def of(
        cls,
        workspace: Workspace,
        base: str,
        kind: TokenKind = TokenKind.SECRET,
    ) -> ApiClient:
        """Return a client with a new token of a workspace."""
        _, text = TokenFactory.with_text(workspace=workspace, kind=kind)
        return cls(base, text)

    def get(self, path: str, **query: str | int) -> Any:
        return self.http.get(self.base + path, query)

    def post(self, path: str, body: object, **headers: str) -> Any:
        return self.send("post", path, encode(body), **headers)

    def put(self, path: str, body: object, **headers: str) -> Any:
        return self.send("put", path, encode(body), **headers)

    def patch(self, path: str, body: object, **headers: str) -> Any:
        return self.send("patch", path, encode(body), **headers)

    def delete(self, path: str) -> Any:
        return self.http.delete(self.base + path)

    def send(
        self,
        method: str,
        path: str,
        body: bytes,
        kind: str = "application/json",
        **headers: str,
    ) -> Any:
        return getattr(self.http, method)(
            self.base + path,
            body,
            content_type=kind,
            headers={name.replace("_", "-"): value for name, value in headers.items()},
        )


def body_of(response: Any) -> Any:
    """Return the answer's JSON with its digits."""
    return decode(response.content)
