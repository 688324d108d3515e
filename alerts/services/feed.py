"""The feed: a dense, numbered list of what happened in a workspace.

Entries are inserted without a number by the commit that decided them and numbered
right after it, so that a cursor `seq > n` never skips one that committed late.
"""

from __future__ import annotations

import uuid

from django.db import connection

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
    head_of(workspace_id=workspace_id)
    while _number_some(workspace_id):
        continue


def head_of(*, workspace_id: int) -> FeedHead:
    """Return the head of a workspace's feed, made when first asked for."""
    head, _ = FeedHead.objects.get_or_create(
        workspace_id=workspace_id, defaults={"epoch": uuid.uuid4()}
    )
    return head


def _number_some(workspace_id: int) -> bool:
    """Number some entries in a short transaction; False when nothing is left."""
    with writing():
        heads = FeedHead.objects.filter(workspace_id=workspace_id)
        if connection.vendor == "postgresql":
            heads = heads.select_for_update(no_key=True)
        head = heads.get()
        entries = list(
            FeedEntry.objects.filter(workspace_id=workspace_id, seq=None).order_by(
                "id"
            )[:_AT_ONCE]
        )
        for place, entry in enumerate(entries):
            entry.seq = head.next_seq + place
        FeedEntry.objects.bulk_update(entries, ["seq"])
        FeedHead.objects.filter(pk=workspace_id).update(
            next_seq=head.next_seq + len(entries)
        )
        if entries:
            announce(workspace_id=workspace_id, entries=entries)
    return len(entries) == _AT_ONCE
