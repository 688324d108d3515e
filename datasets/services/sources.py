"""Sources: what is due is claimed as a run, fetched, stored and recorded."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from itertools import islice

from django.db.models import QuerySet

from config.about import about
from config.celery import Task, answer, nudge
from config.clock import database_now
from config.sweeping import each
from datasets.connectors import ConnectorError, find_connector
from datasets.models import Run, RunState, Source
from datasets.services.pasts import claim_past, give_up_past, write_past
from datasets.services.rooms import has_room
from datasets.services.runs import (
    Clock,
    RunTaken,
    adopt_run,
    end_run,
    fail_run,
    store_events,
)
from datasets.services.sifting import Sieve
from datasets.services.slots import due_slot
from datasets.store.writing import release_connection, writing
from workspaces.access import open_for_system
from workspaces.refusals import Overloaded, Refusal
from workspaces.services import record_audit

logger = logging.getLogger(__name__)

#: A fetch worker answers its bell sooner than this; after it, the sweep fetches itself.
OVERDUE = timedelta(seconds=5)
#: A run that has not ended by then was left behind by a dead worker.
RUN_LEASE = timedelta(seconds=120)
#: A run whose source still sends after that is ended. Single calls have limits of their
#: own (`outbound.http.FETCH_LIMITS`).
RUN_LIMIT = timedelta(seconds=90)
#: Records that one commit of a fetch stores.
CHUNK_RECORDS = 1_000


def sweep_sources(*, now: datetime, fetch: Callable[[int], None]) -> None:
    """Ring for the sources that are due; have fetched what nobody answered.

    `fetch` is given the id of each such source and returns at once: a source that hangs
    must not keep the others waiting. Safe to run in any number of processes at once:
    the run row decides who fetches.
    """
    due = dict(_due_sources(now).values_list("pk", "next_run_at"))

    def ring_or_fetch(source_id: int) -> None:
        if due[source_id] > now - OVERDUE:
            nudge(Task.FETCH, source_id=source_id)
        else:
            fetch(source_id)

    each("source", due, ring_or_fetch)
    each("source", _left_runs(now).values_list("source_id", flat=True), fetch)


def fetch_source(*, source_id: int, clock: Clock = database_now) -> None:
    """Fetch the due slot of a source, and what a dead worker left of earlier ones.

    A new source brings its past first. Nothing is asked for while the dataset is full.
    Running it twice is harmless: the past and each slot have one run, and each of its
    chunks is stored in the transaction that moves the run's count of rows on.
    """
    answer(Task.FETCH, source_id=source_id)
    for run in _left_runs(clock()).filter(source_id=source_id):
        if has_room(run.source.dataset) and adopt_run(run, now=clock()):
            _fetch(run, clock)
    past = claim_past(source_id=source_id, now=clock())
    if past is not None:
        _fetch(past, clock)
    due = claim_run(source_id=source_id, now=clock())
    if due is not None:
        _fetch(due, clock)


def claim_run(*, source_id: int, now: datetime) -> Run | None:
    """Insert the run of the source's due slot and write its next slot; one commit.

    None means that nothing is due, that another worker claimed it, that the past is to
    be written first, or that its dataset takes no more for now. A source whose schedule
    cannot be read here is turned off, and a run that failed says why.
    """
    source = _due_sources(now).filter(pk=source_id, past_until=None).first()
    if source is None:
        return None
    if source.schedule_problem:
        _turn_off(source, now=now)
        return None
    if not has_room(source.dataset):
        return None
    due = due_slot(first=source.next_run_at, schedule=source.schedule, now=now)
    with writing():
        if not _as_seen(source).update(next_run_at=due.following):
            return None
        run, is_new = Run.objects.get_or_create(
            source=source,
            slot=due.slot,
            defaults={"started_at": now, "skipped_slots": due.skipped},
        )
    return run if is_new else None


def _turn_off(source: Source, *, now: datetime) -> None:
    """Turn off a source that no slot could follow, and say so where its runs are."""
    with writing():
        if not _as_seen(source).update(is_enabled=False):
            return
        Run.objects.get_or_create(
            source=source,
            slot=source.next_run_at,
            is_history=False,
            defaults={
                "state": RunState.FAILED,
                "started_at": now,
                "ended_at": now,
                "error": "The source was turned off, because its schedule cannot be "
                f"read here. {source.schedule_problem} Give it a schedule and turn it "
                "on.",
            },
        )
        access = open_for_system(workspace=source.dataset.workspace)
        record_audit(
            access=access, action="source.turned_off", target=source.name, now=now
        )


def _as_seen(source: Source) -> QuerySet[Source]:
    """Return the row if it is due when and as it was when we read it."""
    return Source.objects.filter(
        pk=source.pk,
        next_run_at=source.next_run_at,
        every_seconds=source.every_seconds,
        cron=source.cron,
        zone=source.zone,
    )


def _due_sources(now: datetime) -> QuerySet[Source]:
    due = Source.objects.running().filter(next_run_at__lte=now)
    return due.select_related("dataset__workspace")


def _left_runs(now: datetime) -> QuerySet[Run]:
    return Run.objects.filter(
        state=RunState.RUNNING, is_history=False, started_at__lt=now - RUN_LEASE
    ).select_related("source__dataset__workspace")


def _fetch(run: Run, clock: Clock) -> None:
    source = run.source
    with about(workspace=source.dataset.workspace_id, source=source.pk, run=run.pk):
        _fetch_and_store(run, clock)


def _fetch_and_store(run: Run, clock: Clock) -> None:
    """Fetch and store a run that is ours; what goes wrong becomes its error."""
    store = write_past if run.is_history else _store_fetched
    try:
        store(run, clock)
    except RunTaken:
        logger.warning("run taken by another worker")
    except Overloaded:
        # What was stored is counted. Once its lease is over and there is room, the run
        # is adopted and goes on behind that.
        logger.info("run waits for room")
    except (ConnectorError, Refusal) as error:
        _fail(run, now=clock(), error=str(error))
    except Exception:
        # A connector meets the world; whatever it met must not stop the next slot.
        logger.exception("fetch failed")
        _fail(
            run,
            now=clock(),
            error="The fetch failed unexpectedly; the server's log says more.",
        )


def _fail(run: Run, *, now: datetime, error: str) -> None:
    if run.is_history:
        give_up_past(run, now=now, error=error)
    else:
        fail_run(run, now=now, error=error)


def _store_fetched(run: Run, clock: Clock) -> None:
    """Store what the connector gives, a chunk a commit, and end the run in the last.

    A run that was adopted passes over the rows that it counts as stored.
    """
    source = run.source
    sieve = Sieve(source.dataset)
    connector = find_connector(source.kind)
    fetched = connector.fetch(config=source.config, slot=run.slot)
    passing = sieve.passing(in_time(fetched), received_at=clock())
    fresh = islice(passing, run.rows, None)
    release_connection()
    chunk = list(islice(fresh, CHUNK_RECORDS))
    while following := list(islice(fresh, CHUNK_RECORDS)):
        store_events(run, chunk, now=clock())
        release_connection()
        chunk = following
    now = clock()
    with writing():
        store_events(run, chunk, now=now)
        end_run(run, now=now, error=sieve.summary)


def in_time(
    events: Iterator[dict[str, object]],
    *,
    limit: timedelta = RUN_LIMIT,
    tick: Callable[[], float] = time.monotonic,
) -> Iterator[dict[str, object]]:
    """Yield events as long as time is left.

    Raises:
        ConnectorError: if there are still some afterwards.
    """
    end = tick() + limit.total_seconds()
    for event in events:
        if tick() > end:
            raise ConnectorError(
                f"The source still sent after {limit.total_seconds():.0f} s, so the "
                "run was ended; have it bring less at a time."
            )
        yield event
