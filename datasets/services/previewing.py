"""What a file looks like before it is imported, from its first bytes."""

from __future__ import annotations

import io
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from itertools import islice

from datasets.formats import (
    Format,
    FormatInvalid,
    Row,
    RowProblem,
    RowStream,
    open_rows,
)
from datasets.models import Dataset
from datasets.schemas import InferredSchema, infer_schema
from datasets.services.sifting import RowSieve, as_rejected
from datasets.store.spool import RejectedLine

#: So much of a file is looked at.
SAMPLE_BYTES = 262_144
SAMPLE_ROWS = 1_000
ROWS_SHOWN = 10
PROBLEMS_SHOWN = 10


@dataclass(frozen=True, slots=True, kw_only=True)
class ImportPreview:
    """What was found at the start of a file.

    `inferred` suggests types, key and date; a person corrects them. `problems` are the
    first rows that would be set aside, of `looked_at` rows altogether. `failure` says
    why no row, or no further row, can be read; then nothing can be imported.
    """

    format: Format
    inferred: InferredSchema
    rows: tuple[Mapping[str, object], ...]
    problems: tuple[RejectedLine, ...]
    problem_count: int = 0
    looked_at: int = 0
    #: Whether the rows looked at are all there are.
    is_whole: bool = True
    failure: RowProblem | None = None


def preview_import(
    *,
    sample: bytes,
    is_whole: bool,
    file_name: str = "",
    content_type: str = "",
    dataset: Dataset | None = None,
    now: datetime,
) -> ImportPreview:
    """Look at the start of a file; `is_whole` says that the sample is all of it.

    With a dataset, rows that do not fit it are problems too.
    """
    try:
        stream = open_rows(
            io.BytesIO(sample), filename=file_name, content_type=content_type
        )
    except FormatInvalid as invalid:
        return _unreadable(_as_problem(invalid))
    found, failure = _look(stream)
    if not is_whole:
        # The sample ends somewhere; what is wrong there is not the file's fault.
        failure = None if found else failure
        found = found[:-1] if len(found) > 1 and len(found) < SAMPLE_ROWS else found
    rows = [one.values for one in found if isinstance(one, Row)]
    unread = [one for one in found if isinstance(one, RowProblem)]
    if not rows and failure is None:
        failure = unread[0] if unread else _NO_ROWS
    text_cells = stream.detected.has_text_cells
    sieve = (
        RowSieve(dataset, has_text_cells=text_cells, received_at=now)
        if dataset
        else None
    )
    problems = _problems(found, sieve)
    return ImportPreview(
        format=stream.detected.format,
        inferred=infer_schema(rows, text_cells=text_cells),
        rows=tuple(rows[:ROWS_SHOWN]),
        problems=tuple(problems[:PROBLEMS_SHOWN]),
        problem_count=len(problems),
        looked_at=len(found),
        is_whole=is_whole and len(found) < SAMPLE_ROWS,
        failure=failure,
    )


def _problems(
    found: Iterable[Row | RowProblem], sieve: RowSieve | None
) -> list[RejectedLine]:
    """Return what would be set aside: what cannot be read, and what does not fit."""
    if sieve is None:
        return [as_rejected(one) for one in found if isinstance(one, RowProblem)]
    taken = map(sieve.take, found)
    return [one for one in taken if isinstance(one, RejectedLine)]


_NO_ROWS = RowProblem(
    line=1, code="no_rows", detail="The file holds no records below its first line."
)


def _look(stream: RowStream) -> tuple[list[Row | RowProblem], RowProblem | None]:
    found: list[Row | RowProblem] = []
    try:
        found.extend(islice(stream, SAMPLE_ROWS))
    except FormatInvalid as invalid:
        return found, _as_problem(invalid)
    return found, None


def _as_problem(invalid: FormatInvalid) -> RowProblem:
    return RowProblem(
        line=invalid.line,
        code=invalid.code,
        detail=invalid.detail,
        excerpt=invalid.excerpt,
    )


def _unreadable(failure: RowProblem) -> ImportPreview:
    return ImportPreview(
        format=Format.CSV,
        inferred=infer_schema([], text_cells=True),
        rows=(),
        problems=(),
        failure=failure,
    )
