"""What columns leave waiting: timers that no event of a key has fired."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from operator import itemgetter

from datasets.models import Batch, Lane
from rules.columns.history import Answer, Await, Records
from rules.services.gathering import MICROSECOND

_AT_ONCE = 500
_MOST_ARMED = 50_000
Look = tuple[datetime, str]
"""When the sweep looks at a timer, and the key that has it: in that order it goes."""


class Undecided(Exception):
    """It cannot be told from columns which timers the sweep has found by now."""


class Awaiting:
    """Says which timers the sweep would have found by now, as `Bench.wake` does."""

    def __init__(self, records: Records, lane: Lane, now: datetime) -> None:
        self._records = records
        self._lane = lane
        self._now = now
        self._received: dict[int, datetime | None] = {}

    def settle(self, answer: Answer) -> Answer:
        """Leave out of an answer what still waits, and place what does not.

        A timer is found as long after the receipt of the event that set it as it was
        away; one that history set is fired by data alone. Those that are found take
        positions after the log, whether they turn anything or not; but of values that
        leave a window only those that turn something are known.

        Raises:
            Undecided: columns cannot tell which are found.
        """
        if answer.course is None:
            return answer
        found = enumerate(self._found(answer.course.awaits), self._lane.next_seq)
        return answer.settled(
            {one.number: place for place, (_, one) in found if one.number is not None}
        )

    def woken(self, answer: Answer) -> list[Look]:
        """Name the timers that are found by when the sweep looks, and by their keys.

        Raises:
            Undecided: columns cannot tell which are found.
        """
        if answer.course is None:
            return []
        return [look for look, _ in self._found(answer.course.awaits)]

    def _found(self, awaits: Iterable[Await]) -> list[tuple[Look, Await]]:
        """Give those that are found, in the order in which they are.

        Raises:
            Undecided: of the events that may have set a timer not all say the same.
        """
        every = list(awaits)
        if sum(len(one.armed) for one in every) > _MOST_ARMED:
            raise Undecided(f"{len(every)} timers may be due.")
        self._read({int(self._records.seq[row]) for one in every for row in one.armed})
        found = []
        for one in every:
            looks = [self._looked_at(row, one.due) for row in one.armed]
            due = [look for look in looks if look is not None and look <= self._now]
            if due and len(due) < len(looks):
                raise Undecided(f"A timer may be due at {max(due)}.")
            if due:
                look = max(due), self._records.key_at(one.armed[0])
                found.append((look, one))
        return sorted(found, key=itemgetter(0))

    def _looked_at(self, row: int, due: int) -> datetime | None:
        """Say when the sweep looks at what the event of a row has set."""
        received = self._received.get(int(self._records.seq[row]))
        if received is None:
            return None
        return received + (due - int(self._records.at[row])) * MICROSECOND

    def _read(self, seqs: set[int]) -> None:
        """Note when batches were received; history has no such time."""
        unknown = sorted(seqs - self._received.keys())
        for first in range(0, len(unknown), _AT_ONCE):
            some = unknown[first : first + _AT_ONCE]
            for batch in Batch.objects.filter(lane=self._lane, seq__in=some):
                received = batch.received_at if batch.is_live else None
                self._received[int(batch.seq or 0)] = received
