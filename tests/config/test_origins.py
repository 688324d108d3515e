"""Which pages may open a socket."""

from __future__ import annotations

import pytest
from channels.generic.websocket import AsyncWebsocketConsumer
from channels.testing import WebsocketCommunicator

from config.origins import SameOriginOnly

#: A socket that ends looks after the connection of its thread, used or not.
pytestmark = pytest.mark.django_db


@pytest.mark.parametrize(
    ("host", "origin", "is_let_in"),
    [
        pytest.param("localhost:8000", None, True, id="program"),
        pytest.param("localhost:8000", "http://localhost:8000", True, id="our page"),
        pytest.param("localhost", "http://localhost", True, id="without a port"),
        pytest.param(
            "localhost:8000", "https://LOCALHOST:8000", True, id="in capitals"
        ),
        pytest.param("inner", "http://127.0.0.1:8000", True, id="the public address"),
        pytest.param("localhost:8000", "http://evil.example", False, id="another host"),
        pytest.param("localhost:8000", "http://localhost:3000", False, id="other port"),
        pytest.param("localhost:8000", "null", False, id="no origin at all"),
        pytest.param("localhost:8000", "", False, id="blank"),
        pytest.param("evil.example", "http://evil.example", False, id="rebound name"),
    ],
)
async def test_socket_opens_for_our_own_pages_and_for_programs(
    host: str, origin: str | None, is_let_in: bool
) -> None:
    headers = [(b"host", host.encode())]
    if origin is not None:
        headers.append((b"origin", origin.encode()))
    one = WebsocketCommunicator(
        SameOriginOnly(AsyncWebsocketConsumer.as_asgi()), "/", headers=headers
    )

    connected, _ = await one.connect()
    await one.disconnect()

    assert connected is is_let_in
