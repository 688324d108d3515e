"""What has lived its time goes; facts, and what is still needed, stay."""

from __future__ import annotations

import os
import uuid
from collections.abc import Sequence
from datetime import datetime, timedelta
from pathlib import Path

import pytest
from pytest_django.fixtures import Settings

from alerts.pipeline import drain_lane
from datasets.models import (
    Batch,
    Dataset,
    Fact,
    Job,
    Origin,
    Quarantine,
    Record,
    Run,
    RunState,
    Source,
)
from datasets.services import (
    Ingest,
    accept_batch,
    append_batch,
    forget_expired,
    open_lane,
)
from tests.factories import NOW, DatasetFactory

pytestmark = pytest.mark.django_db

HOUR = timedelta(hours=1)


@pytest.fixture
def prices(db: None) -> Dataset:
    """Prices that are kept for two hours."""
    return DatasetFactory(retention_seconds=7_200)


def send(dataset: Dataset, count: int, *, now: datetime) -> int:
    accepted = accept_batch(
        dataset=dataset,
        events=[{"symbol": "MSFT", "price": number} for number in range(count)],
        ingest=Ingest(),
        now=now,
    )
    drain_lane(lane_id=open_lane(dataset).pk)
    return accepted.batch_id


def left(dataset: Dataset) -> Sequence[int]:
    return sorted(
        Record.objects.filter(dataset=dataset).values_list("batch_id", flat=True)
    )


def test_records_older_than_the_retention_go_with_their_batches(
    prices: Dataset,
) -> None:
    send(prices, 3, now=NOW - 3 * HOUR)
    kept = send(prices, 2, now=NOW - HOUR)

    forget_expired(now=NOW)

    assert left(prices) == [kept, kept]
    assert list(Batch.objects.values_list("pk", flat=True)) == [kept]


def test_facts_stay_when_their_records_go(prices: Dataset) -> None:
    send(prices, 3, now=NOW - 3 * HOUR)

    forget_expired(now=NOW)

    assert Fact.objects.get().fields["price"][:2] == [2, 1]
    assert not Record.objects.exists()


def test_dataset_without_retention_keeps_everything() -> None:
    endless = DatasetFactory()
    send(endless, 3, now=NOW - 10_000 * HOUR)

    forget_expired(now=NOW)

    assert len(left(endless)) == 3


def test_more_records_than_one_step_removes_go_all(prices: Dataset) -> None:
    for _ in range(3):
        send(prices, 900, now=NOW - 3 * HOUR)

    forget_expired(now=NOW)

    assert left(prices) == []


def test_changes_of_rules_and_unfinished_batches_stay(prices: Dataset) -> None:
    long_ago = NOW - 9 * HOUR
    change = append_batch(
        lane=open_lane(prices), origin=Origin.DELETE, now=long_ago, options={}
    )
    waiting = Batch.objects.create(
        lane=open_lane(prices), origin=Origin.API, size=1, received_at=long_ago
    )

    forget_expired(now=NOW)

    assert {change, waiting} == set(Batch.objects.all())


def test_records_that_wait_to_be_judged_stay_until_they_are() -> None:
    daily = DatasetFactory(retention_seconds=7_200, date_field="venue")
    day = (NOW - 30 * HOUR).isoformat()
    event = {"symbol": "MSFT", "venue": day, "price": 1}
    accept_batch(dataset=daily, events=[event], ingest=Ingest(), now=NOW)

    forget_expired(now=NOW)
    drain_lane(lane_id=open_lane(daily).pk)
    forget_expired(now=NOW)

    assert Fact.objects.get().fields["price"][0] == 1
    assert left(daily) == []


def test_quarantined_batches_stay_for_people_to_look_at(prices: Dataset) -> None:
    batch_id = send(prices, 1, now=NOW - 3 * HOUR)
    Batch.objects.update(state="quarantined")
    Quarantine.objects.create(batch_id=batch_id, ord=0, reason="Bad", created_at=NOW)

    forget_expired(now=NOW)

    assert Quarantine.objects.exists()


def test_superseded_records_go_with_their_batch() -> None:
    daily = DatasetFactory(
        retention_seconds=7_200, date_field="venue", duplicates="ignore"
    )
    day = (NOW - 3 * HOUR).isoformat()
    event = {"symbol": "MSFT", "venue": day}
    for _ in range(2):
        accept_batch(dataset=daily, events=[event], ingest=Ingest(), now=NOW - 3 * HOUR)
    drain_lane(lane_id=open_lane(daily).pk)
    assert Record.objects.filter(is_current=False).count() == 1

    forget_expired(now=NOW)

    assert left(daily) == []
    assert not Batch.objects.exists()


def test_source_keeps_its_newest_runs(prices: Dataset) -> None:
    source = Source.objects.create(
        dataset=prices, kind="x", next_run_at=NOW, runs_kept=3, created_at=NOW
    )
    Run.objects.bulk_create(
        Run(
            source=source,
            slot=NOW + number * HOUR,
            started_at=NOW,
            state=RunState.RUNNING if number == 1 else RunState.DONE,
        )
        for number in range(8)
    )

    forget_expired(now=NOW)

    slots = Run.objects.order_by("slot").values_list("slot", flat=True)
    assert [(slot - NOW) // HOUR for slot in slots] == [1, 5, 6, 7]


def test_files_that_no_unfinished_import_needs_are_removed(
    prices: Dataset, settings: Settings, tmp_path: Path
) -> None:
    settings.MEDIA_ROOT = tmp_path
    unfinished = Job.objects.create(id=uuid.uuid4(), dataset=prices, created_at=NOW)
    names = {"needed": unfinished.pk.hex, "orphan": "ab" * 16, "young": "cd" * 16}
    for name in names.values():
        (tmp_path / "imports" / name).mkdir(parents=True)
    long_ago = (NOW - 30 * HOUR).timestamp()
    for name in ("needed", "orphan"):
        os.utime(tmp_path / "imports" / names[name], (long_ago, long_ago))

    forget_expired(now=NOW)

    left_over = {one.name for one in (tmp_path / "imports").iterdir()}
    assert left_over == {names["needed"], names["young"]}
