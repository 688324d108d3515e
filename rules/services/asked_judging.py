"""What judges a back-test that was asked for in the background."""

from __future__ import annotations

from datetime import datetime
from typing import Final

from rules.models import BacktestRun
from rules.services.backtesting import read_asked_period, read_draft, survey_waiting
from rules.services.comparing import read_compared_period, read_edit
from rules.services.judged_edits import EditJudging
from rules.services.judged_pasts import PastJudging
from rules.services.woven_edits import EditWeaving, weave_edit
from rules.services.woven_pasts import WovenJudging, weave_past
from workspaces.access import open_for_system

#: The newest events that are judged in the background; some minutes of one core.
MOST_EVENTS: Final = 5_000_000
Judging = PastJudging | WovenJudging | EditJudging | EditWeaving


def judging_for(run: BacktestRun, now: datetime, *, by_columns: bool = True) -> Judging:
    """Begin to judge what was asked for: by columns where they tell what may matter.

    Raises:
        RuleInvalid: what was asked for cannot be judged any more.
    """
    asked = run.request
    access = open_for_system(workspace=run.workspace)
    definition, addresses = asked["definition"], asked["addresses"]
    since, until = asked["since"], asked["until"]
    if "standing" in asked:
        edited, standing = read_edit(access, definition, asked["standing"], addresses)
        period = read_asked_period(edited.lanes[0], since, until)
        compared = read_compared_period(edited, since, until, run.created_at)
        weaving = None
        if by_columns:
            weaving = weave_edit(edited, standing, period, compared, now)
        return weaving or EditJudging(
            edited, standing, period=period, compared=compared
        )
    spec, lanes = read_draft(access, definition, addresses)
    period = read_asked_period(lanes[0], since, until)
    woven = weave_past(spec, lanes, period, now) if by_columns else None
    return woven or PastJudging(
        spec,
        lanes,
        period,
        most_events=MOST_EVENTS,
        waiting=survey_waiting(spec, lanes, now),
    )
