"""The runs of a rule on several fields of one key, and what it asks of them."""

from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from functools import reduce

import numpy as np

from rules.columns.buffers import Flags, Floats, Longs
from rules.columns.history.against import Newest, judge_against
from rules.columns.history.holding import Said
from rules.columns.history.records import (
    LATE,
    NO_EXACTS,
    NULL,
    Column,
    Records,
)
from rules.columns.history.runs import Runs, in_order
from rules.columns.history.spells import Count, Succession
from rules.columns.history.trees import (
    Against,
    Branch,
    Counted,
    Following,
    Leaf,
    Over,
    Present,
    Tree,
    Worded,
)
from rules.columns.history.truths import truths_on
from rules.columns.history.windowed import Windows
from rules.columns.history.windows import LeftToEngine
from rules.columns.history.words import UNKEPT
from rules.engine import judge_value


@dataclass(frozen=True, slots=True, kw_only=True)
class Together:
    """The events that carry any of some fields, and what each field was at them.

    ``last`` names for each of the ``runs`` the place among a field's own that had its
    newest value by then; -1 where the key has had none. ``keeps_order`` says that the
    times of no key fall, those of events that run nothing, but fire timers, included.
    ``departs`` tells which of the runs are none, but instants at which a value leaves.
    Of the fields some are those of a key that is named (``beside``).
    """

    runs: Runs
    columns: Mapping[str, Column]
    fields: Mapping[str, Runs]
    last: Mapping[str, Longs]
    keeps_order: bool
    departs: Flags | None = None
    beside: frozenset[str] = frozenset()
    _windows: dict[str, Windows] = field(default_factory=dict)

    def judge(self, tree: Tree) -> tuple[Flags, Flags]:
        """Tell at which runs conditions are true, and at which false.

        At the others they are unknown.

        Raises:
            LeftToEngine: columns cannot tell.
        """
        match tree:
            case Leaf():
                judged = self._judge_leaf(tree)
            case Present():
                judged = self._judge_present(tree)
            case Worded():
                judged = self._judge_words(tree)
            case Against():
                sides = (tree.field, tree.beside)
                judged = judge_against(tree, *map(self._newest, sides))
            case Over():
                judged = self.windows_of(tree.field).judge(tree)
            case Branch():
                judged = self._judge_branch(tree)
            case _:
                said = self.spell_of(tree).judge()
                judged = said.true, said.false
        return judged

    def _judge_branch(self, tree: Branch) -> tuple[Flags, Flags]:
        judged = [self.judge(member) for member in tree.members]
        true, false = [one for one, _ in judged], [one for _, one in judged]
        if tree.is_all:
            return _all(true), _any(false)
        return _any(true), _all(false)

    def spell_of(self, asked: Counted | Following) -> Count | Succession:
        """Judge what must be so at several events, and see how far it had come.

        Raises:
            LeftToEngine: columns cannot tell.
        """
        if isinstance(asked, Counted):
            if asked.within and not self.keeps_order:
                raise LeftToEngine("The times of a key fall.")
            return Count.of(asked, Said(*self.judge(asked.member)), self.runs)
        steps = [Said(*self.judge(step)) for step in asked.steps]
        without = None
        if asked.without is not None:
            without = Said(*self.judge(asked.without))
        return Succession.of(asked, steps, without, self.runs)

    def recall(
        self, asked: Over | Counted | Following
    ) -> Callable[[int, bool], object]:
        """Say how to write what was remembered before a run, or after it."""
        if isinstance(asked, Over):
            return self.windows_of(asked.field).recall(asked)
        spell = self.spell_of(asked)
        return lambda place, own: spell.remembered(place, with_own=own)

    def windows_of(self, name: str) -> Windows:
        """Give the windows of a field."""
        if name not in self._windows:
            self._windows[name] = Windows(self.fields[name], self.last[name], self.runs)
        return self._windows[name]

    def rows_behind(self, place: int) -> list[int]:
        """Name the rows of its key that have the values of a run, in order."""
        return self._rows_of(self.last.keys() - self.beside, place)

    def rows_beside(self, place: int) -> list[int]:
        """Name the rows of other keys that have the values of a run, in order."""
        return self._rows_of(self.beside, place)

    def _rows_of(self, names: Collection[str], place: int) -> list[int]:
        rows = {
            int(self.fields[name].row[self.last[name][place]])
            for name in names
            if self.last[name][place] >= 0
        }
        return sorted(rows)

    def values_of(self, name: str) -> Floats:
        """Give a field's newest value at each run as a double; NaN if none is known."""
        return self._newest(name).value

    def exact_of(self, name: str, place: int) -> Decimal:
        """Give a field's newest value at a run, where that is a number."""
        return self._newest(name).exact(place)

    def _newest(self, name: str) -> Newest:
        return Newest(self.fields[name], self.last[name])

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

    def _judge_present(self, asked: Present) -> tuple[Flags, Flags]:
        """Tell where there is a value; that alone is never unknown."""
        own, last = self.fields[asked.field], self.last[asked.field]
        known = last >= 0
        if len(own):
            known &= self.columns[asked.field].state[own.row[last]] != NULL
        return (~known, known) if asked.is_inverted else (known, ~known)

    def _judge_words(self, asked: Worded) -> tuple[Flags, Flags]:
        """Ask the engine of each word, and of no value; of numbers nobody asks."""
        words = self.columns[asked.field].words
        truths = [judge_value(asked.condition, one) for one in (*words.known, None)]
        own, last = self.fields[asked.field], self.last[asked.field]
        codes = np.full(len(last), UNKEPT, dtype=np.int32)
        known = last >= 0
        if len(words.codes):
            codes[known] = words.codes[own.row[last[known]]]
        # What has no word is the last of all, where the code of that points.
        true, false = (
            np.array([truth is one for truth in truths])[codes] for one in (True, False)
        )
        return (false, true) if asked.is_inverted else (true, false)


