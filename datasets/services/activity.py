"""What comes in: how many events of late, and how fresh each source is."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db.models import OuterRef, Q, QuerySet, Subquery, Sum

from datasets.models import Batch, Origin, Run, RunState, Source
from workspaces.models import Workspace

#: How far back a rate looks.
RATE_PERIOD = timedelta(minutes=1)
#: A source that missed so many of its slots in a row is stale, but never sooner than
#: after the shortest silence.
SLOTS_MISSED = 3
SHORTEST_SILENCE = timedelta(seconds=60)

#: Batches that carry events of the world rather than changes of our own.
_EVENTS = (Origin.API, Origin.SOURCE, Origin.IMPORT, Origin.OUTPUT)


@dataclass(frozen=True, slots=True, kw_only=True)
class SourceState:
    """How a source does: its last run, its last good one, records of the last minute.

    One that still writes its past has brought nothing yet of what happens now.
    `problem` says why its schedule cannot be read here, so that it is stale at once.
    """

    workspace: str
    dataset: str
    name: str
    last_at: datetime | None
    records_last_minute: int
    is_stale: bool
    has_failed: bool
    is_simulated: bool
    is_writing_past: bool
    problem: str


@dataclass(frozen=True, slots=True, kw_only=True)
class FailingSource:
    """A source whose last run failed, or that brought nothing for too long."""

    pk: int
    workspace_id: int
    state: SourceState
    error: str


def events_last_minute(*, workspace: Workspace, now: datetime) -> int:
    """Count the events of the last minute that the workspace's rules can watch.

    Batches are stored in the order of their ids, give or take a moment, so only those
    behind the newest one that is older than the minute are looked at.
    """
    cutoff = now - RATE_PERIOD
    older = Batch.objects.filter(received_at__lt=cutoff).order_by("-id")
    first = older.values_list("id", flat=True).first() or 0
    seen = Batch.objects.filter(
        _seen_by(workspace, "lane__dataset__workspace"),
        id__gt=first,
        received_at__gte=cutoff,
        origin__in=_EVENTS,
        is_live=True,
    )
    return seen.aggregate(events=Sum("size"))["events"] or 0


def source_states(*, workspace: Workspace, now: datetime) -> list[SourceState]:
    """Return the sources in use that the workspace's rules can watch, by name."""
    seen = Source.objects.running().filter(_seen_by(workspace, "dataset__workspace"))
    sources = list(_with_last_run(seen))
    recent = Run.objects.filter(
        source__in=sources, slot__gte=now - RATE_PERIOD, is_history=False
    )
    rows = dict(recent.values_list("source").annotate(rows=Sum("rows")))
    return [_state_of(source, rows.get(source.pk, 0), now) for source in sources]


def failing_sources(*, now: datetime) -> list[FailingSource]:
    """Return the sources, of all workspaces, that fail or are stale, by name.

    Of those that are off, only what was turned off because its schedule cannot be read
    here: nobody wanted that.
    """
    by_the_clock = Q(is_enabled=False) & ~Q(cron="")
    sources = Source.objects.filter(
        Q(is_enabled=True) | by_the_clock, is_held=False, dataset__deleted_at=None
    )
    found = ((one, _state_of(one, 0, now)) for one in _with_last_run(sources))
    states = (
        (source, state)
        for source, state in found
        if source.is_enabled or (state.has_failed and state.problem)
    )
    return [
        FailingSource(
            pk=source.pk,
            workspace_id=source.dataset.workspace_id,
            state=state,
            error=(vars(source)["last_error"] if state.has_failed else "")
            or state.problem,
        )
        for source, state in states
        if state.is_stale or state.has_failed
    ]


def _with_last_run(sources: QuerySet[Source]) -> QuerySet[Source]:
    """Add how the last runs ended, by name."""
    runs = Run.objects.filter(source=OuterRef("pk")).exclude(state=RunState.RUNNING)
    newest = runs.order_by("-slot")
    done = newest.filter(state=RunState.DONE)
    return (
        sources.select_related("dataset__workspace")
        .annotate(
            last_at=Subquery(done.values("ended_at")[:1]),
            last_state=Subquery(newest.values("state")[:1]),
            last_error=Subquery(newest.values("error")[:1]),
        )
        .order_by("dataset__workspace__slug", "name", "pk")
    )


def is_simulation_running(*, workspace: Workspace) -> bool:
    """Say whether simulated data come in that the workspace's rules can watch."""
    running = Source.objects.running().filter(dataset__is_simulated=True)
    return running.filter(_seen_by(workspace, "dataset__workspace")).exists()


def _state_of(source: Source, rows: int, now: datetime) -> SourceState:
    last_at: datetime | None = vars(source)["last_at"]
    problem = source.schedule_problem
    return SourceState(
        workspace=source.dataset.workspace.slug,
        dataset=source.dataset.slug,
        name=source.name,
        last_at=last_at,
        records_last_minute=rows,
        is_stale=bool(problem) or _is_late(source, last_at or source.created_at, now),
        has_failed=vars(source)["last_state"] == RunState.FAILED,
        is_simulated=source.dataset.is_simulated,
        is_writing_past=source.is_writing_past,
        problem=problem,
    )


def _is_late(source: Source, since: datetime, now: datetime) -> bool:
    """Say whether too many slots passed since its last good run."""
    allowed = source.schedule.following_slot(since, SLOTS_MISSED)
    return now > max(allowed, since + SHORTEST_SILENCE)


def _seen_by(workspace: Workspace, path: str) -> Q:
    return Q(**{path: workspace}) | Q(**{f"{path}__is_shared": True})
