"""A client that repeats a request with the same key until it is answered."""

from __future__ import annotations

import http.client
import time
from dataclasses import dataclass, field
from typing import Any

from datasets.json import decode, encode

_TIMEOUT_SECONDS = 10.0


class Refused(AssertionError):
    """The server answered that the request is wrong; asking again cannot help."""


@dataclass(slots=True)
class Client:
    """One connection at a time to a server that may be gone at any moment."""

    port: int
    token: str
    workspace: str = "DEMO"
    repeats: int = 0
    _connection: http.client.HTTPConnection | None = field(default=None, init=False)

    def post(
        self, path: str, body: object, *, key: str, seconds: float = 60.0
    ) -> tuple[int, object]:
        """Post until there is an answer of 2xx, and return status and body."""
        deadline = time.monotonic() + seconds
        content = encode(body)
        while time.monotonic() < deadline:
            try:
                status, answer = self._ask("POST", path, content, key)
            except (OSError, http.client.HTTPException):
                self.close()
            else:
                if status < 300:
                    return status, decode(answer)
                if status not in {409, 429} and status < 500:
                    raise Refused(f"{path}: {status} {answer.decode()[:500]}")
            self.repeats += 1
            time.sleep(0.1)
        raise Refused(f"{path}: no answer within {seconds:.0f} s")

    def get(self, path: str) -> Any:
        """Return what is at a path, asking once."""
        status, answer = self._ask("GET", path)
        if status != http.HTTPStatus.OK:
            raise Refused(f"{path}: {status} {answer.decode()[:500]}")
        return decode(answer)

    def close(self) -> None:
        """Hang up."""
        if self._connection is not None:
            self._connection.close()
            self._connection = None

    def _ask(
        self, method: str, path: str, content: bytes = b"", key: str = ""
    ) -> tuple[int, bytes]:
        if self._connection is None:
            self._connection = http.client.HTTPConnection(
                "127.0.0.1", self.port, timeout=_TIMEOUT_SECONDS
            )
        self._connection.request(
            method,
            f"/api/v1/workspaces/{self.workspace}/{path}",
            content,
            {
                "Authorization": f"Bearer {self.token}",
                "Content-Type": "application/json",
                **({"Idempotency-Key": key} if key else {}),
            },
        )
        answer = self._connection.getresponse()
        return answer.status, answer.read()
