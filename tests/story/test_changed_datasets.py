"""A change of a dataset has a place among its events, like a change of a rule."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.test import Client

from datasets.models import Batch, Dataset, Record
from datasets.services import save_dataset
from rules.services import programs
from tests.factories import NOW, DatasetFactory, UserFactory
from tests.story.lane import drain, send
from workspaces.access import Access

pytestmark = pytest.mark.django_db


@pytest.fixture
def ticks(access: Access) -> Dataset:
    """DEMO:TICKS, whose events say when they happened."""
    return DatasetFactory(workspace=access.workspace, slug="TICKS", date_field="venue")


def tick(*, seconds: int) -> dict[str, object]:
    at = NOW + timedelta(seconds=seconds)
    return {"symbol": "MSFT", "price": 1, "venue": at.isoformat()}


def change(dataset: Dataset, *, lateness_seconds: int) -> None:
    changed = Dataset.objects.get(pk=dataset.pk)
    changed.lateness_seconds = lateness_seconds
    save_dataset(dataset=changed, now=NOW)


def late(dataset: Dataset) -> list[bool]:
    """Say of each event, in the order in which they came, whether it was late."""
    records = Record.objects.filter(dataset=dataset).order_by("batch_id")
    return list(records.values_list("is_late", flat=True))


@pytest.mark.parametrize("forgets", [False, True], ids=["in memory", "loaded anew"])
def test_events_around_a_changed_lateness_are_judged_by_their_own(
    ticks: Dataset, *, forgets: bool
) -> None:
    send(ticks, tick(seconds=0))
    send(ticks, tick(seconds=-30))
    drain(ticks)
    if forgets:
        programs.forget_programs()
    send(ticks, tick(seconds=-40))
    change(ticks, lateness_seconds=10)
    send(ticks, tick(seconds=-20))
    send(ticks, tick(seconds=-5))
    change(ticks, lateness_seconds=3_600)
    send(ticks, tick(seconds=-50))
    drain(ticks)

    assert late(ticks) == [False, False, False, True, False, False]
    assert set(Batch.objects.values_list("state", flat=True)) == {"judged"}


def test_program_loaded_after_the_change_begins_with_it(ticks: Dataset) -> None:
    change(ticks, lateness_seconds=10)
    drain(ticks)
    programs.forget_programs()
    send(ticks, tick(seconds=0))
    send(ticks, tick(seconds=-20))
    drain(ticks)

    assert late(ticks) == [False, True]


def test_staff_change_it_in_the_admin(ticks: Dataset) -> None:
    staff = Client()
    staff.force_login(UserFactory(is_staff=True, is_superuser=True))
    form = {
        "title": "Ticks",
        "zone": "UTC",
        "duplicates": "ignore",
        "lateness_seconds": 10,
    }
    answer = staff.post(f"/admin/datasets/dataset/{ticks.pk}/change/", form)

    assert answer.status_code == 302
    assert Batch.objects.get().options == {
        "lateness_seconds": {"before": 60, "after": 10}
    }


def test_staff_cannot_let_shards_refuse_together(ticks: Dataset) -> None:
    Dataset.objects.filter(pk=ticks.pk).update(shards=2)
    staff = Client()
    staff.force_login(UserFactory(is_staff=True, is_superuser=True))
    form = {"zone": "UTC", "duplicates": "refuse", "lateness_seconds": 60}
    answer = staff.post(f"/admin/datasets/dataset/{ticks.pk}/change/", form)

    assert b"keep the first or the last" in answer.content


def test_change_of_words_leaves_the_lane_alone(ticks: Dataset) -> None:
    ticks.title = "Ticks"
    save_dataset(dataset=ticks, now=NOW)

    assert not Batch.objects.exists()
