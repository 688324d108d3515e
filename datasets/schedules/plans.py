"""The two kinds of schedules, and what becomes of times when clocks are changed.

The slots of `Every` are instants, so that no clock change moves them. Those of `At` are
what the clocks of a zone show:

1. A time that the clocks skip runs once, at the moment at which they are put forward.
   Several times in one gap are one slot.
2. A time that the clocks show twice runs once, at its first.
3. But where the hour is `*` the schedule means every hour that passes, not a time of
   day; both passes of a doubled hour run then, so that nothing is silent for an hour.

Slots are strictly increasing, and which ones there are depends on the schedule alone,
never on when somebody looked.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from itertools import dropwhile, islice, takewhile
from zoneinfo import ZoneInfo

from datasets.schedules.cron import Cron
from datasets.schedules.words import say_cron, say_step
from datasets.times import EPOCH, first_instant

_DAY = timedelta(days=1)
_INSTANT = timedelta(microseconds=1)


@dataclass(frozen=True, slots=True)
class Every:
    """Equal steps of time; its first slots are whole multiples of it since 1970."""

    step: timedelta

    @property
    def sentence(self) -> str:
        """Return words like "every 5 minutes"."""
        return say_step(self.step)

    def first_slot(self, now: datetime) -> datetime:
        """Return the first whole multiple of the step since 1970 that is not past."""
        return EPOCH - ((EPOCH - now) // self.step) * self.step

    def following_slot(self, slot: datetime, count: int = 1) -> datetime:
        """Return what is so many steps after a slot."""
        return slot + count * self.step

    def slots_passed(self, slot: datetime, *, now: datetime) -> tuple[datetime, int]:
        """Return the latest slot from `slot` on that is not after `now`.

        The number is how many of them lie before it.
        """
        passed = max(0, (now - slot) // self.step)
        return slot + passed * self.step, passed


@dataclass(frozen=True, slots=True)
class At:
    """Times that the clocks of a zone show."""

    cron: Cron
    zone: ZoneInfo

    @property
    def sentence(self) -> str:
        """Return words like "at 09:30 on weekdays, Asia/Kathmandu"."""
        return f"{say_cron(self.cron)}, {self.zone.key}"

    def first_slot(self, now: datetime) -> datetime:
        """Return the first slot that is not past."""
        return next(self.slots_after(now - _INSTANT))

    def following_slot(self, slot: datetime, count: int = 1) -> datetime:
        """Return the `count`th slot after an instant."""
        return next(islice(self.slots_after(slot), count - 1, None))

    def slots_passed(self, slot: datetime, *, now: datetime) -> tuple[datetime, int]:
        """Return the latest slot from `slot` on that is not after `now`.

        The number is how many of them lie before it. They are counted one by one; each
        minute of a year takes seconds.
        """
        latest, passed = slot, 0
        for later in takewhile(lambda one: one <= now, self.slots_after(slot)):
            latest, passed = later, passed + 1
        return latest, passed

    def slots_after(self, instant: datetime) -> Iterator[datetime]:
        """Yield the slots after an instant, in order.

        Near a change it begins a day sooner, so that it sees what clocks show again.
        """
        begin = instant
        if self._offset(instant - _DAY) != self._offset(instant + _DAY):
            begin -= _DAY
        return dropwhile(lambda one: one <= instant, self._slots(self._local(begin)))

    def _slots(self, begin: datetime) -> Iterator[datetime]:
        before: datetime | None = None
        for local in self.cron.times_from(begin):
            slot = first_instant(local, self.zone)
            if slot == before:
                continue  # another time in the same gap
            if before is not None and self.cron.is_every_hour:
                yield from self._shown_again(before, slot)
            yield slot
            before = slot

    def _shown_again(self, before: datetime, after: datetime) -> list[datetime]:
        """Return the slots between two at which clocks show a time once more."""
        if self._offset(before) <= self._offset(after):
            return []
        last = self._local(before).date()
        days = {last - _DAY, last, self._local(after).date()}
        seconds = (
            (local, local.replace(tzinfo=self.zone, fold=1).astimezone(UTC))
            for day in sorted(days)
            for local in self.cron.times_of(day)
        )
        return sorted(
            instant
            for local, instant in seconds
            if before < instant < after and self._local(instant) == local
        )

    def _local(self, instant: datetime) -> datetime:
        return instant.astimezone(self.zone).replace(tzinfo=None, fold=0)

    def _offset(self, instant: datetime) -> timedelta:
        return instant.astimezone(self.zone).utcoffset() or timedelta()


#: When something runs: at slots, instants in UTC that never end.
Schedule = At | Every
