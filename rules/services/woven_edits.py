"""An edit and the rule as it stands, of both of which the engine sees some events."""

from __future__ import annotations

import logging
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime

from django.conf import settings

from datasets.services import Period
from rules.services.awaiting import Undecided
from rules.services.backtesting import survey_past
from rules.services.backtests import Backtest, Hit
from rules.services.comparisons import Comparison, compare_pasts
from rules.services.judged_edits import Draft, EditFound
from rules.services.pasts import KnownPast, Moment, moment_of
from rules.services.witnesses import ColumnsDisagree
from rules.services.woven_pasts import WovenJudging, weave_past

logger = logging.getLogger(__name__)


class WovenPast:
    """What a draft would have done, alert by alert."""

    def __init__(self, judging: WovenJudging, backtest: Backtest) -> None:
        self._judging = judging
        self.backtest = backtest

    @property
    def last_seq(self) -> int:
        """Give the position of the newest event that was looked at."""
        return self._judging.last_seq

    def begun(self) -> Counter[Moment]:
        """Count the alerts by the moments at which they begin."""
        begun = self._judging.begun
        return Counter(moment for _, moments in begun for moment in moments)

    def tell(self, moments: Mapping[Moment, int]) -> Sequence[Hit]:
        """Tell of so many alerts of some moments, in the order of the lane.

        Raises:
            ColumnsDisagree: the engine does not find the same by what was sent.
        """
        left, found = Counter(moments), []
        asked = [
            seen
            for seen, own in self._judging.begun
            if any(left[moment] > 0 for moment in own)
        ]
        for hit in self._judging.alerts_of(asked):
            moment = moment_of(hit, self._judging.next_seq)
            if left[moment] > 0:
                left[moment] -= 1
                found.append(hit)
        return found


Side = KnownPast | WovenJudging


class EditWeaving:
    """An edit and the rule as it stands on their ways through the columns.

    Of the edit it is judged what is told of it (`found`) and what is compared
    (`after`). What columns answered alone is known already.
    """

    def __init__(self, found: Side, after: Side, before: Side) -> None:
        self._found, self._after, self._before = found, after, before
        sides = {id(one): one for one in (found, after, before)}
        self._ways = [one for one in sides.values() if isinstance(one, WovenJudging)]

    @property
    def read(self) -> int:
        """Count the events that are behind."""
        return sum(one.read for one in self._ways)

    @property
    def total(self) -> int:
        """Count the events that lie on the way."""
        return sum(one.total for one in self._ways)

    def sees_more_than(self, most: int) -> bool:
        """Tell whether the engine is to see more events of one of them."""
        return any(max(one.turns, one.seen) > most for one in self._ways)

    def steps(self) -> Iterator[None]:
        """Go on, and pause now and then."""
        for one in self._ways:
            yield from one.steps()

    def so_far(self) -> EditFound:
        """Tell what came about up to here; nothing is compared yet."""
        found, after, before = (
            one.so_far() if isinstance(one, WovenJudging) else one.backtest
            for one in (self._found, self._after, self._before)
        )
        compared = Comparison(
            before=before,
            after=after,
            added=0,
            removed=0,
            kept=0,
            added_hits=(),
            removed_hits=(),
        )
        return EditFound(backtest=found, compared=compared)

    def end(self, now: datetime) -> EditFound:
        """Let time go on to `now`, once all is behind, and compare what came about.

        Raises:
            ColumnsDisagree: the engine does not find the same by what was sent.
            Undecided: columns cannot tell which timers are found by now.
        """
        known: dict[int, KnownPast] = {
            id(one): WovenPast(one, one.end(now).backtest) for one in self._ways
        }
        found, after, before = (
            known[id(one)] if isinstance(one, WovenJudging) else one
            for one in (self._found, self._after, self._before)
        )
        return EditFound(backtest=found.backtest, compared=compare_pasts(before, after))


def weave_edit(
    edited: Draft, standing: Draft, period: Period, compared: Period, now: datetime
) -> EditWeaving | None:
    """Begin to judge an edit by columns; none if the engine must see all there is."""
    if not _share_places(edited, standing):
        return None
    after, before = (_side(one, compared, now) for one in (edited, standing))
    found = after if period == compared else _side(edited, period, now)
    if found is None or after is None or before is None:
        return None
    return EditWeaving(found, after, before)


def compare_woven(
    edited: Draft, standing: Draft, period: Period, now: datetime
) -> Comparison | None:
    """Compare what columns know of an edit and of the rule as it stands.

    None if they do not know both, or the engine would have to see more of either than
    half of `BELLWETHER_BACKTEST_EVENTS`, as somebody waits.
    """
    most = settings.BELLWETHER_BACKTEST_EVENTS // 2
    try:
        weaving = weave_edit(edited, standing, period, period, now)
        if weaving is None or weaving.sees_more_than(most):
            return None
        for _ in weaving.steps():
            if weaving.sees_more_than(most):
                return None
        return weaving.end(now).compared
    except Undecided:
        return None
    except ColumnsDisagree:
        # The engine's word counts; the columns' is a fault to be found.
        logger.exception("columns and engine disagree")
        return None


def _side(draft: Draft, period: Period, now: datetime) -> Side | None:
    surveyed = survey_past(draft.spec, draft.lanes, period, now)
    return surveyed or weave_past(
        draft.spec, draft.lanes, period, now, keeps_alerts=True
    )


def _share_places(edited: Draft, standing: Draft) -> bool:
    """Tell whether one lane judges both, and places mean the same of both."""
    lanes, others = ([one.pk for one in draft.lanes] for draft in (edited, standing))
    return edited.home == standing.home and lanes == others
