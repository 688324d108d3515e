"""Claiming idempotency keys, and keeping what was answered under them."""

from collections.abc import Iterable
from datetime import datetime
from typing import Any, NamedTuple

from django.db import connection

from datasets.json import encode
from datasets.models import Idempotency

_TABLE = Idempotency._meta.db_table


class ClaimedKey(NamedTuple):
    """A key as it is claimed for a request."""

    scope: str
    key: str
    body_hash: str
    created_at: datetime


class AnsweredKey(NamedTuple):
    """What was answered under a key."""

    scope: str
    key: str
    status: int
    answer: object


def claim_keys(keys: Iterable[ClaimedKey]) -> list[tuple[str, str]]:
    """Insert keys inside the caller's transaction; return those that were not there.

    On PostgreSQL this waits for a transaction that is just inserting the same key, as
    long as `lock_timeout` allows; on SQLite there is no other one. Keys are taken in
    their order, so that two who claim several never wait for each other.
    """
    rows = sorted(keys)
    if not rows:
        return []
    parameters: list[Any] = []  # Any: texts and times
    for scope, key, body_hash, created_at in rows:
        at = connection.ops.adapt_datetimefield_value(created_at)
        parameters += [scope, key, body_hash, at]
    places = ", ".join(["(%s, %s, %s, %s)"] * len(rows))
    with connection.cursor() as cursor:
        cursor.execute(
            f"INSERT INTO {_TABLE} (scope, key, body_hash, created_at)"  # noqa: S608 - our own table's name
            f" VALUES {places} ON CONFLICT (scope, key) DO NOTHING"
            " RETURNING scope, key",
            parameters,
        )
        return [(scope, key) for scope, key in cursor.fetchall()]


def answer_keys(keys: Iterable[AnsweredKey]) -> None:
    """Keep the answers to requests, with the transaction that claimed their keys."""
    rows = [
        (one.status, encode(one.answer).decode(), one.scope, one.key) for one in keys
    ]
    if not rows:
        return
    with connection.cursor() as cursor:
        cursor.executemany(
            f"UPDATE {_TABLE} SET status = %s, answer = %s"  # noqa: S608 - our own table's name
            " WHERE scope = %s AND key = %s",
            rows,
        )
