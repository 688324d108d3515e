"""Entering into a feed what a commit decided, and telling the browsers of it."""

from __future__ import annotations

import json
import uuid
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import NamedTuple

from django.db import connection

from alerts.models import Alert, EntryKind, FeedEntry, FeedHead
from alerts.push import announce
from alerts.services.feed import number_after_commit
from alerts.services.frames import facts_of_alert, make_frame
from alerts.services.rows import NewAlert
from datasets.services import insert_rows, prepare_insert
from rules.services import RuleInEffect
from workspaces.models import Workspace

#: Entries of a workspace that the commit which decided them numbers itself. Storing
#: them while everybody else waits for the head must be a matter of milliseconds.
FEW = 50


@dataclass(slots=True, kw_only=True)
class NewEntry:
    """An entry to be: what became of an alert of a rule, or a note with details."""

    workspace_id: int
    kind: EntryKind
    at: datetime
    alert: Alert | NewAlert | None = None
    rule: RuleInEffect | None = None
    details: Mapping[str, object] = field(default_factory=dict)


class _Row(NamedTuple):
    workspace_id: int
    seq: int | None
    kind: str
    alert_id: uuid.UUID | None
    details: str
    at: datetime


class _Numbers(NamedTuple):
    """What a commit took of a feed: its first number; and the workspace's slug."""

    first: int
    slug: str


class GatheredEntries(NamedTuple):
    """Entries before their commit: few to a workspace, or what inserts the many."""

    few: list[NewEntry]
    many: dict[int, Callable[[], None]]


def gather_entries(entries: Iterable[NewEntry]) -> GatheredEntries:
    """Make entries ready before their commit, which does not number many."""
    gathered = GatheredEntries([], {})
    for workspace_id, some in _by_workspace(entries).items():
        if len(some) <= FEW:
            gathered.few.extend(some)
        else:
            rows = _rows(some, None)
            gathered.many[workspace_id] = prepare_insert(FeedEntry, rows)
    return gathered


def enter_feed(gathered: GatheredEntries, notes: Iterable[NewEntry]) -> None:
    """Store entries, and notes behind them, as the last act of a commit.

    It numbers them if they are few. The bell then carries what it tells of, so that
    nobody needs to read it again.
    """
    for workspace_id, insert in sorted(gathered.many.items()):
        insert()
        number_after_commit(workspace_id=workspace_id)
    by_workspace = _by_workspace([*gathered.few, *notes])
    # In order, so that two commits never wait for each other.
    for workspace_id, some in sorted(by_workspace.items()):
        numbers = _take_numbers(workspace_id, len(some)) if len(some) <= FEW else None
        insert_rows(FeedEntry, _rows(some, numbers))
        if numbers is None:
            number_after_commit(workspace_id=workspace_id)
        else:
            last = numbers.first + len(some) - 1
            texts = _texts(some, numbers)
            announce(workspace_id=workspace_id, last=last, texts=texts)


def _by_workspace(entries: Iterable[NewEntry]) -> dict[int, list[NewEntry]]:
    by_workspace: dict[int, list[NewEntry]] = {}
    for one in entries:
        by_workspace.setdefault(one.workspace_id, []).append(one)
    return by_workspace


def _take_numbers(workspace_id: int, count: int) -> _Numbers | None:
    """Take the next numbers and hold the head until the commit.

    None while older entries wait for theirs: one alert's entries keep their order.
    """
    head, entries = FeedHead._meta.db_table, FeedEntry._meta.db_table
    owner = Workspace._meta.db_table
    with connection.cursor() as cursor:
        cursor.execute(
            f"UPDATE {head} SET next_seq = next_seq + %s WHERE workspace_id = %s"  # noqa: S608 - our own tables' names
            f" AND NOT EXISTS (SELECT 1 FROM {entries} AS waiting"
            " WHERE waiting.workspace_id = %s AND waiting.seq IS NULL)"
            f" RETURNING next_seq, (SELECT slug FROM {owner}"
            f" WHERE {owner}.id = {head}.workspace_id)",
            [count, workspace_id, workspace_id],
        )
        taken = cursor.fetchone()
    return _Numbers(taken[0] - count, taken[1]) if taken else None


def _rows(entries: Sequence[NewEntry], numbers: _Numbers | None) -> list[_Row]:
    return [
        _Row(
            workspace_id=one.workspace_id,
            seq=None if numbers is None else numbers.first + place,
            kind=one.kind.value,
            alert_id=one.alert.id if one.alert else None,
            details=json.dumps(one.details) if one.details else "{}",
            at=one.at,
        )
        for place, one in enumerate(entries)
    ]


def _texts(entries: Sequence[NewEntry], numbers: _Numbers) -> list[str]:
    """Return entries as the sockets send them."""
    return [
        json.dumps(
            make_frame(
                seq=numbers.first + place,
                kind=one.kind,
                at=one.at,
                details=one.details,
                alert=_facts_of(one, numbers.slug),
            )
        )
        for place, one in enumerate(entries)
    ]


def _facts_of(one: NewEntry, slug: str) -> dict[str, object] | None:
    if one.alert is None or one.rule is None:
        return None
    rule = {"id": one.rule.rule_uuid, "name": one.rule.name}
    return facts_of_alert(one.alert, rule=rule, slug=slug)
