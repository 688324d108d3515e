"""A file of daily prices, imported as happening now and as history."""

from __future__ import annotations

import random
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from typing import Protocol

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client

from alerts.models import Alert, Delivery, DeliveryStatus, EntryKind, FeedEntry
from alerts.pipeline import drain_lane
from alerts.services import ensure_output
from datasets.models import Dataset, Job, JobState
from datasets.schemas import Index
from datasets.services import (
    DatasetDraft,
    Upload,
    create_dataset,
    open_lane,
    run_import,
    start_import,
)
from datasets.services.previewing import preview_import
from rules.models import Rule
from rules.services import create_rule
from tests.factories import NOW, MembershipFactory, TokenFactory
from workspaces.access import Access

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("uploads")]

ROWS = 2_148
FILE_NAME = "goog_daily.csv"


@dataclass(frozen=True, slots=True, kw_only=True)
class Day:
    """One row of the file."""

    date: date
    open: Decimal
    close: Decimal
    text: str


def trading_days() -> Iterator[Day]:
    """Yield nine years of a share that climbs past 500 and hovers around it."""
    dice = random.Random(20040819)
    day, price = date(2004, 8, 19), 100.0
    for _ in range(ROWS):
        opening = price * (1 + dice.gauss(0, 0.004))
        price = opening * (1 + dice.gauss(0.0005 if price < 520 else -0.002, 0.018))
        high, low = max(opening, price) * 1.01, min(opening, price) * 0.99
        cells = [f"{number:.2f}" for number in (opening, high, low, price)]
        volume = dice.randrange(10**6, 4 * 10**7)
        yield Day(
            date=day,
            open=Decimal(cells[0]),
            close=Decimal(cells[3]),
            text=",".join([str(day), *cells, str(volume)]),
        )
        day += timedelta(days=3 if day.weekday() == 4 else 1)


@pytest.fixture(scope="module")
def days() -> Sequence[Day]:
    """The rows of the file, oldest first."""
    return list(trading_days())


def file_of(days: Sequence[Day]) -> bytes:
    rows = [day.text for day in days]
    return "\n".join(["Date,Open,High,Low,Close,Volume", *rows, ""]).encode()


def new_dataset(access: Access, slug: str, days: Sequence[Day]) -> Dataset:
    """Make a dataset as the preview of the file suggests it."""
    preview = preview_import(sample=file_of(days)[:16_384], is_whole=False, now=NOW)
    return create_dataset(
        access=access,
        draft=DatasetDraft(
            slug=slug,
            schema=preview.inferred.to_schema().to_document(),
            index=Index(key=preview.inferred.key, date=preview.inferred.date),
        ),
        now=NOW,
    )


def new_rules(access: Access, slug: str) -> tuple[Rule, Rule]:
    """Make "Close is above 500" and "Close is below Open", told to one mailbox."""
    mail = ensure_output(
        access=access, kind="email", config={"to": "ana@example.com"}, now=NOW
    )
    closing, opening = f"DEMO:{slug}:_:Close", f"DEMO:{slug}:_:Open"

    def rule(name: str, every: str, when: dict[str, object]) -> Rule:
        definition = {
            "kind": "signal",
            "name": f"{slug}: {name}",
            "when": {"fact": closing, **when},
            "outputs": [{"output": mail.slug, "at_most_every": every}],
        }
        return create_rule(access=access, definition=definition, now=NOW)

    return (
        rule("Close above 500", "60s", {"op": "gt", "value": 500}),
        rule("Close below Open", "30d", {"op": "lt", "value": {"fact": opening}}),
    )


class Way(Protocol):
    """Brings a file into a dataset as somebody does it; its job is left to be done."""

    def __call__(
        self, access: Access, dataset: Dataset, file: bytes, *, is_live: bool
    ) -> None: ...


def by_service(access: Access, dataset: Dataset, file: bytes, *, is_live: bool) -> None:
    start_import(
        access=access,
        dataset=dataset,
        upload=Upload(pieces=[file], file_name=FILE_NAME),
        is_live=is_live,
        now=NOW,
    )


def by_console(access: Access, dataset: Dataset, file: bytes, *, is_live: bool) -> None:
    """Choose the file on the page of the dataset, and say what its records are."""
    browser = Client()
    browser.force_login(MembershipFactory(workspace=access.workspace).user)
    chosen = SimpleUploadedFile(FILE_NAME, file, "text/csv")
    draft = browser.post(f"/w/DEMO/data/{dataset.slug}/import", {"file": chosen})
    agreed = browser.post(
        draft["Location"], {"records": "live" if is_live else "history"}
    )
    assert agreed["Location"].startswith("/w/DEMO/jobs/")


