"""The counters of single rules: what is settled, and what is open still."""

from collections.abc import Mapping

import numpy as np

from rules.columns.counters import Runners, runs_of_several
from rules.columns.rows import ANY_KEY, SEVERAL, Rows
from rules.columns.standing import Standing
from rules.columns.truth import TRUE, UNKNOWN
from rules.engine import Counts


class Counting:
    """Reads and sets the counters of rules, which ``columns.counters`` settles."""

    def __init__(
        self, rows: Rows, standing: Standing, several: Mapping[int, Runners]
    ) -> None:
        self._rows = rows
        self._standing = standing
        self._several = several

    def begin(self, row: int) -> None:
        """Count a new rule from nothing."""
        truths, runs = self._truths_and_runs(row)
        self._rows.ran_before.view[row] = int(runs.sum())
        self._rows.passed.view[row] = -int(runs[truths == TRUE].sum())
        self._rows.unknown.view[row] = -int(runs[truths == UNKNOWN].sum())

    def begin_with(self, row: int, counts: Counts) -> None:
        """Take in how a loaded rule fared before, once."""
        if not self._rows.is_whole.view[row]:
            self.add(row, counts)
            self._rows.is_whole.view[row] = True

    def add(self, row: int, counts: Counts) -> None:
        """Count runs beside those of the events taken in."""
        self._rows.ran_before.view[row] -= counts.ran
        self._rows.passed.view[row] += counts.passed
        self._rows.unknown.view[row] += counts.unknown

    def counts(self, row: int) -> Counts:
        """Count how a rule fared since it was put."""
        truths, runs = self._truths_and_runs(row)
        ran = int(runs.sum()) - self._rows.ran_before.view[row]
        passed = self._rows.passed.view[row] + int(runs[truths == TRUE].sum())
        unknown = self._rows.unknown.view[row] + int(runs[truths == UNKNOWN].sum())
        return Counts(ran=ran, passed=passed, failed=ran - passed, unknown=unknown)

    def _truths_and_runs(self, row: int) -> "tuple[np.ndarray, np.ndarray]":
        """Give a rule's truth under each of its keys, and how often it ran there."""
        key = self._rows.key.view[row]
        if key == SEVERAL:
            runs = np.array([runs_of_several(self._several[row])])
            return self._standing.truths(row, np.zeros(1, dtype=np.int64)), runs
        series = self._standing.series_of(row)
        interest = self._rows.interest.view[row]
        if key == ANY_KEY:
            keys = np.arange(len(series.names))
            return self._standing.truths(row, keys), series.runs_of_all(interest)
        runs = np.array([series.runs(key, interest)])
        return self._standing.truths(row, np.array([key])), runs
