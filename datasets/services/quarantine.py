"""Setting aside what cannot be judged, so that its lane goes on.

A batch whose judge died comes back old, and its lane has not moved since. So only a
drain that finds both notes the try, before it begins: what waits behind much else is
old, too, but is healthy as long as the lane moves. When two such tries came to no end,
the lane is drained with care until it is past what they had in hand:

1. Take one batch, and of it a part: all of its events to begin with.
2. Note the part in a commit of its own, then judge it.
3. If that went well, the next part is four times as large.
4. If it failed, or if the note of somebody who died is found, the next part is a
   sixteenth; a part of one event is set aside.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass, replace
from datetime import datetime, timedelta
from typing import Any, Self

from datasets.models import Batch, Lane, Quarantine, Record
from datasets.services.lanes import (
    TRIES_BEFORE_CARE,
    LaneMoved,
    SettledBatch,
    finish_batches,
    settle_batches,
)
from datasets.store.lanes import LaneBusy, holding
from datasets.store.pending import ROUND_BATCHES, OldestBatch
from datasets.store.writing import writing

#: No healthy batch is the first that waits for so long.
HEALTHY_FOR = timedelta(seconds=5)
#: Between a note and the work it tells of there are milliseconds, on a machine with far
#: too much to do a second or two; later it tells of somebody who died.
DEAD_AFTER = timedelta(seconds=5)
_SHRINK = 16
_GROW = 4
_DIED = "The process that judged it died, or was killed because it took too long."
#: Where a pending batch keeps how far care has come with it.
_CARE = "care"


@dataclass(frozen=True, slots=True, kw_only=True)
class LanePart:
    """Some events of a batch, by their places: from `start` on, `count` of them."""

    batch_id: int
    start: int
    count: int
    noted_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class _Progress:
    """How far care has come with a batch, as it is kept in the batch's outcome."""

    done: int = 0
    count: int
    failures: int = 0
    noted_at: datetime | None = None

    @classmethod
    def of(cls, batch: Batch) -> Self:
        """Read it from a batch; one that nobody began is one part."""
        kept: dict[str, Any] | None = batch.outcome.get(_CARE)  # Any: JSON
        if kept is None:
            return cls(count=_length(batch))
        noted = kept["noted_at"]
        return cls(
            done=kept["done"],
            count=kept["count"],
            failures=kept["failures"],
            noted_at=datetime.fromisoformat(noted) if noted else None,
        )

    def to_json(self) -> dict[str, object]:
        """Write it for the batch's outcome."""
        noted = self.noted_at and self.noted_at.isoformat()
        return {_CARE: {**asdict(self), "noted_at": noted}}


def wants_care(*, oldest: OldestBatch, now: datetime) -> bool:
    """Say whether a lane is to be judged with care; if not, note that it is tried.

    `oldest` is the first that waits. A try is noted of what has waited for long.

    Raises:
        LaneBusy: if another worker holds the lane.
    """
    lane_id = oldest.lane_id
    if _is_in_care(oldest, oldest.pk):
        return True
    if now - oldest.first_since <= HEALTHY_FOR:
        return False
    pending = Batch.objects.filter(lane=lane_id).pending()
    with holding(lane_id) as lane, writing():
        waiting = list(pending.values_list("pk", flat=True)[:ROUND_BATCHES])
        if not waiting or _is_in_care(lane, waiting[0]):
            return bool(waiting)
        noted = lane.crash_batch or 0
        is_again = waiting[0] <= noted
        lane.crash_batch = max(waiting[-1], noted) if is_again else waiting[-1]
        lane.crash_tries = lane.crash_tries + 1 if is_again else 1
        lane.save(update_fields=["crash_batch", "crash_tries"])
    return False


def _is_in_care(lane: Lane | OldestBatch, first: int) -> bool:
    return (
        lane.crash_tries >= TRIES_BEFORE_CARE
        and lane.crash_batch is not None
        and first <= lane.crash_batch
    )


