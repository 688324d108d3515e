"""What the work at hand is about, so that each of its log lines says so.

A round of a drain, a send, a fetch or a request binds its ids once; whatever is logged
meanwhile, also by a library, ends with them (`config.logs`).
"""

from __future__ import annotations

import logging
import uuid
from contextvars import ContextVar, Token
from types import TracebackType
from typing import Final, Self

#: Names that log lines bear; values are turned into text when there is a line.
Ids = dict[str, object]

_ids: ContextVar[Ids | None] = ContextVar("ids", default=None)
#: Where an exception keeps what it came out of.
_KEPT: Final = "_about"


class about:  # noqa: N801 - read as a word: with about(lane=3)
    """Have the log lines of a block bear these ids, and those of the blocks around it.

    What an exception came out of it takes along, for whoever logs it further out.
    """

    __slots__ = ("_before", "_new")

    def __init__(self, **ids: object) -> None:
        self._new: Ids = ids
        self._before: Token[Ids | None] | None = None

    def __enter__(self) -> Self:
        outer = _ids.get()
        self._before = _ids.set({**outer, **self._new} if outer else self._new)
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if error is not None:
            vars(error).setdefault(_KEPT, _ids.get())
        if self._before is not None:
            _ids.reset(self._before)


def note(**ids: object) -> None:
    """Add ids to the innermost block that is open; nothing where none is."""
    bound = _ids.get()
    if bound is not None:
        bound.update(ids)


class RequestId:
    """Is drawn when it is first asked for: of most requests nobody logs a line."""

    __slots__ = ("_text",)

    def __init__(self) -> None:
        self._text = ""

    def __str__(self) -> str:
        self._text = self._text or uuid.uuid4().hex
        return self._text


def request_id() -> str:
    """Return the id of the request that is being answered, or a new one."""
    return str((_ids.get() or {}).get("request_id") or RequestId())


class AboutFilter(logging.Filter):
    """Adds to each record what it is about; what its caller said goes first."""

    def filter(self, record: logging.LogRecord) -> bool:
        """Complete the record; let all pass."""
        _complete(record, _ids.get())
        error = record.exc_info[1] if record.exc_info else None
        if error is not None:
            _complete(record, vars(error).get(_KEPT))
        return True


def _complete(record: logging.LogRecord, ids: Ids | None) -> None:
    for name, value in (ids or {}).items():
        record.__dict__.setdefault(name, value)
