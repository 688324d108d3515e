"""A rule's threshold as a picture: the values, the alerts, and what other levels do."""

from __future__ import annotations

import logging
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from math import inf
from types import MappingProxyType
from typing import Any, Final

from datasets.services import Period
from rules.columns.history import choose_levels
from rules.services.backtests import Backtest, CurvePoint
from rules.services.columnar import ColumnsDisagree, Survey, survey_rule
from rules.services.definitions import read_definition
from rules.services.previewing import with_outputs
from workspaces.access import Access

logger = logging.getLogger(__name__)

#: Levels of the curve, up to so many rows: at most what a picture has room for.
_LEVELS: Final = ((300_000, 60), (3_000_000, 40), (inf, 20))
#: Points of a picture, and alerts that are marked in it: the newest.
POINTS: Final = 1_500
MARKS: Final = 500
_KEYS = 20
_DAY = timedelta(days=1)


@dataclass(frozen=True, slots=True, kw_only=True)
class Trace:
    """Points of a picture: instants in seconds since 1970, and a value at each."""

    at: Sequence[float]
    values: Sequence[float]


@dataclass(frozen=True, slots=True, kw_only=True)
class Threshold:
    """What a rule's one level decides over the stored history.

    `key` is drawn, of the `keys` that one may choose. `marks` are its newest alerts,
    of all `marked`. `series` and `curve` are None if they were not asked for: they do
    not change with the level.
    """

    found: Backtest
    level: Decimal
    op: str
    key: str
    keys: Sequence[str]
    marks: Trace
    marked: int
    series: Trace | None = None
    curve: Sequence[CurvePoint] | None = None


def draw_threshold(
    *,
    access: Access,
    definition: Mapping[str, Any],  # Any: the engine judges it
    now: datetime,
    key: str = "",
    is_whole: bool = True,
    addresses: Mapping[str, str] = MappingProxyType({}),
) -> Threshold | None:
    """Draw what a draft's level would have done; None unless columns answer for it.

    Without `is_whole` only what follows the level is told: quick enough to be asked
    for while it is dragged.

    Raises:
        RuleInvalid: with one error per wrong place of the definition.
    """
    spec, lane = read_definition(access=access, definition=definition)
    for address, pace in addresses.items():
        spec = with_outputs(spec, [address], pace)
    survey = survey_rule(spec=spec, lane=lane, now=now)
    if survey is None or survey.question.level is None:
        return None
    try:
        found = survey.tell(Period(), most_hits=1)
    except ColumnsDisagree:
        logger.exception("columns and engine disagree", extra={"lane": lane.pk})
        return None
    keys = _keys_of(survey, found)
    drawn = key if key in keys else keys[0] if keys else ""
    marks, marked = survey.marks(drawn, MARKS)
    return Threshold(
        found=found,
        level=Decimal(survey.question.level),
        op=survey.question.op,
        key=drawn,
        keys=keys,
        marks=Trace(at=marks[0], values=marks[1]),
        marked=marked,
        series=_series(survey, drawn) if is_whole else None,
        curve=curve_of(survey, Period(), found) if is_whole else None,
    )


def curve_of(
    survey: Survey, period: Period, found: Backtest
) -> tuple[CurvePoint, ...] | None:
    """Count the alerts of many levels, of a rule that has one."""
    question = survey.question
    if question.level is None:
        return None
    measured = survey.history.measured(question, survey.answer)
    # A level of a million rows takes about 15 ms: a curve of fewer levels will do.
    count = next(count for rows, count in _LEVELS if len(measured) <= rows)
    levels = choose_levels(measured, count=count, with_level=question.level)
    if question.move:
        levels = [one for one in levels if one > 0]
    counts = survey.count_at(levels, period)
    weeks = _weeks(found)
    return tuple(
        CurvePoint(
            value=Decimal(level),
            alerts=count,
            per_week=None if weeks is None else round(count / weeks, 2),
        )
        for level, count in zip(levels, counts, strict=True)
    )


def _weeks(found: Backtest) -> Decimal | None:
    """Give how many weeks were looked at; less than a day says nothing of a week."""
    if found.earliest is None or found.latest is None:
        return None
    length = found.latest - found.earliest
    if length < _DAY:
        return None
    return Decimal(length / _DAY) / 7


def _keys_of(survey: Survey, found: Backtest) -> list[str]:
    """Name keys worth drawing: those of most alerts, then those of most events."""
    if survey.key is not None:
        return [survey.key]
    busy = survey.history.busiest(_KEYS)
    named = [key for key, _ in found.per_key]
    return list(dict.fromkeys([*named, *busy]))[:_KEYS]


def _series(survey: Survey, key: str) -> Trace:
    at, values = survey.series(key, POINTS)
    return Trace(at=at, values=values)
