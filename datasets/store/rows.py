"""Storing many rows in one statement, without a model instance or an expression each.

PostgreSQL takes them as one JSON text, which costs a fraction of what quoting every
value does; SQLite takes them one by one, in one call.

The fields of a row are columns of the model's table, and what is inserted has all those
without a default in the database. What is JSON is given as its text.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from functools import partial
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
    model: type[models.Model],
    rows: Sequence[NamedTuple],
    *,
    unique: tuple[str, ...] = (),
) -> Callable[[], None]:
    """Make rows ready and return what inserts them, inside the caller's transaction.

    Whoever waits for that transaction waits for nothing but the database then. Those
    that have the same `unique` columns are replaced, if any are named.
    """
    if not rows:
        return _insert_nothing
    columns, values = rows[0]._fields, _values_of(rows)
    insert = replacing(model, columns, unique) if unique else inserting(model, columns)
    return partial(_execute, insert, values)


def _insert_nothing() -> None:
    """Ask the database nothing."""


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
    model: type[models.Model],
    rows: Sequence[NamedTuple],
    *,
    unique: tuple[str, ...],
    adding: tuple[str, ...] = (),
    keeping: tuple[str, ...] = (),
) -> None:
    """Change the rows that have these `unique` columns, which are a row's last.

    Columns in `adding` are numbers that are added to what stands there; of those in
    `keeping` None leaves it as it is.
    """
    if rows:
        statement = updating(model, rows[0]._fields, unique, adding, keeping)
        _execute(statement, _values_of(rows))


def _execute(statement: str, values: Sequence[Sequence[Any]]) -> None:
    with connection.cursor() as cursor:
        if connection.vendor == "postgresql":
            for some in values:
                cursor.execute(statement, some)
        else:
            cursor.executemany(statement, values)


def _values_of(rows: Sequence[NamedTuple]) -> Sequence[Sequence[Any]]:
    """Return what each execution of a statement takes of many rows."""
    if connection.vendor == "postgresql":
        return [[_as_json(some)] for some in portions(rows, _AT_ONCE)]
    return _adapted(rows)


def _values(rows: Sequence[NamedTuple]) -> list[Any]:
    """Return what one statement takes of rows."""
    if connection.vendor == "postgresql":
        return [_as_json(rows)]
    return [value for row in _adapted(rows) for value in row]


def _as_json(rows: Sequence[NamedTuple]) -> str:
    return encode([row._asdict() for row in rows]).decode()


def _adapted(rows: Sequence[NamedTuple]) -> list[tuple[Any, ...]]:
    """Return rows as SQLite takes them; most columns are looked at but once."""
    return list(zip(*map(_adapt, zip(*rows, strict=True)), strict=True))


def _adapt(column: Sequence[Any]) -> Sequence[Any]:  # Any: what a column holds
    if _ADAPTED.keys().isdisjoint(map(type, column)):
        return column
    return [
        adapted(value) if (adapted := _ADAPTED.get(type(value))) else value
        for value in column
    ]


#: How Django stores in SQLite what that has no type for.
_ADAPTED: Mapping[type, Callable[[Any], Any]] = {  # Any: what a column holds
    datetime: time_as_text,
    UUID: attrgetter("hex"),
}
