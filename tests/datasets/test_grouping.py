"""Requests that share a commit: how it is asked for, and whom it leaves out."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, Never

import pytest
from pytest_django.fixtures import DjangoAssertNumQueries

from datasets.models import Dataset
from datasets.services import (
    EventBody,
    GroupCommit,
    StoredBatch,
    Submission,
    open_for_ingest,
    prepare_submission,
    read_key,
)
from datasets.services.grouping import store_group
from tests.factories import NOW, TokenFactory
from tests.story.lane import PATIENCE_SECONDS
from workspaces.access import Access
from workspaces.models import Workspace
from workspaces.refusals import Unavailable

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


@pytest.fixture
def commits() -> Iterator[GroupCommit]:
    """The thread that stores for all, which ends with the test."""
    running = GroupCommit()
    yield running
    running.close()


def store(commits: GroupCommit, one: Submission) -> StoredBatch | None:
    async def wait() -> StoredBatch | None:
        return await asyncio.wait_for(commits.submit(one), PATIENCE_SECONDS)

    return asyncio.run(wait())


class GoneLoop(asyncio.SelectorEventLoop):
    """A loop that is closed by the time at which somebody has something to tell it."""

    def call_soon_threadsafe(self, *_: object, **__: object) -> Never:
        raise RuntimeError("Event loop is closed")


@dataclass
class Ruinous:
    """A submission that ends the thread which tries to store it."""

    access: Access
    events: tuple[()] = ()

    @property
    def opening(self) -> Ruinous:
        return self

    @property
    def dataset(self) -> Never:
        raise SystemExit


def test_who_waits_is_told_also_where_an_earlier_loop_is_closed(
    token: str, prices: Dataset, commits: GroupCommit
) -> None:
    first, second = submission(token), submission(token)

    async def leave() -> None:
        commits.submit(first)

    with asyncio.Runner(loop_factory=GoneLoop) as runner:
        runner.run(leave())

    assert store(commits, second) is not None


def test_what_would_end_the_thread_is_handed_back_and_others_are_stored(
    token: str, prices: Dataset, commits: GroupCommit
) -> None:
    good = submission(token)
    ruinous: Any = Ruinous(good.opening.access)

    assert store(commits, ruinous) is None
    assert store(commits, good) is not None


def test_nothing_is_taken_once_the_server_ends(
    token: str, prices: Dataset, commits: GroupCommit
) -> None:
    late = submission(token)
    commits.close()

    with pytest.raises(Unavailable, match="Nothing was stored"):
        store(commits, late)


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
