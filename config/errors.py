"""What is answered when a view breaks: programs in their form, people on a page."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse

from workspaces.api.bare import is_call, refused_bare
from workspaces.api.problems import Broken
from workspaces.console.errors import broken as broken_page


def broken(request: HttpRequest) -> HttpResponse:
    """Answer 500 without asking the database for anything."""
    if not is_call(request.path):
        return broken_page(request)
    answer = refused_bare(
        Broken("Something broke on our side, and is in the server's log."),
        path=request.path,
    )
    return HttpResponse(
        answer.body, status=answer.status, content_type=answer.content_type
    )
