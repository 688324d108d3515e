"""Counting records, as far as anybody reads the number."""

from __future__ import annotations

import pytest

from datasets.store.reading import count_up_to
from tests.factories import DatasetFactory

pytestmark = pytest.mark.django_db


@pytest.mark.parametrize(
    ("limit", "counted"), [pytest.param(9, 5, id="all"), pytest.param(3, 3, id="some")]
)
def test_each_dataset_is_counted_up_to_the_limit(prices, store, limit, counted):
    empty = DatasetFactory(workspace=prices.workspace)
    store(prices, *({"symbol": "MSFT", "price": n} for n in range(5)))

    counts = count_up_to(dataset_ids=[prices.pk, empty.pk], limit=limit)

    assert counts == {prices.pk: counted, empty.pk: 0}


def test_of_no_datasets_there_is_nothing_to_count(db):
    assert count_up_to(dataset_ids=[], limit=1) == {}
