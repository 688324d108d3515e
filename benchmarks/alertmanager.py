"""How long from a change until a webhook tells of it, beside Prometheus's.

Starts the product, and Prometheus with Alertmanager at their shortest times: a scrape
and an evaluation each second, and no waiting for a group. Both watch the same keys for
a price above a level. A key's price goes up for one of them, the two take turns, and a
receiver notes when a webhook names the key; of the product the live feed is read, too.
An alert of the product is stored by then; with DATABASE_URL and REDIS_URL it is in the
full mode.

Both programs come with Debian: `apt-get install prometheus prometheus-alertmanager`.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import random
import shutil
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import httpx
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
from benchmarks.product import free_port, manage, post, served

#: Changes before those that are measured: connections open and code is loaded.
WARM_UP = 5


class Exchange:
    """What Prometheus scrapes, and a receiver that notes which keys it is told of."""

    def __init__(self) -> None:
        self.prices: dict[str, int] = {}
        self._told = threading.Condition()
        self._told_at: dict[str, float] = {}
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), self._handler())
        self._server.daemon_threads = True
        threading.Thread(target=self._server.serve_forever, daemon=True).start()

    @property
    def address(self) -> str:
        """Where it is: host and port."""
        return f"127.0.0.1:{self._server.server_port}"

    def told_at(self, key: str) -> float:
        """Wait until a webhook names a key; when the first one did."""
        with self._told:
            if not self._told.wait_for(lambda: key in self._told_at, PATIENCE_SECONDS):
                raise SystemExit(f"No webhook told of {key}.")
            return self._told_at[key]

    def _note(self, key: str) -> None:
        with self._told:
            self._told_at.setdefault(key, time.perf_counter())
            self._told.notify_all()

    def _handler(self) -> type[BaseHTTPRequestHandler]:
        exchange = self

        class Handler(BaseHTTPRequestHandler):
            """Answers one caller."""

            protocol_version = "HTTP/1.1"

            def do_GET(self) -> None:
                prices = list(exchange.prices.items())
                lines = [f'price{{symbol="{key}"}} {price}\n' for key, price in prices]
                self._answer("".join(lines).encode())

            def do_POST(self) -> None:
                said = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
                if self.path == "/bellwether":
                    exchange._note(said["alert"]["key"])
                else:
                    for one in said["alerts"]:
                        exchange._note(one["labels"]["symbol"])
                self._answer(b"")

            def _answer(self, body: bytes) -> None:
                self.send_response(200)
                self.send_header("Content-Type", "text/plain; version=0.0.4")
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, *_: object) -> None:
                """Say nothing."""

        return Handler


def main() -> None:
    """Start both and measure them in turn."""
    options = _options()
    os.environ["BELLWETHER_ALLOWED_NETWORKS"] = "127.0.0.0/8"
    exchange = Exchange()
    names = [f"K{number}" for number in range(WARM_UP + options.changes)]
    exchange.prices = dict.fromkeys(names, 1)
    with (
        tempfile.TemporaryDirectory(prefix="bw-bench-") as data,
        served(data) as url,
        _prometheus(options, exchange),
    ):
        token = manage(data, "issue_token", "DEMO").strip()
        hook = {"url": f"http://{exchange.address}/bellwether"}
        post(url, "outputs", {"kind": "webhook", "name": "hook", "config": hook}, token)
        post(url, "datasets", dataset(), token)
        post(url, "rules", rule(outputs=[{"output": "hook"}]), token)
        asyncio.run(_measure(Calls(url, token), exchange, names))


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--changes", type=int, default=60)
    parser.add_argument("--prometheus", default=shutil.which("prometheus"))
    parser.add_argument(
        "--alertmanager", default=shutil.which("prometheus-alertmanager")
    )
    options = parser.parse_args()
    if not options.prometheus or not options.alertmanager:
        parser.error("apt-get install prometheus prometheus-alertmanager, or say where")
    return options


async def _measure(calls: Calls, exchange: Exchange, names: list[str]) -> None:
    feed, hook, rival = [], [], []
    async with following(calls) as socket:
        for key in names:
            heard = await _change_ours(calls, exchange, socket, key)
            feed.append(heard[0])
            hook.append(heard[1])
            rival.append(await _change_theirs(exchange, key))
            # Else each change would come at the same time of the second.
            await asyncio.sleep(random.random())  # noqa: S311 - not a secret
    ours, theirs = shares(hook[WARM_UP:]), shares(rival[WARM_UP:])
    _say(what="request to WebSocket", **shares(feed[WARM_UP:]))
    _say(what="request to webhook", **ours)
    _say(what="Prometheus: change to webhook", **theirs)
    _say(
        what="times as long, in the middle",
        webhook=round(theirs["p50_ms"] / ours["p50_ms"], 1),
        feed=round(theirs["p50_ms"] / shares(feed[WARM_UP:])["p50_ms"], 1),
    )


async def _change_ours(
    calls: Calls, exchange: Exchange, socket: ClientConnection, key: str
) -> tuple[float, float]:
    """Return the seconds from a request until feed and webhook tell of its alert."""
    ours = f"OURS-{key}"
    began = time.perf_counter()
    hearing = asyncio.create_task(asyncio.to_thread(exchange.told_at, ours))
    asking = asyncio.create_task(calls.send([record(ours, LEVEL + 1)]))
    await asyncio.wait_for(alert_of(socket, ours), PATIENCE_SECONDS)
    read = time.perf_counter() - began
    if not await asking:
        raise SystemExit(f"The event of {ours} was refused.")
    return read, await hearing - began


async def _change_theirs(exchange: Exchange, key: str) -> float:
    """Return the seconds from a change of what is scraped until a webhook tells."""
    began = time.perf_counter()
    exchange.prices[key] = LEVEL + 1
    return await asyncio.to_thread(exchange.told_at, key) - began


@contextmanager
def _prometheus(options: argparse.Namespace, exchange: Exchange) -> Iterator[None]:
    """Run Prometheus and Alertmanager until the block ends."""
    asked, told = free_port(), free_port()
    with tempfile.TemporaryDirectory(prefix="bw-prometheus-") as name:
        place = Path(name)
        _write_settings(place, exchange, f"127.0.0.1:{told}")
        commands = [
            (
                *(options.alertmanager, f"--config.file={place}/alertmanager.yml"),
                *(f"--storage.path={place}/alerts", "--cluster.listen-address="),
                f"--web.listen-address=127.0.0.1:{told}",
            ),
            (
                *(options.prometheus, f"--config.file={place}/prometheus.yml"),
                f"--storage.tsdb.path={place}/data",
                f"--web.listen-address=127.0.0.1:{asked}",
            ),
        ]
        quiet = subprocess.DEVNULL
        running = [
            subprocess.Popen(command, stdout=quiet, stderr=quiet)  # noqa: S603 - as told
            for command in commands
        ]
        try:
            _await(f"http://127.0.0.1:{told}/-/ready")
            _await(f"http://127.0.0.1:{asked}/api/v1/query?query=count(price)>0")
            yield
        finally:
            for one in running:
                one.terminate()
            for one in running:
                one.wait(30)


def _write_settings(place: Path, exchange: Exchange, alertmanager: str) -> None:
    # JSON is YAML.
    settings = {
        "prometheus": {
            "global": {"scrape_interval": "1s", "evaluation_interval": "1s"},
            "rule_files": [f"{place}/rules.yml"],
            "alerting": {
                "alertmanagers": [{"static_configs": [{"targets": [alertmanager]}]}]
            },
            "scrape_configs": [
                {
                    "job_name": "exchange",
                    "static_configs": [{"targets": [exchange.address]}],
                }
            ],
        },
        "rules": {
            "groups": [
                {
                    "name": "prices",
                    "rules": [{"alert": "Dear", "expr": f"price > {LEVEL}"}],
                }
            ]
        },
        "alertmanager": {
            "route": {
                "receiver": "hook",
                "group_by": ["symbol"],
                "group_wait": "0s",
                "group_interval": "1s",
            },
            "receivers": [
                {
                    "name": "hook",
                    "webhook_configs": [{"url": f"http://{exchange.address}/theirs"}],
                }
            ],
        },
    }
    for name, one in settings.items():
        (place / f"{name}.yml").write_text(json.dumps(one))


def _await(url: str) -> None:
    """Wait until one of them answers; a query of Prometheus, until it finds a value."""
    deadline = time.monotonic() + PATIENCE_SECONDS
    while time.monotonic() < deadline:
        try:
            answer = httpx.get(url)
            if answer.is_success and '"result":[]' not in answer.text:
                return
        except httpx.TransportError:
            pass  # it does not listen yet
        time.sleep(0.2)
    raise SystemExit(f"{url} did not answer.")


def _say(**measured: object) -> None:
    database = "PostgreSQL" if "DATABASE_URL" in os.environ else "SQLite"
    sys.stdout.write(json.dumps({"database": database, **measured}) + "\n")
    sys.stdout.flush()


if __name__ == "__main__":
    main()
