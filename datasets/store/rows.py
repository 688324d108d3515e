"""Storing many rows in one statement, without a model instance or an expression each.

PostgreSQL takes them as one JSON text, which costs a fraction of what quoting every
value does; SQLite takes them one by one, in one call.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from functools import lru_cache
from typing import Any, NamedTuple
from uuid import UUID

from django.db import connection, models

from config.portions import portions
from datasets.json import encode

#: Rows of one statement; a text of megabytes is copied several times on its way.
_AT_ONCE = 1_000


def insert_rows(model: type[models.Model], rows: Sequence[NamedTuple]) -> None:
    """Insert rows inside the caller's transaction.

    The rows' fields are columns of the model's table, all that have no default in the
    database. What is JSON is given as its text.
    """
    _execute(model, rows, unique=())


def replace_rows(
    model: type[models.Model], rows: Sequence[NamedTuple], *, unique: tuple[str, ...]
) -> None:
    """Insert rows, or replace those that have the same `unique` columns.

    Each such combination may be given but once.
    """
    _execute(model, rows, unique=unique)


def _execute(
    model: type[models.Model], rows: Sequence[NamedTuple], *, unique: tuple[str, ...]
) -> None:
    if not rows:
        return
    statement = _statement(model, rows[0]._fields, unique, connection.vendor)
    with connection.cursor() as cursor:
        for some in portions(rows, _AT_ONCE):
            if connection.vendor == "postgresql":
                text = encode([row._asdict() for row in some]).decode()
                cursor.execute(statement, [text])
            else:
                rows_as_kept = [tuple(map(_adapted, row)) for row in some]
                cursor.executemany(statement, rows_as_kept)


def _adapted(value: Any) -> Any:  # Any: what a column holds
    """Return a value as Django stores it in SQLite."""
    if isinstance(value, datetime):
        return connection.ops.adapt_datetimefield_value(value)
    return value.hex if isinstance(value, UUID) else value


@lru_cache(maxsize=64)
def _statement(
    model: type[models.Model],
    columns: tuple[str, ...],
    unique: tuple[str, ...],
    vendor: str,
) -> str:
    into = f"INSERT INTO {model._meta.db_table} ({_listed(columns)})"
    if vendor == "postgresql":
        source = _from_json([(name, _type_of(model, name)) for name in columns])
    else:
        source = f"VALUES ({', '.join(['%s'] * len(columns))})"
    if not unique:
        return f"{into} {source}"
    changing = ", ".join(
        f'"{name}" = excluded."{name}"' for name in columns if name not in unique
    )
    return f"{into} {source} ON CONFLICT ({_listed(unique)}) DO UPDATE SET {changing}"


def _from_json(columns: Sequence[tuple[str, str]]) -> str:
    """Select rows from a JSON text; what is JSON in them comes as text."""
    json = {"json", "jsonb"}
    values = [
        f'"{name}"::{kind}' if kind in json else f'"{name}"' for name, kind in columns
    ]
    brought = [f'"{name}" {"text" if kind in json else kind}' for name, kind in columns]
    return (
        f"SELECT {', '.join(values)}"  # noqa: S608 - our own names
        f" FROM json_to_recordset(%s) AS brought ({', '.join(brought)})"
    )


def _type_of(model: type[models.Model], column: str) -> str:
    kinds = {one.column: one.db_type for one in model._meta.concrete_fields}
    return str(kinds[column](connection))


def _listed(names: Sequence[str]) -> str:
    return ", ".join(f'"{name}"' for name in names)
