"""What is answered when a view breaks: programs in their form, people on a page."""

from __future__ import annotations

import logging
import sys

from django.db import InterfaceError, OperationalError
from django.http import HttpRequest, HttpResponse

from config.about import request_id
from workspaces.api.bare import is_call, refused_bare
from workspaces.api.problems import Broken, as_refusal, retry_header
from workspaces.console.errors import broken as broken_page
from workspaces.console.errors import unavailable as unavailable_page

logger = logging.getLogger(__name__)


def broken(request: HttpRequest) -> HttpResponse:
    """Answer 500, or 503 while the database is away; asks the database for nothing."""
    error = sys.exception()
    is_away = isinstance(error, OperationalError | InterfaceError)
    refusal = as_refusal(error) if isinstance(error, Exception) and is_away else None
    if refusal is None:
        refusal = Broken("Something broke on our side, and is in the server's log.")
    if not is_call(request.path):
        answer = unavailable_page if is_away else broken_page
        found_by = request_id()
        logger.error("A page could not be drawn", extra={"request_id": found_by})
        response = answer(request, request_id=found_by)
    else:
        bare = refused_bare(refusal, path=request.path)
        response = HttpResponse(
            bare.body, status=bare.status, content_type=bare.content_type
        )
    for name, value in retry_header(refusal).items():
        response[name] = value
    return response
