"""A way to a server that can go deaf: bytes vanish, and no connection is closed."""

from __future__ import annotations

import contextlib
import select
import socket
import threading
from collections.abc import Callable, Iterator

_PIECE = 65_536


class Proxy:
    """Carries connections to a port until it is deaf.

    A connection that was open while it was deaf stays so for ever, as one that a
    firewall forgot does; those made after it has healed work.
    """

    def __init__(self, to_port: int) -> None:
        self._to_port = to_port
        self._listener = socket.create_server(("127.0.0.1", 0), backlog=128)
        self.port: int = self._listener.getsockname()[1]
        self._is_deaf = False
        self._at: bytes | None = None
        self._deafnesses = 0
        self._ends: set[socket.socket] = set()
        self._threads: list[threading.Thread] = []
        self._begin(self._accept)

    def go_deaf(self) -> None:
        """Swallow everything from now on."""
        self._deafnesses += 1
        self._is_deaf = True

    def go_deaf_at(self, word: bytes) -> None:
        """Swallow everything from the next message on that holds this word."""
        self._at = word

    def hear(self) -> None:
        """Let new connections through again."""
        self._is_deaf = False

    def close(self) -> None:
        """End every connection, and take no further ones."""
        for end in (self._listener, *list(self._ends)):
            with contextlib.suppress(OSError):
                end.shutdown(socket.SHUT_RDWR)
        for thread in self._threads:
            thread.join()
        self._listener.close()

    def _begin(self, work: Callable[..., None], *args: object) -> None:
        thread = threading.Thread(target=work, args=args, daemon=True)
        self._threads = [one for one in self._threads if one.is_alive()]
        self._threads.append(thread)
        thread.start()

    def _accept(self) -> None:
        while True:
            try:
                near, _ = self._listener.accept()
            except OSError:  # shut down
                return
            try:
                far = socket.create_connection(("127.0.0.1", self._to_port))
            except OSError:  # nobody there
                near.close()
                continue
            self._ends |= {near, far}
            self._begin(self._carry, near, far, self._deafnesses)

    def _carry(self, near: socket.socket, far: socket.socket, began: int) -> None:
        other = {near: far, far: near}
        open_ends = [near, far]
        with near, far, contextlib.suppress(OSError):
            while open_ends:
                for end in select.select(open_ends, [], [])[0]:
                    piece = end.recv(_PIECE)
                    if self._at is not None and self._at in piece:
                        self._at = None
                        self.go_deaf()
                    if self._is_deaf or began != self._deafnesses:
                        # It is not told either that the other end has gone.
                        if not piece:
                            open_ends.remove(end)
                    elif piece:
                        other[end].sendall(piece)
                    else:
                        open_ends.clear()
                        break
        self._ends -= {near, far}


@contextlib.contextmanager
def proxy(to_port: int) -> Iterator[Proxy]:
    """Stand before a loopback port for the length of the block."""
    way = Proxy(to_port)
    try:
        yield way
    finally:
        way.close()
