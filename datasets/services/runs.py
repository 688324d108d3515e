"""A run's row: whose it is, how its count moves with what it stores, how it ends."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime

from django.db.models import QuerySet

from datasets.models import Origin, Run, RunState
from datasets.services.accepting import Ingest, accept_checked
from datasets.store.records import CheckedEvent
from datasets.store.writing import writing

Clock = Callable[[], datetime]


class RunTaken(Exception):
    """Another worker ended or went on with this run; what we hold of it is void."""


def held(run: Run) -> QuerySet[Run]:
    """Return the row as long as it is ours: an adopting worker changes its start."""
    return Run.objects.filter(
        pk=run.pk, state=RunState.RUNNING, started_at=run.started_at
    )


def adopt_run(run: Run, *, now: datetime) -> bool:
    """Take over a run whose worker is gone; False if another was quicker."""
    if not held(run).update(started_at=now):
        return False
    run.started_at = now
    return True


def store_events(run: Run, events: list[CheckedEvent], *, now: datetime) -> None:
    """Store events together with the run's count of them, so never twice.

    For those of a past no bell rings yet (`services.pasts`).

    Raises:
        RunTaken: if the run is not ours any more; nothing is stored then.
    """
    if not events:
        return
    events.sort(key=lambda one: one.event_time)
    with writing():
        rows = run.rows + len(events)
        if not held(run).filter(rows=run.rows).update(rows=rows):
            raise RunTaken(run.pk)
        accept_checked(
            dataset=run.source.dataset,
            events=events,
            ingest=Ingest(
                origin=Origin.SOURCE,
                is_live=not run.is_history,
                rings=not run.is_history,
            ),
            now=now,
        )
    run.rows = rows


def end_run(run: Run, *, now: datetime, error: str) -> None:
    """Note that the run is done; `error` says what it left out.

    Raises:
        RunTaken: if the run is not ours any more.
    """
    if not held(run).update(state=RunState.DONE, ended_at=now, error=error):
        raise RunTaken(run.pk)


def fail_run(run: Run, *, now: datetime, error: str) -> bool:
    """Note what went wrong; False if the run is not ours any more."""
    return bool(held(run).update(state=RunState.FAILED, ended_at=now, error=error))
