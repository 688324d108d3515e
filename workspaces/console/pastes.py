"""Pages that take text which may be longer than a form may be."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import Any

from django.core.exceptions import RequestDataTooBig
from django.http import HttpRequest, HttpResponse
from django.views.decorators.csrf import csrf_exempt, csrf_protect

View = Callable[..., HttpResponse]


def refusing_long_pastes(view: View) -> View:
    """Let the page itself say that a paste is too long.

    Django reads the form to check its token, before any view runs; so that check is
    put off until the form was seen to be readable.
    """
    checked = csrf_protect(view)

    @csrf_exempt
    @wraps(view)
    def readable(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        try:
            request.POST  # noqa: B018 - reading it is what may fail
        except RequestDataTooBig:
            # Nothing of it is used, so no token is needed: the page is shown again.
            request.method = "GET"
            response = checked(request, *args, is_too_long=True, **kwargs)
            response.status_code = 413
            return response
        return checked(request, *args, **kwargs)

    return readable
