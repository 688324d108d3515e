"""A dataset, a rule that alerts on it, and a client that hears of its alerts."""

from __future__ import annotations

import json
import statistics
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager

import httpx
from websockets.asyncio.client import ClientConnection, connect

DATASET = "DELAY"
#: Prices above it raise an alert.
LEVEL = 1_000
PATIENCE_SECONDS = 60.0


class Calls:
    """What programs ask the product, with their token."""

    def __init__(self, url: str, token: str) -> None:
        self.token = token
        self.feed_url = f"{url.replace('http', 'ws')}/ws/v1/DEMO/feed"
        self._records = f"{url}/api/v1/workspaces/DEMO/datasets/{DATASET}/records"
        self._client = httpx.AsyncClient(
            headers={"Authorization": f"Bearer {token}"}, timeout=PATIENCE_SECONDS
        )

    async def send(self, records: Sequence[Mapping[str, object]]) -> bool:
        """Post records; say whether they were taken."""
        answer = await self._client.post(self._records, json=records)
        return answer.is_success


@asynccontextmanager
async def following(calls: Calls) -> AsyncIterator[ClientConnection]:
    """Follow the feed from now on."""
    async with connect(calls.feed_url, max_size=None, open_timeout=60) as socket:
        await socket.send(json.dumps({"type": "resume", "token": calls.token}))
        while json.loads(await socket.recv())["type"] != "resumed":
            continue
        yield socket


async def alert_of(socket: ClientConnection, key: str) -> None:
    """Read on until the feed tells of an alert of a key."""
    while True:
        frame = json.loads(await socket.recv())
        if frame["type"] == "alert.changed" and frame["alert"]["key"] == key:
            return


def shares(delays: Sequence[float]) -> dict[str, float]:
    """Return the middle, the 99th of a hundred and the longest of some seconds."""
    ordered = sorted(delays)
    return {
        "p50_ms": round(1000 * statistics.median(ordered), 1),
        "p99_ms": round(1000 * ordered[int(0.99 * (len(ordered) - 1))], 1),
        "most_ms": round(1000 * ordered[-1], 1),
    }


def record(key: str, price: int) -> dict[str, object]:
    """Return an event of a key."""
    return {"symbol": key, "price": price}


def dataset() -> dict[str, object]:
    """Return the dataset, as the API takes it."""
    return {
        "slug": DATASET,
        "index": {"key": "symbol"},
        "schema": {
            "type": "object",
            "properties": {"symbol": {"type": "string"}, "price": {"type": "number"}},
            "required": ["symbol"],
        },
    }


def rule(**more: object) -> dict[str, object]:
    """Return the rule that prices above `LEVEL` pass, on any key."""
    fact = f"DEMO:{DATASET}:*:price"
    return {
        "name": "Dear",
        "kind": "signal",
        "when": {"fact": fact, "op": "gt", "value": LEVEL},
        **more,
    }
