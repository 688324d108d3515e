"""What a rule would have done, alert by alert, so that two rules can be compared."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass

from datasets.models import Lane
from datasets.services import Period
from rules.services.backtests import Backtest, Hit
from rules.services.columnar import Survey

Moment = tuple[int, int, str, str]
"""Where an alert begins: sequence, order, key; the time too, if time alone began it.

Over several logs: its time in microseconds, order, key, and where its event stands.
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class JudgedPast:
    """What the engine found, over the log from `starts` on."""

    backtest: Backtest
    starts: tuple[int, int]
    alerts: Mapping[Moment, Hit]

    def begun(self) -> set[Moment]:
        """Name the alerts."""
        return set(self.alerts)

    def tell(self, moments: Collection[Moment]) -> Sequence[Hit]:
        """Tell of some of them."""
        return [self.alerts[one] for one in sorted(moments)]


class SurveyedPast:
    """What columns found, over all of the log.

    Raises:
        ColumnsDisagree: the engine does not find true what columns did.
    """

    def __init__(self, survey: Survey, period: Period) -> None:
        self.survey = survey
        self.period = period
        self.backtest = survey.tell(period)
        self.starts = (0, 0)

    def begun(self) -> set[Moment]:
        """Name the alerts."""
        return {(*place, "") for place in self.survey.begun(self.period)}

    def tell(self, moments: Collection[Moment]) -> Sequence[Hit]:
        """Tell of some of them."""
        wanted = {(seq, ord_, key) for seq, ord_, key, _ in moments}
        return self.survey.tell_of(self.period, wanted)


def moment_of(hit: Hit, lane: Lane) -> Moment:
    """Name the moment of an alert.

    What the sweep would have found has no place in the log yet: its time tells it.
    """
    seq, ord_ = hit.position.seq, hit.position.ord
    if seq >= lane.next_seq:
        return lane.next_seq, 0, hit.key, hit.at.isoformat()
    return seq, ord_, hit.key, ""