def plan_part(*, lane_id: int, now: datetime) -> LanePart | None:
    """Choose and note the part of a lane to judge next; None if all is settled.

    Raises:
        LaneBusy: if another worker holds the lane, or noted a part just now.
    """
    with holding(lane_id) as lane, writing():
        batch = _in_hand(lane)
        if batch is None:
            return None
        progress = _Progress.of(batch)
        if progress.noted_at is not None:
            if now - progress.noted_at < DEAD_AFTER:
                raise LaneBusy(lane_id)
            if not _fail(lane, batch, reason=_DIED, now=now):
                return None
            progress = _Progress.of(batch)
        count = min(progress.count, _length(batch) - progress.done)
        _keep(batch, replace(progress, count=count, noted_at=now))
    return LanePart(batch_id=batch.pk, start=progress.done, count=count, noted_at=now)


def settle_part(*, lane: Lane, part: LanePart) -> SettledBatch:
    """Read a noted part with its duplicates decided, under the lane's lock.

    The batch is settled as a whole each time, which comes out the same until its end.

    Raises:
        LaneMoved: if the note is not the caller's any more.
    """
    batch = _noted(part)
    (one,) = settle_batches(lane=lane, batches=[batch])
    end = part.start + part.count
    if end >= _length(batch) or one.is_refused:
        one.events = [event for event in one.events if event.ord >= part.start]
        return one
    one.events = [event for event in one.events if part.start <= event.ord < end]
    progress = _Progress.of(batch)
    after = replace(progress, done=end, count=part.count * _GROW, noted_at=None)
    one.rest = after.to_json()
    return one


def fail_part(*, lane_id: int, part: LanePart, reason: str, now: datetime) -> None:
    """Make the next part smaller, or set the only event of this one aside.

    Raises:
        LaneBusy, LaneMoved: if another worker came in between; it decides then.
    """
    with holding(lane_id, waits=True) as lane, writing():
        _fail(lane, _noted(part), reason=reason, now=now)


def withdraw_part(*, lane_id: int, part: LanePart) -> None:
    """Take a note back: what failed was not the events' fault."""
    with holding(lane_id, waits=True), writing():
        batch = _noted(part)
        _keep(batch, replace(_Progress.of(batch), noted_at=None))


def _in_hand(lane: Lane) -> Batch | None:
    """Return the batch that care has begun, else the first that waits.

    One that was begun comes first, even before an older one that was committed
    meanwhile: some of its events have their places already.
    """
    pending = Batch.objects.filter(lane=lane).pending()
    return pending.filter(outcome__has_key=_CARE).first() or pending.first()


def _noted(part: LanePart) -> Batch:
    batch = Batch.objects.get(pk=part.batch_id)
    if _Progress.of(batch).noted_at != part.noted_at:
        raise LaneMoved(batch.lane_id)
    return batch


def _fail(lane: Lane, batch: Batch, *, reason: str, now: datetime) -> bool:
    """Learn from a part that failed; False if that was the end of its batch."""
    progress = _Progress.of(batch)
    length = _length(batch)
    failures = progress.failures + 1
    if progress.count > 1:
        smaller = max(1, progress.count // _SHRINK)
        _keep(batch, replace(progress, count=smaller, failures=failures, noted_at=None))
        return True
    if progress.done < length:
        _set_aside(lane, batch, progress, reason=reason, now=now)
    done = progress.done + 1
    is_all = batch.outcome.get("quarantined") == length
    if is_all or progress.done >= length:
        end = SettledBatch(batch=batch, seq=lane.next_seq, events=[])
        end.is_quarantined = is_all
        finish_batches(lane=lane, settled=[end], now=now)
        return False
    _keep(batch, replace(progress, done=done, count=1, failures=0, noted_at=None))
    return True


def _set_aside(
    lane: Lane, batch: Batch, progress: _Progress, *, reason: str, now: datetime
) -> None:
    Quarantine.objects.create(
        batch=batch,
        ord=progress.done,
        reason=reason,
        tries=lane.crash_tries + progress.failures + 1,
        created_at=now,
    )
    Record.objects.filter(batch_id=batch.pk, ord=progress.done).update(is_current=False)
    batch.outcome["quarantined"] = batch.outcome.get("quarantined", 0) + 1


def _keep(batch: Batch, progress: _Progress) -> None:
    batch.outcome = {**batch.outcome, **progress.to_json()}
    batch.save(update_fields=["outcome"])


def _length(batch: Batch) -> int:
    """Count the places of a batch; one without records is itself what is judged."""
    return max(batch.size, 1)
