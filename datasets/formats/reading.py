"""Opening a file of rows, packed or not."""

import gzip
import io
import zlib
from collections.abc import Iterator
from typing import BinaryIO, Final, Protocol, cast

from datasets.formats.detection import SAMPLE_BYTES, Detected, Format, detect_format
from datasets.formats.objects import read_lines, read_objects
from datasets.formats.rows import FormatInvalid, Row, RowProblem
from datasets.formats.tables import TableReader

#: Bytes after unpacking.
UNPACKED_LIMIT: Final = 1_073_741_824


class Readable(Protocol):
    """Anything that gives bytes: a file, an upload, a response."""

    def read(self, size: int, /) -> bytes:
        """Return up to `size` bytes; nothing at the end."""


class RowStream:
    """The rows of an open file, once; iterate over it."""

    def __init__(self, stream: BinaryIO, detected: Detected) -> None:
        self.detected = detected
        #: The names in the header of a CSV file; JSON says them row by row.
        self.columns: tuple[str, ...] = ()
        self._rows: Iterator[Row | RowProblem]
        if detected.format is Format.CSV:
            table = TableReader(stream, detected)
            self.columns = table.columns
            self._rows = iter(table)
        elif detected.format is Format.JSON:
            self._rows = read_objects(stream)
        else:
            self._rows = read_lines(stream)

    def __iter__(self) -> Iterator[Row | RowProblem]:
        return self._rows


def open_rows(
    stream: Readable,
    *,
    filename: str = "",
    content_type: str = "",
    max_bytes: int = UNPACKED_LIMIT,
) -> RowStream:
    """Return the rows of a file; what it is is told by its first bytes.

    Args:
        stream: the file from its beginning; it is read as the rows are.
        filename: counts where the bytes leave doubt, as does `content_type`.
        content_type: as sent with an upload.
        max_bytes: refuse what is larger than this, after unpacking.

    Raises:
        FormatInvalid: at once or while iterating, for a file that cannot be read.
    """
    buffered = io.BufferedReader(_Bounded(stream, max_bytes), SAMPLE_BYTES)
    detected = detect_format(buffered.peek(SAMPLE_BYTES), filename, content_type)
    if detected.is_gzip:
        packed = cast("BinaryIO", buffered)
        unpacked = _Bounded(gzip.GzipFile(fileobj=packed, mode="rb"), max_bytes)
        buffered = io.BufferedReader(unpacked, SAMPLE_BYTES)
    return RowStream(cast("BinaryIO", buffered), detected)


class _Bounded(io.RawIOBase):
    """A stream that ends with a sentence where it grows too large or breaks."""

    def __init__(self, stream: Readable, max_bytes: int) -> None:
        self._stream = stream
        self._left = max_bytes
        self._max_bytes = max_bytes

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: memoryview, /) -> int:  # type: ignore[override]
        try:
            data = self._stream.read(len(buffer))
        except (gzip.BadGzipFile, EOFError, zlib.error):
            raise FormatInvalid(
                "gzip", "The gzip file is damaged or cut off; pack it again."
            ) from None
        self._left -= len(data)
        if self._left < 0:
            raise FormatInvalid(
                "file_too_large",
                f"The file has more than {self._max_bytes // 1_048_576} MB; split it.",
            )
        buffer[: len(data)] = data
        return len(data)
