"""What columns leave waiting: timers that no event of a key has fired."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime
from operator import itemgetter

from datasets.models import Batch, Lane
from rules.columns.history import Answer, Await, LeftToEngine, Looks, Records
from rules.services.gathering import instant_of, microseconds_of

_AT_ONCE = 500
_MOST_BATCHES = 50_000
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
            Undecided: columns cannot tell which are, or too many batches may have set
                them.
        """
        looks = Looks(list(awaits), self._records)
        try:
            received = received_at(self._lane, looks.seqs)
            found = looks.by(microseconds_of(self._now), received)
        except LeftToEngine as error:
            raise Undecided(str(error)) from error
        named = [
            ((instant_of(at), self._records.key_at(int(one.armed[0]))), one)
            for at, one in found
        ]
        return sorted(named, key=itemgetter(0))


def received_at(lane: Lane, seqs: Sequence[int]) -> dict[int, int]:
    """Say when batches of a lane were received; history has no such time.

    Raises:
        Undecided: there are too many.
    """
    if len(seqs) > _MOST_BATCHES:
        raise Undecided(f"{len(seqs)} batches may have set timers.")
    received = {}
    for start in range(0, len(seqs), _AT_ONCE):
        some = seqs[start : start + _AT_ONCE]
        for batch in Batch.objects.filter(lane=lane, seq__in=some):
            if batch.is_live:
                received[int(batch.seq or 0)] = microseconds_of(batch.received_at)
    return received
