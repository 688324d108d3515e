"""What can be said against a draft that could be saved, from what its data are like."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta
from difflib import get_close_matches
from itertools import pairwise
from statistics import median
from typing import Final

from datasets.models import Fact, Lane, Record
from rules.engine import (
    FactPath,
    Mode,
    Problem,
    RuleKind,
    Specification,
    find_cautions,
    say_duration,
    subject_of,
)
from rules.services.facts import series_of, traits_of
from rules.services.past_cautions import past_cautions_of
from workspaces.refusals import FieldError

#: Events between which the usual gap is taken, the newest; and gaps that say anything.
_EVENTS: Final = 300
_GAPS_NEEDED: Final = 5
#: Keys among which one like a name that was never seen is looked for.
_KEYS: Final = 5_000


def cautions_of(spec: Specification, lane: Lane, *, now: datetime) -> list[FieldError]:
    """Find what a draft's author may not have meant; none of it is in the way.

    Pointers are into the canonical definition.
    """
    found = [
        *find_cautions(spec),
        *_never_seen(spec, lane),
        *_short_holds(spec, lane),
        *_told_every_time(spec),
        *_over(spec, now),
        *past_cautions_of(spec, lane, now=now),
    ]
    return [
        FieldError(pointer=one.pointer, code=one.code, detail=one.detail)
        for one in found
    ]


def _never_seen(spec: Specification, lane: Lane) -> Iterator[Problem]:
    """Find facts of keys of which nothing has ever come."""
    traits = traits_of(lane.dataset)
    own = series_of(lane.dataset)
    facts = [one for one in _placed(spec) if one[1].series == own]
    named = {subject_of(one, "", traits)[1] for _, one in facts if not one.any_key}
    known = Fact.objects.own().filter(dataset=lane.dataset_id)
    seen = set(known.filter(key__in=named).values_list("key", flat=True))
    for pointer, fact in facts:
        key = subject_of(fact, "", traits)[1]
        if fact.any_key or key in seen:
            continue
        seen.add(key)
        others = known.order_by("key").values_list("key", flat=True)[:_KEYS]
        near = get_close_matches(key, others, n=1)
        mend = f"did you mean {near[0]}?" if near else "mind how it is spelled."
        yield Problem(
            pointer=pointer,
            code="key_never_seen",
            detail=f"Nothing has come of the key {key} yet; {mend}",
        )


def _placed(spec: Specification) -> Iterator[tuple[str, FactPath]]:
    for pointer, condition in spec.conditions():
        places = zip(condition.facts, ("fact", "value"), strict=False)
        for fact, place in places:
            yield f"{pointer}/{place}", fact


def _short_holds(spec: Specification, lane: Lane) -> Iterator[Problem]:
    """Find holds that are over before another event could have a say."""
    holds = (("/hold", spec.hold), ("/recover/hold", spec.recover.hold))
    asked = [(pointer, hold) for pointer, hold in holds if hold]
    gap = _usual_gap(spec, lane) if asked else None
    for pointer, hold in asked if gap is not None else ():
        if gap is not None and hold < gap:
            yield Problem(
                pointer=pointer,
                code="hold_below_gap",
                detail=f"Events of a key usually come {say_duration(gap)} apart, so "
                f"{say_duration(hold)} are over before another is seen: one event "
                "alone decides.",
            )


def _usual_gap(spec: Specification, lane: Lane) -> timedelta | None:
    """Return the median time between events of one key; None if too few are stored."""
    records = Record.objects.filter(dataset=lane.dataset_id).current()
    if not spec.any_key:
        key = subject_of(spec.leading_fact, "", traits_of(lane.dataset))[1]
        records = records.filter(key=key)
    times: dict[str, list[datetime]] = defaultdict(list)
    newest = records.order_by("-event_time", "-batch_id", "-ord")
    for key, at in newest.values_list("key", "event_time")[:_EVENTS]:
        times[key].append(at)
    gaps = [gap.total_seconds() for mine in times.values() for gap in _gaps(mine)]
    if len(gaps) < _GAPS_NEEDED:
        return None
    return timedelta(seconds=round(median(gaps)))


def _gaps(newest_first: Sequence[datetime]) -> Iterator[timedelta]:
    for later, earlier in pairwise(newest_first):
        yield later - earlier


def _told_every_time(spec: Specification) -> Iterator[Problem]:
    if spec.kind is not RuleKind.SIGNAL or spec.mode is not Mode.EVERY_MATCH:
        return
    for place, use in enumerate(spec.outputs):
        if not use.cool_down:
            yield Problem(
                pointer=f"/outputs/{place}/at_most_every",
                code="told_every_time",
                detail=f"{use.output} is told of every event that passes, however many "
                "come; say at most how often.",
            )


def _over(spec: Specification, now: datetime) -> Iterator[Problem]:
    if spec.expires_at is not None and spec.expires_at <= now:
        yield Problem(
            pointer="/expires_at",
            code="over_already",
            detail="This end has passed, so the rule would never raise.",
        )
