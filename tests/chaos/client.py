"""A client that repeats a request with the same key until it is answered."""

from __future__ import annotations

import http.client
import time
from collections import Counter
from dataclasses import dataclass, field
from typing import Any

from datasets.json import decode, encode

_TIMEOUT_SECONDS = 10.0
_TOO_MANY, _AWAY = 429, 503


class Refused(AssertionError):
    """The server answered that the request is wrong; asking again cannot help."""


class TooMuch(Exception):
    """The server refused a request before it stored anything, for it has enough."""


@dataclass(slots=True)
class Client:
    """One connection at a time to a server that may be gone at any moment."""

    port: int
    token: str
    workspace: str = "DEMO"
    host: str = "127.0.0.1"
    repeats: int = 0
    #: Answers that no client should ever get: errors that are the server's own, and
    #: refusals that do not say when to come again.
    improper: list[str] = field(default_factory=list)
    #: How often each status said no.
    refusals: Counter[int] = field(default_factory=Counter)
    #: The sentences with which it was said.
    sentences: set[str] = field(default_factory=set)
    _connection: http.client.HTTPConnection | None = field(default=None, init=False)

    def post(
        self,
        path: str,
        body: object,
        *,
        key: str,
        seconds: float = 60.0,
        takes_no: bool = False,
        kind: str = "application/json",
    ) -> tuple[int, object]:
        """Post until there is an answer of 2xx, and return status and body.

        Raises:
            TooMuch: with `takes_no`, if it was refused for there is too much, and no
                earlier try may have been stored.
        """
        deadline = time.monotonic() + seconds
        content = body.encode() if isinstance(body, str) else encode(body)
        is_open = False
        while time.monotonic() < deadline:
            try:
                status, headers, answer = self._ask("POST", path, content, key, kind)
            except (OSError, http.client.HTTPException):
                self.close()
                is_open = True
            else:
                if status < 300:
                    return status, decode(answer)
                self._note(path, status, headers, answer)
                if status == _TOO_MANY and takes_no and not is_open:
                    raise TooMuch(answer.decode())
                is_open = is_open or b"outcome_unknown" in answer
                if status not in {409, _TOO_MANY} and status < 500:
                    raise Refused(f"{path}: {status} {answer.decode()[:500]}")
            self.repeats += 1
            time.sleep(0.1)
        raise Refused(f"{path}: no answer within {seconds:.0f} s")

    def get(self, path: str) -> Any:
        """Return what is at a path, asking once."""
        status, _, answer = self._ask("GET", path)
        if status != http.HTTPStatus.OK:
            raise Refused(f"{path}: {status} {answer.decode()[:500]}")
        return decode(answer)

    def close(self) -> None:
        """Hang up."""
        if self._connection is not None:
            self._connection.close()
            self._connection = None

    def _note(
        self, path: str, status: int, headers: http.client.HTTPMessage, answer: bytes
    ) -> None:
        """Keep an answer that is not as promises R11 and R18 want it."""
        self.refusals[status] += 1
        self.sentences.add(answer.decode())
        is_postponed = status in {_TOO_MANY, _AWAY}
        if (is_postponed and "Retry-After" not in headers) or (
            status >= 500 and not is_postponed
        ):
            self.improper.append(f"{path}: {status} {answer.decode()[:300]}")

    def _ask(
        self,
        method: str,
        path: str,
        content: bytes = b"",
        key: str = "",
        kind: str = "application/json",
    ) -> tuple[int, http.client.HTTPMessage, bytes]:
        if self._connection is None:
            self._connection = http.client.HTTPConnection(
                self.host, self.port, timeout=_TIMEOUT_SECONDS
            )
        self._connection.request(
            method,
            f"/api/v1/workspaces/{self.workspace}/{path}",
            content,
            {
                "Authorization": f"Bearer {self.token}",
                "Content-Type": kind,
                **({"Idempotency-Key": key} if key else {}),
            },
        )
        answer = self._connection.getresponse()
        return answer.status, answer.headers, answer.read()
