"""The statements of `datasets.store.rows`, each written once.

Rows come to PostgreSQL as one JSON text of objects, to SQLite as a value a place.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache

from django.db import connection, models

_Model = type[models.Model]
_Names = tuple[str, ...]


@lru_cache(maxsize=64)
def inserting(model: _Model, columns: _Names) -> str:
    """Insert rows of these columns; on SQLite one row."""
    into = f"INSERT INTO {model._meta.db_table} ({_listed(columns)})"
    if connection.vendor == "postgresql":
        return f"{into} SELECT {_listed(columns)} FROM {_brought(model, columns)}"  # noqa: S608 - our own names
    return f"{into} VALUES {_places(columns)}"


def inserting_many(model: _Model, columns: _Names, count: int) -> str:
    """Insert so many rows in one statement also on SQLite, so that it can return."""
    one = inserting(model, columns)
    if connection.vendor == "postgresql":
        return one
    return f"{one}{f', {_places(columns)}' * (count - 1)}"


@lru_cache(maxsize=64)
def replacing(model: _Model, columns: _Names, unique: _Names) -> str:
    """Insert rows, or change those that have the same unique columns."""
    changing = ", ".join(
        f'"{name}" = excluded."{name}"' for name in columns if name not in unique
    )
    act = f"ON CONFLICT ({_listed(unique)}) DO UPDATE SET {changing}"
    return f"{inserting(model, columns)} {act}"


@lru_cache(maxsize=64)
def updating(
    model: _Model,
    columns: _Names,
    unique: _Names,
    adding: _Names = (),
    keeping: _Names = (),
) -> str:
    """Change the rows that have the unique columns, which come last."""
    table = model._meta.db_table
    is_postgresql = connection.vendor == "postgresql"

    def brought(name: str) -> str:
        return f'brought."{name}"' if is_postgresql else "%s"

    def changed(name: str) -> str:
        if name in adding:
            return f'{table}."{name}" + {brought(name)}'
        if name in keeping:
            return f'COALESCE({brought(name)}, {table}."{name}")'
        return brought(name)

    others = [one for one in columns if one not in unique]
    changing = ", ".join(f'"{name}" = {changed(name)}' for name in others)
    same = " AND ".join(f'{table}."{name}" = {brought(name)}' for name in unique)
    source = f" FROM {_brought(model, columns)}" if is_postgresql else ""
    return f"UPDATE {table} SET {changing}{source} WHERE {same}"  # noqa: S608 - our own names


def leaving(unless: _Names, returning: _Names) -> str:
    """Leave alone what has the same columns already, and return some of the rest."""
    conflict = f" ON CONFLICT ({_listed(unless)}) DO NOTHING" if unless else ""
    return f"{conflict} RETURNING {_listed(returning)}"


def _brought(model: _Model, columns: Sequence[str]) -> str:
    """Give rows of a JSON text the types of their columns; JSON in them is text."""
    kinds = {one.column: one.db_type(connection) for one in model._meta.concrete_fields}
    json = {"json", "jsonb"}
    values = ", ".join(
        f'"{name}"::{kinds[name]}' if kinds[name] in json else f'"{name}"'
        for name in columns
    )
    typed = ", ".join(
        f'"{name}" {"text" if kinds[name] in json else kinds[name]}' for name in columns
    )
    rows = f"json_to_recordset(%s) AS sent ({typed})"
    return f"(SELECT {values} FROM {rows}) AS brought"  # noqa: S608 - our own names


def _places(columns: Sequence[str]) -> str:
    return f"({', '.join(['%s'] * len(columns))})"


def _listed(names: Sequence[str]) -> str:
    return ", ".join(f'"{name}"' for name in names)
