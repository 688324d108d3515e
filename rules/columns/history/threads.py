"""One key's way through its events, of which the engine sees those that matter.

1. It sees the runs at which something that the rule asks turns.
2. It sees the events that fire a timer of the key, each in its turn.
3. After an event that has changed more than who was told, and when it is reminded or
   silence is looked at, it sees the next run, until one leaves all as it was.
4. Then it sees the next run at which something may be told again (``Lull``). Where that
   is all that such a run does, it need not be judged, but for the words.
5. All others say and leave what the last one did, and are only counted.
"""

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime

import numpy as np

from rules.columns.buffers import Flags, Longs
from rules.columns.cuts import Number, as_double, is_number
from rules.columns.history.grounds import (
    MOMENT,
    first_where,
    instant,
    microseconds,
)
from rules.columns.history.moments import Moment, Seen
from rules.columns.history.turns import Turns
from rules.engine import (
    FEED,
    Counts,
    Instance,
    Lull,
    Position,
    Program,
    StepResult,
    Tick,
    Timer,
    feed_cool_down,
    lull_of,
    tell_pass,
)

#: More than what doubles may be off, as a share of what is put together, or at all.
_DOUBT, _LEAST_DOUBT = 2.0**-49, 1e-300


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
        self._lapses = turns.lapses
        self._awaited = self._lapses.awaited_after(*bounds) if self._lapses else []
        self.row = self._next_of(turns.turning, self.first - 1)

    @property
    def position(self) -> Position:
        """Give the place in the lane of the next event that the engine sees."""
        return self._ground.position(self.row)

    @property
    def set_by(self) -> list[tuple[Position, int]]:
        """Give place and time of the events of which one set the next timer."""
        rows = {self.set_at}
        if self._lapses is not None:
            rows |= {*self._lapses.armed_by(self._ground.records, self.first).tolist()}
        return [(self._ground.position(row), int(self._ground.at[row])) for row in rows]

    @property
    def wakes_at(self) -> datetime | None:
        """Give when the next timer is due of a key that is at its end."""
        due = self._timed()
        lapse = instant(self._awaited[0]) if self._awaited else None
        return min((one for one in (due, lapse) if one is not None), default=None)

    def see(self) -> Seen:
        """Let the engine see the next event, and go on."""
        row = self.row
        lapse = None if self._lapses is None else self._lapses.first_at(row)
        moment = self._moment(row, lapse)
        if self._goes_on:
            return self._tell(moment)
        result = moment.judge()
        before, after = self.instance, self._taken(moment, result)
        if self._is_run(row):
            counts = result.counts.get(after.rule_id, Counts())
            self._passed = 0 < counts.ran == counts.passed
            # Where a timer ran it as well, some may have passed, but not the last.
            self._is_settled = counts.passed in (0, counts.ran)
        elif lapse is not None:
            # The next run says what the lapse has left, and not what the last one said.
            self._is_settled = False
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
        due = self.wakes_at
        if due is None:
            raise ValueError("There is no timer.")
        lapse = None
        if self._awaited and instant(self._awaited[0]) == due:
            lapse = self._awaited.pop(0)
        tick = Tick(
            rule_id=self.instance.rule_id,
            key=self.instance.key,
            at=due,
            position=position,
        )
        moment = replace(self._moment(self.end, lapse), tick=tick)
        result = moment.judge()
        self._taken(moment, result)
        return Seen(moment=moment, result=result, passed=_NO_TIMES)

    def _moment(self, row: int, lapse: int | None) -> Moment:
        """Give a moment; until then something lapses first at a time, or nothing."""
        self._mark = self._ground.latest(self._marked, row, self._mark)
        self._marked = row
        self.instance = self._with_counted(self.instance, row)
        if self._lapses is not None:
            self.instance = self.instance.disarm(Timer.LAPSE)
        if lapse is not None:
            self.instance = self.instance.arm(Timer.LAPSE, instant(lapse))
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
        if self._lapses is not None:
            found = self._lapses.next_after(row, found)
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
        wakes_at, known = self._timed(), self._fired
        if wakes_at is None:
            return self.end
        due = microseconds(wakes_at)
        if known[0] != due or known[1] <= row:
            known = due, self._ground.first_fired(row + 1, self.end, due)
            self._fired = known
        return known[1]

    def _timed(self) -> datetime | None:
        """Give the earliest timer; of what lapses columns know where it matters."""
        instance = self.instance
        return (instance.disarm(Timer.LAPSE) if self._lapses else instance).wakes_at

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
    """Give what must last; when a value leaves a window columns know."""
    instance = instance.disarm(Timer.LAPSE)
    return (
        instance.state,
        instance.since,
        instance.opening,
        instance.memory,
        {**instance.timers, **dict.fromkeys(instance.timers.keys() & _UNCOUNTED)},
        {name: one for name, one in instance.nodes.items() if name not in counted},
    )
