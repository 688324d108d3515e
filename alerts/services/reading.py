"""Reading the feed from a number on: what a socket, a page and the API show."""

from __future__ import annotations

from dataclasses import dataclass

from alerts.models import Alert, EntryKind, FeedEntry
from alerts.services.feed import head_of

#: A client that missed more gets a gap to load or skip.
REPLAY_LIMIT = 1_000


@dataclass(frozen=True, slots=True, kw_only=True)
class FeedPage:
    """Frames to send, and the number up to which the reader then knows the feed."""

    frames: list[dict[str, object]]
    last: int


def read_feed(
    *, workspace_id: int, since: int | None, epoch: str | None = None
) -> FeedPage:
    """Return what a reader who knows the feed up to `since` has missed.

    `since` None means "from now on". Who resumes says an epoch, blank if it knows none,
    and first hears where the feed stands; `epoch` None is one of ours that reads on. A
    cursor of another epoch, or from the future, is answered with `reset`: the feed was
    restored or is another one.
    """
    head = head_of(workspace_id=workspace_id)
    newest = head.next_seq - 1
    hello: dict[str, object] = {
        "type": "resumed",
        "head": newest,
        "epoch": str(head.epoch),
    }
    if since is None:
        return FeedPage(frames=[hello], last=newest)
    if (epoch and epoch != str(head.epoch)) or since > newest:
        return FeedPage(frames=[{**hello, "type": "reset"}], last=newest)
    frames = [] if epoch is None else [hello]
    missed = newest - since
    if missed > REPLAY_LIMIT:
        gap = {"type": "gap", "from": since + 1, "to": newest, "count": missed}
        return FeedPage(frames=[*frames, gap], last=newest)
    entries = (
        FeedEntry.objects.filter(workspace_id=workspace_id, seq__gt=since)
        .filter(seq__lte=newest)
        .select_related("alert__rule", "alert__workspace", "alert__acknowledged_by")
        .order_by("seq")
    )
    return FeedPage(frames=[*frames, *map(frame_of, entries)], last=newest)


def frame_of(entry: FeedEntry) -> dict[str, object]:
    """Return an entry as it travels: its number, what happened, and the alert now."""
    return {
        "type": "alert.changed" if entry.alert_id else "feed.note",
        "seq": entry.seq,
        "kind": entry.kind,
        "at": entry.at.isoformat(),
        "text": note_text(entry),
        "alert": alert_facts(entry.alert) if entry.alert else None,
    }


def note_text(entry: FeedEntry) -> str:
    """Say in a sentence what an entry without an alert tells."""
    if entry.kind != EntryKind.IMPORTED:
        return ""
    details = entry.details
    return (
        f"{details['records']:,} records imported into {details['dataset']} as history:"
        f" {details['alerts']:,} alerts of {details['rules']:,} rules."
    )


def alert_facts(alert: Alert) -> dict[str, object]:
    """Return an alert in plain values, as rows, pages and the API show it."""
    return {
        "id": str(alert.pk),
        "rule": {"id": str(alert.rule.uuid), "name": alert.rule.name},
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
        "url": f"/w/{alert.workspace.slug}/alerts/{alert.pk}",
    }
