"""What is told when the server begins and ends."""

from __future__ import annotations

from typing import Any

from config.lifespan import Lifespan


async def test_server_ends_after_what_is_to_be_done_at_its_end() -> None:
    told: list[str] = []
    messages = iter(("lifespan.startup", "lifespan.shutdown"))

    async def receive() -> dict[str, Any]:
        return {"type": next(messages)}

    async def send(message: dict[str, Any]) -> None:
        told.append(message["type"])

    lifespan = Lifespan(at_end=lambda: told.append("what waited is stored"))
    await lifespan({"type": "lifespan"}, receive, send)

    assert told == [
        "lifespan.startup.complete",
        "what waited is stored",
        "lifespan.shutdown.complete",
    ]
