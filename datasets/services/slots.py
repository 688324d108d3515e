"""When a source runs: equal steps of time from its first slot on."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from datasets.times import EPOCH


@dataclass(frozen=True, slots=True, kw_only=True)
class DueSlot:
    """The slot to run now, how many before it are skipped, and the one after it."""

    slot: datetime
    skipped: int
    following: datetime


def due_slot(*, first: datetime, every: timedelta, now: datetime) -> DueSlot:
    """Return what is due of the slots `first`, `first + every` ... at `now`.

    Of several slots that passed, the latest runs, late, and the older ones are skipped.
    The following slot is computed from this one, never from `now`, so that a late run
    shifts nothing; instants are UTC, so that no clock change does either.
    """
    skipped = max(0, (now - first) // every)
    slot = first + skipped * every
    return DueSlot(slot=slot, skipped=skipped, following=slot + every)


def first_slot(*, every: timedelta, now: datetime) -> datetime:
    """Return the first whole multiple of `every` since 1970 that is not past."""
    return EPOCH - ((EPOCH - now) // every) * every
