"""Files of records in and out, as streams: CSV and its kin, JSON, JSON Lines, gzip.

`open_rows` finds out what a file is and reads it row by row. A row that cannot be read
is a `RowProblem` with its line and an excerpt, and reading goes on; a file that cannot
be read raises `FormatInvalid`.
"""

from datasets.formats.detection import Detected, Format, detect_format
from datasets.formats.reading import RowStream, open_rows
from datasets.formats.rows import FormatInvalid, Row, RowProblem
from datasets.formats.writing import defuse, write_csv

__all__ = [
    "Detected",
    "Format",
    "FormatInvalid",
    "Row",
    "RowProblem",
    "RowStream",
    "defuse",
    "detect_format",
    "open_rows",
    "write_csv",
]
