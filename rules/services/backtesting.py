"""What a draft would have done over the history that its dataset keeps."""

from __future__ import annotations

import logging
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from types import MappingProxyType
from typing import Any

from django.conf import settings

from datasets.models import Lane
from datasets.services import Period, read_period, read_zone
from rules.engine import Specification
from rules.services.awaiting import Undecided
from rules.services.backtests import Backtest
from rules.services.charting import curve_of
from rules.services.columnar import Survey, survey_rule
from rules.services.definitions import foreign_lanes, read_definition
from rules.services.divided_pasts import DividedPast
from rules.services.judged_pasts import PastJudging
from rules.services.pasts import JudgedPast, SurveyedPast
from rules.services.previewing import with_outputs
from rules.services.witnesses import ColumnsDisagree
from rules.services.woven_pasts import weave_past
from workspaces.access import Access

logger = logging.getLogger(__name__)

_NO_TIME = timedelta()
Past = SurveyedPast | DividedPast | JudgedPast


def backtest_rule(
    *,
    access: Access,
    definition: Mapping[str, Any],  # Any: the engine judges it
    now: datetime,
    since: str = "",
    until: str = "",
    addresses: Mapping[str, str] = MappingProxyType({}),
    with_curve: bool = False,
) -> Backtest:
    """Say what a draft would have done, had it been on all the time; store nothing.

    `since` and `until` are times or days as people write them, blank where open; they
    choose what is counted. `addresses` are outputs that saving would make, each with
    the least time between tellings. `with_curve` asks what other levels would do.

    A rule over several datasets is judged by their logs as one: what its home was told
    of stands where it was told of it, all else by the time of its receipt.

    1. Columns answer for a rule of plain conditions (`rules.columns.history`), over all
       that is stored. What follows is for the others.
       Of what has to last they know as well, but for events that ran no rule; then
       they name the keys, of any, under which it was true at all.
       Of reminders, a ladder, silence, what has to last within a condition, and of
       several keys or datasets they name the events that may matter, and a program
       that holds the draft alone judges these, over all that is stored as well.
    2. The newest `BELLWETHER_BACKTEST_EVENTS` of the lane's log are read in its order,
       replaced records included, ignored duplicates not. Of a rule that names its keys
       only those of these count, as far as ten times as many of all keys reach back.
       So an answer takes about 3 s of one core at most.
    3. A program that holds the draft alone judges them, by `step` as live. It begins
       without facts and states, so what comes before `since` is judged as well.
    4. Timers are fired by the data; after the last event those that the sweep would
       have found by `now` fire too. Where the sweep had come before an event of the
       key live, the step differs in its position, not in its time.

    Raises:
        RuleInvalid: with one error per wrong place of the definition.
        PeriodInvalid: naming since or until.
    """
    spec, lanes = read_draft(access, definition, addresses)
    period = read_asked_period(lanes[0], since, until)
    past = _past_at_once(spec, lanes, period, now)
    if past is None:
        past = _judged(_judging(spec, lanes, period, now), now)
    return _told(past, period, with_curve=with_curve)


def backtest_at_once(
    *,
    access: Access,
    definition: Mapping[str, Any],  # Any: the engine judges it
    now: datetime,
    since: str = "",
    until: str = "",
    addresses: Mapping[str, str] = MappingProxyType({}),
    with_curve: bool = False,
) -> Backtest | None:
    """Answer as `backtest_rule` does, but not of a part of what is stored.

    None says that only a part could be judged while somebody waits.
    """
    spec, lanes = read_draft(access, definition, addresses)
    period = read_asked_period(lanes[0], since, until)
    past = _past_at_once(spec, lanes, period, now)
    if past is None:
        judging = _judging(spec, lanes, period, now)
        past = None if judging.is_cut else _judged(judging, now)
    return None if past is None else _told(past, period, with_curve=with_curve)


def _past_at_once(
    spec: Specification, lanes: Sequence[Lane], period: Period, now: datetime
) -> Past | None:
    """Answer by columns of all that is stored, alone or with the engine's help."""
    surveyed = survey_past(spec, lanes, period, now)
    return surveyed or _woven_past(spec, lanes, period, now)


