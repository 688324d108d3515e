"""Conditions over windows, judged at all runs at once as the engine judges them."""

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np

from rules.columns.buffers import Flags, Floats, Longs
from rules.columns.history.holding import Said
from rules.columns.history.lots import Lots
from rules.columns.history.moves import Steps, scale
from rules.columns.history.runs import Runs
from rules.columns.history.trees import Over
from rules.columns.history.unusual import Before
from rules.columns.history.windows import (
    LeftToEngine,
    Stretch,
    Taken,
    stretch_of,
    take_of,
)
from rules.engine import Amount, Kept, Scores, Trace, Window

#: What was worked out of so many windows is kept, some ten to thirty bytes a run each.
_MOST_KEPT = 4


def make_room(kept: dict[Any, Any]) -> None:  # Any: whatever is kept, by any name
    """Forget what was worked out longest ago, where there is no room for more."""
    while len(kept) >= _MOST_KEPT:
        kept.pop(next(iter(kept)))


@dataclass(slots=True)
class Windows:
    """The windows of one field at some runs, and what was worked out of them.

    The latest of that are kept: whoever drags a threshold asks for the same again.
    """

    own: Runs
    last: Longs
    runs: Runs
    _stretches: dict[tuple[int | None, int], Stretch] = field(default_factory=dict)
    _taken: dict[Window, Taken] = field(default_factory=dict)
    _moves: dict[tuple[int | None, str, bool], tuple[Steps, ...]] = field(
        default_factory=dict
    )
    _before: dict[Window, Before] = field(default_factory=dict)
    _unusual: dict[tuple[Window, Scores], Said] = field(default_factory=dict)
    _ends: dict[int | None, tuple[Floats, Floats]] = field(default_factory=dict)

    def judge(self, asked: Over) -> tuple[Flags, Flags]:
        """Tell at which runs a condition is true, and at which false.

        Raises:
            LeftToEngine: columns cannot tell.
        """
        stretch = self.stretch(asked)
        if asked.extends:
            true, false = self._judge_record(stretch, asked)
        elif asked.scores is not None:
            true, false = self._judge_unusual(asked, asked.scores)
        elif asked.amount is not None:
            true, false = self._judge_move(stretch, asked, asked.amount)
        else:
            true, false = self._judge_taken(stretch, asked)
        return (false, true) if asked.is_inverted else (true, false)

    def measured(self, asked: Over) -> Floats:
        """Give what is taken at each run, as doubles; NaN where nothing is.

        Raises:
            LeftToEngine: columns cannot tell.
        """
        taken = self._take(self.stretch(asked), asked.window)
        return np.where(taken.known, taken.value, np.nan)

    def recall(self, asked: Over) -> Callable[[int, bool], Kept]:
        """Say what the engine kept of a window before a run, or after it."""
        stretch = self.stretch(asked)
        if asked.window.take is Trace.EXTREMES:
            stretch = stretch.with_value_in_force()
        lots = Lots(asked.window, stretch)

        def kept(place: int, with_own: bool) -> Kept:  # noqa: FBT001 - as of a spell
            low, high = int(stretch.low[place]), int(stretch.high[place])
            if not with_own:
                high = max(high - self._brings(place), low)
            found = Kept(
                asked.window, lots.members(low, high), seen=int(self.runs.at[place])
            )
            if asked.scores is None:
                return found
            before, last = self._values_before(asked), int(self.last[place])
            return replace(
                found,
                ranks=before.ranks(low, high),
                baseline=before.baseline(last) if last >= 0 else None,
            )

        return kept

    def _values_before(self, asked: Over) -> Before:
        if asked.window not in self._before:
            make_room(self._before)
            self._before[asked.window] = Before.of(self.own, asked.window, asked.length)
        return self._before[asked.window]

    def _judge_unusual(self, asked: Over, scores: Scores) -> tuple[Flags, Flags]:
        """Ask it of the newest value, among those that had come before that."""
        named = (asked.window, scores)
        if named not in self._unusual:
            make_room(self._unusual)
            self._unusual[named] = self._values_before(asked).judge(scores)
        said, known = self._unusual[named], self.last >= 0
        if not len(self.own):
            return known, known
        return said.true[self.last] & known, said.false[self.last] & known

    def _brings(self, place: int) -> bool:
        """Tell whether a run brings a value that counts."""
        last = int(self.last[place])
        is_own = last >= 0 and self.own.row[last] == self.runs.row[place]
        return bool(is_own) and not np.isnan(self.own.value[last])

    def stretch(self, asked: Over) -> Stretch:
        """Give the members of the window at each run."""
        named = (asked.length, asked.window.last)
        if named not in self._stretches:
            make_room(self._stretches)
            self._stretches[named] = stretch_of(
                self.own, self.last, self.runs, asked.window, asked.length
            )
        return self._stretches[named]

    def _judge_taken(self, stretch: Stretch, asked: Over) -> tuple[Flags, Flags]:
        if asked.line is None:
            raise LeftToEngine(f"{asked.op} has no line.")
        taken = self._take(stretch, asked.window)
        truth = np.full(len(taken.value), asked.line.base)
        for number, is_open in asked.line.bounds:
            truth ^= taken.passed(number, is_open=is_open)
        return truth & taken.known, ~truth & taken.known

    def _take(self, stretch: Stretch, window: Window) -> Taken:
        if window not in self._taken:
            make_room(self._taken)
            self._taken[window] = take_of(stretch, window)
        return self._taken[window]

    def _judge_record(self, stretch: Stretch, asked: Over) -> tuple[Flags, Flags]:
        """Compare what events bring with all others; what brings none sets none."""
        if not len(self.own):
            nowhere = np.zeros(len(self.runs), dtype=np.bool_)
            return nowhere, nowhere
        brings = (self.last >= 0) & (self.own.row[self.last] == self.runs.row)
        value = np.where(self.last >= 0, self.own.value[self.last], np.nan)
        is_high = asked.op == "new_high"
        counts = (brings & ~np.isnan(value)).astype(np.int64)
        others = stretch.before(counts).with_value_in_force()
        ends = others.extreme(highest=is_high)
        known = ~np.isnan(ends) & ~np.isnan(value)
        passes = value > ends if is_high else value < ends
        true = known & brings & passes
        return true, known & ~true

    def _judge_move(
        self, stretch: Stretch, asked: Over, amount: Amount
    ) -> tuple[Flags, Flags]:
        """Measure from the lowest, from the highest, or from either."""
        named = (asked.length, asked.op, amount.is_percent)
        if named not in self._moves:
            make_room(self._moves)
            self._moves[named] = self._moves_of(stretch, asked, amount)
        true = np.zeros(len(self.runs), dtype=np.bool_)
        false = np.ones(len(self.runs), dtype=np.bool_)
        for steps in self._moves[named]:
            known = ~np.isnan(steps.moved)
            passed = steps.passed(amount.number, is_open=False) & known
            true |= passed
            false &= known & ~passed
        return true, false

    def _moves_of(
        self, stretch: Stretch, asked: Over, amount: Amount
    ) -> tuple[Steps, ...]:
        low, high = self._extremes(stretch, asked.length)
        scaled = scale(stretch.members.value)
        if scaled is None:
            raise LeftToEngine("The values have too many decimals.")
        unit = scaled[1]
        newest = np.full(len(self.runs), np.nan)
        there = stretch.high > stretch.first
        newest[there] = stretch.members.value[stretch.high[there] - 1]
        bases = {"rise": [(low, 1)], "fall": [(high, -1)]}
        found = []
        for base, way in bases.get(asked.op, [(low, 1), (high, -1)]):
            by = (np.rint(newest * unit) - np.rint(base * unit)) * way
            size = np.abs(np.rint(base * unit))
            if amount.is_percent:
                size[size == 0] = np.nan
                moved = by / size * 100
            else:
                moved = by / unit
            found.append(
                Steps(
                    runs=self.runs,
                    moved=moved,
                    by=by,
                    base=size,
                    is_share=amount.is_percent,
                )
            )
        return tuple(found)

    def _extremes(self, stretch: Stretch, length: int | None) -> tuple[Floats, Floats]:
        """Give the extremes from which moves are measured; NaN where is no past."""
        if length not in self._ends:
            make_room(self._ends)
            inside = stretch.with_value_in_force()
            low, high = (inside.extreme(highest=one) for one in (False, True))
            alone = inside.count == 1
            alone[alone] = stretch.count[alone] > 0
            low[alone] = high[alone] = np.nan
            self._ends[length] = low, high
        return self._ends[length]
