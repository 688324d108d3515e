"""How much more the lanes of a dataset take: flow control, before anything is written.

Two things fill a lane for a request: too many events that wait to be judged, and one
that has waited for too long, however few there are. Nobody waits for history, nor in a
lane that is paused. Whatever else brings events goes by their number alone: it cannot
be told to come again, and imports and sources step aside while a lane is half full.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from django.conf import settings
from django.db.models import Min, Q, Sum

from datasets.models import Batch, BatchState, Dataset, Lane
from datasets.services.shards import lanes_of
from workspaces.refusals import Overloaded

#: What a client is asked to wait when a lane is full.
RETRY_AFTER = timedelta(seconds=2)


@dataclass(slots=True, kw_only=True)
class Rooms:
    """What lanes take, by shard, until they are looked at again."""

    #: How many more events.
    left: dict[int, int]
    #: For how long the oldest has waited, where that is too long.
    late: dict[int, timedelta] = field(default_factory=dict)

    def take(self, shard: int, events: int) -> None:
        """Note that a lane took events."""
        self.left[shard] -= events

    def refusal(self, shards: Iterable[int]) -> Overloaded | None:
        """Return what is to be said of events of some shards if any takes no more."""
        for shard in shards:
            if self.left[shard] <= 0:
                return _lane_full()
            if shard in self.late:
                return _lane_late(self.late[shard])
        return None


def rooms_of(lanes: Sequence[Lane], *, now: datetime | None = None) -> Rooms:
    """Look at how much lanes of one dataset take.

    `now` is the database's time; without it age does not matter.
    """
    most = settings.BELLWETHER_BACKLOG_EVENTS
    patience = timedelta(seconds=settings.BELLWETHER_BACKLOG_SECONDS)
    rooms = Rooms(left={lane.shard: most for lane in lanes})
    shards = {lane.pk: lane.shard for lane in lanes}
    for lane_id, events, oldest in _waiting(lanes):
        rooms.take(shards[lane_id], events)
        if now and oldest and now - oldest > patience:
            rooms.late[shards[lane_id]] = now - oldest
    return rooms


def has_room(dataset: Dataset) -> bool:
    """Say whether all lanes of a dataset may hold more events."""
    rooms = rooms_of(lanes_of(dataset))
    return rooms.refusal(rooms.left) is None


def is_half_full(lanes: Sequence[Lane]) -> bool:
    """Say whether any of some lanes has half of what it may hold, or more."""
    most = settings.BELLWETHER_BACKLOG_EVENTS
    return any(most - left >= most // 2 for left in rooms_of(lanes).left.values())


def _waiting(lanes: Sequence[Lane]) -> Iterable[tuple[int, int, datetime | None]]:
    """Return of each lane how many events wait, and since when somebody does."""
    pending = Batch.objects.filter(lane__in=lanes, state=BatchState.PENDING, size__gt=0)
    is_waited_for = Q(is_live=True, lane__is_paused=False)
    return pending.values_list("lane").annotate(
        events=Sum("size"), oldest=Min("received_at", filter=is_waited_for)
    )


def _lane_full() -> Overloaded:
    return Overloaded(
        f"{settings.BELLWETHER_BACKLOG_EVENTS:,} records of this dataset wait to be "
        "judged; send this again in a moment. Nothing was stored.",
        retry_after=RETRY_AFTER,
    )


def _lane_late(waited: timedelta) -> Overloaded:
    return Overloaded(
        f"The oldest record of this dataset that waits to be judged has done so for "
        f"{waited.total_seconds():,.0f} s, and "
        f"{settings.BELLWETHER_BACKLOG_SECONDS:,} s are the most; send this again in a "
        "moment. Nothing was stored.",
        retry_after=RETRY_AFTER,
    )
