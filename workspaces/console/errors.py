"""Error pages: what happened, and one way out."""

from django.contrib.auth.models import AnonymousUser
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render


def forbidden(request: HttpRequest, exception: Exception) -> HttpResponse:
    """Answer 403."""
    return render(request, "errors/403.html", {"reason": str(exception)}, status=403)


def missing(request: HttpRequest, exception: Exception) -> HttpResponse:
    """Answer 404, with the page's own reason where it gave one."""
    said = exception.args[0] if exception.args else ""
    # Django says which addresses it tried, in a mapping.
    reason = said if isinstance(said, str) else ""
    return render(request, "errors/404.html", {"reason": reason}, status=404)


def broken(request: HttpRequest, *, request_id: str = "") -> HttpResponse:
    """Answer 500 without asking the database for anything."""
    return _alone(request, 500, request_id)


def unavailable(request: HttpRequest, *, request_id: str = "") -> HttpResponse:
    """Answer 503 without asking the database for anything."""
    return _alone(request, 503, request_id)


def _alone(request: HttpRequest, status: int, request_id: str) -> HttpResponse:
    # The frame asks who is here, and for messages in the session.
    request.user = AnonymousUser()
    context = {"messages": (), "request_id": request_id}
    return render(request, f"errors/{status}.html", context, status=status)
