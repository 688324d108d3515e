"""The feed: a dense, numbered list of what happened in a workspace.

A cursor `seq > n` must never skip an entry that commits late. So whoever gives numbers
holds the feed's head until they are committed. For a few entries the commit that
decided them does so (`alerts.services.entering`); many are inserted without a number,
and numbered right after it in short transactions of their own.
"""

from __future__ import annotations

import uuid
from functools import partial

from django.db import connection, transaction

from alerts.models import FeedEntry, FeedHead
from alerts.push import announce
from config.celery import Task, answer
from datasets.services import writing

#: Entries numbered in one transaction.
_AT_ONCE = 500


def number_entries(*, workspace_id: int) -> None:
    """Number the entries that have none, then tell the browsers.

    Running it twice is harmless: the head row is held while numbers are given, and
    whoever comes second waits a moment and then finds nothing left to do.
    """
    answer(Task.NUMBER, workspace_id=workspace_id)
    _number(workspace_id)


def number_after_commit(*, workspace_id: int) -> None:
    """Number what this transaction adds to a feed, right behind it and without a bell.

    People wait for it. Should it fail, the next sweep does it.
    """
    transaction.on_commit(partial(_number, workspace_id), robust=True)


def head_of(*, workspace_id: int) -> FeedHead:
    """Return the head of a workspace's feed, made when first asked for."""
    head, _ = FeedHead.objects.get_or_create(
        workspace_id=workspace_id, defaults={"epoch": uuid.uuid4()}
    )
    return head


def _number(workspace_id: int) -> None:
    while _number_some(workspace_id):
        continue


def _number_some(workspace_id: int) -> bool:
    """Number some entries in a short transaction; False when nothing is left."""
    with writing():
        heads = FeedHead.objects.filter(workspace_id=workspace_id)
        if connection.vendor == "postgresql":
            heads = heads.select_for_update(no_key=True)
        head = heads.first()
        if head is None:
            head_of(workspace_id=workspace_id)
            head = heads.get()
        numbered = _give_numbers(workspace_id, first=head.next_seq)
        if numbered:
            following = head.next_seq + numbered
            FeedHead.objects.filter(pk=workspace_id).update(next_seq=following)
            announce(workspace_id=workspace_id, last=following - 1)
    return numbered == _AT_ONCE


def _give_numbers(workspace_id: int, *, first: int) -> int:
    """Number the oldest entries without a number in one statement; say how many."""
    table = FeedEntry._meta.db_table
    with connection.cursor() as cursor:
        cursor.execute(
            f"UPDATE {table} SET seq = %s + fresh.place FROM ("  # noqa: S608 - our own table's name
            "SELECT id, ROW_NUMBER() OVER (ORDER BY id) - 1 AS place"
            f" FROM {table} WHERE workspace_id = %s AND seq IS NULL"
            " ORDER BY id LIMIT %s"
            f") AS fresh WHERE {table}.id = fresh.id",
            [first, workspace_id, _AT_ONCE],
        )
        return int(cursor.rowcount)
