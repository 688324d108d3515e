"""Errors of the native API: one handler, one form (RFC 9457, problem+json)."""

from __future__ import annotations

import logging
from collections.abc import Iterator, Mapping
from datetime import timedelta

from django.core.exceptions import PermissionDenied, RequestDataTooBig
from django.db import InterfaceError, OperationalError
from django.http import Http404
from rest_framework import exceptions
from rest_framework.response import Response

from config.about import request_id
from workspaces.api.authentication import REALM
from workspaces.refusals import (
    Clash,
    FieldError,
    Forbidden,
    Invalid,
    Missing,
    Overloaded,
    Postponed,
    Refusal,
    Stale,
    TooLarge,
    Unauthenticated,
    Unavailable,
    Unreadable,
    VersionUnsaid,
    WrongType,
    tells_of_full_disk,
)

logger = logging.getLogger(__name__)


class MethodRefused(Refusal):
    """The address is right, the method is not one of its own."""

    code = "method_not_allowed"


class FormRefused(Refusal):
    """The answer cannot be given in the form that `Accept` asks for."""

    code = "not_acceptable"


class Broken(Refusal):
    """Nothing is wrong with the request; the program is."""

    code = "internal_error"


STATUS: Mapping[type[Refusal], tuple[int, str]] = {
    Unreadable: (400, "The request cannot be read"),
    Unauthenticated: (401, "Sign in first"),
    Forbidden: (403, "Not allowed"),
    Missing: (404, "Not found"),
    MethodRefused: (405, "Method not allowed"),
    FormRefused: (406, "Not acceptable"),
    Clash: (409, "Conflict"),
    Stale: (412, "Changed meanwhile"),
    TooLarge: (413, "Too large"),
    WrongType: (415, "Unsupported media type"),
    Invalid: (422, "The request is wrong"),
    VersionUnsaid: (428, "Say which version you change"),
    Overloaded: (429, "Too much at once"),
    Broken: (500, "Something broke"),
    Unavailable: (503, "Not now"),
}

#: How to mend what a refusal of each status says, beside its own sentence.
MENDS: Mapping[type[Refusal], str] = {
    Unreadable: "Send what the detail wants to read: JSON in UTF-8, whole.",
    Unauthenticated: "Send a token that is valid: Authorization: Bearer sk_...",
    Forbidden: "Use a token or an account with the right that the detail names.",
    Missing: "Look the name up in the list it is from; it may have been deleted.",
    MethodRefused: "Use one of the methods that the header Allow names.",
    FormRefused: "Leave the header Accept out, or ask for application/json.",
    Clash: "Read how things stand now, then send what goes with that.",
    Stale: "Read it again, and send your change with the new ETag.",
    TooLarge: "Send it in several requests, or as a file.",
    WrongType: "Send a Content-Type, and an encoding, that the detail names.",
    Invalid: "Mend each place that errors point at, then send it again.",
    VersionUnsaid: "Send the header If-Match with the ETag that you read.",
    Overloaded: "Wait as long as Retry-After says, then send the same again.",
    Broken: "Tell whoever runs the server the request_id; the log has the rest.",
    Unavailable: "Wait as long as Retry-After says, then send the same again.",
}

PROBLEM_TYPE = "application/problem+json"
#: How long the database may be given before somebody asks again.
_DATABASE_BACK = timedelta(seconds=5)

_TRANSLATED: Mapping[type[Exception], type[Refusal]] = {
    exceptions.ParseError: Unreadable,
    exceptions.UnsupportedMediaType: WrongType,
    exceptions.MethodNotAllowed: MethodRefused,
    exceptions.NotAcceptable: FormRefused,
    RequestDataTooBig: TooLarge,
    exceptions.NotAuthenticated: Unauthenticated,
    exceptions.AuthenticationFailed: Unauthenticated,
    exceptions.PermissionDenied: Forbidden,
    PermissionDenied: Forbidden,
}


def status_of(refusal: Refusal) -> tuple[int, str]:
    """Return status and title of a refusal, by its nearest class."""
    for kind in type(refusal).__mro__:
        if kind in STATUS:
            return STATUS[kind]
    return 400, "Refused"


def handle_exception(
    error: Exception, context: Mapping[str, object]
) -> Response | None:
    """Answer any expected error as a problem document; others stay exceptions."""
    refusal = as_refusal(error)
    if refusal is None:
        return None
    status, title = status_of(refusal)
    path = getattr(context["request"], "path", "")
    response = Response(
        problem_of(refusal, status=status, title=title, path=path),
        status=status,
        content_type=PROBLEM_TYPE,
    )
    if status == 401:
        response["WWW-Authenticate"] = REALM
    for name, value in retry_header(refusal).items():
        response[name] = value
    return response


def problem_of(
    refusal: Refusal, *, status: int, title: str, path: str
) -> dict[str, object]:
    """Return the problem document of a refusal, and note its id in the log."""
    found_by = request_id()
    logger.info("Answered %d %s", status, refusal.code, extra={"request_id": found_by})
    return {
        # A code that one refusal brought along is explained with those of its class.
        "type": f"/docs/problems#{type(refusal).code}",
        "title": title,
        "status": status,
        "detail": refusal.detail,
        "instance": path,
        "code": refusal.code,
        "request_id": found_by,
        "errors": [
            {"pointer": one.pointer, "code": one.code, "detail": one.detail}
            for one in refusal.errors
        ],
    }


def retry_header(refusal: Refusal) -> dict[str, str]:
    """Return the header that says when to send the same request again, if any."""
    if not isinstance(refusal, Postponed):
        return {}
    return {"Retry-After": str(int(refusal.retry_after.total_seconds()))}


def as_refusal(error: Exception) -> Refusal | None:
    """Translate the framework's own errors into ours."""
    if isinstance(error, Refusal):
        return error
    if isinstance(error, exceptions.ValidationError):
        errors = list(_field_errors(error.detail))
        return Invalid("; ".join(one.detail for one in errors), errors=errors)
    if isinstance(error, OperationalError | InterfaceError):
        logger.error("the database did not answer", exc_info=error)
        # It may have been lost in the midst of a commit.
        reason = (
            "The database does not answer; send this again in a moment. A change may "
            "have been made all the same: look first, or use an Idempotency-Key."
        )
        if tells_of_full_disk(error):
            reason = (
                "The server's disk is full, or cannot be written; send this again once "
                "whoever runs it has made room. Nothing was stored."
            )
        return Unavailable(reason, retry_after=_DATABASE_BACK)
    if isinstance(error, exceptions.NotFound | Http404):
        return Missing("There is nothing at this address.")
    for theirs, ours in _TRANSLATED.items():
        if isinstance(error, theirs):
            return ours(str(error) or "This is not allowed.")
    return None


def _field_errors(detail: object, pointer: str = "") -> Iterator[FieldError]:
    """Flatten REST framework's nested error lists into pointers."""
    if isinstance(detail, Mapping):
        for name, inner in detail.items():
            part = "" if name == "non_field_errors" else f"/{name}"
            yield from _field_errors(inner, pointer + part)
        return
    if isinstance(detail, list):
        nested = any(isinstance(inner, (Mapping, list)) for inner in detail)
        for place, inner in enumerate(detail):
            yield from _field_errors(inner, f"{pointer}/{place}" if nested else pointer)
        return
    name = pointer.rsplit("/", 1)[-1]
    text = str(detail)
    yield FieldError(
        pointer=pointer,
        code=getattr(detail, "code", "invalid"),
        detail=f"{name}: {text}" if name else text,
    )
