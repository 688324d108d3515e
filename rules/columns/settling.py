"""The rules whose counters were settled, so that they are stored anew."""

from typing import NamedTuple

import numpy as np

from rules.columns.buffers import Longs, distinct
from rules.columns.rows import Rows
from rules.columns.standing import Standing
from rules.columns.truth import Changes

_MANY = 100_000
"""At least so many changes are noted before each rule is named once."""
_NOTHING = -1


class Settled(NamedTuple):
    """The counters of a rule on one key, without what the key's events add.

    The runs at its events that carry one of the rule's ``fields`` are to be added to
    ``ran``, and to ``passed`` or ``unknown`` while its ``truth`` is that. Unless it
    ``is_whole``, how it fared before it was loaded is to be added as well.
    """

    rule_id: int
    key: str
    fields: frozenset[str]
    ran: int
    passed: int
    unknown: int
    truth: int
    is_whole: bool


class Settling:
    """The rules on one key that changed, with the truth that they have now.

    Changes are only noted, by the batch; each rule counts once when they are taken.
    """

    def __init__(self, rows: Rows, standing: Standing) -> None:
        self._rows = rows
        self._standing = standing
        self._singles: list[int] = []
        self._batches: list[Longs] = []
        self._noted = 0
        self._most = _MANY

    def note(self, row: int) -> None:
        """Note that the counters of a rule were changed apart from its truth."""
        key = self._rows.key.view[row]
        if key >= 0:
            truths = self._standing.truths(row, np.array([key]))
            self._rows.truth.view[row] = int(truths[0])
            self._singles.append(row)

    def note_list(self, changes: list[tuple[int, int, int, int]]) -> None:
        """Note a few changes, in the order of events."""
        truth = self._rows.truth.view
        for _, row, _, after in changes:
            truth[row] = after
            self._singles.append(row)
        if len(self._singles) > self._most:
            self._gather()

    def note_all(self, changes: Changes) -> None:
        """Note many changes, in any order."""
        order = changes.event.argsort(kind="stable")
        rows = changes.of[order]
        self._rows.truth.array[rows] = changes.after[order]
        self._batches.append(rows)
        self._noted += len(rows)
        if self._noted > self._most:
            self._gather()

    def discard(self, row: int) -> None:
        """Forget a rule."""
        self._rows.truth.view[row] = _NOTHING

    def take(self) -> list[Settled]:
        """Give the counters of the rules that changed since asked last."""
        self._gather()
        taken, self._batches, self._most = self._batches, [], _MANY
        rows = self._rows
        changed = taken[0]
        changed = changed[rows.key.array[changed] >= 0]
        truths = rows.truth.array[changed]
        return [
            self._settled(row, rows.key.view[row], truth)
            for row, truth in zip(changed.tolist(), truths.tolist(), strict=True)
            if truth != _NOTHING
        ]

    def _gather(self) -> None:
        """Name each rule once that was noted."""
        singles = np.array(self._singles, dtype=np.int64)
        named = distinct(np.concatenate([singles, *self._batches]))
        self._batches = [named]
        self._singles = []
        self._noted = 0
        # As many again before the next time, or naming them would cost ever more.
        self._most = max(_MANY, len(named))

    def _settled(self, row: int, key: int, truth: int) -> Settled:
        rows, series = self._rows, self._standing.series_of(row)
        return Settled(
            rule_id=rows.rule_id.view[row],
            key=series.names[key],
            fields=series.fields_of(rows.interest.view[row]),
            ran=-rows.ran_before.view[row],
            passed=rows.passed.view[row],
            unknown=rows.unknown.view[row],
            truth=truth,
            is_whole=rows.is_whole.view[row],
        )
