"""What can be said against a draft from what is stored, and how long it is kept."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Final

from datasets.models import Lane
from rules.engine import Problem, Specification, Trace, say_duration
from rules.services.columnar import survey_rule
from rules.services.facts import series_of
from rules.services.gathering import MICROSECOND, instant_of

#: More alerts a day than one for every waking hour are hardly read one by one.
NOISY: Final = 20
#: How much of the newest past tells how noisy a draft would be.
_LOOKED_BACK = timedelta(days=7)
_DAY = timedelta(days=1)
#: Of a longer history an answer takes longer than people wait while they type.
_MOST_EVENTS = 2_000_000


def past_cautions_of(
    spec: Specification, lane: Lane, *, now: datetime
) -> Iterator[Problem]:
    """Find what a draft's author may not expect of its alerts, and of its windows."""
    yield from _noisy(spec, lane, now)
    yield from _outlived(spec, lane)


def _noisy(spec: Specification, lane: Lane, now: datetime) -> Iterator[Problem]:
    """Find that it would have raised many alerts a day, where columns can tell."""
    survey = survey_rule(spec=spec, lane=lane, now=now)
    if survey is None or len(survey.history.records) > _MOST_EVENTS:
        return
    latest = survey.history.span(None, None, None).latest
    if latest is None:
        return
    since = latest - _LOOKED_BACK // MICROSECOND
    span = survey.history.span(None, since, None)
    if span.earliest is None or span.latest is None:
        return
    length = instant_of(span.latest) - instant_of(span.earliest)
    alerts = survey.answer.between(since, None).count_begun()
    a_day = round(alerts / (length / _DAY)) if length >= _DAY else 0
    if a_day > NOISY:
        yield Problem(
            pointer="/when",
            code="noisy",
            detail=f"Over the newest {say_duration(_in_hours(length))} of data this "
            f"would have raised {alerts:,} alerts, about {a_day:,} a day. If nobody "
            "reads so many, ask for more, or be told only when it starts.",
        )


def _in_hours(length: timedelta) -> timedelta:
    return timedelta(hours=round(length / timedelta(hours=1)))


def _outlived(spec: Specification, lane: Lane) -> Iterator[Problem]:
    """Find windows that reach further back than records are kept."""
    if lane.dataset.retention_seconds is None:
        return
    kept = timedelta(seconds=lane.dataset.retention_seconds)
    for pointer, condition in spec.conditions():
        window = condition.window
        if window is None or window.length is None or window.length <= kept:
            continue
        if condition.fact.series != series_of(lane.dataset):
            continue
        member = "within" if window.take is Trace.EXTREMES else "over"
        yield Problem(
            pointer=f"{pointer}/{member}",
            code="window_outlives_records",
            detail=f"Records of {series_of(lane.dataset)} are kept for "
            f"{say_duration(kept)}, and this reaches back {say_duration(window.length)}"
            ": live it is exact, but no look back or explanation sees all of it.",
        )
