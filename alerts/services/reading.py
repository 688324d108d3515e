"""Reading the feed from a number on: what a socket, a page and the API show."""

from __future__ import annotations

from dataclasses import dataclass

from alerts.models import FeedEntry
from alerts.services.feed import head_of
from alerts.services.frames import Frame, frame_of

#: A client that missed more gets a gap to load or skip.
REPLAY_LIMIT = 1_000


@dataclass(frozen=True, slots=True, kw_only=True)
class FeedPage:
    """Frames to send, and the number up to which the reader then knows the feed."""

    frames: list[Frame]
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
    hello: Frame = {
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
