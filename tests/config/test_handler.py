"""The ASGI handler: a whole request in one thread, which the next one uses as well."""

import threading
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


urlpatterns = [path("here", answer)]


async def ask(handler: OneThreadHandler, body: bytes) -> tuple[int, bytes]:
    scope = {
        "type": "http",
        "method": "POST",
        "path": "/here",
        "query_string": b"",
        "headers": [(b"host", b"localhost")],
        "server": ("localhost", 80),
        "http_version": "1.1",
    }
    app = ApplicationCommunicator(handler, scope)
    await app.send_input({"type": "http.request", "body": body})
    start = await app.receive_output(10)
    sent = await app.receive_output(10)
    await app.wait(10)
    return start["status"], sent["body"]


@pytest.mark.asyncio
async def test_middleware_and_view_of_all_requests_run_in_one_thread():
    ran_in.clear()
    with override_settings(
        ROOT_URLCONF=__name__, MIDDLEWARE=[f"{__name__}.Noting"] * 2
    ):
        handler = OneThreadHandler()
        answers = [await ask(handler, body) for body in (b"one", b"two")]

    assert answers == [(200, b"ONE"), (200, b"TWO")]
    assert len(ran_in) == 6
    assert len(set(ran_in)) == 1
    assert threading.get_ident() not in ran_in
