"""Rules put among the cuts and taken out again, and how they stand."""

from collections.abc import Callable, Iterator
from itertools import groupby

import numpy as np

from rules.columns.buffers import Bytes, Longs
from rules.columns.counters import Runners
from rules.columns.cuts import BASE, CROSSING, HEAD, MEMBER, UP, Cut
from rules.columns.groups import Groups
from rules.columns.rows import ANY_KEY, SEVERAL, Rows
from rules.columns.segments import Segments, passes
from rules.columns.series import NO_SEGMENT, Column, Positions, Series
from rules.columns.trees import Leaf, Place, Tree, leaves_of
from rules.columns.truth import FALSE, UNKNOWN


class Standing:
    """Keeps the cuts of rules, and the positions of keys among them, in step."""

    def __init__(self, segments: Segments, groups: Groups, rows: Rows) -> None:
        self._segments = segments
        self._groups = groups
        self._rows = rows
        self._all: list[Series] = []
        self._by_name: dict[str, Series] = {}
        self._serials: dict[int, int] = {}
        self._serial = 0

    def open(
        self, tree: Tree, open_series: Callable[[str], Series]
    ) -> list[tuple[Series, Column, int]]:
        """Make what a rule reads: series, column, and key or ``ANY_KEY`` of each."""
        return [self.open_place(leaf.place, open_series) for leaf in leaves_of(tree)]

    def open_place(
        self, place: Place, open_series: Callable[[str], Series]
    ) -> tuple[Series, Column, int]:
        """Make what a condition reads."""
        series = open_series(place.series)
        if series.place == len(self._all):
            self._all.append(series)
            self._by_name[series.name] = series
        column = series.column(place.field)
        key = ANY_KEY if place.key is None else series.number(place.key)
        return series, column, key

    def put(self, row: int, tree: Tree) -> Runners:
        """Put in a rule whose places are open; give what runs it."""
        leaves = list(leaves_of(tree))
        self._note_runners(row, [leaf.place for leaf in leaves])
        is_shared = self._rows.key.view[row] == ANY_KEY
        groups = self.series_of(row).groups if is_shared else self._groups
        is_plain = len(leaves) == 1 and (
            len(leaves[0].cuts) == 1 or bool(leaves[0].cuts[0].kind & CROSSING)
        )
        if is_plain:
            placed, member = [(row, leaves[0])], 0
        else:
            placed, member = groups.add(tree, row), MEMBER
        kept = []
        for target, leaf in placed:
            for cut in leaf.cuts:
                marked = Cut(cut.at, cut.kind | member, cut.exact)
                segment = self._insert(leaf.place, marked, target)
                kept.append((segment, cut.at, marked.kind, target))
        self._rows.keep_cuts(row, kept)
        if not is_plain:
            self._begin(row, groups, kept)
        return self._runners_of(leaves)

    def remove(self, row: int) -> None:
        """Take a rule's cuts out."""
        kept = self._rows.cuts_of(row)
        for segment, at, kind, target in kept:
            self._take_out(segment, at, kind, target)
        targets = {target for _, _, kind, target in kept if kind & MEMBER}
        groups = self._groups_of(row)
        nodes = {node for target in targets for node in groups.lineage(target)}
        groups.remove(sorted(nodes))
        self._serials.pop(row, None)

    def truths(self, row: int, keys: Longs) -> Bytes:
        """Give the truth of a rule under some keys; a crossing's is false."""
        kept = self._rows.cuts_of(row)
        _, _, kind, target = kept[0]
        if kind & MEMBER:
            groups = self._groups_of(row)
            if self._rows.key.view[row] != ANY_KEY:
                keys = np.zeros_like(keys)
            return groups.truths(groups.lineage(target)[-1], keys)
        if kind & CROSSING:
            return np.full(len(keys), FALSE, dtype=np.int8)
        return self._leaf_truths(kept, keys)

    def rows_on(self, column: Column, key: int) -> Iterator[int]:
        """Name the rules that a value of a key can change."""
        for standing in column.standings:
            segment = standing.segment_of(key)
            if segment != NO_SEGMENT:
                groups = self._groups
                if standing.is_shared:
                    series = self._all[self._segments.series.view[segment]]
                    groups = series.groups
                first = self._segments.base.view[segment] + 1
                for place in range(first, first + self._segments.length.view[segment]):
                    target = self._segments.target.view[place]
                    if self._segments.kind.view[place] & MEMBER:
                        target = groups.row.view[target]
                    yield target

    def segment(
        self, series: Series, column: Column, key: int
    ) -> tuple[int, Positions]:
        """Find the segment of a place, a new one if need be."""
        standing = column.common if key == ANY_KEY else column.own
        segment = standing.common if key == ANY_KEY else standing.segment.view[key]
        if segment == NO_SEGMENT:
            segment = self._segments.open(series.place, column.number, key)
            if key == ANY_KEY:
                standing.common = segment
            else:
                standing.segment.view[key] = segment
            series.use(column, standing)
        return segment, standing

    def series_of(self, row: int) -> Series:
        """Give the series of a rule; the first, if there are several."""
        return self.series_at(self._rows.series.view[row])

    def series_at(self, place: int) -> Series:
        """Give a series by its place."""
        return self._all[place]

    def announce(self, row: int) -> None:
        """Note a rule on any key, for each key to find at its next event."""
        self._serial += 1
        self._serials[row] = self._serial
        self.series_of(row).newcomers.append((row, self._serial))

    def serial_of(self, row: int) -> int | None:
        """Tell newcomers of one row apart."""
        return self._serials.get(row)

    def _groups_of(self, row: int) -> Groups:
        if self._rows.key.view[row] == ANY_KEY:
            return self.series_of(row).groups
        return self._groups

    def _note_runners(self, row: int, places: list[Place]) -> None:
        subjects = {(place.series, place.key) for place in places}
        series = self._named(places[0].series)
        fields = {place.field for place in places}
        self._rows.series.view[row] = series.place
        if len(subjects) > 1:
            self._rows.key.view[row] = SEVERAL
            self._rows.interest.view[row] = 0
            return
        key = places[0].key
        self._rows.key.view[row] = ANY_KEY if key is None else series.number(key)
        self._rows.interest.view[row] = series.interest(fields)

    def _runners_of(self, leaves: list[Leaf]) -> Runners:
        runners: Runners = []
        ordered = sorted(
            (leaf.place for leaf in leaves),
            key=lambda place: (place.series, place.key or ""),
        )
        for (name, key), places in groupby(
            ordered, key=lambda place: (place.series, place.key)
        ):
            series = self._named(name)
            interest = series.interest({place.field for place in places})
            number = ANY_KEY if key is None else series.number(key)
            runners.append((series, number, interest))
        return runners

    def _named(self, name: str) -> Series:
        return self._by_name[name]

    def _insert(self, place: Place, cut: Cut, target: int) -> int:
        series = self._named(place.series)
        column = series.column(place.field)
        key = ANY_KEY if place.key is None else series.number(place.key)
        segment, standing = self.segment(series, column, key)
        index = self._segments.insert(segment, cut, target)
        if cut.kind & CROSSING:
            column.watch_crossings(1)
        if standing.is_shared:
            self._shift_all(series, column, cut, index)
        else:
            position = standing.position.view[key]
            if index <= position or (
                index == position + 1 and _is_passed(column, key, cut)
            ):
                position += 1
            standing.settle(key, self._segments, position)
        return segment

    def _shift_all(self, series: Series, column: Column, cut: Cut, index: int) -> None:
        """Move every key that passes a new cut."""
        keys = np.arange(len(series.names))
        standing = column.common
        position = standing.position.array[keys].astype(np.int64)
        passed = column.value.array[keys] >= cut.at
        for key in column.exact:
            passed[key] = _is_passed(column, key, cut)
        position += (index <= position) | ((index == position + 1) & passed)
        standing.settle_all(keys, self._segments, position)

    def _take_out(self, segment: int, at: float, kind: int, target: int) -> None:
        series = self._all[self._segments.series.view[segment]]
        column = series.by_number[self._segments.column.view[segment]]
        key = self._segments.key.view[segment]
        index = self._segments.remove(segment, at, kind, target)
        if kind & CROSSING:
            column.watch_crossings(-1)
        standing = column.common if key == ANY_KEY else column.own
        keys = np.arange(len(series.names)) if key == ANY_KEY else np.array([key])
        position = standing.position.array[keys].astype(np.int64)
        position -= index <= position
        standing.settle_all(keys, self._segments, position)

    def _begin(
        self, row: int, groups: Groups, kept: list[tuple[int, float, int, int]]
    ) -> None:
        """Count what the members of new groups are now."""
        series = self.series_of(row)
        is_shared = groups is not self._groups
        keys = np.arange(len(series.names)) if is_shared else np.zeros(1, np.int64)
        nodes: set[int] = set()
        for cuts in _by_condition(kept):
            segment, _, _, target = cuts[0]
            key = self._segments.key.view[segment]
            where = keys if is_shared else np.array([key])
            groups.begin(target, keys, self._leaf_truths(cuts, where))
            nodes.update(groups.lineage(target))
        groups.settle_parents(list(nodes), keys)

    def _leaf_truths(
        self, cuts: list[tuple[int, float, int, int]], keys: Longs
    ) -> Bytes:
        """Give the truth of one condition under some keys."""
        segment = cuts[0][0]
        series = self._all[self._segments.series.view[segment]]
        column = series.by_number[self._segments.column.view[segment]]
        key = self._segments.key.view[segment]
        standing = column.common if key == ANY_KEY else column.own
        truths = np.full(len(keys), bool(cuts[0][2] & BASE), dtype=np.int8)
        position = standing.position.array[keys]
        for _, at, kind, target in cuts:
            index = self._segments.index_of(segment, at, kind, target)
            truths += (position >= index) * np.int8(1 if kind & UP else -1)
        truths[~column.known.array[keys]] = UNKNOWN
        return truths


def _is_passed(column: Column, key: int, cut: Cut) -> bool:
    number = column.number_of(key)
    return number is not None and passes(number, cut)


def _by_condition(
    kept: list[tuple[int, float, int, int]],
) -> Iterator[list[tuple[int, float, int, int]]]:
    """Split the cuts of a rule where a condition begins."""
    condition: list[tuple[int, float, int, int]] = []
    for cut in kept:
        if cut[2] & HEAD and condition:
            yield condition
            condition = []
        condition.append(cut)
    if condition:
        yield condition
