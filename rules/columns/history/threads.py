"""One key's way through its events, of which the engine sees those that matter.

1. It sees the runs at which something that the rule asks turns.
2. It sees the events that fire a timer of the key, each in its turn.
3. After an event that has changed more than who was told, and when it is reminded or
   silence is looked at, it sees the next run, until one leaves all as it was.
4. Then it sees the next run at which something may be told again (``Lull``). Where that
   is all that such a run does, it need not be judged, but for the words.
5. All others say and leave what the last one did, and are only counted.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import datetime

import numpy as np

from rules.columns.buffers import Flags, Longs
from rules.columns.cuts import Number, as_double, is_number
from rules.columns.history.grounds import (
    MOMENT,
    Behind,
    Fields,
    Ground,
    first_where,
    instant,
    microseconds,
)
from rules.columns.history.spans import within
from rules.columns.history.turns import Turns
from rules.columns.history.windows import LeftToEngine
from rules.engine import (
    FEED,
    Event,
    Instance,
    KeyFacts,
    Lull,
    Position,
    Program,
    Slice,
    StepResult,
    Subject,
    Tick,
    Timer,
    TransitionKind,
    Value,
    feed_cool_down,
    lull_of,
    step,
    tell_pass,
)

#: More than what doubles may be off, as a share of what is put together, or at all.
_DOUBT, _LEAST_DOUBT = 2.0**-49, 1e-300


@dataclass(frozen=True, slots=True, kw_only=True)
class Moment:
    """An event, or a timer after the last, with all that the engine needs to judge it.

    ``first`` is the first row of its key, ``row`` that of the event or, of a timer, the
    one after the last. ``watermark`` is the key's, before it.
    """

    program: Program
    ground: Ground
    row: int
    first: int
    watermark: int
    instance: Instance
    tick: Tick | None = None

    @property
    def places(self) -> set[Position]:
        """Name the places of the events of which the values are judged."""
        own = set() if self.tick else {self.ground.position(self.row)}
        return own | {one.position for one in self._behind}

    def carried(self) -> dict[Position, dict[str, Value]]:
        """Give what those events carried of what is read, as columns have it."""
        found: dict[Position, dict[str, Value]] = {}
        for one in self._behind:
            found.setdefault(one.position, {})[one.root] = one.value(None)
        if self.tick is None:
            found[self.ground.position(self.row)] = self.ground.carried(self.row)
        return found

    @property
    def _behind(self) -> Iterator[Behind]:
        is_over = self.tick is not None
        return self.ground.behind(self.row, self.first, is_over=is_over)

    def judge(self, known: Fields | None = None) -> StepResult:
        """Let the engine judge, by what columns have or by what is ``known``.

        Raises:
            LeftToEngine: it cannot judge the rule.
        """
        named = (self.instance.rule_id, self.instance.key)
        happening: Event | Tick | None = self.tick
        if happening is None:
            happening = self.event(known)
        state = Slice(
            facts=self.facts(known),
            instances={named: self.instance},
            armed={self._subject: {named}} if self.instance.timers else {},
        )
        result = step(self.program, state, happening)
        if result.errors:
            raise LeftToEngine("; ".join(result.errors.values()))
        return result

    def event(self, known: Fields | None = None) -> Event:
        """Give the event."""
        return self.ground.event(self.row, self.instance.key, known)

    def facts(self, known: Fields | None = None) -> dict[Subject, KeyFacts]:
        """Give the facts that it finds."""
        key = self.instance.key
        return self.ground.facts(self._behind, key, self.watermark, known)

    @property
    def at(self) -> int:
        """Give its time."""
        if self.tick is not None:
            return microseconds(self.tick.at)
        return int(self.ground.at[self.row])

    @property
    def _subject(self) -> Subject:
        rule = self.program.rule(self.instance.rule_id)
        return self.program.subject_of(rule, self.instance.key)


Mark = tuple[TransitionKind, datetime, tuple[str, ...]]
"""What came about, when, and who is told."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Seen:
    """What the engine saw, what it said, and when the rule was true until the next.

    Where a pass like those before it is ``told``, and nothing else happens, it has not
    said so yet.
    """

    moment: Moment
    result: StepResult | None
    passed: Longs
    told: tuple[str, ...] = ()

    @property
    def marks(self) -> list[Mark]:
        """Name what has come about; how it is worded follows from what was sent."""
        if self.result is None:
            at = instant(self.moment.at)
            return [(TransitionKind.RAISED, at, self.told)]
        return [(one.kind, one.at, one.told) for one in self.result.transitions]

    def count_passed(self, earliest: int | None, latest: int | None) -> int:
        """Count the times between bounds at which it was true and nobody looked."""
        return int(np.count_nonzero(within(self.passed, earliest, latest)))


