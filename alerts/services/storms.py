"""Storms: what a rule has for an output beyond its measure goes into one summary.

A summary is the delivery of the first message that was held. It gathers the others
until it is sent, and is claimed, tried and recorded as any delivery. Evaluation, the
alerts and the feed know nothing of it.
"""

from __future__ import annotations

import uuid
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Final

from django.conf import settings
from django.db import connection
from django.db.models import (
    Count,
    F,
    Max,
    Min,
    Prefetch,
    Q,
    prefetch_related_objects,
)

from alerts.models import (
    Delivery,
    DeliveryStatus,
    Output,
    Storm,
    Transition,
    TransitionKind,
    minute_of,
)
from alerts.outputs.base import Sample, Summary
from alerts.services.outputs import find_output
from alerts.services.rows import NewDelivery
from alerts.suppression import Suppression
from config.portions import portions
from workspaces.access import Access

#: A storm is told of so soon after it began, and then so often while it lasts.
GATHERING: Final = timedelta(seconds=10)
BETWEEN: Final = timedelta(minutes=1)
SAMPLES: Final = 10
#: Counts asked in one statement; SQLite takes a limited number of values.
_AT_ONCE = 500
#: Storms on the operations page.
_SHOWN = 20
_ENDS = frozenset({TransitionKind.RESOLVED, TransitionKind.CLOSED})

_Pair = tuple[int, int]


def fold_storms(deliveries: Iterable[NewDelivery], *, now: datetime) -> None:
    """Hold back, before they are stored, what is too much for their outputs.

    Part of the commit that decided them.

    1. Count what is to be told of each rule to each output. From then to the commit
       nobody else counts or gathers for these pairs, whichever lane they work on.
    2. Where this minute or the one before has more than the measure, hold all of the
       round's: the first becomes the summary, unless one gathers already.
    3. The end of an alert whose opening was told by itself is told by itself too.
    """
    pairs: dict[_Pair, list[NewDelivery]] = {}
    for one in deliveries:
        if one.is_queued:
            pairs.setdefault((one.rule_id, one.output_id), []).append(one)
    counted = _count({pair: len(some) for pair, some in pairs.items()}, now)
    for storm in Storm.objects.filter(pk__in=counted) if counted else ():
        _hold(storm, pairs[storm.rule_id, storm.output_id], now)


def end_gathering(*, summary: Delivery) -> None:
    """Let a summary that is about to be sent take in no more."""
    if summary.is_summary:
        Storm.objects.filter(gathering=summary).update(gathering=None)


def end_gatherings(*, output: Output) -> None:
    """Let none of an output's summaries take in more: they will not be sent."""
    Storm.objects.filter(output=output, gathering__isnull=False).update(gathering=None)


def summary_of(delivery: Delivery, *, alert_url: str) -> Summary | None:
    """Return what a summary tells; None of a delivery that tells of itself alone.

    `alert_url` is the address of an alert's page without the alert's id.
    """
    if not delivery.is_summary:
        return None
    gathered = Delivery.objects.filter(summary=delivery)
    kinds = gathered.values_list("transition__kind").annotate(count=Count("pk"))
    whole = gathered.aggregate(
        keys=Count("transition__key", distinct=True),
        since=Min("transition__recorded_at"),
        until=Max("transition__recorded_at"),
    )
    firsts = Transition.objects.filter(deliveries__summary=delivery).order_by("pk")
    return Summary(
        kinds=dict(kinds.order_by("transition__kind")),
        samples=tuple(
            Sample(
                key=one.key,
                kind=one.kind,
                reason=one.reason,
                at=one.at,
                alert_url=f"{alert_url}{one.alert_id}",
            )
            for one in firsts[:SAMPLES]
        ),
        measure=settings.BELLWETHER_STORM_MESSAGES,
        **whole,
    )


def show_output(*, access: Access, slug: str, now: datetime) -> Output:
    """Return an output whose `raging` are the storms that go into summaries now.

    Raises:
        OutputNotFound: also for outputs of other workspaces.
    """
    output = find_output(access=access, slug=slug)
    raging = Storm.objects.raging(now).select_related("rule").order_by("-told", "pk")
    prefetch_related_objects([output], Prefetch("storms", raging, to_attr="raging"))
    return output


