"""When the sweep looks at timers that no event has fired."""

from collections.abc import Mapping, Sequence

import numpy as np

from rules.columns.buffers import Longs, distinct
from rules.columns.history.holding import Await
from rules.columns.history.records import Records
from rules.columns.history.windows import LeftToEngine

#: In place of a time: later than all, and room to add to it.
_NEVER = 2**62


class Looks:
    """Timers that are awaited, and the batches of which one event each has set them."""

    def __init__(self, awaits: Sequence[Await], records: Records) -> None:
        self._awaits = awaits
        sizes = np.array([len(one.armed) for one in awaits], dtype=np.int64)
        dues = np.array([one.due for one in awaits], dtype=np.int64)
        rows = np.concatenate([np.zeros(0, np.int64), *(one.armed for one in awaits)])
        self._first = np.cumsum(sizes) - sizes
        self._away = np.repeat(dues, sizes) - records.at[rows]
        own = records.seq[rows]
        seqs = distinct(own)
        self._batch = np.searchsorted(seqs, own)
        self.seqs: list[int] = seqs.tolist()

    def by(self, now: int, received: Mapping[int, int]) -> list[tuple[int, Await]]:
        """Say at which timers the sweep has looked by now, and when.

        It does as long after the batch was ``received`` as the timer was away. What
        came as history has no such time: there data alone fire.

        Raises:
            LeftToEngine: of the events that may have set one not all say the same.
        """
        if not self._awaits:
            return []
        times = [received.get(seq, _NEVER) for seq in self.seqs]
        known: Longs = np.array(times, dtype=np.int64)[self._batch]
        looks = np.where(known == _NEVER, _NEVER, known + self._away)
        is_due = looks <= now
        some = np.logical_or.reduceat(is_due, self._first)
        if (some & ~np.logical_and.reduceat(is_due, self._first)).any():
            raise LeftToEngine("Not all events that may have set a timer agree.")
        latest = np.maximum.reduceat(looks, self._first)
        return [
            (int(latest[number]), self._awaits[number])
            for number in np.flatnonzero(some).tolist()
        ]
