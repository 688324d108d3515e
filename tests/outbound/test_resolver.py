import socket
import threading

import pytest

from outbound.errors import ConnectionFailed, TimedOut
from outbound.resolver import ask_system


def test_system_names_the_addresses_of_this_host() -> None:
    assert "127.0.0.1" in ask_system("localhost", 80, 5)


def test_unknown_name_is_a_failed_connection() -> None:
    def unknown(*args: object, **options: object) -> list[tuple[object, ...]]:
        raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")

    with pytest.raises(ConnectionFailed, match="not found"):
        ask_system("unknown.example", 80, 5, unknown)


def test_name_that_cannot_be_asked_for_is_a_failed_connection() -> None:
    with pytest.raises(ConnectionFailed, match="not found"):
        ask_system("a" * 64 + ".example", 80, 5)


def test_slow_resolver_is_left_behind() -> None:
    asked_to_end = threading.Event()

    def slow(*args: object, **options: object) -> list[tuple[object, ...]]:
        asked_to_end.wait()
        return []

    with pytest.raises(TimedOut, match="in time"):
        ask_system("slow.example", 80, 0.05, slow)

    asked_to_end.set()