def by_api(access: Access, dataset: Dataset, file: bytes, *, is_live: bool) -> None:
    """Send the file as Apperate's clients do."""
    _, token = TokenFactory.with_text(workspace=access.workspace)
    answer = Client().post(
        f"/v1/data/DEMO/{dataset.slug}?event={is_live}&token={token}",
        file,
        content_type="text/csv",
    )
    assert (answer.status_code, answer.json()["success"]) == (200, True)


def import_file(
    access: Access,
    dataset: Dataset,
    days: Sequence[Day],
    *,
    is_live: bool,
    way: Way = by_service,
) -> Job:
    way(access, dataset, file_of(days), is_live=is_live)
    job = Job.objects.get(dataset=dataset, state=JobState.QUEUED)
    run_import(job_id=job.pk)
    drain_lane(lane_id=open_lane(dataset).pk, budget_seconds=60)
    job.refresh_from_db()
    return job


def at_most_every(days: Sequence[date], least: timedelta) -> list[date]:
    """Count independently what a cool-down lets pass."""
    told: list[date] = []
    for day in days:
        if not told or day - told[-1] >= least:
            told.append(day)
    return told


def alerts_of(rule: Rule) -> list[tuple[date, str]]:
    alerts = Alert.objects.filter(rule=rule).order_by("opened_at")
    return [(alert.opened_at.date(), alert.reason) for alert in alerts]


@pytest.mark.parametrize("way", [by_service, by_console, by_api])
def test_live_import_passes_and_sends_as_an_independent_count_says(
    access: Access, days: Sequence[Day], way: Way
) -> None:
    above = [day.date for day in days if day.close > 500]
    below = [day.date for day in days if day.close < day.open]
    monthly = at_most_every(below, timedelta(days=30))
    assert len(above) > 100, "the file is of use"
    assert len(below) > len(monthly) > 50, "and its cool-down bites"
    dataset = new_dataset(access, "LIVE", days)
    over, under = new_rules(access, "LIVE")

    job = import_file(access, dataset, days, is_live=True, way=way)

    over.refresh_from_db()
    under.refresh_from_db()
    assert (job.state, job.rows_done, job.rows_rejected) == (JobState.DONE, ROWS, 0)
    assert (over.ran, over.passed, over.sent) == (ROWS, len(above), len(above))
    assert (under.ran, under.passed, under.sent) == (ROWS, len(below), len(monthly))
    assert [day for day, _ in alerts_of(over)] == above
    assert [day for day, _ in alerts_of(under)] == monthly
    told = Delivery.objects.all()
    assert told.count() == over.sent + under.sent
    assert FeedEntry.objects.filter(kind=EntryKind.RAISED).count() == told.count()
    # The file came in a moment: a storm, which a summary tells of.
    held = told.exclude(status=DeliveryStatus.QUEUED)
    assert {(one.status, one.reason) for one in held} == {
        (DeliveryStatus.SUPPRESSED, "storm")
    }


def test_history_raises_the_same_alerts_and_sends_nothing(
    access: Access, days: Sequence[Day]
) -> None:
    live, past = (new_dataset(access, slug, days) for slug in ("LIVE", "PAST"))
    live_rules, past_rules = new_rules(access, "LIVE"), new_rules(access, "PAST")

    import_file(access, live, days, is_live=True, way=by_console)
    import_file(access, past, days, is_live=False, way=by_api)

    total = 0
    for happening, history in zip(live_rules, past_rules, strict=True):
        assert alerts_of(happening) == alerts_of(history) != []
        history.refresh_from_db()
        happening.refresh_from_db()
        assert (history.passed, history.sent) == (happening.passed, happening.sent)
        total += history.sent
    deliveries = Delivery.objects.filter(transition__rule__in=past_rules)
    assert {(one.status, one.reason) for one in deliveries} == {
        (DeliveryStatus.SUPPRESSED, "history")
    }
    assert deliveries.count() == total
    entry = FeedEntry.objects.get(kind=EntryKind.IMPORTED)
    assert entry.details == {
        "dataset": "PAST",
        "records": ROWS,
        "alerts": total,
        "rules": 2,
    }
    told = FeedEntry.objects.filter(alert__rule__in=past_rules)
    assert not told.exists()


def test_file_imported_again_raises_nothing_new(
    access: Access, days: Sequence[Day]
) -> None:
    some = days[-300:]
    dataset = new_dataset(access, "LIVE", some)
    over, _ = new_rules(access, "LIVE")
    import_file(access, dataset, some, is_live=True)
    before = Alert.objects.count()

    import_file(access, dataset, some, is_live=True)

    over.refresh_from_db()
    assert Alert.objects.count() == before
    assert over.ran == 300
