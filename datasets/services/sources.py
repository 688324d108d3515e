"""Sources: what is due is claimed as a run, fetched, stored and recorded."""

from __future__ import annotations

import logging
from collections.abc import Callable
from datetime import datetime, timedelta
from itertools import islice

from django.db.models import QuerySet

from config.celery import Task, answer, nudge
from config.clock import database_now
from datasets.connectors import ConnectorError, find_connector
from datasets.models import Origin, Run, RunState, Source
from datasets.services.accepting import Ingest, accept_checked
from datasets.services.sifting import Sieve
from datasets.services.slots import due_slot
from datasets.store.records import CheckedEvent
from datasets.store.writing import writing
from workspaces.refusals import Refusal

logger = logging.getLogger(__name__)

Clock = Callable[[], datetime]

#: A fetch worker answers its bell sooner than this; after it, the sweep fetches itself.
OVERDUE = timedelta(seconds=5)
#: A run that has not ended by then was left behind by a dead worker.
RUN_LEASE = timedelta(seconds=120)
#: Records that one commit of a fetch stores.
CHUNK_RECORDS = 1_000


class RunTaken(Exception):
    """Another worker ended or went on with this run; what we hold of it is void."""


def sweep_sources(*, now: datetime, clock: Clock = database_now) -> None:
    """Ring for the sources that are due; fetch at once what nobody answered.

    Safe to run in any number of processes at once: the run row decides who fetches.
    """
    for source_id, due_at in _due_sources(now).values_list("pk", "next_run_at"):
        if due_at > now - OVERDUE:
            nudge(Task.FETCH, source_id=source_id)
        else:
            fetch_source(source_id=source_id, clock=clock)
    for source_id in _left_runs(now).values_list("source_id", flat=True):
        fetch_source(source_id=source_id, clock=clock)


def fetch_source(*, source_id: int, clock: Clock = database_now) -> None:
    """Fetch the due slot of a source, and what a dead worker left of earlier ones.

    Running it twice is harmless: a slot has one run, and each of its chunks is stored
    in the transaction that moves the run's count of rows on.
    """
    answer(Task.FETCH, source_id=source_id)
    for run in _left_runs(clock()).filter(source_id=source_id):
        if _adopt_run(run, now=clock()):
            _fetch(run, clock)
    due = claim_run(source_id=source_id, now=clock())
    if due is not None:
        _fetch(due, clock)


def claim_run(*, source_id: int, now: datetime) -> Run | None:
    """Insert the run of the source's due slot and write its next slot; one commit.

    None means that nothing is due, or that another worker claimed it.
    """
    source = _due_sources(now).filter(pk=source_id).first()
    if source is None:
        return None
    every = timedelta(seconds=source.every_seconds)
    due = due_slot(first=source.next_run_at, every=every, now=now)
    with writing():
        moved = Source.objects.filter(
            pk=source_id, next_run_at=source.next_run_at
        ).update(next_run_at=due.following)
        if not moved:
            return None
        run, is_new = Run.objects.get_or_create(
            source=source,
            slot=due.slot,
            defaults={"started_at": now, "skipped_slots": due.skipped},
        )
    return run if is_new else None


def _due_sources(now: datetime) -> QuerySet[Source]:
    due = Source.objects.running().filter(next_run_at__lte=now)
    return due.select_related("dataset__workspace")


def _left_runs(now: datetime) -> QuerySet[Run]:
    return Run.objects.filter(
        state=RunState.RUNNING, started_at__lt=now - RUN_LEASE
    ).select_related("source__dataset__workspace")


def _adopt_run(run: Run, *, now: datetime) -> bool:
    """Take over a run whose worker is gone; False if another was quicker."""
    if not _held(run).update(started_at=now):
        return False
    run.started_at = now
    return True


def _fetch(run: Run, clock: Clock) -> None:
    """Fetch and store a run that is ours; what goes wrong becomes its error."""
    try:
        _store_fetched(run, clock)
    except RunTaken:
        logger.warning("run taken by another worker", extra={"run": run.pk})
    except (ConnectorError, Refusal) as error:
        _fail_run(run, now=clock(), error=str(error))
    except Exception:
        # A connector meets the world; whatever it met must not stop the next slot.
        logger.exception("fetch failed", extra={"run": run.pk})
        _fail_run(
            run,
            now=clock(),
            error="The fetch failed unexpectedly; the server's log says more.",
        )


def _fail_run(run: Run, *, now: datetime, error: str) -> None:
    _held(run).update(state=RunState.FAILED, ended_at=now, error=error)


def _store_fetched(run: Run, clock: Clock) -> None:
    """Store what the connector gives, a chunk a commit, and end the run in the last.

    A run that was adopted passes over the rows that it counts as stored.
    """
    source = run.source
    sieve = Sieve(source.dataset)
    connector = find_connector(source.kind)
    fetched = connector.fetch(config=source.config, slot=run.slot)
    passing = sieve.passing(fetched, received_at=clock())
    fresh = islice(passing, run.rows, None)
    chunk = list(islice(fresh, CHUNK_RECORDS))
    while following := list(islice(fresh, CHUNK_RECORDS)):
        _store_chunk(run, chunk, now=clock())
        chunk = following
    now = clock()
    with writing():
        _store_chunk(run, chunk, now=now)
        _end_run(run, now=now, error=sieve.summary)


def _store_chunk(run: Run, events: list[CheckedEvent], *, now: datetime) -> None:
    """Store events together with the run's count of them, so never twice."""
    if not events:
        return
    events.sort(key=lambda one: one.event_time)
    with writing():
        rows = run.rows + len(events)
        if not _held(run).filter(rows=run.rows).update(rows=rows):
            raise RunTaken(run.pk)
        accept_checked(
            dataset=run.source.dataset,
            events=events,
            ingest=Ingest(origin=Origin.SOURCE),
            now=now,
        )
    run.rows = rows


def _end_run(run: Run, *, now: datetime, error: str) -> None:
    if not _held(run).update(state=RunState.DONE, ended_at=now, error=error):
        raise RunTaken(run.pk)


def _held(run: Run) -> QuerySet[Run]:
    """The run's row as long as it is ours: an adopting worker changes its start."""
    return Run.objects.filter(
        pk=run.pk, state=RunState.RUNNING, started_at=run.started_at
    )
