"""What an edit of a rule would have added and removed, alert by alert."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any, Final

from django.conf import settings

from datasets.services import Period
from rules.services.backtesting import read_asked_period, read_draft
from rules.services.comparisons import Comparison
from rules.services.judged_edits import Draft, EditJudging
from rules.services.woven_edits import compare_woven
from workspaces.access import Access

#: How far back an edit is compared unless a period is asked for.
COMPARED: Final = timedelta(days=30)


def read_edit(
    access: Access,
    definition: Mapping[str, Any],  # Any: the engine judges it
    standing: Mapping[str, Any],  # Any: a definition that was saved
    addresses: Mapping[str, str],
) -> tuple[Draft, Draft]:
    """Read a rule as edited, and as it stands.

    Raises:
        RuleInvalid: with one error per wrong place of the definition.
    """
    spec, lanes = read_draft(access, definition, addresses)
    known, its_lanes = read_draft(access, standing, {})
    # A lane that moves on while it is read twice is to be one and the same.
    same = {lane.pk: lane for lane in lanes}
    its_lanes = [same.get(lane.pk, lane) for lane in its_lanes]
    return Draft(spec=spec, lanes=lanes), Draft(spec=known, lanes=its_lanes)


def read_compared_period(
    edited: Draft, since: str, until: str, now: datetime
) -> Period:
    """Read over which times an edit is compared; the last 30 days if both are blank.

    Raises:
        PeriodInvalid: naming since or until.
    """
    if not since and not until:
        return Period(earliest=now - COMPARED)
    return read_asked_period(edited.lanes[0], since, until)


def compare_at_once(
    edited: Draft, standing: Draft, period: Period, now: datetime
) -> Comparison | None:
    """Compare an edit with the rule as it stands; none if that takes too long.

    Columns answer, if they can for both and one lane judges both, or say what the
    engine must see. Else it judges both, if no more than half of
    `BELLWETHER_BACKTEST_EVENTS` are stored.
    """
    compared = compare_woven(edited, standing, period, now)
    if compared is not None:
        return compared
    judging = EditJudging(
        edited,
        standing,
        period=period,
        compared=period,
        most_events=settings.BELLWETHER_BACKTEST_EVENTS // 2,
    )
    if judging.is_cut:
        return None
    for _ in judging.steps():
        pass
    return judging.end(now).compared
