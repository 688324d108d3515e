"""A rule's threshold as a picture: the values, the alerts, and what other levels do."""

from __future__ import annotations

import logging
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from enum import StrEnum
from math import inf
from types import MappingProxyType
from typing import Any, Final

from config.celery import Task, nudge
from datasets.models import Lane
from datasets.services import Period, backlog_of
from rules.columns.history import choose_levels, question_of
from rules.engine import Specification
from rules.services.backtests import Backtest, CurvePoint
from rules.services.columnar import Survey, survey_rule
from rules.services.definitions import read_definition
from rules.services.facts import series_of
from rules.services.histories import Preparing, preparing_of
from rules.services.homes import is_spread
from rules.services.previewing import with_outputs
from rules.services.witnesses import ColumnsDisagree
from workspaces.access import Access

logger = logging.getLogger(__name__)

#: Levels of the curve, up to so many rows: at most what a picture has room for.
_LEVELS: Final = ((300_000, 60), (3_000_000, 40), (inf, 20))
#: Points of a picture, and alerts that are marked in it: the newest.
POINTS: Final = 1_500
MARKS: Final = 500
_KEYS = 20
_DAY = timedelta(days=1)
#: A curve may be asked for in so many shares, each of levels all over the range.
SHARES: Final = 4
#: From so many events on that wait to be judged, the history is still coming in.
_MUCH: Final = 1_000


class Part(StrEnum):
    """What is asked of a threshold: all but the curve, that, or what moves with it."""

    WHOLE = "whole"
    CURVE = "curve"
    LEVEL = "level"


@dataclass(frozen=True, slots=True, kw_only=True)
class Trace:
    """Points of a picture: instants in seconds since 1970, and a value at each."""

    at: Sequence[float]
    values: Sequence[float]


@dataclass(frozen=True, slots=True, kw_only=True)
class Threshold:
    """What a rule's one level decides over the stored history.

    `key` is drawn, of the `keys` that one may choose. `marks` are its newest alerts,
    of all `marked`. `series`, and the `levels` that are worth asking about, are None if
    they were not asked for: they do not change with the level. `is_growing` says that
    more history is on its way.
    """

    found: Backtest
    level: Decimal
    op: str
    key: str
    keys: Sequence[str]
    marks: Trace
    marked: int
    series: Trace | None = None
    levels: Sequence[Decimal] | None = None
    is_growing: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class NotDrawn:
    """Why a draft has no picture although it has one level."""

    reason: str


def draw_threshold(
    *,
    access: Access,
    definition: Mapping[str, Any],  # Any: the engine judges it
    now: datetime,
    key: str = "",
    part: Part = Part.WHOLE,
    share: int = 0,
    addresses: Mapping[str, str] = MappingProxyType({}),
) -> Threshold | Preparing | NotDrawn | Sequence[CurvePoint] | None:
    """Draw what a draft's level would have done; None unless columns answer for it.

    The curve is for itself and in shares, because it takes as long as all of its
    levels; what follows the level is quick enough to be asked for while it is dragged.
    Columns that are only being made are rung for.

    Raises:
        RuleInvalid: with one error per wrong place of the definition.
    """
    spec, lane = read_definition(access=access, definition=definition)
    for address, pace in addresses.items():
        spec = with_outputs(spec, [address], pace)
    survey = survey_rule(spec=spec, lane=lane, now=now)
    if survey is None:
        return _preparing(spec, lane)
    if survey.question.level is None:
        return None
    try:
        found = survey.tell(Period(), most_hits=1)
    except ColumnsDisagree:
        logger.exception("columns and engine disagree", extra={"lane": lane.pk})
        return None
    if part is Part.CURVE:
        return curve_of(survey, Period(), found, share=share)
    return _threshold(survey, found, lane, key, is_whole=part is Part.WHOLE)


def _preparing(spec: Specification, lane: Lane) -> Preparing | NotDrawn | None:
    """Say how far the columns are that would answer; none if they never will."""
    question = question_of(spec)
    if question is None or question.level is None:
        return None
    if is_spread(spec, lane):
        return NotDrawn(
            reason=f"{series_of(lane.dataset)} is divided into shards, so there is no "
            "picture of a rule on any of its keys; name one key to see its."
        )
    preparing = preparing_of(lane, question.fact)
    if preparing is not None:
        nudge(Task.SWEEP_SEGMENTS)
    return preparing


def _threshold(
    survey: Survey, found: Backtest, lane: Lane, key: str, *, is_whole: bool
) -> Threshold:
    keys = _keys_of(survey, found)
    drawn = key if key in keys else keys[0] if keys else ""
    marks, marked = survey.marks(drawn, MARKS)
    return Threshold(
        found=found,
        level=Decimal(survey.question.level or 0),
        op=survey.question.op,
        key=drawn,
        keys=keys,
        marks=Trace(at=marks[0], values=marks[1]),
        marked=marked,
        series=_series(survey, drawn) if is_whole else None,
        levels=_levels_of(survey) if is_whole else None,
        is_growing=is_whole and backlog_of(lane) >= _MUCH,
    )


def curve_of(
    survey: Survey, period: Period, found: Backtest, *, share: int | None = None
) -> tuple[CurvePoint, ...] | None:
    """Count the alerts of many levels, or of a share of them, if a rule has one."""
    if survey.question.level is None:
        return None
    levels = _levels_of(survey)
    if share is not None:
        levels = levels[share::SHARES]
    counts = survey.count_at(levels, period)
    weeks = _weeks(found)
    return tuple(
        CurvePoint(
            value=level,
            alerts=count,
            per_week=None if weeks is None else round(count / weeks, 2),
        )
        for level, count in zip(levels, counts, strict=True)
    )


def _levels_of(survey: Survey) -> list[Decimal]:
    """Choose the levels of the curve, the rule's own among them."""
    question = survey.question
    measured = survey.history.measured(question, survey.answer)
    # A level of a million rows takes about 15 ms: a curve of fewer levels will do.
    count = next(count for rows, count in _LEVELS if len(measured) <= rows)
    levels = choose_levels(measured, count=count, with_level=question.level or 0)
    if question.move:
        levels = [one for one in levels if one > 0]
    return [Decimal(one) for one in levels]


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
