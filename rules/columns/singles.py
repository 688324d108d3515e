"""A few events, one after another: the path of plain Python.

It works on the same memory as ``batches``, through memoryviews, and finds the same
changes. One call of numpy costs as much as a whole event here, so arrays are only used
where a single value passes many cuts.
"""

from bisect import bisect_right
from collections.abc import Mapping
from math import isfinite
from typing import Any

from rules.columns.cuts import CROSSING, MEMBER, UP
from rules.columns.groups import ROOT, Added, Groups
from rules.columns.moving import Step, take_in
from rules.columns.passing import Passed, crossed_rows
from rules.columns.readings import Reading, read_number
from rules.columns.segments import Segments
from rules.columns.series import Column, Positions, Series
from rules.columns.truth import CROSSED, FALSE, TRUE, Changes

_MISSING = object()
_NEAR = 6
"""So many cuts are looked at one by one before halving begins."""
_SPECIAL = MEMBER | CROSSING
_MANY = 64
"""From so many cuts on, arrays are faster."""

Change = tuple[int, int, int, int]
"""An event's place, a row, and its truth before and after."""


class Singles:
    """Takes in the events of one series, one at a time."""

    def __init__(self, series: Series, segments: Segments, groups: Groups) -> None:
        self._series = series
        self._segments = segments
        self._own = _Counting(groups)
        self._shared = _Counting(series.groups)

    def take(
        self,
        place: int,
        key: int,
        fields: Mapping[str, Any],  # Any: JSON
        changes: list[Change],
    ) -> int:
        """Take in one event, and add the changes of rules to a list.

        Returns:
            The bits of the columns that the event carries.
        """
        carried = 0
        for column, name, bit, known, values, standings in self._series.watched:
            value = fields.get(name, _MISSING)
            if value is _MISSING:
                continue
            carried |= bit
            if type(value) is not float or not known[key] or not column.is_simple:
                self._take_other(place, key, column, value, changes)
                continue
            for standing, low, high in standings:
                if not low[key] <= value < high[key]:
                    if not isfinite(value):
                        self._take_slowly(place, key, column, None, changes)
                        break
                    self._walk(place, key, standing, value, changes)
            else:
                values[key] = value
        if self._own.added or self._shared.added:
            self._own.settle(place, changes)
            self._shared.settle(place, changes)
        return carried

    def _take_other(
        self,
        place: int,
        key: int,
        column: Column,
        value: object,
        changes: list[Change],
    ) -> None:
        """Take in a value that may be anything, quickly if its double decides."""
        reading = read_number(value)
        if (
            reading is None
            or reading[1] is not None
            or not column.known.view[key]
            or not column.is_simple
        ):
            self._take_slowly(place, key, column, reading, changes)
        else:
            self._take_double(place, key, column, reading[0], changes)

    def _take_double(
        self, place: int, key: int, column: Column, value: float, changes: list[Change]
    ) -> None:
        """Take in a number where there was one, none of them of many digits."""
        for standing in column.standings:
            if not standing.low.view[key] <= value < standing.high.view[key]:
                if not isfinite(value):
                    self._take_slowly(place, key, column, None, changes)
                    return
                self._walk(place, key, standing, value, changes)
        column.value.view[key] = value

    def _take_slowly(
        self,
        place: int,
        key: int,
        column: Column,
        reading: Reading | None,
        changes: list[Change],
    ) -> None:
        """Take in a value that is or was unknown, has many digits, or may cross."""
        for step in take_in(column, key, reading, self._segments):
            if step.was is not step.now or abs(step.new - step.old) > _MANY:
                self._pass_many(place, key, step, changes)
            elif step.new != step.old:
                first = self._segments.base.view[step.segment]
                way = (first + step.old, first + step.new)
                self._pass(place, key, step.standing, way, changes)
                crossed = crossed_rows(step, self._segments)
                changes.extend((place, row, FALSE, CROSSED) for row in crossed)

    def _walk(
        self,
        place: int,
        key: int,
        standing: Positions,
        value: float,
        changes: list[Change],
    ) -> None:
        """Go from the old position to the new one."""
        segments, at = self._segments, self._segments.at.view
        segment = standing.common
        if not standing.is_shared:
            segment = standing.segment.view[key]
        base = segments.base.view[segment]
        old = base + standing.position.view[key]
        new = _search_near(at, value, old, base, segments.length.view[segment])
        standing.position.view[key] = new - base
        standing.low.view[key] = at[new]
        standing.high.view[key] = at[new + 1]
        if -_MANY < new - old < _MANY:
            self._pass(place, key, standing, (old, new), changes)
        else:
            step = Step.of_numbers(standing, segment, old - base, new - base)
            self._pass_many(place, key, step, changes)

    def _pass(
        self,
        place: int,
        key: int,
        standing: Positions,
        way: tuple[int, int],
        changes: list[Change],
    ) -> None:
        """Pass a few cuts; ``way`` are two places in the arrays."""
        old, new = way
        falls = 0
        if new < old:
            old, new, falls = new, old, UP
        kinds, targets = self._segments.kind.view, self._segments.target.view
        for cut in range(old + 1, new + 1):
            kind, target = kinds[cut], targets[cut]
            true = (kind ^ falls) & UP
            if not kind & _SPECIAL:
                changes.append((place, target, 1 - true, true))
            elif kind & MEMBER:
                one = true or -1
                if standing.is_shared:
                    cell = target * self._series.groups.width + key
                    self._shared.added.append((cell, one, -one))
                else:
                    self._own.added.append((target, one, -one))

    def _pass_many(
        self, place: int, key: int, step: Step, changes: list[Change]
    ) -> None:
        """Pass many cuts, or all of a segment, by arrays."""
        passed = Passed(self._segments, self._own.groups, self._shared.groups)
        passed.take(place, key, step)
        if passed.rules:
            changes += Changes.joined(passed.rules).as_list()
        for is_shared, parts in passed.members.items():
            counting = self._shared if is_shared else self._own
            for _, cells, true, false in parts:
                counting.added += zip(
                    cells.tolist(), true.tolist(), false.tolist(), strict=True
                )


class _Counting:
    """Gathers what one event adds to groups; then the groups are told."""

    __slots__ = ("added", "groups")

    def __init__(self, groups: Groups) -> None:
        self.groups = groups
        self.added: list[Added] = []

    def settle(self, place: int, changes: list[Change]) -> None:
        """Let the changes of groups rise; whole rules are told."""
        groups, rising = self.groups, self.added
        self.added = []
        while rising:
            level, rising = (
                groups.deepest_of(rising) if groups.deepest else (rising, [])
            )
            for cell, before, after in groups.count_few(level):
                node = cell // groups.width
                parent = groups.parent.view[node]
                if parent == ROOT:
                    changes.append((place, groups.row.view[node], before, after))
                else:
                    above = (parent - node) * groups.width + cell
                    true = (after == TRUE) - (before == TRUE)
                    rising.append((above, true, (after == FALSE) - (before == FALSE)))


def _search_near(
    at: "memoryview[Any]", value: float, old: int, base: int, length: int
) -> int:
    """Find the last cut that a value passes; it is rarely far from the old one.

    The sentinels at both ends of a run stop the walk.
    """
    new = old
    if at[old] <= value:
        while at[new + 1] <= value:
            new += 1
            if new - old > _NEAR:
                return bisect_right(at, value, new, base + length + 1) - 1
        return new
    while at[new] > value:
        new -= 1
        if old - new > _NEAR:
            return bisect_right(at, value, base + 1, new + 1) - 1
    return new