#: Timers that run no rule: when the next is due turns nothing.
_UNCOUNTED = frozenset({Timer.NO_DATA, Timer.REMIND})
_NO_TIMES: Longs = np.zeros(0, dtype=np.int64)


class Thread:
    """One key's way through its events.

    ``row`` is the next that the engine sees, ``end`` if there is none. ``set_at`` is
    that at which the key's next timer was set.
    """

    def __init__(
        self,
        program: Program,
        turns: Turns,
        instance: Instance,
        bounds: tuple[int, int],
    ) -> None:
        self.instance = instance
        self.set_at = self.first = bounds[0]
        self.end = bounds[1]
        self._program = program
        self._spec = program.rule(instance.rule_id).specification
        self._turns = turns
        self._ground = turns.ground
        self._mark = self._ground.latest(0, 0)
        self._marked = self.first
        self._fired = (0, -1)
        self._passed = self._is_settled = self._goes_on = False
        self._lull: Lull | None = None
        self.row = self._next_of(turns.turning, self.first - 1)

    @property
    def position(self) -> Position:
        """Give the place in the lane of the next event that the engine sees."""
        return self._ground.position(self.row)

    @property
    def set_by(self) -> tuple[Position, int]:
        """Give place and time of the event by which the next timer was set."""
        return self._ground.position(self.set_at), int(self._ground.at[self.set_at])

    def see(self) -> Seen:
        """Let the engine see the next event, and go on."""
        row = self.row
        moment = self._moment(row)
        if self._goes_on:
            return self._tell(moment)
        result = moment.judge()
        before, after = self.instance, self._taken(moment, result)
        if self._is_run(row):
            counts = result.counts.get(after.rule_id)
            self._passed = counts is not None and counts.passed > 0
            self._is_settled = True
        if self._has_changed(before, after):
            self._is_settled = False
        self._lull = None
        if self._is_settled:
            self._lull = lull_of(self._spec, after, passed=self._passed)
        self._go_on(row)
        times = self._times_between(row, self.row) if self._passed else _NO_TIMES
        return Seen(moment=moment, result=result, passed=times)

    def _tell(self, moment: Moment) -> Seen:
        """Note who is told of a pass in a lull, which goes on after it.

        It is one at which a cool-down is over.
        """
        telling = tell_pass(self._spec, self.instance, instant(moment.at))
        if telling is None:
            raise ValueError("Nobody is told.")
        self.instance, told = telling
        self._go_on(moment.row)
        times = self._times_between(moment.row, self.row)
        return Seen(moment=moment, result=None, passed=times, told=told)

    def wake(self, position: Position) -> Seen:
        """Let the engine see the next timer of a key that is at its end."""
        due = self.instance.wakes_at
        if due is None:
            raise ValueError("There is no timer.")
        tick = Tick(
            rule_id=self.instance.rule_id,
            key=self.instance.key,
            at=due,
            position=position,
        )
        moment = replace(self._moment(self.end), tick=tick)
        result = moment.judge()
        self._taken(moment, result)
        return Seen(moment=moment, result=result, passed=_NO_TIMES)

    def _moment(self, row: int) -> Moment:
        self._mark = self._ground.latest(self._marked, row, self._mark)
        self._marked = row
        self.instance = self._with_counted(self.instance, row)
        return Moment(
            program=self._program,
            ground=self._ground,
            row=row,
            first=self.first,
            watermark=self._mark,
            instance=self.instance,
        )

    def _with_counted(self, instance: Instance, row: int) -> Instance:
        """Put in what was counted by an event, also at runs that were not seen."""
        recalls, runs = self._turns.recalls, self._turns.runs
        if not recalls:
            return instance
        nodes = {n: one for n, one in instance.nodes.items() if n not in recalls}
        place = int(np.searchsorted(runs, row)) - 1
        if place >= 0 and runs[place] >= self.first:
            nodes |= {name: recall(place) for name, recall in recalls.items()}
        return replace(instance, nodes=nodes)

    def _taken(self, moment: Moment, result: StepResult) -> Instance:
        before = self.instance
        named = (before.rule_id, before.key)
        self.instance = result.instances.get(named, before)
        if self.instance.wakes_at != before.wakes_at:
            self.set_at = moment.row
        return self.instance

    def _has_changed(self, before: Instance, after: Instance) -> bool:
        """Tell whether more has changed than what only timers and tellings go by."""
        if after is before:
            return False
        return _lasting(before, self._turns.recalls) != _lasting(
            after, self._turns.recalls
        )

    def _go_on(self, row: int) -> None:
        """Go to the next row that the engine must see, or to the end."""
        found = min(self._next_of(self._turns.turning, row), self._next_fired(row))
        self._goes_on = False
        if self._lull is None:
            found = min(found, self._next_of(self._turns.runs, row))
        elif self._lull.tells:
            telling = self._next_telling(row, found, self._lull)
            self._goes_on = self._lull.goes_on and telling < found
            found = telling
        self.row = found

    def _is_run(self, row: int) -> bool:
        runs = self._turns.runs
        place = int(np.searchsorted(runs, row))
        return place < len(runs) and int(runs[place]) == row

    def _next_of(self, rows: Longs, row: int) -> int:
        place = int(np.searchsorted(rows, row, side="right"))
        return min(int(rows[place]), self.end) if place < len(rows) else self.end

    def _next_fired(self, row: int) -> int:
        """Name the next row that fires the earliest timer; it is looked for once."""
        if self.instance.wakes_at is None:
            return self.end
        due, known = microseconds(self.instance.wakes_at), self._fired
        if known[0] != due or known[1] <= row:
            known = due, self._ground.first_fired(row + 1, self.end, due)
            self._fired = known
        return known[1]

    def _next_telling(self, row: int, end: int, lull: Lull) -> int:
        """Name the next run before an end at which something may be told."""
        runs = self._turns.runs
        low, high = np.searchsorted(runs, [row + 1, end]).tolist()
        place = first_where(low, high, lambda some: self._may_tell(some, lull))
        return end if place == high else int(runs[place])

    def _may_tell(self, some: slice, lull: Lull) -> Flags:
        """Tell at which runs a cool-down is over, and the fact may have moved."""
        at = self._ground.at[self._turns.runs[some]]
        may = np.zeros(len(at), dtype=np.bool_)
        paces = {one.output: one.cool_down for one in self._spec.outputs}
        for name, pace in {**paces, FEED: feed_cool_down(self._spec.outputs)}.items():
            last = self.instance.told.get(name)
            if last is None:
                may[:] = True
            else:
                may |= np.abs(at - microseconds(last)) >= pace // MOMENT
        if is_number(lull.moves_from):
            may &= self._have_moved(some, lull.moves_from, lull)
        return may

    def _have_moved(self, some: slice, start: Number, lull: Lull) -> Flags:
        """Tell at which runs the fact is known, and doubles leave it open or say so."""
        value = self._turns.leading[some]
        last, least = as_double(start), as_double(lull.least)
        with np.errstate(all="ignore"):
            doubt = (np.abs(value) + abs(last)) * _DOUBT + _LEAST_DOUBT
            stays = np.abs(value - last) + doubt < least
        moved: Flags = ~stays & ~np.isnan(value)
        return moved

    def _times_between(self, row: int, following: int) -> Longs:
        runs = self._turns.runs
        low, high = np.searchsorted(runs, [row + 1, following])
        times: Longs = self._ground.at[runs[low:high]]
        return times


def _lasting(instance: Instance, counted: Mapping[str, object]) -> tuple[object, ...]:
    return (
        instance.state,
        instance.since,
        instance.opening,
        instance.memory,
        {**instance.timers, **dict.fromkeys(instance.timers.keys() & _UNCOUNTED)},
        {name: one for name, one in instance.nodes.items() if name not in counted},
    )