def _all(flags: Iterable[Flags]) -> Flags:
    return reduce(np.logical_and, flags)


def _any(flags: Iterable[Flags]) -> Flags:
    return reduce(np.logical_or, flags)


def together_of(
    records: Records,
    fields: Mapping[str, Runs],
    *,
    are_all_keys: bool,
    seen: Flags | None = None,
) -> Together:
    """Put the runs of some fields together, of all keys or of one.

    Or all events that are ``seen``, whatever they carry.
    """
    if seen is None:
        seen = np.zeros(len(records), dtype=np.bool_)
        for own in fields.values():
            seen[own.row] = True
    rows = np.flatnonzero(seen)
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
        columns=records.columns,
        fields=fields,
        keeps_order=_keeps_order(records, rows, are_all_keys=are_all_keys),
        last={
            name: _last_of(own, rows, begins, len(records))
            for name, own in fields.items()
        },
    )


def _keeps_order(records: Records, rows: Longs, *, are_all_keys: bool) -> bool:
    """Tell whether times never fall, but of events that came late and fire nothing."""
    if not len(rows):
        return True
    fires = np.flatnonzero((records.flags & LATE) == 0)
    starts = np.searchsorted(fires, records.starts)
    ordered = in_order(records.at[fires], starts)
    if are_all_keys:
        return bool(ordered.all())
    number = np.searchsorted(records.starts, rows[0], side="right") - 1
    return bool(ordered[number])


def _last_of(own: Runs, rows: Longs, begins: Longs, count: int) -> Longs:
    """Find for each row the newest run of a field at it or before, of the same key."""
    if not len(own):
        return np.full(len(rows), -1, dtype=np.int64)
    carries = np.zeros(count, dtype=np.int64)
    carries[own.row] = 1
    last: Longs = np.cumsum(carries)[rows] - 1
    last[own.row[last] < begins] = -1
    return last
