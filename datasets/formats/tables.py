"""Rows of text cells: CSV, and the same with tabs, semicolons or pipes."""

import csv
import io
from collections.abc import Iterator
from typing import BinaryIO, Final

from datasets.formats.detection import Detected
from datasets.formats.rows import FormatInvalid, Row, RowProblem, point_at
from datasets.schemas.cells import read_number
from datasets.schemas.names import FIELDS_LIMIT

#: Characters of one line; events have at most 64 KB.
LINE_LIMIT: Final = 262_144


class TableReader:
    """Reads the header at once, and the rows as they are asked for.

    Blank rows are skipped. A row needs as many cells as the header has names; further
    cells are tolerated where they are empty, as spreadsheets leave them.
    """

    def __init__(self, stream: BinaryIO, detected: Detected) -> None:
        self._lines = _Lines(stream, detected.encoding)
        self._delimiter = detected.delimiter
        self._reader = csv.reader(
            self._lines, delimiter=detected.delimiter, strict=True
        )
        self.columns = self._read_header()

    def __iter__(self) -> Iterator[Row | RowProblem]:
        while True:
            cells = self._next()
            if cells is None:
                return
            if isinstance(cells, RowProblem):
                yield cells
            elif not _is_blank(cells):
                yield self._row(cells)

    def _next(self) -> list[str] | RowProblem | None:
        """Return the next row's cells, or why it has none; None at the end."""
        self._lines.begin_row()
        try:
            cells = next(self._reader)
        except StopIteration:
            return None
        except csv.Error as error:
            return self._quoting_problem(str(error))
        raw = self._lines.raw
        if not raw.isascii():
            try:
                raw.encode()
            except UnicodeEncodeError as error:
                return self._problem(
                    "encoding",
                    "is not UTF-8; save the file in that encoding.",
                    error.start,
                )
        if "\0" in raw:
            return self._problem(
                "nul", "holds the character NUL; take it out.", raw.index("\0")
            )
        return cells

    def _row(self, cells: list[str]) -> Row | RowProblem:
        wanted = len(self.columns)
        if len(cells) == wanted or (len(cells) > wanted and not any(cells[wanted:])):
            return Row(self._lines.first, dict(zip(self.columns, cells, strict=False)))
        values = "1 value" if len(cells) == 1 else f"{len(cells)} values"
        return self._problem(
            "ragged",
            f"has {values}, but the header names {wanted} columns. Quote a value that "
            f"holds {_name(self._delimiter)}, or fill in what is missing.",
            self._offset_of(wanted),
        )

    def _read_header(self) -> tuple[str, ...]:
        cells = self._next()
        while isinstance(cells, list) and _is_blank(cells):
            cells = self._next()
        if cells is None:
            raise FormatInvalid(
                "empty", "The file is empty; its first line must name the columns."
            )
        if isinstance(cells, RowProblem):
            raise FormatInvalid(
                cells.code, cells.detail, line=cells.line, excerpt=cells.excerpt
            )
        names = [cell.strip() for cell in cells]
        while not names[-1]:
            names.pop()
        self._check_header(names)
        return tuple(names)

    def _check_header(self, names: list[str]) -> None:
        line, raw = self._lines.first, self._lines.raw
        if len(names) > FIELDS_LIMIT:
            raise FormatInvalid(
                "too_many_fields",
                f"The header names {len(names)} columns; at most {FIELDS_LIMIT} are "
                "allowed.",
                line=line,
            )
        if all(read_number(name) is not None for name in names):
            raise FormatInvalid(
                "header_missing",
                "The first line holds numbers only; it must name the columns.",
                line=line,
                excerpt=point_at(raw, 0),
            )
        for position, name in enumerate(names):
            if name and name not in names[:position]:
                continue
            what = "has no name" if not name else f"is called {name!r} like another one"
            raise FormatInvalid(
                "header_name",
                f"Column {position + 1} {what}; give each column its own name.",
                line=line,
                excerpt=point_at(raw, self._offset_of(position)),
            )

    def _offset_of(self, position: int) -> int:
        """Return where the cell begins in the raw row, or the row's end."""
        raw = self._lines.raw
        is_quoted = False
        for offset, letter in enumerate(raw):
            if position == 0:
                return offset
            if letter == '"':
                is_quoted = not is_quoted
            elif letter == self._delimiter and not is_quoted:
                position -= 1
        return len(raw.rstrip("\r\n"))

    def _quoting_problem(self, reason: str) -> RowProblem:
        if "field larger" in reason or "end of data" in reason:
            what = (
                "opens a quote that is not closed; close it, or double it inside text."
            )
        else:
            what = "has text after a closing quote; double a quote that belongs to it."
        return self._problem("quoting", what, self._lines.raw.find('"'))

    def _problem(self, code: str, what: str, offset: int) -> RowProblem:
        line, raw = self._lines.first, self._lines.raw
        before = raw[:offset]
        start = max(before.rfind("\n"), before.rfind("\r")) + 1
        shown = raw[start:].splitlines()[0] if raw[start:] else ""
        return RowProblem(
            line=line,
            code=code,
            detail=f"Line {line} {what}",
            excerpt=point_at(shown, offset - start),
        )


def _is_blank(cells: list[str]) -> bool:
    return not any(map(str.strip, cells))


def _name(delimiter: str) -> str:
    return {"\t": "a tab", ",": "a comma", ";": "a semicolon"}.get(delimiter, "a pipe")


class _Lines:
    """The lines of a text, with what the current row has taken of them."""

    def __init__(self, stream: BinaryIO, encoding: str) -> None:
        # Bytes that are not UTF-8 become lone surrogates and are told with their row.
        errors = "strict" if encoding == "utf-16" else "surrogateescape"
        self._text = io.TextIOWrapper(
            stream, encoding=encoding, errors=errors, newline=""
        )
        self._read = 0
        self._taken: list[str] = []
        self.first = 1

    @property
    def raw(self) -> str:
        """The current row as it stands in the file."""
        return "".join(self._taken)

    def begin_row(self) -> None:
        """Forget the row before."""
        self.first = self._read + 1
        self._taken.clear()

    def __iter__(self) -> Iterator[str]:
        return self

    def __next__(self) -> str:
        try:
            line = self._text.readline(LINE_LIMIT)
        except UnicodeError:
            raise FormatInvalid(
                "encoding",
                "The file begins as UTF-16 but does not go on so; save it as UTF-8.",
                line=self._read + 1,
            ) from None
        if not line:
            raise StopIteration
        if len(line) == LINE_LIMIT:
            raise FormatInvalid(
                "line_too_long",
                f"Line {self._read + 1} has more than {LINE_LIMIT} characters; is this "
                "a text file?",
                line=self._read + 1,
            )
        self._read += 1
        self._taken.append(line)
        return line
