"""A row of a file, or why it could not be read, with the place pointed at."""

import re
from dataclasses import dataclass
from typing import Final

_BEFORE_CARET: Final = 40
_WIDTH: Final = 72
_UNPRINTABLE: Final = re.compile(r"[\x00-\x1f\x7f\ud800-\udfff]")


@dataclass(frozen=True, slots=True)
class Row:
    """One row: the line of the file where it begins, and its values by name."""

    line: int
    values: dict[str, object]


@dataclass(frozen=True, slots=True, kw_only=True)
class RowProblem:
    """A row that cannot be read; `excerpt` shows it with a caret below the place."""

    line: int
    code: str
    detail: str
    excerpt: str = ""


class FormatInvalid(ValueError):
    """A file that cannot be read (further); `detail` says what and how to mend it."""

    def __init__(
        self, code: str, detail: str, *, line: int = 0, excerpt: str = ""
    ) -> None:
        super().__init__(detail)
        self.code = code
        self.detail = detail
        self.line = line
        self.excerpt = excerpt


def point_at(text: str, offset: int) -> str:
    """Return the part of a line around `offset`, and a caret below it."""
    line = _UNPRINTABLE.sub(" ", text.rstrip("\r\n"))
    offset = min(max(offset, 0), len(line))
    start = max(0, offset - _BEFORE_CARET)
    shown = line[start : start + _WIDTH]
    return f"{shown}\n{' ' * (offset - start)}^"
