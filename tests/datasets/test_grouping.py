"""Requests that share a commit: how it is asked for, and whom it leaves out."""

from __future__ import annotations

from datetime import timedelta

import pytest
from pytest_django.fixtures import DjangoAssertNumQueries

from datasets.models import Dataset
from datasets.services import (
    EventBody,
    Submission,
    open_for_ingest,
    prepare_submission,
    read_key,
)
from datasets.services.grouping import store_group
from tests.factories import NOW, TokenFactory
from workspaces.models import Workspace

pytestmark = pytest.mark.django_db(transaction=True)

ONE = b'{"symbol":"MSFT","price":309.20}'
PATH = "/api/v1/workspaces/DEMO/datasets/PRICES/records"


@pytest.fixture
def token(demo: Workspace) -> str:
    """A secret token of DEMO."""
    return TokenFactory.with_text(workspace=demo)[1]


def submission(token: str, *, key: str | None = None) -> Submission:
    opening = open_for_ingest(token=token, workspace="DEMO", dataset="PRICES")
    said = read_key(key=key, caller="token:1", path=PATH, query="", body=ONE)
    return prepare_submission(opening=opening, body=EventBody(content=ONE), key=said)


def test_a_group_asks_the_database_as_often_as_one_request(
    token: str, prices: Dataset, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    group = [submission(token, key=f"k{n}") for n in range(30)]

    with django_assert_num_queries(7):
        stored = store_group(group)

    assert sorted(stored) == list(range(30))
    ids = [stored[place].batch_id for place in range(30)]
    assert ids == sorted(ids)


def test_a_dataset_that_changed_meanwhile_is_left_out(
    token: str, prices: Dataset
) -> None:
    before = submission(token)
    Dataset.objects.filter(pk=prices.pk).update(updated_at=NOW + timedelta(seconds=1))
    after = submission(token)

    assert list(store_group([before, after])) == [1]


def test_a_deleted_dataset_takes_no_more(token: str, prices: Dataset) -> None:
    before = submission(token)
    Dataset.objects.filter(pk=prices.pk).update(deleted_at=NOW)

    assert store_group([before]) == {}
