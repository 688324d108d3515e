"""The last values of keys: state of a lane, loaded and saved by its drain."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from datasets.models import Fact, Lane


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
    rows = Fact.objects.filter(lane=lane, key__in={key for _, key in keys})
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
    """Give what a lane knows of its own dataset, of these keys or of all."""
    rows = Fact.objects.filter(lane=lane, dataset=lane.dataset_id)
    if keys is not None:
        rows = rows.filter(key__in=keys)
    for row in rows.iterator():
        yield StoredFacts(
            dataset_id=row.dataset_id,
            key=row.key,
            fields=row.fields,
            watermark=row.watermark,
        )


def save_facts(*, lane: Lane, changed: Iterable[StoredFacts]) -> None:
    """Store the facts that a drain changed, in its commit."""
    Fact.objects.bulk_create(
        [
            Fact(
                lane=lane,
                dataset_id=one.dataset_id,
                key=one.key,
                fields=one.fields,
                watermark=one.watermark,
            )
            for one in changed
        ],
        update_conflicts=True,
        unique_fields=["lane", "dataset", "key"],
        update_fields=["fields", "watermark"],
        batch_size=500,
    )
