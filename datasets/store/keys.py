"""Claiming idempotency keys, and keeping what was answered under them."""

from collections.abc import Iterable
from datetime import datetime
from typing import NamedTuple

from datasets.json import encode
from datasets.models import Idempotency
from datasets.store.rows import insert_new, update_rows


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
    unique = ("scope", "key")
    new = insert_new(Idempotency, sorted(keys), returning=unique, unless=unique)
    return [(scope, key) for scope, key in new]


class _Answer(NamedTuple):
    status: int
    answer: str
    scope: str
    key: str


def answer_keys(keys: Iterable[AnsweredKey]) -> None:
    """Keep the answers to requests, with the transaction that claimed their keys."""
    rows = [
        _Answer(one.status, encode(one.answer).decode(), one.scope, one.key)
        for one in keys
    ]
    update_rows(Idempotency, rows, unique=("scope", "key"))