def _woven_past(
    spec: Specification, lanes: Sequence[Lane], period: Period, now: datetime
) -> JudgedPast | None:
    """Let the engine see what may matter, if it has so much time while somebody waits.

    How much that is shows on the way: timers and what they change come on top.
    """
    most = settings.BELLWETHER_BACKTEST_EVENTS
    judging = weave_past(spec, lanes, period, now)
    if judging is None or judging.turns > most:
        return None
    try:
        for _ in judging.steps():
            if judging.seen > most:
                return None
        return judging.end(now)
    except Undecided:
        return None
    except ColumnsDisagree:
        logger.exception("columns and engine disagree", extra={"lane": lanes[0].pk})
        return None


def _told(past: Past, period: Period, *, with_curve: bool) -> Backtest:
    if not with_curve or not isinstance(past, SurveyedPast):
        return past.backtest
    return replace(past.backtest, curve=curve_of(past.survey, period, past.backtest))


def read_asked_period(home: Lane, since: str, until: str) -> Period:
    """Read between which times is counted.

    Raises:
        PeriodInvalid: naming since or until.
    """
    return read_period(
        zone=read_zone(home.dataset.zone),
        since=since,
        until=until,
        since_name="since",
        until_name="until",
    )


def read_draft(
    access: Access,
    definition: Mapping[str, Any],  # Any: the engine judges it
    addresses: Mapping[str, str],
) -> tuple[Specification, list[Lane]]:
    """Read a draft, and the lanes that decide of it, home first.

    Of what goes with its alerts and decides nothing no lane is among them.

    Raises:
        RuleInvalid: with one error per wrong place of the definition.
    """
    spec, home = read_definition(access=access, definition=definition)
    foreign = foreign_lanes(access=access, spec=spec, home=home, facts=spec.facts)
    for address, pace in addresses.items():
        spec = with_outputs(spec, [address], pace)
    return spec, [home, *foreign]


def _judging(
    spec: Specification, lanes: Sequence[Lane], period: Period, now: datetime
) -> PastJudging:
    return PastJudging(
        spec,
        lanes,
        period,
        # So many as are the default, of 25 fields, took 2.0 to 2.4 s whatever the rule.
        most_events=settings.BELLWETHER_BACKTEST_EVENTS,
        waiting=survey_waiting(spec, lanes, now),
    )


def survey_waiting(
    spec: Specification, lanes: Sequence[Lane], now: datetime
) -> Survey | None:
    """Ask the columns when what has to last was true, of a rule on any key.

    None if they cannot tell, or nothing has to last.
    """
    at_once = replace(spec, hold=_NO_TIME, recover=replace(spec.recover, hold=_NO_TIME))
    if len(lanes) > 1 or not spec.any_key or at_once == spec:
        return None
    survey = survey_rule(spec=at_once, lane=lanes[0], now=now)
    # Of a named key beside others all events are to be seen.
    return None if survey is None or survey.question.beside else survey


def _judged(judging: PastJudging, now: datetime) -> JudgedPast:
    for _ in judging.steps():
        pass
    return judging.end(now)


def survey_past(
    spec: Specification, lanes: Sequence[Lane], period: Period, now: datetime
) -> SurveyedPast | DividedPast | None:
    """Say what a checked rule would have done, if columns can tell of most keys.

    The others are the engine's, if it can judge them while somebody waits.
    """
    most = settings.BELLWETHER_BACKTEST_EVENTS
    survey = survey_rule(spec=spec, lane=lanes[0], now=now, most_apart=most)
    if survey is None:
        return None
    try:
        surveyed = SurveyedPast(survey, period)
        return _divided(surveyed, lanes, now) if survey.apart else surveyed
    except ColumnsDisagree:
        # The engine's word counts; the columns' is a fault to be found.
        logger.exception("columns and engine disagree", extra={"lane": lanes[0].pk})
        return None


def _divided(
    surveyed: SurveyedPast, lanes: Sequence[Lane], now: datetime
) -> DividedPast:
    survey = surveyed.survey
    judging = PastJudging(
        survey.spec,
        lanes,
        surveyed.period,
        most_events=settings.BELLWETHER_BACKTEST_EVENTS,
        only=survey.apart,
    )
    judged = _judged(judging, now)
    return DividedPast(surveyed, judged, judging.woken)
