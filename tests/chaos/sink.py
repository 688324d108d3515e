"""Receivers of webhooks: one that takes what it is sent, and some that hang."""

from __future__ import annotations

import contextlib
import threading
from collections import Counter
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

#: Longer than any of our calls may take (outbound.http).
_HANG_SECONDS = 30.0


class Sink:
    """A server that counts every message by its id."""

    def __init__(self, host: str) -> None:
        self._host = host
        self.received: Counter[str] = Counter()
        #: How many messages each path has taken.
        self.answered: Counter[str] = Counter()
        #: How many calls hang at this moment.
        self.hanging = 0
        self._released = threading.Event()
        self._lock = threading.Lock()
        self._server = ThreadingHTTPServer((host, 0), self._handler())
        self._server.daemon_threads = True
        threading.Thread(target=self._server.serve_forever, daemon=True).start()

    def url(self, path: str) -> str:
        """Return an address: what is below `/hang` answers nothing."""
        return f"http://{self._host}:{self._server.server_port}{path}"

    def close(self) -> None:
        """Let those that hang go, and answer nobody any more."""
        self._released.set()
        self._server.shutdown()
        self._server.server_close()

    def hang(self) -> None:
        """Keep a caller waiting for longer than any of ours waits."""
        with self._lock:
            self.hanging += 1
        self._released.wait(_HANG_SECONDS)
        with self._lock:
            self.hanging -= 1

    def note(self, path: str, message: str) -> None:
        """Count a message that came."""
        with self._lock:
            self.answered[path] += 1
            self.received[message] += 1

    def _handler(self) -> type[BaseHTTPRequestHandler]:
        sink = self

        class Handler(BaseHTTPRequestHandler):
            """Answers one caller."""

            def do_POST(self) -> None:
                self.rfile.read(int(self.headers["Content-Length"]))
                if self.path.startswith("/hang"):
                    sink.hang()
                    return
                sink.note(self.path, self.headers["webhook-id"])
                with contextlib.suppress(OSError):  # the caller was killed
                    self.send_response(204)
                    self.end_headers()

            def log_message(self, *_: object) -> None:
                """Say nothing."""

        return Handler


@contextlib.contextmanager
def receiving(host: str = "127.0.0.1") -> Iterator[Sink]:
    """Receive for the length of the block."""
    sink = Sink(host)
    try:
        yield sink
    finally:
        sink.close()
