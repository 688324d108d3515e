"""Rows that the database will not have touched, so that whoever tries fails."""

from __future__ import annotations

from django.db import connection

_NO = "nobody may touch this row"


def refuse(table: str, *, action: str, column: str, value: int) -> None:
    """Let the database raise at an action on the rows that have a value in a column.

    It ends with the test, as everything does that the test's transaction holds.
    """
    row = "NEW" if action == "INSERT" else "OLD"
    name = f"refuse_{table}_{value}"
    head = f"CREATE TRIGGER {name} BEFORE {action} ON {table} FOR EACH ROW"
    when = f"WHEN ({row}.{column} = {value})"
    with connection.cursor() as cursor:
        if connection.vendor == "sqlite":
            cursor.execute(f"{head} {when} BEGIN SELECT RAISE(ABORT, '{_NO}'); END")
            return
        cursor.execute(
            f"CREATE FUNCTION {name}() RETURNS trigger LANGUAGE plpgsql"
            f" AS $$ BEGIN RAISE EXCEPTION '{_NO}'; END $$"
        )
        cursor.execute(f"{head} {when} EXECUTE FUNCTION {name}()")
