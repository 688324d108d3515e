"""Questions that are compiled once answer as the ORM does."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.db import connection, models
from pytest_django import DjangoAssertNumQueries

from config.prepared import Given, Prepared
from datasets.models import Batch, BatchState, Dataset, Lane, Origin
from datasets.services import append_batch, open_lane
from datasets.store.pending import first_pending

pytestmark = pytest.mark.django_db

AT = datetime(2026, 3, 29, 1, 59, 59, 123456, tzinfo=UTC)


def _lane() -> models.QuerySet[Lane]:
    lanes = Lane.objects.select_related("dataset__workspace")
    return lanes.filter(pk=Given("lane"))


def _columns(row: models.Model) -> dict[str, object]:
    return {one.attname: getattr(row, one.attname) for one in row._meta.concrete_fields}


def test_rows_and_those_they_relate_to_are_those_of_the_orm(
    prices: Dataset, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    lane = open_lane(prices)
    Lane.objects.filter(pk=lane.pk).update(moved_at=AT, is_paused=True)
    question = Prepared(_lane)

    with django_assert_num_queries(1):
        [found] = question.ask(lane=lane.pk)
        workspace = found.dataset.workspace

    expected = Lane.objects.select_related("dataset__workspace").get(pk=lane.pk)
    assert _columns(found) == _columns(expected)
    assert _columns(found.dataset) == _columns(expected.dataset)
    assert _columns(workspace) == _columns(expected.dataset.workspace)
    assert question.ask(lane=lane.pk + 1) == []


def test_the_first_pending_batches_of_a_lane_come_in_order(prices: Dataset) -> None:
    lane = open_lane(prices)
    batches = [
        append_batch(
            lane=lane,
            origin=Origin.RULE,
            now=AT + timedelta(seconds=place),
            options={"rule": place, "of": {"any": [None, "%s"]}},
        )
        for place in range(3)
    ]
    Batch.objects.filter(pk=batches[0].pk).update(state=BatchState.JUDGED, seq=1)

    found = first_pending(lane_id=lane.pk)

    assert [_columns(one) for one in found] == [_columns(one) for one in batches[1:]]


@pytest.mark.skipif(connection.vendor != "sqlite", reason="SQLite's plans")
def test_a_partial_index_answers_for_constants_that_are_written_out() -> None:
    statements: list[str] = []

    def note(execute: Any, sql: str, *words: Any) -> Any:  # Any: as handed on
        statements.append(sql)
        return execute(sql, *words)

    with connection.execute_wrapper(note):
        first_pending(lane_id=1)

    with connection.cursor() as cursor:
        cursor.execute(f"EXPLAIN QUERY PLAN {statements[0]}", [1])
        assert "batch_pending" in str(cursor.fetchall())


def test_a_constant_that_needs_quotes_is_to_be_given(prices: Dataset) -> None:
    def question() -> models.QuerySet[Dataset]:
        return Dataset.objects.filter(title="O'Hara")

    with pytest.raises(TypeError, match='Give "O\'Hara" when asking'):
        Prepared(question).ask()
