"""What a new source brings of the past: its first run, before all of its slots."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta
from itertools import islice

from django.db.models import QuerySet

from config.celery import Task, nudge
from datasets.connectors import find_connector
from datasets.models import Dataset, Run, Source
from datasets.services.rooms import is_half_full
from datasets.services.runs import (
    Clock,
    RunTaken,
    adopt_run,
    end_run,
    fail_run,
    held,
    store_events,
)
from datasets.services.shards import lanes_of
from datasets.services.sifting import Sieve
from datasets.store.records import CheckedEvent
from datasets.store.writing import writing

#: Records that one commit stores: so few that who waits for the database waits little.
PAST_CHUNK = 500
#: A worker that stored none of them for so long is taken for dead.
PAST_LEASE = timedelta(seconds=30)
#: How long the past steps aside while its lane has enough to judge.
PAST_PAUSE = timedelta(seconds=1)


def begin_past(*, source: Source, now: datetime) -> None:
    """Let a new source write its past, up to now, before its first slot runs."""
    Source.objects.filter(pk=source.pk).update(past_until=now, next_run_at=now)


def claim_past(*, source_id: int, now: datetime) -> Run | None:
    """Take the writing of a source's past for the time of a lease.

    None means that it is written, that somebody writes it, or that the source is off.
    """
    source = (
        Source.objects.running()
        .filter(pk=source_id, next_run_at__lte=now)
        .exclude(past_until=None)
        .first()
    )
    if source is None or source.past_until is None:
        return None
    with writing():
        if not _as_seen(source).update(next_run_at=now + PAST_LEASE):
            return None
        run, is_new = Run.objects.select_related(
            "source__dataset__workspace"
        ).get_or_create(
            source=source,
            slot=source.past_until,
            is_history=True,
            defaults={"started_at": now},
        )
        return run if is_new or adopt_run(run, now=now) else None


def write_past(run: Run, clock: Clock) -> None:
    """Store the past as history, a chunk a commit, each of which renews the lease.

    Its bell rings when it is whole, so that judging it does not slow the writing; who
    drains the lane meanwhile judges what is there. A worker that takes over passes over
    what is stored. While the lane has much to judge the past steps aside, so that
    others who send find room.

    Raises:
        RunTaken: if another worker took over.
        ConnectorError: if the source cannot bring its past.
    """
    source = run.source
    sieve, lanes = Sieve(source.dataset), lanes_of(source.dataset)
    connector = find_connector(source.kind)
    past = connector.history(config=source.config, until=run.slot)
    passing = sieve.passing(past, received_at=clock())
    for fresh in _unstored(run, passing):
        now = clock()
        if is_half_full(lanes):
            with writing():
                _wait(run, until=now + PAST_PAUSE)
                _have_judged(source.dataset)
            return
        with writing():
            _wait(run, until=now + PAST_LEASE)
            store_events(run, fresh, now=now)
    now = clock()
    with writing():
        end_run(run, now=now, error=sieve.summary)
        _begin_slots(run.source, now=now)


def give_up_past(run: Run, *, now: datetime, error: str) -> None:
    """Let a source go on without its past; its run says why."""
    with writing():
        if fail_run(run, now=now, error=error):
            _begin_slots(run.source, now=now)


def _unstored(
    run: Run, passing: Iterator[CheckedEvent]
) -> Iterator[list[CheckedEvent]]:
    """Yield what is not stored yet of each chunk; of those that are, nothing."""
    seen = 0
    while chunk := list(islice(passing, PAST_CHUNK)):
        fresh = chunk[max(0, run.rows - seen) :]
        seen += len(chunk)
        yield fresh


def _wait(run: Run, *, until: datetime) -> None:
    """Say when somebody else may go on with the past."""
    if not held(run).exists():
        raise RunTaken(run.pk)
    Source.objects.filter(pk=run.source_id).update(next_run_at=until)


def _begin_slots(source: Source, *, now: datetime) -> None:
    # It may have been given another schedule meanwhile.
    source = Source.objects.select_related("dataset").get(pk=source.pk)
    # By a schedule that cannot be read it is due at once, so that it is told.
    first = now if source.schedule_problem else source.schedule.first_slot(now)
    Source.objects.filter(pk=source.pk).update(past_until=None, next_run_at=first)
    _have_judged(source.dataset)


def _have_judged(dataset: Dataset) -> None:
    for lane in lanes_of(dataset):
        nudge(Task.DRAIN, lane_id=lane.pk)


def _as_seen(source: Source) -> QuerySet[Source]:
    return Source.objects.filter(
        pk=source.pk, past_until=source.past_until, next_run_at=source.next_run_at
    )
