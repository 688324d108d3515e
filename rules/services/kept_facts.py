"""The facts of keys that a lane met lately, for as long as its program is kept."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from rules.engine import KeyFacts
from rules.services.lane_state import FactKey

KEPT = 10_000
"""Keys whose facts are kept; those of others are read when they are met again."""


class KeptFacts:
    """Facts as they are now, those met last at the end.

    What is stored of them only the lane's drain changes, which keeps them in step.
    """

    def __init__(self) -> None:
        self._facts: dict[FactKey, KeyFacts] = {}

    def find(self, wanted: Iterable[FactKey]) -> dict[FactKey, KeyFacts]:
        """Return those of some subjects that are kept."""
        known = self._facts
        return {subject: known[subject] for subject in wanted if subject in known}

    def keep(self, facts: Mapping[FactKey, KeyFacts]) -> None:
        """Take in facts as they are from now on, and let go of those met long ago."""
        for subject, one in facts.items():
            self._facts.pop(subject, None)
            self._facts[subject] = one
        for subject in list(self._facts)[:-KEPT] if len(self._facts) > KEPT else ():
            del self._facts[subject]

    def forget(self, series: str) -> None:
        """Let go of what is known of a dataset."""
        for subject in [one for one in self._facts if one[0] == series]:
            del self._facts[subject]
