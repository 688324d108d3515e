"""One event on which a hundred thousand rules raise an alert, and a thousand that flap.

Starts the product as its users do, on data in which the rules are in effect already,
and sends the event. Meanwhile records that raise an alert each go into another dataset,
whose alerts are awaited on a WebSocket: what a storm costs everybody else. Then a
thousand keys go over a threshold and back, again and again, and one output is told.

Give it a PostgreSQL database of its own, or none for SQLite in a new directory.
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
from collections.abc import Callable
from datetime import timedelta
from decimal import Decimal
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent.parent))
_data = tempfile.TemporaryDirectory(prefix="bw-bench-")
os.environ["BELLWETHER_DATA_DIR"] = _data.name
os.environ["BELLWETHER_STORM_MESSAGES"] = "100"
os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings.base")

import django  # noqa: E402

django.setup()

import httpx  # noqa: E402
import numpy as np  # noqa: E402
from django.core.management import call_command  # noqa: E402
from django.db import close_old_connections, connection, connections  # noqa: E402
from django.db.models import Count, QuerySet  # noqa: E402
from websockets.asyncio.client import ClientConnection  # noqa: E402

from alerts.models import Alert, Delivery, FeedHead, Transition  # noqa: E402
from alerts.pipeline import drain_lane  # noqa: E402
from benchmarks.alerts import (  # noqa: E402
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
from benchmarks.calm import (  # noqa: E402
    KEYS,
    Storing,
    make_dataset,
    store_first_values,
)
from benchmarks.product import manage, post, served  # noqa: E402
from benchmarks.workload import Rules, name_of, opening_prices  # noqa: E402
from config.clock import database_now  # noqa: E402
from datasets.services import open_lane  # noqa: E402
from workspaces.access import open_for_system  # noqa: E402
from workspaces.models import Workspace  # noqa: E402

STORM = f"STORM{int(time.time())}"
FLAPPING = 1_000
ROUNDS = 10
LONGEST = timedelta(minutes=20)
_LOOK_EVERY_SECONDS = 0.5


def main() -> None:
    """Store the rules, start the product and measure it."""
    options = _options()
    call_command("migrate", verbosity=0, interactive=False)
    store_rules(options.alerts)
    connections.close_all()
    with served(_data.name) as url:
        tokens = {
            slug: manage(_data.name, "issue_token", slug).strip()
            for slug in ("DEMO", STORM)
        }
        post(url, "datasets", dataset(), tokens["DEMO"])
        post(url, "rules", rule(), tokens["DEMO"])
        asyncio.run(_measure(url, tokens, options))


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--alerts", type=int, default=100_000)
    parser.add_argument("--pause", type=float, default=0.25, help="between probes, s")
    parser.add_argument("--probes", type=int, default=40, help="before the storm")
    return parser.parse_args()


def store_rules(count: int) -> None:
    """Store rules on one key of a workspace of their own, none of which is true."""
    workspace = Workspace.objects.create(slug=STORM, created_at=database_now())
    access = open_for_system(workspace=workspace)
    prices = make_dataset(access)
    store_first_values(prices, database_now())
    drain_lane(lane_id=open_lane(prices).pk, budget_seconds=60)
    opening = opening_prices(KEYS)[0]
    drawn = Rules(
        key=np.zeros(count, np.int64),
        down=np.zeros(count, np.bool_),
        price=np.full(count, opening),
        volume=np.full(count, np.nan),
        is_all=np.ones(count, np.bool_),
    )
    thresholds = np.round(opening * (1.1 + np.arange(count) / count), 4)
    Storing(access, prices, database_now()).store_drawn(drawn, thresholds)


async def _measure(
    url: str, tokens: dict[str, str], options: argparse.Namespace
) -> None:
    calls = Calls(url, tokens["DEMO"])
    async with following(calls) as socket:
        probing = _Probing(calls, socket, options.pause)
        await probing.probe(20)  # what is warmed up once
        _say(
            what="alerts of others",
            storm=None,
            **shares(await probing.probe(options.probes)),
        )
        await _storm(_Storm(url, tokens[STORM]), probing, options.alerts)
        await _flap(url, tokens["DEMO"])


class _Probing:
    """Raises an alert after the other, and awaits each on a WebSocket."""

    def __init__(self, calls: Calls, socket: ClientConnection, pause: float) -> None:
        self._calls = calls
        self._socket = socket
        self._pause = pause

    async def probe(self, count: int) -> list[float]:
        """Return the seconds from so many requests until their alert was heard of."""
        return [await self._once() for _ in range(count)]

    async def probe_until(self, ended: asyncio.Event) -> list[float]:
        """Return those of the requests that began until something ended."""
        delays = []
        while not ended.is_set():
            delays.append(await self._once())
        return delays

    async def _once(self) -> float:
        key = f"P{time.monotonic_ns()}"
        began = time.perf_counter()
        while not await self._calls.send([record(key, LEVEL + 1)]):
            await asyncio.sleep(0.2)
        await asyncio.wait_for(alert_of(self._socket, key), LONGEST.total_seconds())
        took = time.perf_counter() - began
        await asyncio.sleep(self._pause)
        return took


class _Storm:
    """Sends the event on which all rules raise an alert."""

    def __init__(self, url: str, token: str) -> None:
        self._records = f"{url}/api/v1/workspaces/{STORM}/datasets/PRICES/records"
        self._headers = {"Authorization": f"Bearer {token}"}

    async def send(self, price: Decimal) -> None:
        """Send a price of the key that all rules watch."""
        event = {"symbol": name_of(0), "price": float(price), "volume": 1}
        async with httpx.AsyncClient(timeout=PATIENCE_SECONDS) as client:
            answer = await client.post(
                self._records, json=[event], headers=self._headers
            )
        answer.raise_for_status()


async def _storm(storm: _Storm, probing: _Probing, count: int) -> None:
    """Let all rules raise an alert at once; say how long it takes, and others wait."""
    opening = Decimal(str(opening_prices(KEYS)[0]))
    # The lane's program is loaded by an event that changes nothing.
    await storm.send(opening)
    await asyncio.sleep(10)
    ended = asyncio.Event()
    waiting = asyncio.create_task(probing.probe_until(ended))
    began = time.perf_counter()
    await storm.send(opening * 3)
    await _until(lambda: _count_alerts() >= count)
    stored = time.perf_counter() - began
    await _until(lambda: _count_numbered() >= count)
    numbered = time.perf_counter() - began
    ended.set()
    delays = await waiting
    _say(
        what="one event raises alerts",
        database=connection.vendor,
        alerts=count,
        stored_seconds=round(stored, 1),
        in_the_feed_seconds=round(numbered, 1),
    )
    _say(what="alerts of others", storm=count, probes=len(delays), **shares(delays))


async def _flap(url: str, token: str) -> None:
    """Let a thousand keys go over a threshold and back; say what one output is told."""
    fields = {"symbol": {"type": "string"}, "price": {"type": "number"}}
    flapping = {
        "slug": "FLAPPING",
        "index": {"key": "symbol"},
        "schema": {"type": "object", "properties": fields},
    }
    post(url, "datasets", flapping, token)
    mail = {"kind": "email", "name": "mail", "config": {"to": ["ana@example.com"]}}
    post(url, "outputs", mail, token)
    fact = "DEMO:FLAPPING:*:price"
    flaps = {
        "name": "Flaps",
        "kind": "state",
        "when": {"fact": fact, "op": "gt", "value": 0},
        "outputs": [{"output": "mail", "at_most_every": "0s"}],
    }
    post(url, "rules", flaps, token)
    records = f"{url}/api/v1/workspaces/DEMO/datasets/FLAPPING/records"
    began = time.perf_counter()
    async with httpx.AsyncClient(timeout=PATIENCE_SECONDS) as client:
        for _ in range(ROUNDS):
            for price in (1, -1):
                events = [
                    {"symbol": f"K{key}", "price": price} for key in range(FLAPPING)
                ]
                answer = await client.post(
                    records, json=events, headers={"Authorization": f"Bearer {token}"}
                )
                answer.raise_for_status()
    wanted = FLAPPING * ROUNDS * 2
    await _until(lambda: _count_flaps() >= wanted)
    _say(
        what="keys flap",
        keys=FLAPPING,
        transitions=wanted,
        seconds=round(time.perf_counter() - began, 1),
        deliveries=await asyncio.to_thread(_count_deliveries),
    )


async def _until(is_so: Callable[[], bool]) -> None:
    deadline = time.monotonic() + LONGEST.total_seconds()
    while not await asyncio.to_thread(is_so):
        if time.monotonic() > deadline:
            raise SystemExit("It did not come to an end.")
        await asyncio.sleep(_LOOK_EVERY_SECONDS)


def _count_alerts() -> int:
    close_old_connections()
    return Alert.objects.filter(workspace__slug=STORM).count()


def _count_numbered() -> int:
    head = FeedHead.objects.filter(workspace__slug=STORM).first()
    return 0 if head is None else head.next_seq - 1


def _flaps() -> QuerySet[Transition]:
    return Transition.objects.filter(rule__slug="flaps")


def _count_flaps() -> int:
    return _flaps().count()


def _count_deliveries() -> dict[str, int]:
    """Count what the output is told of flapping: alone, and in a summary."""
    deliveries = Delivery.objects.filter(transition__in=_flaps())
    counted = deliveries.values_list("status").annotate(n=Count("pk"))
    return dict(counted)


def _say(**measured: object) -> None:
    sys.stdout.write(json.dumps(measured) + "\n")
    sys.stdout.flush()


if __name__ == "__main__":
    main()
