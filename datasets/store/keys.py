"""Claiming an idempotency key with one statement."""

from datetime import datetime

from django.db import connection

from datasets.models import Idempotency

_TABLE = Idempotency._meta.db_table


def insert_key(*, scope: str, key: str, body_hash: str, now: datetime) -> bool:
    """Insert a key inside the caller's transaction; False if it is there already.

    On PostgreSQL this waits for a transaction that is just inserting the same key, as
    long as `lock_timeout` allows; on SQLite there is no other one.
    """
    with connection.cursor() as cursor:
        cursor.execute(
            f"INSERT INTO {_TABLE} (scope, key, body_hash, created_at)"  # noqa: S608 - our own table's name
            " VALUES (%s, %s, %s, %s) ON CONFLICT (scope, key) DO NOTHING",
            [scope, key, body_hash, connection.ops.adapt_datetimefield_value(now)],
        )
        inserted: int = cursor.rowcount
    return inserted == 1
