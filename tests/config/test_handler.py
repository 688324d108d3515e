"""The ASGI handler: a whole request in one thread, which the next one uses as well."""

import threading
from collections.abc import Iterator
from typing import Any

import pytest
from asgiref.testing import ApplicationCommunicator
from django.http import HttpRequest, HttpResponse
from django.test import override_settings
from django.urls import path

from config.handler import OneThreadHandler

ran_in: list[int] = []


class Noting:
    """Middleware that notes the thread in which it runs."""

    def __init__(self, get_response: Any) -> None:
        self._get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        ran_in.append(threading.get_ident())
        response: HttpResponse = self._get_response(request)
        return response


def answer(request: HttpRequest) -> HttpResponse:
    """Answer with what was sent, and note the thread."""
    ran_in.append(threading.get_ident())
    return HttpResponse(request.body.upper(), headers={"X-Way": request.method})


released = threading.Event()


def hang(_: HttpRequest) -> HttpResponse:
    """Answer once a test says so."""
    released.wait(30)
    return HttpResponse()


urlpatterns = [path("here", answer), path("hang", hang)]


@pytest.fixture
def handler() -> Iterator[OneThreadHandler]:
    """Give a handler of this module's views behind two noting middlewares."""
    ran_in.clear()
    noting = [f"{__name__}.Noting"] * 2
    with override_settings(ROOT_URLCONF=__name__, MIDDLEWARE=noting):
        yield OneThreadHandler()


def request_to(
    handler: OneThreadHandler, path: str = "/here"
) -> ApplicationCommunicator:
    scope = {
        "type": "http",
        "method": "POST",
        "path": path,
        "query_string": b"",
        "headers": [(b"host", b"localhost")],
        "server": ("localhost", 80),
        "http_version": "1.1",
    }
    return ApplicationCommunicator(handler, scope)


async def ask(handler: OneThreadHandler, body: bytes) -> tuple[int, bytes]:
    app = request_to(handler)
    await app.send_input({"type": "http.request", "body": body})
    start = await app.receive_output(10)
    sent = await app.receive_output(10)
    await app.wait(10)
    return start["status"], sent["body"]


async def test_middleware_and_view_of_a_request_run_in_one_thread(handler):
    assert await ask(handler, b"one") == (200, b"ONE")

    assert len(ran_in) == 3
    assert len(set(ran_in)) == 1
    assert threading.get_ident() not in ran_in


async def test_a_thread_serves_one_request_after_the_other(handler):
    for number in range(20):
        assert await ask(handler, b"%d" % number) == (200, b"%d" % number)

    assert len(set(ran_in)) < 20


async def test_a_request_whose_client_left_keeps_nobody_waiting(handler):
    left = request_to(handler, "/hang")
    await left.send_input({"type": "http.request", "body": b""})
    await left.send_input({"type": "http.disconnect"})
    await left.wait(10)

    try:
        assert await ask(handler, b"next") == (200, b"NEXT")
    finally:
        released.set()
