"""Bulk insertion and the search for identities, on both databases."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest

from datasets.models import Dataset, Record
from datasets.store.records import (
    Identity,
    RecordRow,
    find_current,
    insert_records,
)
from tests.factories import NOW, DatasetFactory

pytestmark = pytest.mark.django_db


def row(dataset: Dataset, place: int, **changes: Any) -> RecordRow:
    return RecordRow(
        batch_id=1,
        ord=place,
        dataset_id=dataset.pk,
        key=f"K{place}",
        subkey="",
        event_time=NOW + timedelta(seconds=place),
        body='{"price": 0.10}',
        is_current=True,
    )._replace(**changes)


def test_inserted_record_reads_back_to_the_digit() -> None:
    dataset = DatasetFactory()
    body = '{"price": 1.10, "long": 1234567890.123456789012345678901234, "n": null}'

    insert_records([row(dataset, 0, body=body)])

    record = Record.objects.get()
    assert str(record.body["price"]) == "1.10"
    assert record.body["long"] == Decimal("1234567890.123456789012345678901234")
    assert record.event_time == NOW


@pytest.mark.parametrize(
    "text",
    ["tab\there", "line\nbreak", "back\\slash", "\\N", "naïve ☃ 𝄞", '"quoted"', ""],
    ids=["tab", "newline", "backslash", "copy-null", "unicode", "quotes", "empty"],
)
def test_texts_that_a_bulk_format_could_misread_come_back(text: str) -> None:
    dataset = DatasetFactory()

    insert_records([row(dataset, 0, key=text, subkey=text)])

    record = Record.objects.get()
    assert (record.key, record.subkey) == (text, text)


def test_identity_with_a_date_needs_the_same_instant() -> None:
    dataset = DatasetFactory()
    insert_records(row(dataset, place) for place in range(3))
    same = Identity("K1", "", NOW + timedelta(seconds=1))
    other = Identity("K2", "", NOW)

    found = find_current(dataset_id=dataset.pk, identities={same, other})

    assert found == [(same, (1, 1))]


def test_identity_without_a_date_is_key_and_subkey() -> None:
    dataset = DatasetFactory()
    insert_records([row(dataset, 0, subkey="a"), row(dataset, 1, subkey="b")])
    asked = {Identity("K0", "a", None), Identity("K1", "a", None)}

    found = find_current(dataset_id=dataset.pk, identities=asked)

    assert found == [(Identity("K0", "a", None), (1, 0))]


def test_superseded_records_and_other_datasets_are_not_found() -> None:
    dataset, other = DatasetFactory(), DatasetFactory()
    insert_records([row(dataset, 0, is_current=False), row(other, 1)])
    asked = {Identity("K0", "", None), Identity("K1", "", None)}

    assert find_current(dataset_id=dataset.pk, identities=asked) == []


def test_more_identities_than_one_statement_takes_are_all_found() -> None:
    dataset = DatasetFactory()
    insert_records(row(dataset, place) for place in range(2_500))
    asked = {
        Identity(f"K{place}", "", NOW + timedelta(seconds=place))
        for place in range(2_500)
    }

    assert len(find_current(dataset_id=dataset.pk, identities=asked)) == 2_500


def test_members_come_back_in_the_order_in_which_they_were_sent() -> None:
    dataset = DatasetFactory()

    insert_records([row(dataset, 0, body='{"zebra": 1, "a": {"long": 2, "b": 3}}')])

    record = Record.objects.get()
    assert list(record.body) == ["zebra", "a"]
    assert list(record.body["a"]) == ["long", "b"]
