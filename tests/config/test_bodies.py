"""What is too long is refused before anything of it is kept."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

import pytest
from pytest_django.fixtures import Settings

from config.bodies import LimitedBodies, limit_of

MEGABYTE = 1_000_000
RECORDS = "/api/v1/workspaces/DEMO/datasets/PRICES/records"
PIECE = b"x" * 400_000


class Connection:
    """A client that sends its body in pieces, and how far the server let it come."""

    def __init__(self, path: str, *pieces: bytes, length: int | None = None) -> None:
        said = [] if length is None else [(b"content-length", str(length).encode())]
        self.scope = {"type": "http", "path": path, "method": "POST", "headers": said}
        self.pieces = list(pieces)
        self.sent: list[Mapping[str, Any]] = []
        self.kept = b""
        self.read_before_answer = 0

    async def receive(self) -> Mapping[str, Any]:
        self.read_before_answer += not self.sent
        piece = self.pieces.pop(0)
        more = bool(self.pieces)
        return {"type": "http.request", "body": piece, "more_body": more}

    async def send(self, message: Mapping[str, Any]) -> None:
        self.sent.append(message)

    async def keep(self, scope: Any, receive: Any, send: Any) -> None:
        """Stand for Django, which keeps the whole body before it looks."""
        more = True
        while more:
            message = await receive()
            self.kept += message["body"]
            more = message["more_body"]
        await send({"type": "http.response.start", "status": 202, "headers": []})

    async def run(self) -> int:
        await LimitedBodies(self.keep)(self.scope, self.receive, self.send)
        return int(self.sent[0]["status"])

    @property
    def answer(self) -> Any:
        return json.loads(b"".join(one.get("body", b"") for one in self.sent))


@pytest.mark.parametrize("path", [RECORDS, "/v1/record/DEMO/PRICES", "/v1/nothing"])
async def test_body_that_says_it_is_too_long_is_refused_unread(path: str) -> None:
    connection = Connection(path, PIECE, PIECE, PIECE, length=MEGABYTE + 1)

    assert await connection.run() == 413
    assert connection.read_before_answer == 0
    assert not connection.kept


@pytest.mark.parametrize("path", [RECORDS, "/v1/record/DEMO/PRICES"])
async def test_body_without_a_length_is_left_at_the_limit(path: str) -> None:
    connection = Connection(path, *[PIECE] * 50)

    assert await connection.run() == 413
    assert connection.read_before_answer == 3
    assert len(connection.kept) <= MEGABYTE


async def test_refusal_has_the_form_of_its_api() -> None:
    native = Connection(RECORDS, b"", length=MEGABYTE + 1)
    apperate = Connection("/v1/record/DEMO/PRICES", b"", length=MEGABYTE + 1)
    await native.run()
    await apperate.run()

    assert (native.answer["status"], native.answer["code"]) == (413, "too_large")
    assert native.answer["instance"] == RECORDS
    assert apperate.answer["error"] == "too_large"
    assert "1,000,000 bytes" in apperate.answer["message"]


async def test_client_that_sends_all_first_finds_the_answer() -> None:
    connection = Connection(RECORDS, *[PIECE] * 9, length=9 * len(PIECE))
    await connection.run()

    assert not connection.pieces
    assert [one.get("more_body", False) for one in connection.sent[1:]] == [True, False]


async def test_body_within_the_limit_is_passed_on_whole() -> None:
    connection = Connection(RECORDS, PIECE, PIECE, length=2 * len(PIECE))

    assert await connection.run() == 202
    assert connection.kept == 2 * PIECE


@pytest.mark.parametrize(
    ("path", "method", "limit"),
    [
        ("/v1/data/DEMO/PRICES", "POST", 5 * MEGABYTE),
        ("/beta/data/DEMO/PRICES/", "POST", 5 * MEGABYTE),
        ("/v1/datasets/DEMO/PRICES", "PUT", 5 * MEGABYTE),
        ("/v1/datasets/DEMO/PRICES", "DELETE", MEGABYTE),
        ("/v1/record/DEMO/PRICES", "POST", MEGABYTE),
        ("/v1/rules/create", "POST", MEGABYTE),
        (RECORDS, "POST", MEGABYTE),
        ("/w/DEMO/data/new", "POST", 10 * MEGABYTE),
    ],
)
def test_files_may_be_longer_where_they_are_taken(
    settings: Settings, path: str, method: str, limit: int
) -> None:
    settings.BELLWETHER_UPLOAD_BYTES = 5 * MEGABYTE

    assert limit_of(path, method) == limit
