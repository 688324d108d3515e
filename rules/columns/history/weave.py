"""All keys' ways through a history, in the order of its lane."""

import heapq
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass, replace

import numpy as np

from rules.columns.buffers import Longs
from rules.columns.history.grounds import Ground
from rules.columns.history.histories import History
from rules.columns.history.joining import Joined, Logs, join
from rules.columns.history.moments import Seen
from rules.columns.history.outlines import Outline
from rules.columns.history.spans import Span
from rules.columns.history.threads import Thread
from rules.columns.history.turns import Turns, all_events, turns_of
from rules.columns.history.windows import LeftToEngine
from rules.engine import CompiledRule, Instance, Mode, Position, Program


@dataclass(slots=True, kw_only=True)
class Weave:
    """The threads of all keys of a rule; ``turns`` is how many runs are to be seen.

    Timers fire more, and what changes an instance is looked at twice. A rule that
    raises but once, for whatever key, is done then (``is_done``).
    """

    histories: Sequence[History]
    threads: Sequence[Thread]
    turns: int
    is_once: bool
    is_done: bool = False
    _seqs: Longs

    def see(self) -> Iterator[Seen]:
        """Let the engine see what it must of all keys, in the order of the lane."""
        waiting = [
            (*_place(thread), number)
            for number, thread in enumerate(self.threads)
            if thread.row < thread.end
        ]
        heapq.heapify(waiting)
        while waiting and not self.is_done:
            *_, number = waiting[0]
            thread = self.threads[number]
            yield self._noted(thread.see())
            if thread.row < thread.end:
                heapq.heapreplace(waiting, (*_place(thread), number))
            else:
                heapq.heappop(waiting)

    def wake(self, number: int, position: Position) -> Seen:
        """Let the engine see the next timer of a thread that is at its end."""
        return self._noted(self.threads[number].wake(position))

    def _noted(self, seen: Seen) -> Seen:
        """Notice whether the rule is done, so that nothing after counts."""
        self.is_done = self.is_once and bool(seen.marks)
        return replace(seen, passed=seen.passed[:0]) if self.is_done else seen

    @property
    def events(self) -> int:
        """Count the events of the lanes."""
        return len(self._seqs)

    def span(
        self, keys: Collection[str] | None, earliest: int | None, latest: int | None
    ) -> Span:
        """Count the events of some keys, or of all, within bounds of time."""
        spans = [one.span(keys, earliest, latest) for one in self.histories]
        return sum(spans, start=Span())

    def count_until(self, position: Position) -> int:
        """Count the events of the lane up to the batch of a position."""
        return int(np.searchsorted(self._seqs, position.seq, side="right"))


def weave_of(
    outline: Outline, logs: Logs, program: Program, rule_id: int
) -> Weave | None:
    """Weave what the engine must see of a rule; none if it must see all there is.

    Of keys that columns cannot follow it sees every event.
    """
    rule = program.rule(rule_id)
    try:
        joined = join(outline.sources, outline.question, logs, rule.own_key)
        parting = joined.history.parted_by(outline.need)
        if parting is None:
            return None
        sides = [
            _followed(outline, joined, parting.history),
            _unfollowed(outline, joined, parting.apart),
        ]
    except LeftToEngine:
        return None
    threads = [one for turns in sides for one in _threads(program, rule, turns)]
    return Weave(
        histories=[history for _, history in logs],
        threads=threads,
        turns=sum(len(turns.turning) for turns in sides),
        is_once=outline.spec.mode is Mode.ONCE,
        _seqs=np.sort(np.concatenate([one.records.seq for _, one in logs])),
    )


def _followed(outline: Outline, joined: Joined, history: History) -> Turns:
    ground = Ground(history.records, joined.sources, joined.beside)
    return turns_of(outline, ground, joined.together(outline.question, history))


def _unfollowed(outline: Outline, joined: Joined, keys: Sequence[str]) -> Turns:
    """Let the engine see all events of some keys, if columns have all they carried.

    Raises:
        LeftToEngine: they carried more than columns keep.
    """
    records = joined.history.records
    numbers = [records.number_of(key) for key in keys]
    apart = np.zeros(len(records.keys), dtype=np.bool_)
    apart[[one for one in numbers if one is not None]] = True
    left = records.only(np.repeat(apart, np.diff(records.starts)))
    if outline.question.worded or outline.question.equated:
        columns = [left.columns[one] for one in joined.sources.asked_of_own]
        if any(one.lacks_words for one in columns):
            raise LeftToEngine("What keys apart carried has no word.")
    return all_events(Ground(left, joined.sources, joined.beside))


def _threads(program: Program, rule: CompiledRule, turns: Turns) -> Iterator[Thread]:
    """Begin a thread for each key of which anything is to be seen."""
    records = turns.ground.records
    bounds = records.starts.tolist()
    firsts = np.searchsorted(turns.turning, records.starts)
    for number in np.flatnonzero(firsts[:-1] < firsts[1:]).tolist():
        instance = Instance(
            rule_id=rule.rule_id, key=records.keys[number], version=rule.version
        )
        yield Thread(program, turns, instance, (bounds[number], bounds[number + 1]))


def _place(thread: Thread) -> tuple[int, int]:
    return thread.position.seq, thread.position.ord
