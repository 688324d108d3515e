"""Storing the facts of many keys: one statement on PostgreSQL, executemany on SQLite.

A model instance and an expression for every value take several times as long.
"""

from collections.abc import Sequence
from datetime import datetime
from typing import NamedTuple

from django.db import connection

from datasets.models import Fact

_TABLE = Fact._meta.db_table
_COLUMNS = "lane_id, dataset_id, key, fields, watermark"
_REPLACING = (
    "ON CONFLICT (lane_id, dataset_id, key)"
    " DO UPDATE SET fields = excluded.fields, watermark = excluded.watermark"
)


class FactRow(NamedTuple):
    """The facts of a key as they are stored; `fields` is JSON text."""

    lane_id: int
    dataset_id: int
    key: str
    fields: str
    watermark: datetime | None


def replace_facts(rows: Sequence[FactRow]) -> None:
    """Store facts in place of what was known of their keys; each key once."""
    if not rows:
        return
    with connection.cursor() as cursor:
        if connection.vendor == "postgresql":
            cursor.execute(
                f"INSERT INTO {_TABLE} ({_COLUMNS})"  # noqa: S608 - our own names
                " SELECT lane, dataset, key, fields::json, watermark FROM unnest("
                "%s::bigint[], %s::bigint[], %s::text[], %s::text[], %s::timestamptz[]"
                f") AS brought (lane, dataset, key, fields, watermark) {_REPLACING}",
                [list(column) for column in zip(*rows, strict=True)],
            )
            return
        adapt = connection.ops.adapt_datetimefield_value
        cursor.executemany(
            f"INSERT INTO {_TABLE} ({_COLUMNS})"  # noqa: S608 - our own names
            f" VALUES (%s, %s, %s, %s, %s) {_REPLACING}",
            [(*row[:-1], adapt(row.watermark)) for row in rows],
        )
