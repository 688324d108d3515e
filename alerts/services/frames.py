"""What an entry of the feed looks like on its way to sockets, pages and the API."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from alerts.models import Alert, EntryKind, FeedEntry
from alerts.services.rows import NewAlert

Frame = dict[str, object]


def frame_of(entry: FeedEntry) -> Frame:
    """Return an entry as it travels: its number, what happened, and the alert now."""
    facts = alert_facts(entry.alert) if entry.alert else None
    return make_frame(
        seq=entry.seq, kind=entry.kind, at=entry.at, details=entry.details, alert=facts
    )


def make_frame(
    *,
    seq: int | None,
    kind: str,
    at: datetime,
    details: Mapping[str, Any],  # Any: JSON as decoded
    alert: Frame | None,
) -> Frame:
    """Return the frame of an entry with or without an alert, of which `alert` tells."""
    return {
        "type": "alert.changed" if alert else "feed.note",
        "seq": seq,
        "kind": kind,
        "at": at.isoformat(),
        "text": _note_text(kind, details),
        "alert": alert,
    }


def alert_facts(alert: Alert) -> Frame:
    """Return an alert in plain values, as rows, pages and the API show it."""
    rule = {"id": str(alert.rule.uuid), "name": alert.rule.name}
    return facts_of_alert(alert, rule=rule, slug=alert.workspace.slug)


def facts_of_alert(
    alert: Alert | NewAlert, *, rule: Mapping[str, str], slug: str
) -> Frame:
    """Return the same where rule and workspace are known without asking for them."""
    return {
        "id": str(alert.id),
        "rule": rule,
        "key": alert.key,
        "kind": alert.kind,
        "state": alert.state,
        "severity": alert.severity,
        "reason": alert.reason,
        "opened_at": alert.opened_at.isoformat(),
        "recorded_at": alert.recorded_at.isoformat(),
        "ended_at": alert.ended_at.isoformat() if alert.ended_at else None,
        "historical": alert.is_historical,
        "simulated": alert.is_simulated,
        "acknowledged_by": str(alert.acknowledged_by or ""),
        "acknowledged_at": (
            alert.acknowledged_at.isoformat() if alert.acknowledged_at else None
        ),
        "url": f"/w/{slug}/alerts/{alert.id}",
    }


def _note_text(kind: str, details: Mapping[str, Any]) -> str:
    """Say in a sentence what an entry without an alert tells."""
    if kind != EntryKind.IMPORTED:
        return ""
    return (
        f"{details['records']:,} records imported into {details['dataset']} as history:"
        f" {details['alerts']:,} alerts of {details['rules']:,} rules."
    )
