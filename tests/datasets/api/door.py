"""The ASGI door called without a server, and what lies on its long way."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from django.test import override_settings

from config.requests import NamedRequests
from datasets.api.ingest import IngestDoor
from datasets.json import decode


@dataclass(frozen=True, slots=True, kw_only=True)
class Told:
    """An answer; status 299 came by the long way."""

    status: int
    headers: dict[str, str]
    body: Any


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """A request as its client sends it."""

    path: str
    body: bytes
    query: str = ""
    headers: dict[str, str] = field(default_factory=dict)


LONG_WAY = 299


@dataclass(slots=True)
class Door:
    """A door whose long way only notes the bodies that took it."""

    taken: list[bytes] = field(default_factory=list)

    def ask(self, *asked: Asked) -> list[Told]:
        """Send requests at once and return their answers, in the same order."""
        return asyncio.run(self._ask(asked))

    async def _ask(self, asked: Sequence[Asked]) -> list[Told]:
        door = IngestDoor(self._take)
        try:
            named = NamedRequests(door)
            return list(await asyncio.gather(*(_request(named, one) for one in asked)))
        finally:
            await asyncio.to_thread(door.close)

    async def _take(self, scope: Any, receive: Any, send: Any) -> None:
        body = b""
        while True:
            message = await receive()
            body += message["body"]
            if not message["more_body"]:
                break
        self.taken.append(body)
        await send({"type": "http.response.start", "status": LONG_WAY, "headers": []})
        await send({"type": "http.response.body", "body": b"null"})


async def _request(door: NamedRequests, asked: Asked) -> Told:
    """Send a request whose body comes in two pieces."""
    half = len(asked.body) // 2
    pieces = [
        {"type": "http.request", "body": asked.body[:half], "more_body": True},
        {"type": "http.request", "body": asked.body[half:], "more_body": False},
    ]
    sent: list[dict[str, Any]] = []

    async def receive() -> dict[str, Any]:
        return pieces.pop(0) if pieces else {"type": "http.disconnect"}

    async def send(message: dict[str, Any]) -> None:
        sent.append(message)

    scope = {
        "type": "http",
        "method": "POST",
        "path": asked.path,
        "query_string": asked.query.encode(),
        "scheme": "http",
        "headers": [
            (name.lower().encode(), text.encode())
            for name, text in {"Host": "localhost", **asked.headers}.items()
        ],
    }
    await door(scope, receive, send)
    headers = {name.decode(): text.decode() for name, text in sent[0]["headers"]}
    body = b"".join(message["body"] for message in sent[1:])
    return Told(status=sent[0]["status"], headers=headers, body=decode(body))


@contextmanager
def full_lanes() -> Iterator[None]:
    """Have every lane refuse more events."""
    with override_settings(BELLWETHER_BACKLOG_EVENTS=0):
        yield
