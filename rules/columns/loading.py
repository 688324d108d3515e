"""Many rules at once, from a table of predicates instead of definitions.

Whatever does not fit in the table is put rule by rule.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

import numpy as np

from rules.columns.buffers import Flags, Longs, distinct
from rules.columns.counters import Runners
from rules.columns.cuts import MEMBER, MOST, OPEN
from rules.columns.groups import Groups
from rules.columns.predicates import KINDS, Predicates
from rules.columns.rows import ANY_KEY, SEVERAL, Rows
from rules.columns.segments import Segments
from rules.columns.series import Column, Series
from rules.columns.standing import Standing
from rules.columns.trees import Place


@dataclass(frozen=True, slots=True)
class _Where:
    """Where the places of a table lie: one element a place."""

    series: list[Series]
    column: list[Column]
    key: Longs
    segment: Longs


class Loading:
    """Puts the rules of a table into an index that follows none of their facts yet."""

    def __init__(
        self,
        standing: Standing,
        parts: tuple[Segments, Groups, Rows],
        open_series: Callable[[str], Series],
    ) -> None:
        self._standing = standing
        self._segments, self._groups, self._rows = parts
        self._open_series = open_series

    def load(self, table: Predicates) -> dict[int, Runners]:
        """Take in all rules of a table; give what runs those of several keys.

        Raises:
            ValueError: a constant is outside the normal range of doubles.
        """
        if not np.all(np.abs(table.constant) < MOST):
            raise ValueError(
                "A table holds finite constants below 1e300; put the rule."
            )
        used = distinct(table.place)
        where = self._open([table.places[place] for place in used])
        table = replace(table, place=used.searchsorted(table.place).astype(np.int32))
        first = np.flatnonzero(np.diff(table.rule, prepend=table.rule[0] - 1))
        counts = np.diff(first, append=len(table.rule))
        rows = self._rows.add_all(table.rule[first])
        several = self._note_runners(table, where, rows, first, counts)
        kind = KINDS[table.op]
        at = np.where(kind & OPEN, np.nextafter(table.constant, np.inf), table.constant)
        target = np.repeat(rows, counts)
        for groups, chosen in self._grouped(where, table, first, counts):
            nodes = groups.add_flat(
                rows[chosen], table.is_all[first[chosen]], counts[chosen]
            )
            members = np.repeat(_spread_flags(chosen, len(rows)), counts)
            target[members] = np.repeat(nodes, counts[chosen])
            kind[members] |= MEMBER
        segment = where.segment[table.place]
        self._segments.fill(segment, at, kind, target.astype(np.int32))
        self._rows.keep_all(rows, counts, (segment, at, kind, target))
        self._settle(where)
        return several

    def _open(self, places: Sequence[Place]) -> _Where:
        where = _Where([], [], np.empty(len(places), int), np.empty(len(places), int))
        for number, place in enumerate(places):
            series, column, key = self._standing.open_place(place, self._open_series)
            if column.known.array.any():
                raise ValueError("Load rules before the facts that they read.")
            segment, _ = self._standing.segment(series, column, key)
            where.series.append(series)
            where.column.append(column)
            where.key[number] = key
            where.segment[number] = segment
        return where

    def _note_runners(
        self,
        table: Predicates,
        where: _Where,
        rows: Longs,
        first: Longs,
        counts: Longs,
    ) -> dict[int, Runners]:
        lone = table.place[first]
        own = [
            series.interest([column.name])
            for series, column in zip(where.series, where.column, strict=True)
        ]
        self._rows.series.array[rows] = np.array([one.place for one in where.series])[
            lone
        ]
        self._rows.key.array[rows] = where.key[lone]
        self._rows.interest.array[rows] = np.array(own)[lone]
        several: dict[int, Runners] = {}
        for size in distinct(counts[counts > 1]).tolist():
            chosen = np.flatnonzero(counts == size)
            members = table.place[first[chosen][:, None] + np.arange(size)]
            kinds, kind = np.unique(members, axis=0, return_inverse=True)
            runners = [_runners(where, tuple(places)) for places in kinds.tolist()]
            interests = np.array([one[0][2] for one in runners])
            self._rows.interest.array[rows[chosen]] = interests[kind]
            is_several = np.array([len(one) > 1 for one in runners])[kind]
            self._rows.key.array[rows[chosen[is_several]]] = SEVERAL
            for number in np.flatnonzero(is_several).tolist():
                several[int(rows[chosen[number]])] = runners[kind[number]]
        return several

    def _grouped(
        self, where: _Where, table: Predicates, first: Longs, counts: Longs
    ) -> list[tuple[Groups, Longs]]:
        """Split the rules that are groups by where their groups are counted."""
        grouped = np.flatnonzero(counts > 1)
        is_shared = where.key[table.place[first[grouped]]] == ANY_KEY
        parts = [(self._groups, grouped[~is_shared])]
        places = np.array([series.place for series in where.series])
        owner = places[table.place[first[grouped]]]
        parts += [
            (series.groups, grouped[is_shared & (owner == series.place)])
            for series in {one.place: one for one in where.series}.values()
        ]
        return [(groups, chosen) for groups, chosen in parts if len(chosen)]

    def _settle(self, where: _Where) -> None:
        by_column: dict[tuple[int, int], list[int]] = {}
        for series, column, key in zip(
            where.series, where.column, where.key.tolist(), strict=True
        ):
            by_column.setdefault((series.place, column.number), []).append(key)
        named = {series.place: series for series in where.series}
        for (place, number), keys in by_column.items():
            column = named[place].by_number[number]
            own = np.array([key for key in keys if key != ANY_KEY], dtype=np.int64)
            if len(own):
                column.own.settle_all(own, self._segments, np.zeros(len(own), np.int64))
            if ANY_KEY in keys:
                every = np.arange(len(named[place].names))
                column.common.settle_all(every, self._segments, np.zeros_like(every))


def _runners(where: _Where, places: tuple[int, ...]) -> Runners:
    by_subject: dict[tuple[int, int], set[str]] = {}
    named = {}
    for place in places:
        series, key = where.series[place], int(where.key[place])
        named[series.place] = series
        fields = by_subject.setdefault((series.place, key), set())
        fields.add(where.column[place].name)
    if len(by_subject) > 1 and any(key == ANY_KEY for _, key in by_subject):
        raise ValueError("A rule on any key that reads another fact cannot be loaded.")
    return [
        (named[place], key, named[place].interest(fields))
        for (place, key), fields in by_subject.items()
    ]


def _spread_flags(chosen: Longs, size: int) -> Flags:
    flags = np.zeros(size, dtype=np.bool_)
    flags[chosen] = True
    return flags
