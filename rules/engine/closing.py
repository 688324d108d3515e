"""Conditions over tumbling windows: what is known of them, and when they close.

1. A window is final at its end and the lateness of its dataset after that. Then the
   rule runs, by a timer that comes before every event of that time or later.
2. Of a state rule the newest final window speaks until the next one is final. A signal
   rule tells of what happens, so it is asked of a window at the instant at which that
   becomes final, and of nothing else it is unknown.
3. What can no longer change need not be waited for: that a count, a highest value or a
   sum without negative values has reached a level, a lowest has fallen to one. A signal
   rule is told so at the events within that window.
4. After the first empty window all others are as empty, so nothing is said of those.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta, tzinfo
from typing import Final
from zoneinfo import ZoneInfo

from rules.engine.buckets import Bucket, Buckets
from rules.engine.contents import Contents
from rules.engine.events import PLAIN_SERIES, Sight, View, value_at
from rules.engine.grids import Grid, instant_of, is_of_days, ticks_of
from rules.engine.kept import member_of
from rules.engine.memory import Memory
from rules.engine.nodes import Condition
from rules.engine.operands import Constant
from rules.engine.operators import Sides
from rules.engine.values import Truth
from rules.engine.windows import Take, Window

_TICK: Final = timedelta(microseconds=1)


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """What a condition is told of its windows: the one that is asked about, and so on.

    ``sides`` are what its operator sees of that one, and ``truth`` what it answers;
    unknown if the window is not final, whatever it holds by now.
    """

    truth: Truth
    sides: Sides
    contents: Contents


def watch_closing(
    condition: Condition, window: Window, view: View, sight: Sight, memory: Memory
) -> Buckets:
    """See the windows of a condition at one run, and ask to be judged at their ends.

    Like every window they are kept with what an event brings, if that stays. What time
    alone has closed, stays closed.
    """
    known = memory.looked.get(condition.window_id)
    if isinstance(known, Buckets):
        return known
    now = ticks_of(view.at)
    seen = stays = _recalled(condition, window, view, memory).at(now)
    if view.arrives and sight.carried and sight.now is not None:
        found = value_at(sight.now.value, condition.fact.steps)
        member = member_of(window, found, now)
        seen = stays if member is None else stays.put(member)
    if view.keeps:
        stays = seen
    memory.keep(condition.window_id, stays)
    _ask_to_close(stays, view.at, memory)
    memory.looked[condition.window_id] = seen
    return seen


def ask_closed(
    condition: Condition,
    sides: Sides,
    seen: Buckets,
    memory: Memory,
    at: datetime,
) -> Asked:
    """Ask of the windows what can be known of them."""
    nothing = sides._replace(before=None, last=None, other=None)
    judge = condition.operator.judge

    def ask(bucket: Bucket, begin: int, *, told: Callable[[Sides], Truth]) -> Asked:
        shown = nothing._replace(found=seen.take(bucket))
        contents = _contents(seen, bucket, begin)
        return Asked(truth=told(shown), sides=shown, contents=contents)

    for begin, bucket in _unfinished(seen, memory, at):
        if _stays_so(condition, bucket):
            early = ask(bucket, begin, told=judge)
            if early.truth is True:
                return early
    is_told = memory.sees_ends or (not memory.of_event and _closed_at(seen) == at)
    if is_told and seen.has_final:
        return ask(seen.final, seen.start, told=judge)
    begin = seen.end
    bucket = seen.parts.get(begin, seen.empty)
    return ask(bucket, begin, told=lambda _: None)


def _unfinished(
    seen: Buckets, memory: Memory, at: datetime
) -> Iterator[tuple[int, Bucket]]:
    """Give the windows that may speak early: to a signal rule the one that it is in."""
    if memory.awaits_close:
        return
    own = seen.grid.start_of(ticks_of(at))
    for begin, bucket in seen.unfinished:
        if memory.sees_ends or begin == own:
            yield begin, bucket


def _recalled(
    condition: Condition, window: Window, view: View, memory: Memory
) -> Buckets:
    recalled = memory.recall(condition.window_id)
    series = view.series.get(condition.fact.series, PLAIN_SERIES)
    zone: tzinfo = ZoneInfo(window.zone) if window.zone else series.zone
    assert window.length is not None  # noqa: S101 - what tumbles has a length
    grid, lateness = Grid(window.length, zone), series.lateness // _TICK
    if isinstance(recalled, Buckets):
        same = recalled.grid == grid and recalled.lateness == lateness
        return recalled if same else replace(recalled, grid=grid, lateness=lateness)
    empty = Buckets(window, grid, lateness)
    return empty.recall(recalled) if isinstance(recalled, dict) else empty


def _ask_to_close(seen: Buckets, at: datetime, memory: Memory) -> None:
    closed_at = _closed_at(seen)
    if seen.has_final and closed_at == at:
        memory.wake(closed_at, now=at)
        memory.has_closed |= not memory.of_event
    closes_at = seen.closes_at(surely=memory.rests)
    if closes_at is not None:
        memory.wake(instant_of(closes_at), now=at)


def _closed_at(seen: Buckets) -> datetime:
    return instant_of(seen.closed_at())


def _stays_so(condition: Condition, bucket: Bucket) -> bool:
    """Tell whether a condition that is true of what came stays true, come what may."""
    window = condition.window
    if window is None or not isinstance(condition.wanted, Constant):
        return False
    if condition.op in ("lt", "lte"):
        return window.take is Take.MIN
    rises = window.take in (Take.COUNT, Take.DISTINCT, Take.MAX)
    sums_up = window.take is Take.SUM and not bucket.may_fall
    return condition.op in ("gt", "gte") and (rises or sums_up)


def _contents(seen: Buckets, bucket: Bucket, begin: int) -> Contents:
    zone = seen.grid.zone if is_of_days(seen.grid.length) else UTC
    end = seen.grid.end_of(begin)
    first, last = bucket.first, bucket.last
    return Contents(
        count=bucket.count,
        first_at=first and instant_of(first.at),
        last_at=last and instant_of(last.at),
        is_whole=bucket.is_whole,
        start=instant_of(begin).astimezone(zone),
        end=instant_of(end).astimezone(zone),
        final_at=instant_of(end + seen.lateness).astimezone(zone),
        is_final=end <= seen.end,
    )
