"""Judging what must be true for some time, or at several events.

========  ==================================================================
modifier  true
========  ==================================================================
held      once it has been true for so long: seen on an event, or by a timer
          that comes at that instant. False ends it; unknown leaves the count
          of time as it was, and the answer unknown.
times     while it was true at so many events within the span before this one,
          or before the latest of those counted where that is later.
of_last   while it was true at so many of the last events.
========  ==================================================================

An event of which it is unknown may have been one of those that are counted: where the
answer hangs on it, that is unknown too. Only events count, never timers.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from rules.engine.durations import say_duration, say_measured
from rules.engine.memory import Memory
from rules.engine.modifiers import Held, Modifier, OfLast, Times
from rules.engine.values import Truth


@dataclass(frozen=True, slots=True, kw_only=True)
class Progress:
    """How far something has come; ``words`` stand behind what is to be true."""

    truth: Truth
    words: str
    figures: Mapping[str, object]


def judge_modifier(
    modifier: Modifier, memory_id: str, truth: Truth, memory: Memory, at: datetime
) -> Progress:
    """Judge a modifier by the truth of what it modifies, and keep what it must know."""
    match modifier:
        case Held():
            return _judge_held(modifier, memory_id, truth, memory, at)
        case Times():
            return _judge_times(modifier, memory_id, truth, memory, at)
    return _judge_of_last(modifier, memory_id, truth, memory)


def _judge_held(
    held: Held, memory_id: str, truth: Truth, memory: Memory, at: datetime
) -> Progress:
    known: Any = memory.recall(memory_id)  # Any: what was kept below
    since = None if known is None else datetime.fromisoformat(known["since"])
    is_long = known is not None and known["is_long"]
    if truth is False:
        return _progress_of_held(held, truth, since=None, at=at)
    if truth is True:
        since = since or at
        if not is_long:
            memory.wake(since + held.length, now=at)
            # Once it has lasted, an event from before does not make it shorter.
            is_long = at - since >= held.length
        truth = is_long
    if since is not None:
        memory.keep(memory_id, {"since": since.isoformat(), "is_long": is_long})
    return _progress_of_held(held, truth, since=since, at=at)


def _progress_of_held(
    held: Held, truth: Truth, *, since: datetime | None, at: datetime
) -> Progress:
    so_long = timedelta() if since is None else max(at - since, timedelta())
    words = f", held for {say_measured(so_long)} of {say_duration(held.length)}"
    return Progress(
        truth=truth,
        words="" if since is None else words,
        figures={
            "since": since and since.isoformat(),
            "held_seconds": so_long.total_seconds(),
            "wanted_seconds": held.length.total_seconds(),
        },
    )


def _judge_times(
    times: Times, memory_id: str, truth: Truth, memory: Memory, at: datetime
) -> Progress:
    before = _Counted.recall(memory, memory_id)
    counted = before.within(times, truth if memory.of_event else False, at)
    memory.keep(memory_id, counted.to_json())
    for end in before.ends(times):
        if end == at:
            memory.wake_at_end(end, now=at)
    for end in counted.ends(times):
        memory.wake_at_end(end, now=at)
    count, unknown = len(counted.true), len(counted.unknown)
    return Progress(
        truth=_enough(times.at_least, count, unknown),
        words=f", at {count} of {times.at_least} events within"
        f" {say_duration(times.within)}",
        figures={
            "count": count,
            "unknown": unknown,
            "wanted": times.at_least,
            "within_seconds": times.within.total_seconds(),
        },
    )


@dataclass(frozen=True, slots=True)
class _Counted:
    """The times of the newest events that were true, or unknown, oldest first."""

    true: Sequence[datetime] = ()
    unknown: Sequence[datetime] = ()

    @classmethod
    def recall(cls, memory: Memory, memory_id: str) -> "_Counted":
        known: Any = memory.recall(memory_id)  # Any: what was kept
        if known is None:
            return cls()
        true, unknown = known
        return cls(
            [datetime.fromisoformat(one) for one in true],
            [datetime.fromisoformat(one) for one in unknown],
        )

    def to_json(self) -> object:
        """Write both lists; nothing if both are empty."""
        if not self.true and not self.unknown:
            return None
        return [
            [one.isoformat() for one in self.true],
            [one.isoformat() for one in self.unknown],
        ]

    def within(self, times: Times, truth: Truth, at: datetime) -> "_Counted":
        """Count an event, and forget what the span has left, or more than counts."""
        true = [*self.true, at] if truth is True else self.true
        unknown = [*self.unknown, at] if truth is None else self.unknown
        start = max([at, *true, *unknown]) - times.within

        def newest(known: Sequence[datetime]) -> Sequence[datetime]:
            return sorted(one for one in known if one > start)[-times.at_least :]

        return _Counted(newest(true), newest(unknown))

    def ends(self, times: Times) -> list[datetime]:
        """Give the instants at which time alone makes it less than was wanted."""
        both = sorted([*self.true, *self.unknown])
        return [
            known[-times.at_least] + times.within
            for known in (self.true, both)
            if len(known) >= times.at_least
        ]


def _judge_of_last(
    of_last: OfLast, memory_id: str, truth: Truth, memory: Memory
) -> Progress:
    known: Any = memory.recall(memory_id)  # Any: what was kept
    runs = str(known or "")
    if memory.of_event:
        runs = (runs + _MARKS[truth])[-of_last.of :]
    # Those that were false before all others count as much as those never seen.
    memory.keep(memory_id, runs.lstrip(_MARKS[False]) or None)
    count, unknown = runs.count(_MARKS[True]), runs.count(_MARKS[None])
    return Progress(
        truth=_enough(of_last.at_least, count, unknown),
        words=f", at {count} of the last {of_last.of} events, of which"
        f" {of_last.at_least} are wanted",
        figures={
            "count": count,
            "unknown": unknown,
            "wanted": of_last.at_least,
            "of": of_last.of,
        },
    )


_MARKS: Mapping[Truth, str] = {True: "t", False: "f", None: "u"}


def _enough(wanted: int, count: int, unknown: int) -> Truth:
    if count >= wanted:
        return True
    return None if count + unknown >= wanted else False
