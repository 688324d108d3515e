"""The web server: uvicorn in a loop of ours, which the live feed shares."""

from __future__ import annotations

import asyncio
import contextlib
import signal
import sys
from collections.abc import Callable, Generator
from datetime import timedelta
from typing import Any

import uvicorn
from django.db import connection

from alerts.push import use_loop
from alerts.up.parent import GIVE_UP, say

#: What one statement may take where somebody waits for it; elsewhere it is three times
#: that (settings, `DATABASES`).
STATEMENTS_ALLOWED = timedelta(seconds=5)
#: Open requests and sockets get so long when the server stops.
_GRACE_SECONDS = 5


class _Server(uvicorn.Server):
    """Leaves signals to us and says when it serves."""

    def __init__(self, config: uvicorn.Config, *, on_serving: Callable[[], None]):
        super().__init__(config)
        self._on_serving = on_serving

    @contextlib.contextmanager
    def capture_signals(self) -> Generator[None, None, None]:
        """Capture none: uvicorn would raise them again, past our own ending."""
        yield

    async def startup(self, sockets: list[Any] | None = None) -> None:
        try:
            await super().startup(sockets)
        except SystemExit:
            where = f"{self.config.host}:{self.config.port}"
            say(f"Cannot listen on {where}; choose another --host or --port.")
            sys.exit(GIVE_UP)
        self._on_serving()

    def leave(self) -> None:
        self.should_exit = True


def limit_statements(most: timedelta) -> None:
    """Let no statement of this process take longer; said before it opens a connection.

    Who waits for a page has left by then, and ingest must not wait behind it.
    """
    if connection.vendor == "postgresql":
        options = connection.settings_dict["OPTIONS"]
        limit = f"-c statement_timeout={most.total_seconds():.0f}s"
        options["options"] = f"{options['options']} {limit}"


def serve(*, host: str, port: int, on_serving: Callable[[], None]) -> None:
    """Serve until SIGTERM or Ctrl-C."""
    config = uvicorn.Config(
        "config.asgi:application",
        host=host,
        port=port,
        ws="websockets-sansio",
        ws_max_size=65_536,
        lifespan="on",
        log_config=None,
        access_log=False,
        server_header=False,
        # Longer than clients keep idle connections, so that they close them first.
        timeout_keep_alive=75,
        timeout_graceful_shutdown=_GRACE_SECONDS,
    )
    server = _Server(config, on_serving=on_serving)
    with asyncio.Runner(loop_factory=config.get_loop_factory()) as runner:
        runner.run(_serve(server))


async def _serve(server: _Server) -> None:
    loop = asyncio.get_running_loop()
    for one in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(one, server.leave)
    use_loop(loop)
    await server.serve()
