"""The body of a request as events: JSON, JSON Lines or CSV, all of it or nothing."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from io import BytesIO

from datasets.formats import FormatInvalid, Row, RowProblem, open_rows
from datasets.json import JsonInvalid, decode, decode_lines
from datasets.models import Dataset
from datasets.schemas import CellReader, read_schema
from workspaces.refusals import FieldError, Invalid, Unreadable


class BodyKind(StrEnum):
    """How the events of a body are written."""

    JSON = "json"
    LINES = "lines"
    CSV = "csv"


class BodyInvalid(Invalid):
    """The body can be read, and holds something else than records."""

    code = "body_invalid"


@dataclass(frozen=True, slots=True, kw_only=True)
class EventBody:
    """The bytes that a client sent, and what it says they are."""

    content: bytes
    kind: BodyKind = BodyKind.JSON


@dataclass(frozen=True, slots=True, kw_only=True)
class RawEvents:
    """Events as they were sent; with `text_cells` all their values are text."""

    events: list[object]
    text_cells: bool = False

    def fitted(self, dataset: Dataset) -> list[object]:
        """Return the events with text cells as values of the dataset's types."""
        if not self.text_cells:
            return self.events
        cells = CellReader(read_schema(dataset.schema))
        return [
            cells.read({name: str(cell) for name, cell in row.items()})
            for row in self.events
            if isinstance(row, Mapping)
        ]


def read_events(body: EventBody) -> RawEvents:
    """Return the events of a body: one object, an array of them, lines or rows.

    Raises:
        Unreadable: if it is not what it says, with the place.
        BodyInvalid: if it is something else than records.
    """
    try:
        if body.kind is BodyKind.CSV:
            return _read_table(body.content)
        if body.kind is BodyKind.LINES:
            return RawEvents(events=decode_lines(body.content))
        value = decode(body.content)
    except (JsonInvalid, FormatInvalid) as error:
        raise Unreadable(error.detail, code=error.code) from error
    if isinstance(value, Mapping):
        return RawEvents(events=[value])
    if isinstance(value, list):
        return RawEvents(events=value)
    raise BodyInvalid("Send one record as a JSON object, or several in an array.")


def _read_table(content: bytes) -> RawEvents:
    stream = open_rows(BytesIO(content), content_type="text/csv")
    rows = list(stream)
    errors = [
        FieldError(
            pointer=f"/{place}", code=row.code, detail=f"Line {row.line}: {row.detail}"
        )
        for place, row in enumerate(rows)
        if isinstance(row, RowProblem)
    ]
    if errors:
        text = " ".join(error.detail for error in errors[:3])
        raise BodyInvalid(f"{text} Nothing was stored.", errors=errors[:20])
    return RawEvents(
        events=[row.values for row in rows if isinstance(row, Row)],
        text_cells=stream.detected.has_text_cells,
    )
