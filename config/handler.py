"""Django behind ASGI, with the whole of a request in one thread.

Our views and middleware are synchronous. Django's own handler would carry a request
from the loop to a thread and back for every middleware, start a thread for each request
and open a database connection in it, which is most of the work of a small request.
"""

from __future__ import annotations

from concurrent.futures import Executor, ThreadPoolExecutor
from contextvars import ContextVar
from typing import IO, Any

from asgiref.sync import ThreadSensitiveContext, sync_to_async
from django.core.handlers.asgi import ASGIHandler
from django.http import HttpRequest
from django.http.response import HttpResponseBase

#: Threads that wait for a request, each with its connection to the database.
_KEPT = 16
#: The body of the request that is being answered.
_body: ContextVar[IO[bytes]] = ContextVar("body")


class OneThreadHandler(ASGIHandler):
    """Runs a request's middleware and view in one thread, which others use after it."""

    def __init__(self) -> None:
        super().__init__()
        self._idle: list[Executor] = []

    # Any: what an ASGI server calls with.
    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        """Answer one request."""
        thread = self._idle.pop() if self._idle else ThreadPoolExecutor(1, "request")
        try:
            async with ThreadSensitiveContext(executor=thread):
                await self.handle(scope, receive, send)
        finally:
            # Django closes it, unless it is stopped half-way.
            if body := _body.get(None):
                body.close()
            # By itself, for it may still be at a request whose client has gone.
            thread.submit(self._wait_for_next, thread)

    def _wait_for_next(self, thread: Executor) -> None:
        if len(self._idle) < _KEPT:
            self._idle.append(thread)
        else:
            thread.shutdown(wait=False)

    async def read_body(self, receive: Any) -> IO[bytes]:
        """Read the body, and note it: it is a file that somebody has to close."""
        body: IO[bytes] = await super().read_body(receive)
        _body.set(body)
        return body

    def load_middleware(self, is_async: bool = False) -> None:  # noqa: FBT001, FBT002 - Django's
        """Build the synchronous chain, whatever is asked for."""
        super().load_middleware(is_async=False)

    async def get_response_async(self, request: HttpRequest) -> HttpResponseBase:
        """Go through the whole chain in the request's thread."""
        return await sync_to_async(self.get_response, thread_sensitive=True)(request)
