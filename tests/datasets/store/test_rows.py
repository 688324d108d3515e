"""Rows that are stored many at once come back as they were given."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import NamedTuple

import pytest
from pytest_django import DjangoAssertNumQueries

from datasets.models import Dataset, Fact, Lane
from datasets.services import open_lane
from datasets.store.rows import insert_new, insert_rows, replace_rows, update_rows

pytestmark = pytest.mark.django_db

AT = datetime(2026, 3, 29, 1, 59, 59, 123456, tzinfo=UTC)


@pytest.fixture
def lane(prices: Dataset) -> Lane:
    return open_lane(prices)


class Row(NamedTuple):
    lane_id: int
    dataset_id: int
    key: str
    fields: str
    watermark: datetime | None


def row(lane: Lane, key: str, fields: str = "{}", at: datetime | None = AT) -> Row:
    return Row(lane.pk, lane.dataset_id, key, fields, at)


@pytest.mark.parametrize(
    "key",
    [
        "plain",
        "it's",
        '"quoted"',
        "back\\slash",
        "tab\tline\n",
        "%s",
        "雨 ☔",
        "\\N",
        "",
    ],
)
def test_texts_and_times_come_back(lane: Lane, key: str) -> None:
    insert_rows(Fact, [row(lane, key), row(lane, f"{key}-untimed", at=None)])

    kept = Fact.objects.order_by("pk").values_list("key", "watermark")
    assert list(kept) == [(key, AT), (f"{key}-untimed", None)]


def test_json_keeps_its_digits_and_its_order(lane: Lane) -> None:
    fields = '{"z":[0.10,12345678901234567890.5],"a":{"%s":"\\u2028"}}'

    insert_rows(Fact, [row(lane, "A", fields)])

    assert list(Fact.objects.get().fields) == ["z", "a"]
    assert str(Fact.objects.get().fields["z"]) == (
        "[Decimal('0.10'), Decimal('12345678901234567890.5')]"
    )


def test_row_with_the_same_key_is_replaced_and_others_stay(lane: Lane) -> None:
    unique = ("lane_id", "dataset_id", "key")
    replace_rows(Fact, [row(lane, "A"), row(lane, "B")], unique=unique)

    later = AT + timedelta(days=1)
    replace_rows(Fact, [row(lane, "B", '{"p":[1]}', later)], unique=unique)

    kept = Fact.objects.order_by("key").values_list("key", "fields", "watermark")
    assert list(kept) == [("A", {}, AT), ("B", {"p": [1]}, later)]


def test_more_rows_than_one_statement_takes_are_all_stored(lane: Lane) -> None:
    insert_rows(Fact, [row(lane, f"K{number}") for number in range(2_500)])

    assert Fact.objects.count() == 2_500
    assert Fact.objects.order_by("pk")[2_400].key == "K2400"


def test_nothing_to_store_asks_nothing(
    lane: Lane, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    with django_assert_num_queries(0):
        insert_rows(Fact, [])


class Change(NamedTuple):
    fields: str
    watermark: datetime | None
    lane_id: int
    key: str


def test_rows_are_changed_by_their_unique_columns(lane: Lane) -> None:
    insert_rows(Fact, [row(lane, "A"), row(lane, "B"), row(lane, "C")])

    changes = [Change('{"p":[1]}', None, lane.pk, key) for key in ("A", "C", "nobody")]
    update_rows(Fact, changes, unique=("lane_id", "key"))

    kept = Fact.objects.order_by("key").values_list("key", "fields", "watermark")
    assert list(kept) == [
        ("A", {"p": [1]}, None),
        ("B", {}, AT),
        ("C", {"p": [1]}, None),
    ]


def test_what_is_there_already_is_left_alone_and_not_returned(lane: Lane) -> None:
    unique = ("lane_id", "dataset_id", "key")
    insert_rows(Fact, [row(lane, "A", '{"p":[1]}')])

    new = insert_new(
        Fact, [row(lane, "A"), row(lane, "B")], returning=("key",), unless=unique
    )

    assert new == [("B",)]
    assert Fact.objects.get(key="A").fields == {"p": [1]}
