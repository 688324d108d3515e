"""Conditions over windows: what is taken of one, and when time alone may turn it.

Windows follow event time. They end at the newest event time at which the rule looked,
so an event that comes out of order, but not late, takes its own place among the others.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace
from fractions import Fraction
from math import ceil, floor

from rules.engine.contents import Contents
from rules.engine.events import Sight, View, value_at
from rules.engine.grids import instant_of, ticks_of
from rules.engine.kept import Kept
from rules.engine.memory import Memory
from rules.engine.nodes import Condition
from rules.engine.operands import Constant
from rules.engine.operators import Sides
from rules.engine.values import Truth, distance, is_number
from rules.engine.windows import COUNTING, Trace, Window


@dataclass(frozen=True, slots=True, kw_only=True)
class Look:
    """A window at one run: just before it, now, with the event's value, as it stays.

    What an event that came later in time has seen leave, has left for good.
    """

    before: Kept
    without: Kept
    seen: Kept
    stays: Kept

    @property
    def contents(self) -> Contents:
        """Tell what is in it."""
        members = self.seen.members
        ends = (members[0].at, members[-1].at) if len(members) else (None, None)
        first, last = (None if end is None else instant_of(end) for end in ends)
        return Contents(
            count=len(members),
            first_at=first,
            last_at=last,
            is_whole=self.seen.lost is None,
        )


def look_over(
    condition: Condition, window: Window, view: View, sight: Sight, memory: Memory
) -> Look:
    """Look at the window of a condition, and keep it with the event's value in.

    1. What has left by now is left out.
    2. The value that the event brings, if it counts, takes its place by its time.
    3. An event that moves no facts is seen, and not kept; a timer moves nothing.
    """
    name = condition.window_id
    known = memory.looked.get(name)
    if isinstance(known, Look):
        return known
    recalled = memory.recall(name)
    kept = recalled if isinstance(recalled, Kept) else _read(window, recalled)
    at = ticks_of(view.at)
    now = at if kept.seen is None else max(at, kept.seen)
    before = kept if kept.seen is None else kept.at(max(now - 1, kept.seen))
    without = stays = seen = before.at(now)
    if view.arrives and sight.carried and sight.now is not None:
        found = value_at(sight.now.value, condition.fact.steps)
        seen = stays.meet(found, at).at(now)
    if view.arrives and view.keeps:
        stays = seen
        memory.keep(name, replace(seen, seen=now, begins=None))
    else:
        memory.keep(name, recalled)
    look = Look(before=before, without=without, seen=seen, stays=stays)
    memory.looked[name] = look
    return look


def sides_over(condition: Condition, sides: Sides, kept: Kept) -> list[Sides]:
    """Give what the operator is to see of a window; one that is true will do.

    A move within a stretch of time is one from an extreme: a rise from the lowest
    value there, a fall from the highest, a change from either, the farther first.
    """
    nothing = sides._replace(before=None, last=None, other=None)
    if kept.window.take is Trace.BASELINE:
        return [nothing._replace(baseline=kept.baseline)]
    if not isinstance(kept.window.take, Trace):
        return [nothing._replace(found=kept.take())]
    newest, ends = kept.newest, kept.extremes()
    if newest is None or ends is None:
        return [nothing._replace(found=newest)]
    low, high = ends
    farther_first = sorted(ends, key=lambda end: -distance(end, newest))
    bases = {"rise": [low], "fall": [high]}.get(condition.op, farther_first)
    return [nothing._replace(found=newest, before=base) for base in bases]


def sides_of_record(condition: Condition, sides: Sides, look: Look) -> list[Sides]:
    """Give what the event's value must pass: the extreme of all others there."""
    others, base = look.without, None
    if others.lost is None and len(others.members):
        low, high = others.members.total
        base = high if condition.op == "new_high" else low
    return [sides._replace(before=base, last=None, other=None)]


def watch_leaving(
    condition: Condition,
    look: Look,
    memory: Memory,
    judge: Callable[[Kept], Truth],
) -> None:
    """Ask to be judged when a value leaves, and notice where one just did.

    Only state rules are judged by time alone: what a signal rule tells of is an event.
    """
    if not memory.sees_ends or look.seen.window.length is None:
        return
    if condition.operator.extends or condition.operator.deviates:
        return
    truth = judge(look.stays)
    if not memory.of_event:
        memory.has_lapsed |= judge(look.before) is not truth
    leaves = _turns_after(condition, look.stays, truth)
    if leaves is not None:
        memory.lapse(instant_of(leaves))


def _read(window: Window, recalled: object) -> Kept:
    if isinstance(recalled, dict):
        return Kept.from_json(window, recalled)
    return Kept.empty(window)


def _turns_after(condition: Condition, kept: Kept, truth: Truth) -> int | None:
    """Give a time before which values that leave turn nothing; ``None`` for never.

    A count only falls, so it cannot come to reach a constant, and that it reaches one
    ends when all have left but one too few.
    """
    wanted = condition.wanted
    level = wanted.value if isinstance(wanted, Constant) else None
    if kept.window.take not in COUNTING or not is_number(level):
        return kept.leaves_after()
    if condition.op in ("lt", "lte") and truth is True:
        return None
    if condition.op in ("gt", "gte"):
        if truth is not True:
            return None if kept.lost is None else kept.leaves_after()
        if kept.window.take == "count":
            exact = Fraction(level)
            least = ceil(exact) if condition.op == "gte" else floor(exact) + 1
            return kept.leaves_after(max(0, len(kept.members) - max(least, 0)))
    return kept.leaves_after()
