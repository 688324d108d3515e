"""Which slot of a source is due, and which of them passed while nothing ran."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from datasets.schedules import Schedule


@dataclass(frozen=True, slots=True, kw_only=True)
class DueSlot:
    """The slot to run now, how many before it are skipped, and the one after it."""

    slot: datetime
    skipped: int
    following: datetime


def due_slot(*, first: datetime, schedule: Schedule, now: datetime) -> DueSlot:
    """Return what is due at `now` of a schedule's slots from `first` on.

    Of several slots that passed, the latest runs, late, and the older ones are skipped.
    The following slot is computed from this one, never from `now`, so that a late run
    shifts nothing.
    """
    slot, skipped = schedule.slots_passed(first, now=now)
    following = schedule.following_slot(slot)
    return DueSlot(slot=slot, skipped=skipped, following=following)
