"""The feed as a page: one row per alert, newest first, and notes between them.

A row carries the number of the last entry that it shows. So what the socket sends
after the page's head brings the page to what a reload would show.
"""

from __future__ import annotations

import uuid
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from django.db.models import Exists, Max, OuterRef, Q

from alerts.models import Alert, AlertQuerySet, Delivery, FeedEntry, FeedHead
from alerts.services.feed import head_of
from alerts.services.frames import alert_facts, frame_of
from workspaces.access import Access
from workspaces.models import Workspace

#: Rows of one page.
PAGE_ROWS = 50

Row = Mapping[str, object]


class Show(StrEnum):
    """Which alerts a page shows."""

    OPEN = "open"
    ALL = "all"
    UNDELIVERED = "undelivered"


@dataclass(frozen=True, slots=True, kw_only=True)
class FeedFilter:
    """Which alerts, of which severity, with which words in rule, key or reason."""

    show: Show = Show.OPEN
    severity: str = ""
    q: str = ""

    @property
    def leaves_notes(self) -> bool:
        """Say whether entries that are no alerts stand between the rows."""
        return not (self.severity or self.q or self.show is Show.UNDELIVERED)


@dataclass(frozen=True, slots=True, kw_only=True)
class Cursor:
    """The last row of the page before; what is older comes next."""

    at: datetime
    alert_id: uuid.UUID


@dataclass(frozen=True, slots=True, kw_only=True)
class FeedRows:
    """Rows as the socket sends frames, complete up to the number before the head's."""

    rows: list[Row]
    head: FeedHead
    older: Cursor | None


def browse_feed(
    *,
    access: Access,
    wanted: FeedFilter,
    before: Cursor | None = None,
    limit: int = PAGE_ROWS,
    with_notes: bool = True,
) -> FeedRows:
    """Return a page of the feed: live alerts by time of recording, newest first.

    1. Read the head first: what is numbered later comes through the socket.
    2. Take the alerts that the feed has told of, each with its last number.
    3. Put the notes of the same stretch between them, unless alerts are searched.
    """
    head = head_of(workspace_id=access.workspace.pk)
    found = list(_matching(head, wanted, before)[: limit + 1])
    alerts, is_full = found[:limit], len(found) > limit
    placed = list(_alert_rows(alerts, head=head, workspace=access.workspace))
    if with_notes and wanted.leaves_notes:
        oldest = alerts[-1].recorded_at if is_full else None
        placed += _note_rows(head=head, before=before, oldest=oldest, limit=limit)
    placed.sort(key=lambda place: place[:2], reverse=True)
    return FeedRows(
        rows=[row for _, _, row in placed],
        head=head,
        older=Cursor(at=alerts[-1].recorded_at, alert_id=alerts[-1].pk)
        if is_full
        else None,
    )


def _numbered(head: FeedHead) -> Q:
    return Q(workspace_id=head.workspace_id, seq__lt=head.next_seq)


def _matching(
    head: FeedHead, wanted: FeedFilter, before: Cursor | None
) -> AlertQuerySet:
    told = FeedEntry.objects.filter(_numbered(head), alert=OuterRef("pk"))
    alerts = Alert.objects.filter(Exists(told), workspace_id=head.workspace_id)
    if wanted.show is Show.OPEN:
        alerts = alerts.waiting()
    elif wanted.show is Show.UNDELIVERED:
        undelivered = Delivery.objects.undelivered()
        alerts = alerts.filter(
            Exists(undelivered.filter(transition__alert=OuterRef("pk")))
        )
    if wanted.severity:
        alerts = alerts.filter(severity=wanted.severity)
    if wanted.q:
        alerts = alerts.filter(
            Q(rule__name__icontains=wanted.q)
            | Q(key__icontains=wanted.q)
            | Q(reason__icontains=wanted.q)
        )
    if before is not None:
        same_moment = Q(recorded_at=before.at, pk__lt=before.alert_id)
        alerts = alerts.filter(Q(recorded_at__lt=before.at) | same_moment)
    newest_first = alerts.order_by("-recorded_at", "-pk")
    return newest_first.select_related("rule", "acknowledged_by")


Placed = tuple[datetime, str, Row]


def _alert_rows(
    alerts: list[Alert], *, head: FeedHead, workspace: Workspace
) -> Iterable[Placed]:
    entries = FeedEntry.objects.filter(_numbered(head), alert__in=alerts)
    last = dict(entries.values_list("alert").annotate(last=Max("seq")))
    for alert in alerts:
        alert.workspace = workspace
        row = {"seq": last[alert.pk], "alert": alert_facts(alert)}
        yield alert.recorded_at, str(alert.pk), row


def _note_rows(
    *, head: FeedHead, before: Cursor | None, oldest: datetime | None, limit: int
) -> Iterable[Placed]:
    notes = FeedEntry.objects.filter(_numbered(head), alert__isnull=True)
    if before is not None:
        notes = notes.filter(at__lt=before.at)
    if oldest is not None:
        notes = notes.filter(at__gte=oldest)
    for entry in notes.order_by("-seq")[:limit]:
        yield entry.at, f"note-{entry.seq}", frame_of(entry)
