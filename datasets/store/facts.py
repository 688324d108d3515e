"""Reading the facts of keys: every round of a drain asks for those of its events."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from datetime import datetime
from typing import Any, NamedTuple

from django.db import connection

from config.portions import portions
from datasets.json import decode_trusted
from datasets.models import Fact
from datasets.store.records import stored_time

_TABLE = Fact._meta.db_table
#: Keys that one statement asks for; SQLite takes 32,766 values.
_AT_ONCE = 10_000


class ReadFacts(NamedTuple):
    """What a lane knows of a key."""

    dataset_id: int
    key: str
    fields: Any  # Any: JSON as decoded, a list for each field
    watermark: datetime | None


def facts_of_keys(*, lane_id: int, keys: Collection[str]) -> Iterator[ReadFacts]:
    """Give the facts of keys, of whatever dataset, as far as a lane knows any."""
    for some in portions(list(keys), _AT_ONCE):
        yield from _facts_of_some(lane_id, some)


def _facts_of_some(lane_id: int, keys: Sequence[str]) -> Iterator[ReadFacts]:
    places = ", ".join(["%s"] * len(keys))
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT dataset_id, key, CAST(fields AS text), watermark"  # noqa: S608 - our own names
            f" FROM {_TABLE} WHERE lane_id = %s AND key IN ({places})",
            [lane_id, *keys],
        )
        rows = cursor.fetchall()
    for dataset_id, key, fields, watermark in rows:
        known_until = watermark and stored_time(watermark)
        yield ReadFacts(dataset_id, key, decode_trusted(fields), known_until)
