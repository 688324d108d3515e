"""Rules whose truth is not what they last told, and so must be told at their next run.

A rule tells its truth when it runs. A new rule has told nothing: if it is true already,
its next run says so. An event that runs no rules moves facts all the same: what it
changes is told at the next run, if it still differs then.
"""

from collections.abc import Hashable, Iterable
from typing import TypeVar

from rules.columns.truth import CROSSED, FALSE, UNKNOWN

NOT_TOLD = -1
"""Whatever the truth is at the next run, it must be told."""

Pair = tuple[int, int]
"""A row, and the key for a rule on any key; else ``OWN_KEY``."""

OWN_KEY = -1

Change = tuple[int, int, int, int]
Key = TypeVar("Key", bound=Hashable)


class Waiting:
    """What each rule told last (``last``), where that may differ from its truth."""

    def __init__(self) -> None:
        self.last: dict[Pair, int] = {}
        self._by_subject: dict[tuple[int, int], set[Pair]] = {}
        self._subjects: dict[Pair, list[tuple[int, int]]] = {}
        self._of_row: dict[int, set[Pair]] = {}

    def __len__(self) -> int:
        return len(self.last)

    def __contains__(self, pair: Pair) -> bool:
        return pair in self.last

    def add(self, pair: Pair, subjects: list[tuple[int, int]], told: int) -> None:
        """Wait for the next run of a rule; ``subjects`` are what may run it."""
        self.last[pair] = told
        self._subjects[pair] = subjects
        self._of_row.setdefault(pair[0], set()).add(pair)
        for subject in subjects:
            self._by_subject.setdefault(subject, set()).add(pair)

    def discard(self, pair: Pair) -> None:
        """Wait no more."""
        if self.last.pop(pair, None) is None:
            return
        _drop(self._of_row, pair[0], pair)
        for subject in self._subjects.pop(pair):
            _drop(self._by_subject, subject, pair)

    def discard_row(self, row: int) -> None:
        """Wait for a rule no more, under any key."""
        for pair in list(self._of_row.get(row, ())):
            self.discard(pair)

    def told(self, pair: Pair) -> int | None:
        """Give what a rule last told; none if it is not waited for."""
        return self.last.get(pair)

    def on(self, series: int, keys: set[int]) -> set[Pair]:
        """Name the rules that wait for an event of some keys."""
        subjects: Iterable[tuple[int, int]] = self._by_subject
        if len(keys) < len(self._by_subject):
            subjects = [(series, key) for key in keys]
        found: set[Pair] = set()
        for subject in subjects:
            if subject[0] == series and subject[1] in keys:
                found |= self._by_subject.get(subject, set())
        return found


def tell_at_runs(
    changes: list[Change], runs: list[int], told: int | None, truth: int
) -> tuple[list[Change], int, int]:
    """Say what one rule tells at its runs in a batch.

    1. The truth moves with every change, in order of events.
    2. At a run it is told if it is not what was told last.
    3. A crossing is told at its own event, or at the next run, once.

    Args:
        changes: the changes of its truth, by event.
        runs: the events that run it, in order.
        told: what it told last; none for its truth before the batch.
        truth: its truth before the batch.

    Returns:
        The changes to tell, what was told last (``CROSSED`` if a crossing waits to be),
        and the truth after the batch.
    """
    said: list[Change] = []
    last = truth if told is None else told
    crossed = last == CROSSED
    coming = list(changes)
    for run in [*runs, None]:
        while coming and (run is None or coming[0][0] <= run):
            _, _, _, after = coming.pop(0)
            crossed = crossed or after == CROSSED
            truth = FALSE if after == CROSSED else after
        if run is None:
            break
        if crossed:
            said.append((run, 0, FALSE, CROSSED))
            crossed = False
        elif truth != last:
            said.append((run, 0, UNKNOWN if last == NOT_TOLD else last, truth))
        last = truth
    return said, CROSSED if crossed else last, truth


def _drop(sets: dict[Key, set[Pair]], key: Key, pair: Pair) -> None:
    pairs = sets[key]
    pairs.discard(pair)
    if not pairs:
        del sets[key]
