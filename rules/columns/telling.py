"""Which changes are told at another event than the one that made them."""

from collections.abc import Mapping

import numpy as np

from rules.columns.batches import Batch
from rules.columns.counters import Runners, runs_in
from rules.columns.rows import ANY_KEY, Rows
from rules.columns.series import Series
from rules.columns.standing import Standing
from rules.columns.truth import UNKNOWN, Changes
from rules.columns.waiting import (
    NOT_TOLD,
    OWN_KEY,
    Change,
    Pair,
    Waiting,
    tell_at_runs,
)


class Telling:
    """Sees to it that rules tell their truth at their runs, and once."""

    def __init__(
        self,
        rows: Rows,
        standing: Standing,
        waiting: Waiting,
        several: Mapping[int, Runners],
    ) -> None:
        self._rows = rows
        self._standing = standing
        self._waiting = waiting
        self._several = several

    def forget(self, row: int, key: int) -> None:
        """Have a rule tell its truth at its next run under a key, whatever it is."""
        pair = self._pair(row, key)
        self._waiting.discard(pair)
        self._waiting.add(pair, self._subjects_of(pair), NOT_TOLD)

    def announce(self, row: int) -> None:
        """Have a new rule tell its truth at its next run."""
        if self._rows.key.view[row] == ANY_KEY:
            self._standing.announce(row)
            return
        pair = (row, OWN_KEY)
        if self._truth(pair) != UNKNOWN:
            self._waiting.add(pair, self._subjects_of(pair), UNKNOWN)

    def late(self, batch: Batch, changes: Changes | list[Change]) -> set[Pair]:
        """Name the rules of which a batch tells at another event than it changes them.

        They wait from before, or an event that runs no rules changes them.
        """
        series = batch.series
        if series.newcomers:
            unread = series.read.array[batch.key] < len(series.newcomers)
            self._greet(series, {int(key) for key in batch.key[unread]})
        pairs: set[Pair] = set()
        if self._waiting.last:
            pairs = self._waiting.on(series.place, set(batch.key.tolist()))
        if batch.runs is not None:
            listed = changes if isinstance(changes, list) else changes.as_list()
            pairs |= {
                self._pair(row, int(batch.key[place]))
                for place, row, _, _ in listed
                if not batch.runs[place]
            }
        return pairs

    def tell(
        self, batch: Batch, changes: list[Change], pairs: set[Pair]
    ) -> list[Change]:
        """Replace the changes of some rules by what they tell at their runs."""
        told: list[Change] = []
        own: dict[Pair, list[Change]] = {pair: [] for pair in pairs}
        for change in sorted(changes):
            pair = self._pair(change[1], int(batch.key[change[0]]))
            own.get(pair, told).append(change)
        for pair, found in own.items():
            told += self._tell_one(batch, pair, found)
        return told

    def _tell_one(self, batch: Batch, pair: Pair, found: list[Change]) -> list[Change]:
        truth = found[0][2] if found else self._truth(pair)
        runs, told = self._runs_in(batch, pair), self._waiting.told(pair)
        telling, last, truth = tell_at_runs(found, runs, told, truth)
        self._waiting.discard(pair)
        if last != truth:
            self._waiting.add(pair, self._subjects_of(pair), last)
        return [(event, pair[0], before, after) for event, _, before, after in telling]

    def _greet(self, series: Series, keys: set[int]) -> None:
        """Let each key find the rules on any key that came since its last event."""
        newcomers = series.newcomers
        for key in keys if newcomers else ():
            for row, serial in newcomers[series.read.view[key] :]:
                if self._standing.serial_of(row) == serial:
                    pair = (row, key)
                    if pair not in self._waiting:
                        self._waiting.add(pair, self._subjects_of(pair), UNKNOWN)
            series.read.view[key] = len(newcomers)

    def _truth(self, pair: Pair) -> int:
        row, key = pair
        if key == OWN_KEY:
            key = max(self._rows.key.view[row], 0)
        return int(self._standing.truths(row, np.array([key]))[0])

    def _pair(self, row: int, key: int) -> Pair:
        return (row, key if self._rows.key.view[row] == ANY_KEY else OWN_KEY)

    def _runners(self, pair: Pair) -> Runners:
        row, key = pair
        if row in self._several:
            return self._several[row]
        own = key if key != OWN_KEY else self._rows.key.view[row]
        return [(self._standing.series_of(row), own, self._rows.interest.view[row])]

    def _subjects_of(self, pair: Pair) -> list[tuple[int, int]]:
        return [(series.place, key) for series, key, _ in self._runners(pair)]

    def _runs_in(self, batch: Batch, pair: Pair) -> list[int]:
        runs: set[int] = set()
        for series, key, interest in self._runners(pair):
            if series is batch.series:
                runs.update(runs_in(batch, interest, key))
        return sorted(runs)
