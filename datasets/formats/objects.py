"""Rows that are JSON objects: an array of them, one after another, or one a line."""

import re
from collections.abc import Iterator
from typing import BinaryIO, Final

from datasets.formats.rows import FormatInvalid, Row, RowProblem, point_at
from datasets.json import JsonInvalid, decode

_BOM: Final = b"\xef\xbb\xbf"
_CHUNK: Final = 65_536
#: Bytes of one object or line; events have at most 64 KB, but white space is free.
OBJECT_LIMIT: Final = 1_048_576

_PLACE: Final = re.compile(r"line \d+, column \d+")
_SPACE: Final = re.compile(rb"[ \t\r\n]*+")
#: Up to the next bracket outside of texts.
_BRACKET: Final = re.compile(
    rb'(?:[^"{}\[\]]++|"[^"\\]*+(?:\\.[^"\\]*+)*+")*+([{}\[\]])', re.DOTALL
)


def read_lines(stream: BinaryIO) -> Iterator[Row | RowProblem]:
    """Yield the objects of JSON Lines; blank lines are skipped."""
    number = 0
    while line := stream.readline(OBJECT_LIMIT):
        number += 1
        if len(line) == OBJECT_LIMIT:
            raise _too_large(number)
        if number == 1:
            line = line.removeprefix(_BOM)
        if not line.isspace() and line:
            yield _read_object(line.rstrip(b"\r\n"), number)


def read_objects(stream: BinaryIO) -> Iterator[Row | RowProblem]:
    """Yield the objects of a JSON array, or objects that follow each other.

    The text is cut at the brackets that match, and each object decoded by itself, so
    that memory holds one at a time.
    """
    text = _Text(stream)
    first = text.peek()
    if first not in (b"[", b"{"):
        raise _not_objects(text)
    if first == b"{":
        while text.peek():
            yield _next_object(text)
        return
    text.skip(1)
    if text.peek() != b"]":
        yield _next_object(text)
        while text.peek() == b",":
            text.skip(1)
            yield _next_object(text)
    if text.peek() != b"]":
        raise _broken(text, "a comma or the closing bracket is missing")
    text.skip(1)
    if text.peek():
        raise _broken(text, "something follows after the closing bracket")


class _Text:
    """A window on the stream that knows the line it has come to."""

    def __init__(self, stream: BinaryIO) -> None:
        self._stream = stream
        self._window = stream.read(_CHUNK).removeprefix(_BOM)
        self._at = 0
        self.line = 1

    def peek(self) -> bytes:
        """Return the next byte that is no white space; nothing at the end."""
        while True:
            end = _end_of(_SPACE, self._window, self._at)
            self.skip(end - self._at)
            if self._at < len(self._window) or not self._read_more():
                return self._window[self._at : self._at + 1]

    def skip(self, length: int) -> bytes:
        """Take so many bytes out of the window."""
        taken = self._window[self._at : self._at + length]
        self._at += length
        self.line += taken.count(b"\n")
        return taken

    def rest_of_line(self) -> str:
        """Return what follows in the line, for an excerpt."""
        rest = self._window[self._at : self._at + 200]
        return rest.partition(b"\n")[0].decode(errors="replace")

    def object_length(self) -> int:
        """Return the length of the object that begins here, up to its last bracket."""
        depth = length = 0
        while True:
            bracket = _BRACKET.match(self._window, self._at + length)
            if bracket is None:
                if not self._read_more():
                    raise _broken(self, "the object is not closed")
                continue
            length = bracket.end() - self._at
            if length > OBJECT_LIMIT:
                raise _too_large(self.line)
            depth += 1 if bracket[1] in b"{[" else -1
            if depth <= 0:
                return length

    def _read_more(self) -> bool:
        if len(self._window) - self._at > OBJECT_LIMIT:
            raise _too_large(self.line)
        chunk = self._stream.read(_CHUNK)
        self._window = self._window[self._at :] + chunk
        self._at = 0
        return bool(chunk)


def _end_of(pattern: re.Pattern[bytes], text: bytes, start: int) -> int:
    found = pattern.match(text, start)
    return found.end() if found else start


def _next_object(text: _Text) -> Row | RowProblem:
    if text.peek() != b"{":
        raise _not_objects(text)
    line = text.line
    return _read_object(text.skip(text.object_length()), line)


def _read_object(raw: bytes, line: int) -> Row | RowProblem:
    try:
        value = decode(raw)
    except JsonInvalid as invalid:
        return _json_problem(invalid, raw, line)
    if isinstance(value, dict):
        return Row(line, value)
    return RowProblem(
        line=line,
        code="not_an_object",
        detail=f'Line {line} is no JSON object; each row is one, as {{"price": 1}}.',
        excerpt=point_at(raw.decode(errors="replace"), 0),
    )


def _json_problem(invalid: JsonInvalid, raw: bytes, line: int) -> RowProblem:
    """Tell a problem of one object by its line in the file; the caret says the rest."""
    before = raw[: invalid.offset]
    start = before.rfind(b"\n") + 1
    line += before.count(b"\n")
    shown = raw[start:].partition(b"\n")[0].decode(errors="replace")
    return RowProblem(
        line=line,
        code=invalid.code,
        detail=_PLACE.sub(f"line {line}", invalid.detail),
        excerpt=point_at(shown, len(before[start:].decode(errors="replace"))),
    )


def _not_objects(text: _Text) -> FormatInvalid:
    if not text.peek():
        return FormatInvalid("empty", "The file ends where a JSON object was expected.")
    return FormatInvalid(
        "not_an_object",
        f"Line {text.line}: a JSON object was expected, as in "
        '[{"price": 1}, {"price": 2}].',
        line=text.line,
        excerpt=point_at(text.rest_of_line(), 0),
    )


def _broken(text: _Text, what: str) -> FormatInvalid:
    return FormatInvalid(
        "json_malformed",
        f"Not valid JSON at line {text.line}: {what}.",
        line=text.line,
        excerpt=point_at(text.rest_of_line(), 0),
    )


def _too_large(line: int) -> FormatInvalid:
    return FormatInvalid(
        "object_too_large",
        f"What begins at line {line} has more than {OBJECT_LIMIT} bytes; an event has "
        "at most 64 KB.",
        line=line,
    )
