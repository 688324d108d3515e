"""What a rule would have done, alert by alert, so that two rules can be compared."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Final, NamedTuple, Protocol

from datasets.services import Period
from rules.services.backtests import Backtest, Hit
from rules.services.columnar import Survey
from rules.services.gathering import microseconds_of

#: In place of a sequence: after the last event.
AFTER_ALL: Final = 2**62


class Moment(NamedTuple):
    """When an alert of a key begins, in the order of its lane; `at` in microseconds.

    Several of a key may begin at one moment. What the sweep would have found has no
    place in the log yet: its time tells it.
    """

    seq: int
    ord: int
    at: int
    key: str


def moment_of(hit: Hit, next_seq: int) -> Moment:
    """Name the moment of an alert; what comes after all has places from a next on."""
    is_after = hit.position.seq >= next_seq
    return Moment(
        seq=AFTER_ALL if is_after else hit.position.seq,
        ord=0 if is_after else hit.position.ord,
        at=microseconds_of(hit.at),
        key=hit.key,
    )


class KnownPast(Protocol):
    """What a rule would have done, alert by alert."""

    backtest: Backtest

    @property
    def last_seq(self) -> int:
        """Give the position of the newest event that was looked at."""

    def begun(self) -> Counter[Moment]:
        """Count the alerts by the moments at which they begin."""

    def tell(self, moments: Mapping[Moment, int]) -> Sequence[Hit]:
        """Tell of so many alerts of some moments, in the order of the lane."""


@dataclass(frozen=True, slots=True, kw_only=True)
class JudgedPast:
    """What the engine found; `alerts` are those that begin, if they were kept."""

    backtest: Backtest
    alerts: Sequence[Hit]


class SurveyedPast:
    """What columns found, over all of the log.

    Raises:
        ColumnsDisagree: the engine does not find true what columns did.
    """

    def __init__(self, survey: Survey, period: Period) -> None:
        self.survey = survey
        self.period = period
        self.backtest = survey.tell(period)

    @property
    def last_seq(self) -> int:
        """Give the position of the newest event that was looked at."""
        return self.survey.history.last_seq

    def begun(self) -> Counter[Moment]:
        """Count the alerts by the moments at which they begin."""
        return Counter(self._moments())

    def tell(self, moments: Mapping[Moment, int]) -> Sequence[Hit]:
        """Tell of so many alerts of some moments, in the order of the lane."""
        left, places = Counter(moments), []
        for place, moment in enumerate(self._moments()):
            if left[moment] > 0:
                left[moment] -= 1
                places.append((moment, place))
        chosen = [place for _, place in sorted(places)]
        return self.survey.tell_of(self.period, chosen)

    def _moments(self) -> Iterator[Moment]:
        for begun in self.survey.begun(self.period):
            yield Moment(
                seq=AFTER_ALL if begun.is_after else begun.seq,
                ord=0 if begun.is_after else begun.ord,
                at=begun.at,
                key=begun.key,
            )