def storms_of(*, access: Access, rule: uuid.UUID, now: datetime) -> list[Storm]:
    """Return the outputs that are told of a rule in summaries now, by name."""
    raging = Storm.objects.raging(now).select_related("output")
    storms = raging.filter(rule__workspace=access.workspace, rule__uuid=rule)
    return list(storms.order_by("output__name", "pk"))


def worst_storms(*, now: datetime) -> list[Storm]:
    """Return some of the storms that go on, whoever's they are, the worst first."""
    storms = Storm.objects.raging(now).select_related("rule", "output__workspace")
    return list(storms.order_by("-told", "pk")[:_SHOWN])


def _count(told: Mapping[_Pair, int], now: datetime) -> list[int]:
    """Count messages in one statement; return the ids of those that are storms.

    A round that began before another, of another lane, may come after it in the minute
    that the other began.
    """
    table, over = Storm._meta.db_table, []
    for some in portions(sorted(told), _AT_ONCE):
        rows = ", ".join(["(%s, %s, %s, %s, 0)"] * len(some))
        values = [(*pair, minute_of(now), told[pair]) for pair in some]
        with connection.cursor() as cursor:
            cursor.execute(
                f"INSERT INTO {table} (rule_id, output_id, minute, told, earlier)"  # noqa: S608 - our own table's name
                f" VALUES {rows} ON CONFLICT (rule_id, output_id) DO UPDATE SET"
                f" told = excluded.told + CASE WHEN {table}.minute - excluded.minute"
                f" IN (0, 1) THEN {table}.told ELSE 0 END,"
                f" earlier = CASE {table}.minute - excluded.minute"
                f" WHEN 0 THEN {table}.earlier WHEN 1 THEN {table}.earlier"
                f" WHEN -1 THEN {table}.told ELSE 0 END,"
                f" minute = CASE {table}.minute - excluded.minute"
                f" WHEN 1 THEN {table}.minute ELSE excluded.minute END"
                " RETURNING id, told, earlier",
                [value for row in values for value in row],
            )
            measure = settings.BELLWETHER_STORM_MESSAGES
            found = cursor.fetchall()
            over += [pk for pk, *counts in found if max(counts) > measure]
    return over


def _hold(storm: Storm, deliveries: Sequence[NewDelivery], now: datetime) -> None:
    held = _without_ends_told_apart(storm, deliveries)
    if held and storm.gathering_id is None:
        _begin_summary(storm, held.pop(0), now)
    for one in held:
        one.status = DeliveryStatus.SUPPRESSED.value
        one.reason = Suppression.STORM.value
        one.summary_id = storm.gathering_id


def _begin_summary(storm: Storm, first: NewDelivery, now: datetime) -> None:
    first.summary_id = storm.gathering_id = first.id
    first.due_at = max(now + GATHERING, storm.next_at or now)
    storm.next_at = first.due_at + BETWEEN
    storm.save(update_fields=["gathering", "next_at"])


def _without_ends_told_apart(
    storm: Storm, deliveries: Sequence[NewDelivery]
) -> list[NewDelivery]:
    """Leave out the ends of those alerts whose opening was told by itself."""
    ended = {one.alert_id for one in deliveries if one.kind in _ENDS}
    if not ended:
        return list(deliveries)
    folded = _openings_folded(storm, ended) | {
        one.alert_id for one in deliveries if one.kind == TransitionKind.OPENED
    }
    return [
        one for one in deliveries if one.kind not in _ENDS or one.alert_id in folded
    ]


def _openings_folded(storm: Storm, alerts: set[uuid.UUID]) -> set[uuid.UUID]:
    """Return those of the alerts whose opening is told in a summary alone."""
    in_summary = Q(status=DeliveryStatus.SUPPRESSED) | Q(summary=F("pk"))
    openings = Delivery.objects.filter(
        in_summary,
        summary__isnull=False,
        output_id=storm.output_id,
        transition__kind=TransitionKind.OPENED,
    )
    found: set[uuid.UUID] = set()
    for some in portions(list(alerts), _AT_ONCE):
        of_these = openings.filter(transition__alert__in=some)
        found.update(of_these.values_list("transition__alert", flat=True))
    return found
