"""What the program will not do, in one sentence that says how to mend it.

Services raise these; each edge translates the class into its own form: a problem
document, Apperate's error body, a form's error list, a command's exit.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta


@dataclass(frozen=True, slots=True, kw_only=True)
class FieldError:
    """One wrong place in what was sent; `pointer` is a JSON pointer into it."""

    pointer: str
    code: str
    detail: str


class Refusal(Exception):
    """The base of all refusals; `code` is stable, `detail` is for people."""

    code = "refused"

    def __init__(
        self,
        detail: str,
        *,
        code: str | None = None,
        errors: Sequence[FieldError] = (),
    ) -> None:
        super().__init__(detail)
        self.detail = detail
        self.code = code or self.code
        self.errors = tuple(errors)


class Unreadable(Refusal):
    """What was sent cannot be read at all."""

    code = "unreadable"


class Invalid(Refusal):
    """What was sent can be read and is wrong."""

    code = "invalid"


class NoObject(Invalid):
    """The body is JSON of another kind than an object."""

    code = "body_type"


class Clash(Refusal):
    """What was sent contradicts what is stored."""

    code = "clash"


class Missing(Refusal):
    """What was named does not exist, or is not the caller's."""

    code = "not_found"


class Unauthenticated(Refusal):
    """Nobody knows who is asking."""

    code = "not_authenticated"


class Forbidden(Refusal):
    """The caller is known and may not do this."""

    code = "forbidden"


class Stale(Refusal):
    """The caller changed something that somebody else changed meanwhile."""

    code = "stale"


class VersionUnsaid(Refusal):
    """The caller did not say which version it means to change."""

    code = "version_required"


class TooLarge(Refusal):
    """What was sent exceeds a limit."""

    code = "too_large"


class WrongType(Refusal):
    """The media type is not one that can be read."""

    code = "unsupported_media_type"


class Postponed(Refusal):
    """Not now; the same request may be sent again after `retry_after`."""

    def __init__(self, detail: str, *, retry_after: timedelta) -> None:
        super().__init__(detail)
        self.retry_after = retry_after


class Overloaded(Postponed):
    """Too much at once."""

    code = "overloaded"


class Unavailable(Postponed):
    """What is needed to answer is away."""

    code = "unavailable"


#: How PostgreSQL and SQLite say that there is no room for what is to be written.
_NO_ROOM = frozenset({"53100", "SQLITE_FULL", "SQLITE_IOERR_WRITE"})


def tells_of_full_disk(error: BaseException) -> bool:
    """Say whether the database could not write; then it has stored nothing."""
    cause = error.__cause__
    return (
        getattr(cause, "sqlstate", None) in _NO_ROOM
        or getattr(cause, "sqlite_errorname", None) in _NO_ROOM
    )
