"""Asking the name service, within a time."""

import queue
import socket
import threading
from collections.abc import Callable, Sequence
from typing import Any

from outbound.errors import ConnectionFailed, TimedOut

Resolve = Callable[[str, int, float], tuple[str, ...]]
"""Takes host, port and seconds to wait; gives every address as text."""


def ask_system(
    host: str,
    port: int,
    timeout_seconds: float,
    lookup: Callable[..., Sequence[tuple[Any, ...]]] = socket.getaddrinfo,
) -> tuple[str, ...]:
    """Ask the system's resolver, which cannot be told how long it may take.

    So it is asked in a thread of its own, which is left behind when the time is up;
    it ends by itself when the resolver gives up.

    Raises:
        ConnectionFailed: there is no such name.
        TimedOut: no answer in time.
    """
    answers: queue.SimpleQueue[tuple[str, ...] | None] = queue.SimpleQueue()

    def ask() -> None:
        try:
            found = lookup(host, port, type=socket.SOCK_STREAM)
        except (OSError, UnicodeError):
            answers.put(None)
        else:
            answers.put(tuple(str(entry[4][0]) for entry in found))

    threading.Thread(target=ask, name="resolve", daemon=True).start()
    try:
        answer = answers.get(timeout=max(timeout_seconds, 0))
    except queue.Empty:
        raise TimedOut(f"The name {host} was not found in time.") from None
    if answer is None:
        raise ConnectionFailed(f"The name {host} was not found.")
    return answer
