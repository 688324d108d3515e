"""Storing many rows in one statement, without a model instance or an expression each.

PostgreSQL takes them as one JSON text, which costs a fraction of what quoting every
value does; SQLite takes them one by one, in one call.

The fields of a row are columns of the model's table, and what is inserted has all those
without a default in the database. What is JSON is given as its text.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from operator import attrgetter
from typing import Any, NamedTuple
from uuid import UUID

from django.db import connection, models

from config.portions import portions
from datasets.json import encode
from datasets.store.records import time_as_text
from datasets.store.row_statements import (
    inserting,
    inserting_many,
    leaving,
    replacing,
    updating,
)

#: Rows of one statement; a text of megabytes is copied several times on its way.
_AT_ONCE = 1_000


def prepare_insert(
    model: type[models.Model], rows: Sequence[NamedTuple]
) -> Callable[[], None]:
    """Make rows ready and return what inserts them, inside the caller's transaction.

    Whoever waits for that transaction waits for nothing but the database then.
    """
    values = _values_of(rows)
    statement = inserting(model, rows[0]._fields) if rows else ""
    return lambda: _execute(statement, values) if values else None


def insert_rows(model: type[models.Model], rows: Sequence[NamedTuple]) -> None:
    """Insert rows inside the caller's transaction."""
    if rows:
        _execute(inserting(model, rows[0]._fields), _values_of(rows))


def insert_new(
    model: type[models.Model],
    rows: Sequence[NamedTuple],
    *,
    returning: tuple[str, ...],
    unless: tuple[str, ...] = (),
) -> list[tuple[Any, ...]]:  # Any: what these columns hold
    """Insert rows and return some columns of each.

    Left out are those whose `unless` columns are somewhere already.
    """
    found: list[tuple[Any, ...]] = []
    with connection.cursor() as cursor:
        for some in portions(rows, _AT_ONCE):
            statement = inserting_many(model, some[0]._fields, len(some))
            cursor.execute(f"{statement}{leaving(unless, returning)}", _values(some))
            found += cursor.fetchall()
    return found


def replace_rows(
    model: type[models.Model], rows: Sequence[NamedTuple], *, unique: tuple[str, ...]
) -> None:
    """Insert rows, or replace those that have the same `unique` columns.

    Each such combination may be given but once.
    """
    if rows:
        _execute(replacing(model, rows[0]._fields, unique), _values_of(rows))


def update_rows(
    model: type[models.Model], rows: Sequence[NamedTuple], *, unique: tuple[str, ...]
) -> None:
    """Change the rows that have these `unique` columns, which are a row's last."""
    if rows:
        _execute(updating(model, rows[0]._fields, unique), _values_of(rows))


def _execute(statement: str, values: Sequence[list[Any]]) -> None:
    with connection.cursor() as cursor:
        if connection.vendor == "postgresql":
            for some in values:
                cursor.execute(statement, some)
        else:
            cursor.executemany(statement, values)


def _values_of(rows: Sequence[NamedTuple]) -> list[list[Any]]:
    """Return what each execution of a statement takes of many rows."""
    together = _AT_ONCE if connection.vendor == "postgresql" else 1
    return [_values(some) for some in portions(rows, together)]


def _values(rows: Sequence[NamedTuple]) -> list[Any]:
    if connection.vendor == "postgresql":
        return [encode([row._asdict() for row in rows]).decode()]
    return [
        adapted(value) if (adapted := _ADAPTED.get(type(value))) else value
        for row in rows
        for value in row
    ]


#: How Django stores in SQLite what that has no type for.
_ADAPTED: Mapping[type, Callable[[Any], Any]] = {  # Any: what a column holds
    datetime: time_as_text,
    UUID: attrgetter("hex"),
}
