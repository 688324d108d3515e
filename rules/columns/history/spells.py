"""What must be so at several events, judged at all runs at once as the engine does."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import numpy as np

from rules.columns.buffers import Flags, Longs
from rules.columns.history.holding import Said
from rules.columns.history.runs import Runs
from rules.columns.history.trees import Counted, Following
from rules.columns.history.windows import LeftToEngine, left_by

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_NEVER = -(2**62)


@dataclass(frozen=True, slots=True)
class Count:
    """How often something was so by each run, of the runs that count there."""

    asked: Counted
    said: Said
    runs: Runs
    low: Longs

    @classmethod
    def of(cls, asked: Counted, said: Said, runs: Runs) -> "Count":
        """Find the runs that count at each: the last few, or those of the span.

        The times of a key must not fall, if there is a span.
        """
        if not asked.within:
            places = np.arange(len(runs)) - asked.of + 1
            return cls(asked, said, runs, np.maximum(places, _first(runs)))
        return cls(asked, said, runs, left_by(runs, runs, _keys(runs), asked.within))

    def judge(self) -> Said:
        """Tell where there are enough; unknown where unknown ones might be."""
        unknown = ~(self.said.true | self.said.false)
        enough = self._count(self.said.true) >= self.asked.at_least
        maybe = self._count(self.said.true | unknown) >= self.asked.at_least
        said = Said(enough, ~maybe)
        return said.contrary if self.asked.is_inverted else said

    def remembered(self, place: int, *, with_own: bool) -> object:
        """Write what the engine kept before a run, or after it."""
        inside = slice(int(self.low[place]), place + int(with_own))
        true, false = self.said.true[inside], self.said.false[inside]
        if self.asked.of:
            marks = np.where(true, "t", np.where(false, "f", "u"))
            return "".join(marks.tolist())
        at, most = self.runs.at[inside], -self.asked.at_least
        return [_written(at[true][most:]), _written(at[~true & ~false][most:])]

    def _count(self, flags: Flags) -> Longs:
        counted = np.concatenate([[0], np.cumsum(flags)])
        counts: Longs = counted[1:] - counted[self.low]
        return counts


@dataclass(frozen=True, slots=True)
class Succession:
    """How far a sequence had come before each run: surely, and maybe."""

    asked: Following
    runs: Runs
    steps: Sequence[Said]
    sure: Sequence[Longs]
    maybe: Sequence[Longs]

    @classmethod
    def of(
        cls, asked: Following, steps: Sequence[Said], without: Said | None, runs: Runs
    ) -> "Succession":
        """Find when what had come so far began, at the latest.

        Raises:
            LeftToEngine: times of a key fall.
        """
        if not runs.in_order.all():
            raise LeftToEngine("The times of a key fall.")
        nothing = np.zeros(len(runs), dtype=np.bool_)
        sure = _begun(
            [one.true for one in steps],
            nothing if without is None else ~without.false,
            runs,
        )
        maybe = _begun(
            [~one.false for one in steps],
            nothing if without is None else without.true,
            runs,
        )
        return cls(asked, runs, steps, sure, maybe)

    def judge(self) -> Said:
        """Tell where the last step ends it; unknown where it only may."""
        last = self.steps[-1]
        start = self.runs.at - self.asked.within
        ends = ~last.false & (self.maybe[-1] > start)
        surely = ends & last.true & (self.sure[-1] > start)
        said = Said(surely, ~ends)
        return said.contrary if self.asked.is_inverted else said

    def remembered(self, place: int, *, with_own: bool) -> object:
        """Write what the engine kept before a run; no timer looks at it."""
        if with_own:
            raise ValueError("A sequence ends at an event.")
        return [
            [None if begun[place] == _NEVER else _write(begun[place]) for begun in way]
            for way in (self.sure, self.maybe)
        ]


def _begun(holds: Sequence[Flags], breaks: Flags, runs: Runs) -> list[Longs]:
    """Give when the latest beginning was that had come to each step before a run.

    What begins an instant later never comes to less, so of the events that were a step
    the latest counts. What breaks it does so before the event can be a step, but for
    the first.
    """
    first, broken = _first(runs), _latest_before(breaks)
    found: list[Longs] = []
    for hold in holds[:-1]:
        if not found:
            place = _latest_before(hold)
            valid = (place >= first) & (place >= broken)
            begun = runs.at
        else:
            place = _latest_before(hold & (found[-1] != _NEVER))
            valid = (place >= first) & (place > broken)
            begun = found[-1]
        found.append(np.where(valid, begun[np.maximum(place, 0)], _NEVER))
    return found


def _latest_before(flags: Flags) -> Longs:
    """Name for each run the latest before it with a flag; -1 if there is none."""
    places = np.where(flags, np.arange(len(flags)), -1)
    return np.concatenate([[-1], np.maximum.accumulate(places)])[: len(flags)]


def _keys(runs: Runs) -> Longs:
    return np.repeat(np.arange(len(runs.starts) - 1), np.diff(runs.starts))


def _first(runs: Runs) -> Longs:
    """Name for each run the first of its key."""
    return np.repeat(runs.starts[:-1], np.diff(runs.starts))


def _written(at: Longs) -> list[str]:
    return [_write(one) for one in at.tolist()]


def _write(at: int) -> str:
    return (_EPOCH + timedelta(microseconds=int(at))).isoformat()
