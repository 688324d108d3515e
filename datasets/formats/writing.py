"""CSV that is safe to open in a spreadsheet."""

import csv
import io
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Final

from datasets.json import encode

_DANGEROUS: Final = tuple("=+-@\t\r\n\0")
_NUMBER: Final = re.compile(r"[+-]?\d+(?:\.\d*)?(?:[eE][+-]?\d+)?\Z", re.ASCII)
_ROWS_A_PIECE: Final = 500


def write_csv(
    rows: Iterable[Mapping[str, object]], columns: Sequence[str]
) -> Iterator[bytes]:
    """Yield a CSV file (RFC 4180, UTF-8) in pieces, its header first.

    Null and missing are empty cells; arrays and objects are JSON; numbers keep their
    digits.
    """
    piece = io.StringIO(newline="")
    writer = csv.writer(piece)
    writer.writerow([defuse(name) for name in columns])
    for count, row in enumerate(rows, start=1):
        writer.writerow([_cell(row.get(name)) for name in columns])
        if count % _ROWS_A_PIECE == 0:
            yield piece.getvalue().encode()
            piece.seek(0)
            piece.truncate()
    yield piece.getvalue().encode()


def defuse(text: str) -> str:
    """Return a text that no spreadsheet takes for a formula (OWASP, CSV injection).

    An apostrophe is put before it, unless it is a number.
    """
    if text.startswith(_DANGEROUS) and not _NUMBER.match(text):
        return "'" + text
    return text


def _cell(value: object) -> str:
    if value is None:
        return ""
    return defuse(value if isinstance(value, str) else encode(value).decode())
