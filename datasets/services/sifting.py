"""One event at a time: what fits the schema passes, the rest is set aside."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from datetime import datetime
from typing import cast

from datasets.formats import Row, RowProblem
from datasets.json import encode
from datasets.models import Dataset
from datasets.schemas import CellReader, Checker, Prepared, read_schema
from datasets.services.accepting import as_checked, checker_of
from datasets.store.records import CheckedEvent
from datasets.store.spool import RejectedLine

#: Of everything that is wrong with one event, so much is said.
REASONS_SHOWN = 3
#: Characters of a row that are shown with what is wrong with it.
EXCERPT_LENGTH = 200


class Sieve:
    """Lets pass what fits a dataset's schema and counts what does not."""

    def __init__(self, dataset: Dataset) -> None:
        self._checker: Checker = checker_of(dataset)
        self.rejected = 0
        self.first_reason = ""

    def sift(self, event: object, *, received_at: datetime) -> CheckedEvent | str:
        """Return the event checked, or in words why it does not fit."""
        match self._checker.check(event, received_at=received_at):
            case Prepared() as one:
                return as_checked(one)
            case problems:
                reason = " ".join(one.detail for one in problems[:REASONS_SHOWN])
        self.rejected += 1
        self.first_reason = self.first_reason or reason
        return reason

    def passing(
        self, events: Iterable[object], *, received_at: datetime
    ) -> Iterator[CheckedEvent]:
        """Yield the events that fit, in their order."""
        for event in events:
            one = self.sift(event, received_at=received_at)
            if isinstance(one, CheckedEvent):
                yield one

    @property
    def summary(self) -> str:
        """Say what was set aside; blank if nothing was."""
        if not self.rejected:
            return ""
        return (
            f"{self.rejected:,} records do not fit the schema and were left out; "
            f"the first: {self.first_reason}"
        )


class RowSieve:
    """Turns rows of a file into checked events, or into lines that are set aside.

    A row without a date happened when the file was received, so that reading it again
    gives the same events.
    """

    def __init__(
        self, dataset: Dataset, *, has_text_cells: bool, received_at: datetime
    ) -> None:
        schema = read_schema(dataset.schema)
        self._cells = CellReader(schema) if has_text_cells else None
        self._sieve = Sieve(dataset)
        self._received_at = received_at

    def take(self, row: Row | RowProblem) -> CheckedEvent | RejectedLine:
        """Return what becomes of a row."""
        if isinstance(row, RowProblem):
            return as_rejected(row)
        event: Mapping[str, object] = row.values
        if self._cells is not None:
            event = self._cells.read(cast("Mapping[str, str]", row.values))
        one = self._sieve.sift(event, received_at=self._received_at)
        if isinstance(one, CheckedEvent):
            return one
        excerpt = encode(row.values).decode()[:EXCERPT_LENGTH]
        return RejectedLine(line=row.line, excerpt=excerpt, reason=one)


def as_rejected(problem: RowProblem) -> RejectedLine:
    """Return a row that cannot be read as a line that is set aside."""
    return RejectedLine(
        line=problem.line, excerpt=problem.excerpt, reason=problem.detail
    )
