"""Rules that stay true and are told on every match, until their cool-down is over.

Nothing flips while a rule stays true, and yet its next pass may be told. What was told
at one event with one cool-down waits as one chunk, so a thousand rules that fire
together cost one entry of a heap. A chunk counts for a rule only while it is the last
that the rule waits in.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from heapq import heappop, heappush

from rules.engine import Subject


@dataclass(frozen=True, slots=True)
class _Chunk:
    """Rules told together; they may be told again before the one, after the other."""

    number: int
    before: datetime
    after: datetime
    rules: tuple[int, ...]


class CoolDowns:
    """What waits, by the subject whose events end the waiting."""

    def __init__(self) -> None:
        self._heaps: dict[Subject, list[tuple[datetime, int, _Chunk]]] = {}
        self._waits_in: dict[tuple[Subject, int], int] = {}
        self._number = 0

    def __len__(self) -> int:
        """Count the rules that wait, each under each of its subjects."""
        return len(self._waits_in)

    def wait(
        self,
        subject: Subject,
        rules: Iterable[int],
        *,
        at: datetime,
        cool_down: timedelta,
    ) -> None:
        """Have rules wait that were told at a time, and in no other chunk any more."""
        self._number += 1
        chunk = _Chunk(self._number, at - cool_down, at + cool_down, tuple(rules))
        for rule in chunk.rules:
            self._waits_in[subject, rule] = chunk.number
        heap = self._heaps.setdefault(subject, [])
        heappush(heap, (chunk.after, chunk.number, chunk))

    def due(self, subject: Subject, at: datetime) -> list[int]:
        """Take out the rules that an event of this time may tell again, by id."""
        heap = self._heaps.get(subject)
        if heap is None:
            return []
        due: list[int] = []
        while heap and heap[0][0] <= at:
            due += self._leave(subject, heappop(heap)[2])
        # An event may come a little before those that were judged already.
        for _, _, chunk in heap:
            if at <= chunk.before:
                due += self._leave(subject, chunk)
        if not heap:
            del self._heaps[subject]
        return sorted(due)

    def stop(self, subject: Subject, rules: Iterable[int]) -> None:
        """Have rules wait no more, because they are true no more."""
        for rule in rules:
            self._waits_in.pop((subject, rule), None)

    def _leave(self, subject: Subject, chunk: _Chunk) -> list[int]:
        left = []
        for rule in chunk.rules:
            if self._waits_in.get((subject, rule)) == chunk.number:
                del self._waits_in[subject, rule]
                left.append(rule)
        return left
