"""Judging a sequence: one thing, then another at a later event, in time.

It is true at an event at which its last step is, if the steps before were so at earlier
events, one after the other, the first within the span before this one, and what must
not come between was so at none of those between the first and this one. Events follow
each other as the lane has them; the span is measured in their own time.

Of all that may have begun only the latest beginning counts: whatever an earlier one
could still come to, the latest can. So there is one instant to remember for each step.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from rules.engine.durations import say_measured
from rules.engine.memory import Memory
from rules.engine.spells import Progress
from rules.engine.values import Truth

_Begun = list[datetime | None]
"""When what has come as far as each step began; none that has."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Steps:
    """What an event said of each step, and of what must not come between."""

    truths: Sequence[Truth]
    between: Truth
    at: datetime
    within: timedelta

    def holds(self, step: int, *, surely: bool) -> bool:
        """Tell whether a step is so; if not surely, also whether it may be."""
        truth = self.truths[step]
        return truth is True if surely else truth is not False

    def breaks(self, *, surely: bool) -> bool:
        """Tell whether what has begun is over; surely begun also if it may be."""
        return self.between is not False if surely else self.between is True

    def still(self, begun: _Begun) -> _Begun:
        """Leave out what began too long ago."""
        start = self.at - self.within
        return [one if one is not None and one > start else None for one in begun]

    def ends(self, begun: _Begun, *, surely: bool) -> bool:
        """Tell whether the last step is so, and all before it were."""
        return begun[-1] is not None and self.holds(len(begun), surely=surely)

    def advance(self, begun: _Begun, *, surely: bool) -> _Begun:
        """Give what has begun once the event is over."""
        if self.breaks(surely=surely):
            begun = [None] * len(begun)
        after = list(begun)
        for step in range(1, len(begun)):
            if self.holds(step, surely=surely):
                after[step] = _latest(begun[step], begun[step - 1])
        if self.holds(0, surely=surely):
            after[0] = _latest(begun[0], self.at)
        return after


def judge_sequence(steps: Steps, memory_id: str, memory: Memory) -> Progress:
    """Judge an event, and keep how far it has come; a timer changes nothing of that.

    What surely began is kept apart from what may have, for truth is unknown where only
    the latter ends.
    """
    sure, maybe = _recall(memory.recall(memory_id), len(steps.truths) - 1)
    truth: Truth = False
    if memory.of_event:
        sure, maybe = steps.still(sure), steps.still(maybe)
        if steps.ends(maybe, surely=False):
            truth = True if steps.ends(sure, surely=True) else None
        begun = sure[-1] if truth else None
        sure = steps.advance(sure, surely=True)
        maybe = steps.advance(maybe, surely=False)
    else:
        begun = None
    memory.keep(memory_id, _write(sure, maybe))
    return _progress(steps, truth, sure, begun)


def awaited_step(progress: Progress) -> int:
    """Give the place of the step that has come, or that is to come next."""
    figures: Any = progress.figures  # Any: those below
    return min(int(figures["step"]), int(figures["of"]) - 1)


def _progress(
    steps: Steps, truth: Truth, sure: _Begun, ended: datetime | None
) -> Progress:
    wanted = len(steps.truths)
    reached = max((place + 1 for place, one in enumerate(sure) if one), default=0)
    began = sure[reached - 1] if reached else None
    words = f", awaited as step {reached + 1} of {wanted}"
    if truth is True:
        reached, began = wanted, ended
        words = f", the last of {wanted} steps"
    if began is not None:
        since = max(steps.at - began, timedelta())
        words += f", begun {say_measured(since)} before"
    return Progress(
        truth=truth,
        words=words,
        figures={
            "step": reached,
            "of": wanted,
            "began_at": began and began.isoformat(),
            "within_seconds": steps.within.total_seconds(),
        },
    )


def _latest(one: datetime | None, other: datetime | None) -> datetime | None:
    return max(filter(None, (one, other)), default=None)


def _recall(known: object, length: int) -> tuple[_Begun, _Begun]:
    if not isinstance(known, list):
        return [None] * length, [None] * length
    sure, maybe = ([_read(one) for one in begun] for begun in known)
    return sure, maybe


def _read(written: str | None) -> datetime | None:
    return None if written is None else datetime.fromisoformat(written)


def _write(sure: _Begun, maybe: _Begun) -> object:
    """Write both; nothing if nothing has begun. What surely began, may have too."""
    if not any(maybe):
        return None
    return [[one and one.isoformat() for one in begun] for begun in (sure, maybe)]
