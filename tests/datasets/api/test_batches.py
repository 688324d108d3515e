"""What became of a batch."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from datasets.models import Dataset
from tests.datasets.clients import ApiClient, body_of
from tests.factories import DatasetFactory

pytestmark = pytest.mark.django_db


def test_judged_batch_tells_its_outcome(
    native: ApiClient, bars: Dataset, store: Callable[..., int]
) -> None:
    bar = {"symbol": "A", "date": "2026-03-02"}
    store(bars, bar)
    batch = store(bars, bar)

    answer = native.get(f"/batches/{batch}")

    assert body_of(answer) == {
        "batch": batch,
        "dataset": "BARS",
        "accepted": 1,
        "state": "judged",
        "is_live": True,
        "seq": 2,
        "received_at": "2026-03-02T15:30:00Z",
        "outcome": {"ignored": 1},
    }


def test_batch_of_another_workspace_is_missing(
    native: ApiClient, store: Callable[..., int]
) -> None:
    batch = store(DatasetFactory.create(), {"symbol": "A"})

    assert native.get(f"/batches/{batch}").status_code == 404


@pytest.mark.parametrize("batch", ["0", "9" * 30])
def test_number_that_no_batch_has_is_missing(native: ApiClient, batch: str) -> None:
    assert native.get(f"/batches/{batch}").status_code == 404
