"""What the operations page says of lanes, sources and numbers."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import timedelta

from django.conf import settings
from django.urls import reverse

from alerts.services import Operations
from datasets.services import FailingSource, LaneState

#: What waits for longer is behind.
_BEHIND = timedelta(seconds=30)


@dataclass(frozen=True, slots=True, kw_only=True)
class Tile:
    """One number that matters; see templates/_tile.html."""

    label: str
    icon: str
    number: str
    note: str
    url: str
    unit: str = ""
    is_bad: bool = False


def in_words(length: timedelta | float | None) -> str:
    """Say a length of time as finely as it matters; blank if there is none."""
    if length is None:
        return ""
    seconds = length.total_seconds() if isinstance(length, timedelta) else length
    if seconds < 1:
        return f"{seconds * 1000:.3g} ms"
    if seconds < 60:
        return f"{seconds:.3g} s"
    if seconds < 3600:
        return f"{seconds / 60:.0f} min"
    return f"{seconds / 3600:.3g} h"


def tiles_of(found: Operations) -> Iterator[Tile]:
    """Say in five numbers how the installation does."""
    silent = sum(1 for part in found.parts if part.problem)
    yield Tile(
        label="Parts at work",
        icon="activity",
        number=str(len(found.parts) - silent),
        unit=f"of {len(found.parts)}",
        note=f"{silent} silent" if silent else "all have shown it within a minute",
        url="#parts",
        is_bad=bool(silent),
    )
    oldest = max(
        (one.oldest for one in found.lanes.shown if one.oldest), default=timedelta()
    )
    events = sum(one.events for one in found.lanes.shown)
    yield Tile(
        label="Events waiting",
        icon="zap",
        number=f"{events:,}",
        note=f"the oldest for {in_words(oldest)}" if events else "all are judged",
        url="#lanes",
        is_bad=oldest > _BEHIND,
    )
    outbox = found.outbox
    yield Tile(
        label="Deliveries waiting",
        icon="send",
        number=f"{outbox.waits:,}",
        note=f"the oldest for {in_words(outbox.oldest)}"
        if outbox.waits
        else "all are sent",
        url="#outbox",
        is_bad=bool(outbox.held),
    )
    yield Tile(
        label="Set aside",
        icon="octagon-alert",
        number=f"{found.quarantined_count:,}",
        note="events that could not be judged",
        url="#quarantine",
        is_bad=bool(found.quarantined_count),
    )
    yield Tile(
        label="Sources failing",
        icon="rss",
        number=str(len(found.sources)),
        note="of all workspaces",
        url="#sources",
        is_bad=bool(found.sources),
    )


def lane_row(lane: LaneState) -> Mapping[str, object]:
    """Describe a lane, its backlog beside what it may hold."""
    limit = settings.BELLWETHER_BACKLOG_EVENTS
    return {
        "name": lane.name,
        "admin_url": reverse("admin:datasets_lane_change", args=[lane.pk]),
        "judged": lane.judged,
        "events": lane.events,
        "batches": lane.batches,
        "share": min(100, round(100 * lane.events / limit)),
        "oldest": in_words(lane.oldest),
        "is_behind": lane.oldest is not None and lane.oldest > _BEHIND,
        "is_paused": lane.is_paused,
        "is_simulated": lane.is_simulated,
        "crash_batch": lane.crash_batch,
        "crash_tries": lane.crash_tries,
        "is_in_care": lane.is_in_care,
    }


def source_row(source: FailingSource) -> Mapping[str, object]:
    """Describe a source that fails, and why."""
    state = source.state
    return {
        "name": state.name,
        "series": f"{state.workspace}:{state.dataset}",
        "admin_url": reverse("admin:datasets_source_change", args=[source.pk]),
        "is_simulated": state.is_simulated,
        "last_at": state.last_at,
        "error": source.error or "Brought nothing for too long.",
    }
