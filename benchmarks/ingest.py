"""How many events a second come in over HTTP, durable before the answer, and judged.

Starts the product as its users do (`manage.py up`) on an empty data directory: the
embedded default, or the full mode where DATABASE_URL and REDIS_URL name an empty
PostgreSQL database and a Redis. Then it posts quotes over many connections, in turn by
the short way and, told by a header, by the long way through a view, which checks and
stores the same. Each round ends when all that was accepted is judged. With rules, those
of `calm.py`, one event in a thousand raises an alert. On PostgreSQL the same rows are
first copied into a bare table, a hundred a commit, which is what storing costs alone.

README.md says how to read what it prints.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

import httpx
import psycopg

sys.path.insert(0, str(Path(__file__).parent.parent))

from benchmarks.product import ROOT, environment, manage, served

DATASET = "PRICES"
BODIES = 64
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
    with tempfile.TemporaryDirectory(prefix="bw-bench-") as data:
        manage(data, "prepare")
        events = _prepare(data, options.rules)
        if "DATABASE_URL" in os.environ:
            _copy(events, options.seconds)
        with served(data) as url:
            token = manage(data, "issue_token", "DEMO").strip()
            for connections, size in ((64, 1), (8, 100)):
                bodies = [
                    json.dumps(events[first : first + size]).encode()
                    for first in range(0, size * BODIES, size)
                ]
                for way in ("short", "long"):
                    sending = _Sending(url, token, way, bodies)
                    asyncio.run(_round(sending, connections, size, options))


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seconds", type=float, default=10.0)
    parser.add_argument("--rules", type=int, default=0)
    return parser.parse_args()


def _prepare(data: str, rules: int) -> list[dict[str, object]]:
    """Store the rules; return events as they are sent."""
    script = [sys.executable, "benchmarks/calm_prices.py", str(rules)]
    said = subprocess.run(  # noqa: S603 - our own script
        [*script, str(100 * BODIES)],
        cwd=ROOT,
        env=environment(data),
        check=True,
        capture_output=True,
    ).stdout
    return list(json.loads(said))


def _copy(events: list[dict[str, object]], seconds: float) -> None:
    """Copy the events into a bare table for a while, and say how fast that went."""
    rows = [(one["symbol"], json.dumps(one)) for one in events]
    copied, began = 0, time.monotonic()
    with psycopg.connect(os.environ["DATABASE_URL"], autocommit=True) as database:
        database.execute("CREATE TEMPORARY TABLE bare (key text, body jsonb)")
        while time.monotonic() - began < seconds:
            first = copied % len(rows)
            copying = database.cursor().copy("COPY bare (key, body) FROM STDIN")
            with copying as copy:
                for row in rows[first : first + 100]:
                    copy.write_row(row)
            copied += 100
    rate = round(copied / (time.monotonic() - began))
    sys.stdout.write(json.dumps({"way": "bare COPY", "rows_per_second": rate}) + "\n")


@dataclass(frozen=True, slots=True)
class _Sending:
    """Where a round sends what, and by which way."""

    url: str
    token: str
    way: str
    bodies: Sequence[bytes]

    @property
    def host(self) -> str:
        return self.url.removeprefix("http://")

    @property
    def path(self) -> str:
        return f"/api/v1/workspaces/DEMO/datasets/{DATASET}/records"

    def requests(self) -> list[bytes]:
        """Return what is written to a connection for each body."""
        return [self._head(body).encode() + body for body in self.bodies]

    def _head(self, body: bytes) -> str:
        return (
            f"POST {self.path} HTTP/1.1\r\n"
            f"Host: {self.host}\r\nAuthorization: Bearer {self.token}\r\n"
            f"Content-Type: application/json\r\nContent-Length: {len(body)}\r\n"
            f"{_LONG_WAY if self.way == 'long' else ''}\r\n"
        )


async def _round(
    sending: _Sending, connections: int, size: int, options: argparse.Namespace
) -> None:
    host, requests = sending.host, sending.requests()
    tally = Tally()
    began = time.monotonic()
    until = began + options.seconds
    await asyncio.gather(
        *(_send(host, requests[place:], tally, until) for place in range(connections))
    )
    sent_for = time.monotonic() - began
    await asyncio.to_thread(_await_judged, sending)
    accepted = size * tally.statuses[202]
    measured = {
        "way": sending.way,
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


def _await_judged(sending: _Sending) -> None:
    """Post one more record and wait until it is judged, after all before it."""
    address = f"{sending.url}{sending.path}?wait=judged"
    headers = {"Authorization": f"Bearer {sending.token}"}
    body = {"symbol": "LAST"}
    while True:
        answer = httpx.post(address, json=body, headers=headers, timeout=30)
        if answer.status_code == 200:
            return
        time.sleep(0.5)


if __name__ == "__main__":
    main()
