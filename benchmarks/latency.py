"""How long from a request with an event until its alert stands in a browser.

Starts the product as its users do (`manage.py up`), in the embedded default or, where
DATABASE_URL and REDIS_URL are set, in the full mode, on empty data. One connection
posts records that raise an alert each and waits for it on a WebSocket that followed
the feed by token; others post quiet records meanwhile. Then one alert is awaited on
many sockets, and a storm of alerts is counted until the feed has them all.

README.md says how to read what it prints.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import sys
import tempfile
import time
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path

from websockets.asyncio.client import ClientConnection

sys.path.insert(0, str(Path(__file__).parent.parent))

from benchmarks.alerts import (
    LEVEL,
    PATIENCE_SECONDS,
    Calls,
    alert_of,
    dataset,
    following,
    record,
    rule,
    shares,
)
from benchmarks.product import manage, post, served

#: Records of one request of the background, and of the storm.
TOGETHER = 10
STORM_TOGETHER = 100


def main() -> None:
    """Start the product and measure it."""
    options = _options()
    with tempfile.TemporaryDirectory(prefix="bw-bench-") as data, served(data) as url:
        token = manage(data, "issue_token", "DEMO").strip()
        post(url, "datasets", dataset(), token)
        post(url, "rules", rule(), token)
        asyncio.run(_measure(Calls(url, token), options))


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--probes", type=int, default=200)
    parser.add_argument("--pause", type=float, default=0.1, help="between probes, s")
    parser.add_argument(
        "--rates", type=int, nargs="*", default=[0, 1_000], help="quiet events a second"
    )
    parser.add_argument("--sockets", type=int, nargs="*", default=[1_000])
    parser.add_argument("--storm", type=int, default=5_000, help="alerts at once")
    return parser.parse_args()


async def _measure(calls: Calls, options: argparse.Namespace) -> None:
    async with following(calls) as socket:
        await _probe(calls, socket, 20, options.pause)  # what is warmed up once
        for rate in options.rates:
            async with _Background(calls, rate).going_on():
                delays = await _probe(calls, socket, options.probes, options.pause)
            _say(what="request to WebSocket", background=rate, **shares(delays))
        if options.storm:
            await _storm(calls, socket, options.storm)
    for count in options.sockets:
        await _fan_out(calls, count)


async def _probe(
    calls: Calls, socket: ClientConnection, count: int, pause: float
) -> list[float]:
    """Return the seconds from each request until its alert stood in the socket."""
    delays = []
    for number in range(count):
        key = f"P{time.monotonic_ns()}"
        began = time.perf_counter()
        asking = asyncio.create_task(calls.send([record(key, LEVEL + 1)]))
        await asyncio.wait_for(alert_of(socket, key), PATIENCE_SECONDS)
        delays.append(time.perf_counter() - began)
        if not await asking:
            raise SystemExit(f"Probe {number} was refused.")
        await asyncio.sleep(pause)
    return delays


class _Background:
    """Posts quiet records at a rate, as many requests at once as that takes."""

    def __init__(self, calls: Calls, rate: int) -> None:
        self._calls = calls
        self._rate = rate
        self._taken = 0
        self._waiting: set[asyncio.Task[None]] = set()

    @asynccontextmanager
    async def going_on(self) -> AsyncIterator[None]:
        """Post for as long as the block lasts, then say what was reached."""
        if not self._rate:
            yield
            return
        began = time.monotonic()
        sending = asyncio.create_task(self._keep_sending())
        try:
            await asyncio.sleep(1)
            yield
        finally:
            reached = self._taken / (time.monotonic() - began)
            sending.cancel()
            await asyncio.gather(*self._waiting, return_exceptions=True)
        _say(what="background", wanted=self._rate, reached=round(reached))

    async def _keep_sending(self) -> None:
        began, place = time.monotonic(), 0
        while True:
            task = asyncio.create_task(self._send(place))
            self._waiting.add(task)
            task.add_done_callback(self._waiting.discard)
            place += 1
            due = began + place * TOGETHER / self._rate
            await asyncio.sleep(max(0.0, due - time.monotonic()))

    async def _send(self, place: int) -> None:
        keys = (f"K{(place * TOGETHER + one) % 1_000}" for one in range(TOGETHER))
        if await self._calls.send([record(key, 1 + place % 900) for key in keys]):
            self._taken += TOGETHER


async def _storm(calls: Calls, socket: ClientConnection, count: int) -> None:
    """Raise alerts as fast as they are taken; say when the feed has the last one."""
    began = time.perf_counter()
    mark = f"S{time.monotonic_ns()}-"
    for first in range(0, count, STORM_TOGETHER):
        keys = (f"{mark}{one}" for one in range(first, first + STORM_TOGETHER))
        records = [record(key, LEVEL + 1) for key in keys]
        while not await calls.send(records):
            await asyncio.sleep(0.2)
    accepted = time.perf_counter() - began
    await asyncio.wait_for(_last_of(socket, f"{mark}{count - 1}", count), 600)
    seconds = time.perf_counter() - began
    _say(
        what="alerts stored and in the feed",
        alerts=count,
        accepted_per_second=round(count / accepted),
        per_second=round(count / seconds),
    )


async def _last_of(socket: ClientConnection, key: str, count: int) -> None:
    """Read on until the feed told of an alert, or of a gap that it is behind of."""
    told = 0
    while told < count:
        frame = json.loads(await socket.recv())
        if frame["type"] == "alert.changed":
            told += 1
            if frame["alert"]["key"] == key:
                return
        elif frame["type"] == "gap":
            told += frame["count"]


async def _fan_out(calls: Calls, count: int) -> None:
    """Say how long after the first of many sockets the last has an alert."""
    async with AsyncExitStack() as stack:
        sockets = [
            await stack.enter_async_context(following(calls)) for _ in range(count)
        ]
        rounds = []
        for _ in range(5):
            key = f"F{time.monotonic_ns()}"
            began = time.perf_counter()

            async def hear(socket: ClientConnection, key: str = key) -> float:
                await alert_of(socket, key)
                return time.perf_counter()

            hearing = [asyncio.create_task(hear(socket)) for socket in sockets]
            await calls.send([record(key, LEVEL + 1)])
            heard = await asyncio.gather(*hearing)
            rounds.append((max(heard) - began, max(heard) - min(heard)))
    _say(
        what="one alert to many sockets",
        sockets=count,
        last_ms=[round(1000 * last) for last, _ in rounds],
        last_after_first_ms=[round(1000 * spread) for _, spread in rounds],
    )


def _say(**measured: object) -> None:
    database = "PostgreSQL" if "DATABASE_URL" in os.environ else "SQLite"
    sys.stdout.write(json.dumps({"database": database, **measured}) + "\n")
    sys.stdout.flush()


if __name__ == "__main__":
    main()
