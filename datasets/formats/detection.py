"""What a file is, told by its first bytes, and by its name where these leave doubt."""

import codecs
import csv
import zlib
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from datasets.json import JsonInvalid, decode

SAMPLE_BYTES: Final = 65_536
GZIP_MAGIC: Final = b"\x1f\x8b"
_SAMPLE_LINES: Final = 20

_MARKS: Final = (
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)


class Format(StrEnum):
    """How the rows of a file are written."""

    CSV = "csv"
    JSON = "json"
    JSON_LINES = "jsonl"


@dataclass(frozen=True, slots=True, kw_only=True)
class Detected:
    """What a file was found to be; `delimiter` and `encoding` count for CSV alone."""

    format: Format
    delimiter: str = ","
    encoding: str = "utf-8"
    is_gzip: bool = False

    @property
    def has_text_cells(self) -> bool:
        """Whether all values are text that may spell something else."""
        return self.format is Format.CSV


_CONTENT_TYPES: Final = {
    "text/csv": Format.CSV,
    "application/csv": Format.CSV,
    "text/tab-separated-values": Format.CSV,
    "application/json": Format.JSON,
    "text/json": Format.JSON,
    "application/jsonl": Format.JSON_LINES,
    "application/x-jsonl": Format.JSON_LINES,
    "application/ndjson": Format.JSON_LINES,
    "application/x-ndjson": Format.JSON_LINES,
}
_ENDINGS: Final = {
    "csv": Format.CSV,
    "tsv": Format.CSV,
    "psv": Format.CSV,
    "json": Format.JSON,
    "jsonl": Format.JSON_LINES,
    "ndjson": Format.JSON_LINES,
}
#: In this order where two fit equally well.
_DELIMITERS: Final = (",", "\t", ";", "|")


def detect_format(
    sample: bytes, filename: str = "", content_type: str = ""
) -> Detected:
    """Return what a file is that begins with `sample`.

    1. What is packed with gzip is unpacked first.
    2. What begins with a bracket or brace is JSON; if its first line is one whole
       object, JSON Lines.
    3. Else the content type decides, then the name, and what neither knows is CSV. Its
       delimiter is the one that splits the first lines into most columns, equally many.
    """
    is_gzip = sample.startswith(GZIP_MAGIC)
    if is_gzip:
        sample = _unpack(sample)
        filename = filename.lower().removesuffix(".gz")
    encoding = next((name for mark, name in _MARKS if sample.startswith(mark)), "utf-8")
    head = sample.removeprefix(codecs.BOM_UTF8).lstrip()
    if head[:1] in (b"{", b"["):
        is_lines = head[:1] == b"{" and _is_whole_object(head)
        format_ = Format.JSON_LINES if is_lines else Format.JSON
    else:
        format_ = _named_format(filename, content_type)
    return Detected(
        format=format_,
        delimiter=_sniff_delimiter(sample, encoding, filename, content_type),
        encoding=encoding,
        is_gzip=is_gzip,
    )


def _unpack(sample: bytes) -> bytes:
    try:
        return zlib.decompressobj(wbits=31).decompress(sample, SAMPLE_BYTES)
    except zlib.error:
        return b""  # reading it will say what is wrong


def _is_whole_object(head: bytes) -> bool:
    line, end, _ = head.partition(b"\n")
    try:
        decode(line)
    except JsonInvalid as invalid:
        # A value that is only unacceptable still ends where its line ends.
        return bool(end) and invalid.code != "json_malformed"
    return True


def _named_format(filename: str, content_type: str) -> Format:
    kind = content_type.partition(";")[0].strip().lower()
    ending = filename.rpartition(".")[2].lower()
    return _CONTENT_TYPES.get(kind) or _ENDINGS.get(ending) or Format.CSV


def _sniff_delimiter(
    sample: bytes, encoding: str, filename: str, content_type: str
) -> str:
    lines = _whole_lines(sample.decode(encoding, errors="replace"))
    if filename.lower().endswith(".tsv") or "tab-separated" in content_type:
        return "\t"
    return max(_DELIMITERS, key=lambda delimiter: _columns(lines, delimiter))


def _whole_lines(text: str) -> list[str]:
    lines = text.splitlines(keepends=True)
    if len(lines) > 1:
        lines = lines[:-1]  # perhaps cut off by the end of the sample
    return [line for line in lines if line.strip()][:_SAMPLE_LINES]


def _columns(lines: list[str], delimiter: str) -> int:
    """Return how many columns the header has, or 1 if most rows have others."""
    try:
        widths = [len(row) for row in csv.reader(lines, delimiter=delimiter) if row]
    except csv.Error:
        return 0
    if not widths:
        return 0
    return widths[0] if 2 * widths.count(widths[0]) >= len(widths) else 1
