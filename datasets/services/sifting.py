"""One event at a time: what fits the schema passes, the rest is set aside."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import datetime

from datasets.models import Dataset
from datasets.schemas import Checker, Prepared
from datasets.services.accepting import as_checked, checker_of
from datasets.store.records import CheckedEvent

#: Of everything that is wrong with one event, so much is said.
REASONS_SHOWN = 3


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
