"""The product as its users start it, for benchmarks that ask it from outside."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx

ROOT = Path(__file__).parent.parent
START_SECONDS = 120


@contextmanager
def served(data: str) -> Iterator[str]:
    """Run the product until the block ends; its address."""
    port = free_port()
    url = f"http://127.0.0.1:{port}"
    command = [sys.executable, "manage.py", "up", "--port", str(port)]
    quiet = subprocess.DEVNULL
    up = subprocess.Popen(  # noqa: S603 - our own command
        command, cwd=ROOT, env=environment(data), stdout=quiet, stderr=quiet
    )
    try:
        deadline = time.monotonic() + START_SECONDS
        while not _is_ready(url):
            if up.poll() is not None or time.monotonic() > deadline:
                raise SystemExit("The product did not start.")
            time.sleep(0.2)
        yield url
    finally:
        up.send_signal(signal.SIGTERM)
        up.wait(30)


def free_port() -> int:
    """Return a port of loopback at which nobody listens."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return int(free.getsockname()[1])


def environment(data: str) -> dict[str, str]:
    """Return the settings of a product on its data: no market, and as we were told."""
    return {**os.environ, "BELLWETHER_DATA_DIR": data, "BELLWETHER_SIMULATOR": "off"}


def _is_ready(url: str) -> bool:
    try:
        return httpx.get(f"{url}/readyz", timeout=2).is_success
    except httpx.HTTPError:
        return False


def manage(data: str, *words: str) -> str:
    """Run a command of the product on its data; what it prints."""
    command = [sys.executable, "manage.py", *words]
    return subprocess.run(  # noqa: S603 - our own command
        command,
        cwd=ROOT,
        env=environment(data),
        check=True,
        capture_output=True,
        text=True,
    ).stdout


def post(url: str, what: str, body: object, token: str) -> None:
    """Make something in the workspace DEMO."""
    address = f"{url}/api/v1/workspaces/DEMO/{what}"
    headers = {"Authorization": f"Bearer {token}"}
    httpx.post(address, json=body, headers=headers, timeout=30).raise_for_status()
