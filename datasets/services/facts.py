"""The last values of keys: state of a lane, loaded and saved by its drain."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any, NamedTuple

from datasets.json import encode
from datasets.models import Fact, Lane
from datasets.services.shards import is_own_key
from datasets.store.facts import facts_of_keys
from datasets.store.rows import replace_rows

_COLUMNS = ("dataset_id", "key", "fields", "watermark")


class _FactRow(NamedTuple):
    lane_id: int
    dataset_id: int
    key: str
    fields: str
    watermark: datetime | None
    is_guest: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredFacts:
    """The facts of one key: field -> [value, previous value, event time as text]."""

    dataset_id: int
    key: str
    fields: dict[str, list[Any]]  # Any: JSON as decoded
    watermark: datetime | None


def load_facts(
    *, lane: Lane, keys: Collection[tuple[int, str]]
) -> dict[tuple[int, str], StoredFacts]:
    """Return what the lane knows of these (dataset id, key) pairs."""
    rows = facts_of_keys(lane_id=lane.pk, keys={key for _, key in keys})
    return {
        (row.dataset_id, row.key): StoredFacts(
            dataset_id=row.dataset_id,
            key=row.key,
            fields=row.fields,
            watermark=row.watermark,
        )
        for row in rows
        if (row.dataset_id, row.key) in keys
    }


def read_facts(*, lane: Lane, keys: Collection[str] | None) -> Iterator[StoredFacts]:
    """Give what a lane knows of its own keys of its dataset, of these or of all."""
    rows = Fact.objects.filter(lane=lane, dataset=lane.dataset_id, is_guest=False)
    if keys is not None:
        rows = rows.filter(key__in=keys)
    columns = rows.values_list(*_COLUMNS)
    for dataset_id, key, fields, watermark in columns.iterator():
        yield StoredFacts(
            dataset_id=dataset_id, key=key, fields=fields, watermark=watermark
        )


def save_facts(*, lane: Lane, changed: Iterable[StoredFacts]) -> None:
    """Store the facts that a drain changed, in its commit."""
    rows = [
        _FactRow(
            lane_id=lane.pk,
            dataset_id=one.dataset_id,
            key=one.key,
            fields=encode(one.fields).decode(),
            watermark=one.watermark,
            is_guest=(
                one.dataset_id == lane.dataset_id and not is_own_key(lane, one.key)
            ),
        )
        for one in changed
    ]
    replace_rows(Fact, rows, unique=("lane_id", "dataset_id", "key"))
