"""Static files, served by the same process as everything else."""

from __future__ import annotations

from contextlib import closing
from typing import TYPE_CHECKING

from django.http import HttpRequest, HttpResponse
from whitenoise.middleware import WhiteNoiseMiddleware

if TYPE_CHECKING:
    from whitenoise.responders import StaticFile


class WholeFiles(WhiteNoiseMiddleware):  # type: ignore[misc] # a library without types
    """Answers with a file's content instead of with the open file.

    ASGI takes no file that is read synchronously: Django reads such a one whole all the
    same, and first warns in the terminal of whoever has just started the product.
    """

    @staticmethod
    def serve(static_file: StaticFile, request: HttpRequest) -> HttpResponse:
        """Answer, also to a HEAD, a range, or a browser that has the file already."""
        with closing(WhiteNoiseMiddleware.serve(static_file, request)) as file:
            content = b"".join(file.streaming_content)
        return HttpResponse(content, status=file.status_code, headers=file.headers)
