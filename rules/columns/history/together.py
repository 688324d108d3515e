"""The runs of a rule on several fields of one key, and what it asks of them."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from functools import reduce

import numpy as np

from rules.columns.buffers import Flags, Longs
from rules.columns.history.records import NO_EXACTS, Records
from rules.columns.history.runs import Runs, in_order
from rules.columns.history.trees import Leaf, Over, Tree
from rules.columns.history.truths import truths_on
from rules.columns.history.windowed import Windows


@dataclass(frozen=True, slots=True, kw_only=True)
class Together:
    """The events that carry any of some fields, and what each field was at them.

    ``last`` names for each of the ``runs`` the place among a field's own that had its
    newest value by then; -1 where the key has had none.
    """

    runs: Runs
    fields: Mapping[str, Runs]
    last: Mapping[str, Longs]
    _windows: dict[str, Windows] = field(default_factory=dict)

    def judge(self, tree: Tree) -> tuple[Flags, Flags]:
        """Tell at which runs conditions are true, and at which false.

        At the others they are unknown.

        Raises:
            LeftToEngine: columns cannot tell.
        """
        if isinstance(tree, Leaf):
            return self._judge_leaf(tree)
        if isinstance(tree, Over):
            return self.windows_of(tree.field).judge(tree)
        judged = [self.judge(member) for member in tree.members]
        true, false = [one for one, _ in judged], [one for _, one in judged]
        if tree.is_all:
            return _all(true), _any(false)
        return _any(true), _all(false)

    def windows_of(self, name: str) -> Windows:
        """Give the windows of a field."""
        if name not in self._windows:
            self._windows[name] = Windows(self.fields[name], self.last[name], self.runs)
        return self._windows[name]

    def rows_behind(self, place: int) -> list[int]:
        """Name the rows of the records that have the values of a run, in order."""
        rows = {
            int(self.fields[name].row[last[place]])
            for name, last in self.last.items()
            if last[place] >= 0
        }
        return sorted(rows)

    def _judge_leaf(self, leaf: Leaf) -> tuple[Flags, Flags]:
        own, last = self.fields[leaf.field], self.last[leaf.field]
        if not len(own):
            nowhere = np.zeros(len(last), dtype=np.bool_)
            return nowhere, nowhere
        true = truths_on(leaf.line, own)
        false = ~true
        if own.unknown:
            false &= ~np.isnan(own.value)
        known = last >= 0
        return true[last] & known, false[last] & known


def _all(flags: Iterable[Flags]) -> Flags:
    return reduce(np.logical_and, flags)


def _any(flags: Iterable[Flags]) -> Flags:
    return reduce(np.logical_or, flags)


def together_of(
    records: Records, fields: Mapping[str, Runs], *, are_all_keys: bool
) -> Together:
    """Put the runs of some fields together, of all keys or of one."""
    carries = np.zeros(len(records), dtype=np.bool_)
    for own in fields.values():
        carries[own.row] = True
    rows = np.flatnonzero(carries)
    begins = np.repeat(records.starts[:-1], np.diff(records.starts))[rows]
    starts = np.array([0, len(rows)])
    if are_all_keys:
        starts = np.searchsorted(rows, records.starts)
    at = records.at[rows]
    return Together(
        runs=Runs(
            starts=starts,
            row=rows,
            at=at,
            # What is compared differs from field to field.
            value=np.zeros(len(rows)),
            exacts=NO_EXACTS,
            unknown=0,
            in_order=in_order(at, starts),
        ),
        fields=fields,
        last={
            name: _last_of(own, rows, begins, len(records))
            for name, own in fields.items()
        },
    )


def _last_of(own: Runs, rows: Longs, begins: Longs, count: int) -> Longs:
    """Find for each row the newest run of a field at it or before, of the same key."""
    if not len(own):
        return np.full(len(rows), -1, dtype=np.int64)
    carries = np.zeros(count, dtype=np.int64)
    carries[own.row] = 1
    last: Longs = np.cumsum(carries)[rows] - 1
    last[own.row[last] < begins] = -1
    return last
