"""The rules whose counters were settled, so that they are stored anew."""

from typing import NamedTuple

import numpy as np

from rules.columns.rows import Rows
from rules.columns.standing import Standing
from rules.columns.truth import Changes


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
    """The rules on one key that changed, with the truth that they have now."""

    def __init__(self, rows: Rows, standing: Standing) -> None:
        self._rows = rows
        self._standing = standing
        self._truths: dict[int, int] = {}

    def note(self, row: int) -> None:
        """Note that the counters of a rule were changed apart from its truth."""
        key = self._rows.key.view[row]
        if key >= 0 and row not in self._truths:
            truths = self._standing.truths(row, np.array([key]))
            self._truths[row] = int(truths[0])

    def note_list(self, changes: list[tuple[int, int, int, int]]) -> None:
        """Note a few changes, in the order of events."""
        self._truths.update((row, after) for _, row, _, after in changes)

    def note_all(self, changes: Changes) -> None:
        """Note many changes, in any order."""
        order = changes.event.argsort(kind="stable")
        rows, truths = changes.of[order].tolist(), changes.after[order].tolist()
        self._truths.update(zip(rows, truths, strict=True))

    def discard(self, row: int) -> None:
        """Forget a rule."""
        self._truths.pop(row, None)

    def take(self) -> list[Settled]:
        """Give the counters of the rules that changed since asked last."""
        taken, self._truths = self._truths, {}
        rows = self._rows
        return [
            self._settled(row, rows.key.view[row], truth)
            for row, truth in taken.items()
            if rows.key.view[row] >= 0
        ]

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
