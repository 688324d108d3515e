"""What columns leave waiting: timers that no event of a key has fired."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from operator import itemgetter

import numpy as np

from datasets.models import Batch, Lane
from rules.columns.history import Answer, Await, Longs, Records
from rules.services.gathering import instant_of, microseconds_of

_AT_ONCE = 500
_MOST_BATCHES = 50_000
#: In place of a time: later than all, and room to add to it.
_NEVER = 2**62
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
            Undecided: of the events that may have set a timer not all say the same.
        """
        every = list(awaits)
        if not every:
            return []
        rows = np.concatenate([one.armed for one in every])
        first = np.cumsum([0, *(len(one.armed) for one in every[:-1])])
        looks = self._lags(rows) + np.repeat(
            [one.due for one in every], [len(one.armed) for one in every]
        )
        is_due = looks <= microseconds_of(self._now)
        some = np.logical_or.reduceat(is_due, first)
        if (some & ~np.logical_and.reduceat(is_due, first)).any():
            raise Undecided("Not all events that may have set a timer say when.")
        latest = np.maximum.reduceat(looks, first)
        found = []
        for number in np.flatnonzero(some).tolist():
            one = every[number]
            key = self._records.key_at(int(one.armed[0]))
            found.append(((instant_of(int(latest[number])), key), one))
        return sorted(found, key=itemgetter(0))

    def _lags(self, rows: Longs) -> Longs:
        """Say how long after its time each event came; history never did.

        Raises:
            Undecided: too many batches would have to be read.
        """
        seqs, batch = np.unique(self._records.seq[rows], return_inverse=True)
        if len(seqs) > _MOST_BATCHES:
            raise Undecided(f"{len(seqs)} batches may have set timers.")
        received = np.full(len(seqs), _NEVER, dtype=np.int64)
        for start in range(0, len(seqs), _AT_ONCE):
            some = seqs[start : start + _AT_ONCE].tolist()
            for one in Batch.objects.filter(lane=self._lane, seq__in=some):
                if one.is_live:
                    place = np.searchsorted(seqs, one.seq or 0)
                    received[place] = microseconds_of(one.received_at)
        known = received[batch]
        lags: Longs = np.where(known == _NEVER, _NEVER, known - self._records.at[rows])
        return lags
