"""Bulk insertion of records: COPY on PostgreSQL, executemany on SQLite."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import UTC, datetime
from functools import lru_cache
from typing import Any, NamedTuple

from django.db import connection

from datasets.json import decode_trusted
from datasets.models import Record


class CheckedEvent(NamedTuple):
    """What is stored of an event that fits the schema; `body` is its JSON text."""

    key: str
    subkey: str
    event_time: datetime
    body: str


class RecordRow(NamedTuple):
    """A record as it is inserted; `body` is JSON text."""

    batch_id: int
    ord: int
    dataset_id: int
    key: str
    subkey: str
    event_time: datetime
    body: str
    is_current: bool
    is_late: bool = False
    superseded_by: int | None = None


_TABLE = Record._meta.db_table
_COLUMNS = ", ".join(RecordRow._fields)
_TIME = RecordRow._fields.index("event_time")
# Three parameters each; SQLite takes 32,766 a statement.
_IDENTITIES_AT_ONCE = 1_000


def insert_records(rows: Iterable[RecordRow]) -> None:
    """Insert rows inside the caller's transaction, without a model instance each."""
    with connection.cursor() as cursor:
        if connection.vendor == "postgresql":
            with cursor.copy(f"COPY {_TABLE} ({_COLUMNS}) FROM STDIN") as copy:
                for row in rows:
                    copy.write_row(row)
            return
        places = ", ".join(["%s"] * len(RecordRow._fields))
        cursor.executemany(
            f"INSERT INTO {_TABLE} ({_COLUMNS}) VALUES ({places})",  # noqa: S608 - our own names
            [
                (*row[:_TIME], time_as_text(row.event_time), *row[_TIME + 1 :])
                for row in rows
            ],
        )


Place = tuple[int, int]
"""Where a record is: its batch, and its place in it."""


def mark_superseded(superseded: Mapping[Place, int]) -> None:
    """Take records out of the current ones and name the batches in their place."""
    if not superseded:
        return
    with connection.cursor() as cursor:
        cursor.executemany(
            f"UPDATE {_TABLE} SET is_current = %s, superseded_by = %s"  # noqa: S608 - our own table's name
            " WHERE batch_id = %s AND ord = %s",
            [
                (False, successor, batch_id, place)
                for (batch_id, place), successor in superseded.items()
            ],
        )


class ReadRecord(NamedTuple):
    """A record as its drain reads it."""

    batch_id: int
    ord: int
    dataset_id: int
    key: str
    subkey: str
    event_time: datetime
    fields: Mapping[str, Any]  # Any: JSON as decoded
    is_late: bool


def records_of_batches(batches: Sequence[int]) -> list[ReadRecord]:
    """Return the records of batches, in their order."""
    places = ", ".join(["%s"] * len(batches))
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT batch_id, ord, dataset_id, key, subkey, event_time,"  # noqa: S608 - our own names
            f" CAST(body AS text), is_late FROM {_TABLE}"
            f" WHERE batch_id IN ({places}) ORDER BY batch_id, ord",
            batches,
        )
        rows = cursor.fetchall()
    return [
        ReadRecord(
            batch_id=batch_id,
            ord=place,
            dataset_id=dataset_id,
            key=key,
            subkey=subkey,
            event_time=stored_time(at),
            fields=_object(body),
            is_late=bool(is_late),
        )
        for batch_id, place, dataset_id, key, subkey, at, body, is_late in rows
    ]


def _object(text: str) -> Mapping[str, Any]:
    fields = decode_trusted(text)
    if not isinstance(fields, dict):
        raise TypeError("A record is no JSON object.")
    return fields


class Identity(NamedTuple):
    """What makes two records the same; `event_time` None where no date is declared."""

    key: str
    subkey: str
    event_time: datetime | None


def find_current(
    *, dataset_id: int, identities: Collection[Identity]
) -> list[tuple[Identity, Place]]:
    """Return the current records with one of these identities and their positions.

    The identities travel as rows to join with, since two IN lists would ask the index
    for every pair of them.
    """
    found: list[tuple[Identity, Place]] = []
    asked = list(identities)
    for start in range(0, len(asked), _IDENTITIES_AT_ONCE):
        found += _find_some(dataset_id, asked[start : start + _IDENTITIES_AT_ONCE])
    return found


def _find_some(
    dataset_id: int, identities: Sequence[Identity]
) -> list[tuple[Identity, Place]]:
    dated = identities[0].event_time is not None
    postgres = connection.vendor == "postgresql"
    row = "(%s, %s, %s::timestamptz)" if postgres else "(%s, %s, %s)"
    # SQLite would otherwise scan the records and probe the wanted rows.
    join = "JOIN" if postgres else "CROSS JOIN"
    same_date = "AND r.event_time = w.event_time" if dated else ""
    query = f"""
        WITH w(key, subkey, event_time) AS (VALUES {", ".join([row] * len(identities))})
        SELECT r.key, r.subkey, r.event_time, r.batch_id, r.ord
        FROM w {join} {_TABLE} r
          ON r.dataset_id = %s AND r.is_current
         AND r.key = w.key AND r.subkey = w.subkey {same_date}
    """  # noqa: S608 - only our own names and places are put in
    parameters: list[Any] = []  # Any: texts, times and numbers
    for one in identities:
        parameters += [one.key, one.subkey, _time_parameter(one.event_time)]
    with connection.cursor() as cursor:
        cursor.execute(query, [*parameters, dataset_id])
        rows = cursor.fetchall()
    return [
        (Identity(key, subkey, stored_time(at) if dated else None), (batch_id, place))
        for key, subkey, at, batch_id, place in rows
    ]


def _time_parameter(at: datetime | None) -> str | datetime | None:
    if at is None or connection.vendor == "postgresql":
        return at
    return time_as_text(at)


@lru_cache(maxsize=4_096)
def time_as_text(at: datetime) -> str:
    """Write a time as SQLite keeps it; many events have one time, and are asked for."""
    if at.tzinfo is UTC:  # nearly always, and Django would go a long way for it
        return at.isoformat(" ").removesuffix("+00:00")
    return str(connection.ops.adapt_datetimefield_value(at))


def stored_time(at: datetime) -> datetime:
    """Return a stored time aware of its zone: SQLite keeps UTC and does not say so."""
    return at if at.tzinfo else at.replace(tzinfo=UTC)
