"""How many events a second come in over HTTP, durable before the answer, and judged.

Starts the product as its users do (`manage.py up`) on an empty data directory: the
embedded default, or the full mode where DATABASE_URL and REDIS_URL name an empty
PostgreSQL database and a Redis. Then it posts quotes over many connections, in turn by
the short way and, told by a header, by the long way through a view, which checks and
stores the same. Each round ends when all that was accepted is judged.

README.md says how to read what it prints.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import random
import sys
import tempfile
import time
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path

import httpx

sys.path.insert(0, str(Path(__file__).parent.parent))

from benchmarks.product import manage, post, served

SYMBOLS = 1_000
#: A page of another site would send this; the product looks at such a call itself.
_LONG_WAY = "Origin: https://bench.example\r\n"


@dataclass(slots=True)
class Tally:
    """What one round of requests met."""

    statuses: Counter[int] = field(default_factory=Counter)
    seconds: list[float] = field(default_factory=list)

    def share(self, part: float) -> float:
        """Return the time, in milliseconds, that such a part of the answers kept."""
        ordered = sorted(self.seconds)
        return round(1000 * ordered[int(part * (len(ordered) - 1))], 1)


def main() -> None:
    """Measure each size of request by both ways."""
    options = _options()
    with tempfile.TemporaryDirectory(prefix="bw-bench-") as data, served(data) as url:
        token = manage(data, "issue_token", "DEMO").strip()
        for place in range(options.rules):
            post(url, "rules", _rule(place), token)
        for connections, size in ((64, 1), (8, 100)):
            for way in ("short", "long"):
                name = f"{way}{size}".upper()
                post(url, "datasets", _dataset(name), token)
                asyncio.run(_round(url, token, name, way, connections, size, options))


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seconds", type=float, default=10.0)
    parser.add_argument("--rules", type=int, default=0, help="on the short way's data")
    return parser.parse_args()


def _dataset(name: str) -> dict[str, object]:
    return {
        "slug": name,
        "index": {"key": "symbol"},
        "schema": {
            "type": "object",
            "properties": {
                "symbol": {"type": "string"},
                "price": {"type": "number"},
                "volume": {"type": "integer"},
            },
            "required": ["symbol"],
        },
    }


def _rule(place: int) -> dict[str, object]:
    fact = f"DEMO:SHORT{1 if place % 2 else 100}:S{place % SYMBOLS}:price"
    return {
        "name": f"Rule {place}",
        "kind": "signal",
        "when": {"fact": fact, "op": "gt", "value": 1_000_000},
    }


def _request(host: str, token: str, name: str, way: str, body: bytes) -> bytes:
    head = (
        f"POST /api/v1/workspaces/DEMO/datasets/{name}/records HTTP/1.1\r\n"
        f"Host: {host}\r\nAuthorization: Bearer {token}\r\n"
        f"Content-Type: application/json\r\nContent-Length: {len(body)}\r\n"
        f"{_LONG_WAY if way == 'long' else ''}\r\n"
    )
    return head.encode() + body


def _bodies(size: int) -> list[bytes]:
    draw = random.Random(5)  # noqa: S311 - a workload, not a secret
    return [
        json.dumps(
            [
                {
                    "symbol": f"S{draw.randrange(SYMBOLS)}",
                    "price": round(draw.uniform(10, 500), 2),
                    "volume": draw.randrange(1_000_000),
                }
                for _ in range(size)
            ]
        ).encode()
        for _ in range(64)
    ]


async def _round(
    url: str,
    token: str,
    name: str,
    way: str,
    connections: int,
    size: int,
    options: argparse.Namespace,
) -> None:
    host = url.removeprefix("http://")
    requests = [_request(host, token, name, way, body) for body in _bodies(size)]
    tally = Tally()
    began = time.monotonic()
    until = began + options.seconds
    await asyncio.gather(
        *(_send(host, requests[place:], tally, until) for place in range(connections))
    )
    sent_for = time.monotonic() - began
    await asyncio.to_thread(_await_judged, url, token, name)
    accepted = size * tally.statuses[202]
    measured = {
        "way": way,
        "database": "PostgreSQL" if "DATABASE_URL" in os.environ else "SQLite",
        "connections": connections,
        "events_a_request": size,
        "rules": options.rules,
        "accepted_per_second": round(accepted / sent_for),
        "judged_per_second": round(accepted / (time.monotonic() - began)),
        "p50_ms": tally.share(0.5),
        "p99_ms": tally.share(0.99),
        "answers": dict(tally.statuses),
    }
    sys.stdout.write(json.dumps(measured) + "\n")
    sys.stdout.flush()


async def _send(host: str, requests: list[bytes], tally: Tally, until: float) -> None:
    """Send one request after the other over one connection."""
    reader, writer = await asyncio.open_connection(*host.split(":"))
    place = 0
    while time.monotonic() < until:
        began = time.monotonic()
        writer.write(requests[place % len(requests)])
        head = await reader.readuntil(b"\r\n\r\n")
        length = head.lower().split(b"content-length:")[1].split(b"\r\n")[0]
        await reader.readexactly(int(length))
        status = int(head[9:12])
        tally.statuses[status] += 1
        if status == 202:
            tally.seconds.append(time.monotonic() - began)
        else:
            await asyncio.sleep(0.2)
        place += 1
    writer.close()


def _await_judged(url: str, token: str, name: str) -> None:
    """Post one more record and wait until it is judged, after all before it."""
    address = f"{url}/api/v1/workspaces/DEMO/datasets/{name}/records?wait=judged"
    headers = {"Authorization": f"Bearer {token}"}
    body = {"symbol": "S0", "price": 1}
    while True:
        answer = httpx.post(address, json=body, headers=headers, timeout=30)
        if answer.status_code == 200:
            return
        time.sleep(0.5)


if __name__ == "__main__":
    main()
