"""The newest records of many keys at once, each key by its index."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db import connection

from datasets.json import decode_trusted
from datasets.models import Dataset, Record
from datasets.store.records import stored_time

_TABLE = Record._meta.db_table
_DATASETS = Dataset._meta.db_table
_NEWEST = "x.event_time DESC, x.batch_id DESC, x.ord DESC"
_OLDEST = "x.event_time, x.batch_id, x.ord"


@dataclass(frozen=True, slots=True, kw_only=True)
class Cut:
    """Which records of a key are read: `count` of them, from one end of a period."""

    subkeys: Sequence[str]
    earliest: datetime | None
    latest: datetime | None
    count: int
    oldest_first: bool


def records_of_keys(
    *, dataset_id: int, keys: Sequence[str], cut: Cut, limit: int
) -> list[Record]:
    """Return the current records of these keys, key by key as asked, `limit` at most.

    One statement reads them all, and of a key only as many as are wanted: the index
    `record_of_key` is entered once per key.
    """
    order = _OLDEST if cut.oldest_first else _NEWEST
    postgres = connection.vendor == "postgresql"
    condition, bounds = _conditions(cut)
    wanted = f"""
        SELECT x.batch_id, x.ord FROM {_TABLE} x
        WHERE x.dataset_id = %s AND x.is_current AND x.key = w.key {condition}
        ORDER BY {order} LIMIT %s"""  # noqa: S608 - names and signs of our own
    join = (
        f"CROSS JOIN LATERAL ({wanted}) p "
        f"JOIN {_TABLE} x ON x.batch_id = p.batch_id AND x.ord = p.ord"
        if postgres
        else f"CROSS JOIN {_TABLE} x ON (x.batch_id, x.ord) IN ({wanted})"
    )
    values = ", ".join(["(%s, %s)"] * len(keys))
    query = f"""
        WITH w(place, key) AS (VALUES {values})
        SELECT x.batch_id, x.ord, x.key, x.subkey, x.event_time, x.is_late,
               CAST(x.body AS text)
        FROM w {join} ORDER BY w.place, {order} LIMIT %s"""  # noqa: S608 - names and signs of our own
    asked: list[int | str] = [
        part for place, key in enumerate(keys) for part in (place, key)
    ]
    with connection.cursor() as cursor:
        cursor.execute(query, [*asked, dataset_id, *bounds, cut.count, limit])
        rows = cursor.fetchall()
    return [
        Record(
            dataset_id=dataset_id,
            batch_id=batch_id,
            ord=place,
            key=key,
            subkey=subkey,
            event_time=stored_time(event_time),
            is_late=is_late,
            body=decode_trusted(body),
        )
        for batch_id, place, key, subkey, event_time, is_late, body in rows
    ]


def _conditions(cut: Cut) -> tuple[str, list[Any]]:  # any: what drivers take
    conditions = []
    bounds: list[Any] = []
    if cut.subkeys:
        conditions.append(f"x.subkey IN ({', '.join(['%s'] * len(cut.subkeys))})")
        bounds += cut.subkeys
    for sign, bound in ((">=", cut.earliest), ("<=", cut.latest)):
        if bound is not None:
            conditions.append(f"x.event_time {sign} %s")
            bounds.append(connection.ops.adapt_datetimefield_value(bound))
    return "".join(f" AND {one}" for one in conditions), bounds


def count_up_to(*, dataset_ids: Sequence[int], limit: int) -> dict[int, int]:
    """Count the current records of each dataset, but of none more than `limit`.

    Counting millions takes the database seconds; a page is content with "more than".
    """
    if not dataset_ids:
        return {}
    places = ", ".join(["%s"] * len(dataset_ids))
    query = f"""
        SELECT d.id, (SELECT COUNT(*) FROM (
            SELECT 1 FROM {_TABLE} x
            WHERE x.dataset_id = d.id AND x.is_current LIMIT %s) AS counted)
        FROM {_DATASETS} d WHERE d.id IN ({places})"""  # noqa: S608 - names of our own
    with connection.cursor() as cursor:
        cursor.execute(query, [limit, *dataset_ids])
        return dict(cursor.fetchall())
