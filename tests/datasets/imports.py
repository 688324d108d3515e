"""Imports for tests: files of prices by day, clocks, and workers that die."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta

from datasets.models import Dataset, Job, Record
from datasets.services import Upload, start_import
from tests.factories import NOW, DatasetFactory
from workspaces.access import Access

HEADER = "Date,Open,Close\n"


class Clock:
    """A clock that moves a little at every look, as real ones do."""

    def __init__(self, now: datetime = NOW) -> None:
        self.now = now

    def __call__(self) -> datetime:
        self.now += timedelta(milliseconds=1)
        return self.now


def daily_prices(access: Access) -> Dataset:
    """Make DEMO:DAILY, prices by day of one share."""
    return DatasetFactory(
        workspace=access.workspace,
        slug="DAILY",
        key_field="",
        date_field="Date",
        schema={
            "type": "object",
            "properties": {
                "Date": {"type": "string", "format": "date"},
                "Open": {"type": ["number", "null"]},
                "Close": {"type": ["number", "null"]},
            },
        },
    )


def days(count: int) -> list[str]:
    first = datetime(2020, 1, 1, tzinfo=UTC)
    return [
        f"{(first + timedelta(days=number)).date()},{number},{number + 1}"
        for number in range(count)
    ]


def import_text(
    access: Access, dataset: Dataset, text: str, *, name: str = "daily.csv"
) -> Job:
    return start_import(
        access=access,
        dataset=dataset,
        upload=Upload(pieces=[text.encode()], file_name=name),
        is_live=False,
        now=NOW,
    )


def stored_days(dataset: Dataset) -> list[str]:
    """Return the days in the order in which they are judged."""
    records = Record.objects.filter(dataset=dataset).order_by("batch_id", "ord")
    return [body["Date"] for body in records.values_list("body", flat=True)]


class WorkerDiedError(BaseException):
    """What a kill looks like from inside: nothing below it is cleaned up."""


def dying_clock(*, looks: int, now: datetime = NOW) -> Callable[[], datetime]:
    """Return the clock of a worker that dies when it looks once too often."""
    clock = Clock(now)
    left = iter(range(looks))

    def look() -> datetime:
        if next(left, None) is None:
            raise WorkerDiedError
        return clock()

    return look
