"""From a request to a stored batch: all of it or nothing, answered after the commit."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import partial
from zoneinfo import ZoneInfo

from django.conf import settings
from django.db import transaction

from config import tracing
from config.celery import Task, nudge
from config.metrics import EVENTS_ACCEPTED
from datasets.models import Batch, Dataset, Duplicates, KeyForm, Lane, Origin
from datasets.schemas import Checker, Index, Prepared, read_schema
from datasets.services.lanes import backlog_of, open_lane
from datasets.services.tracing import AcceptedBatch, trace_accepted
from datasets.store.records import CheckedEvent, RecordRow, insert_records
from datasets.store.writing import writing
from workspaces.refusals import FieldError, Invalid, Overloaded, TooLarge

#: What a client is asked to wait when a lane's backlog is full.
RETRY_AFTER = timedelta(seconds=2)


class EventsInvalid(Invalid):
    """Some events do not fit the schema; `errors` name each by index and field."""

    code = "events_invalid"


@dataclass(frozen=True, slots=True, kw_only=True)
class Ingest:
    """How a request wants its events to be treated (API.md 2.3, Part B 14).

    `raises`, `moves_facts` and `persists` are Apperate's `event`, `updateState` and
    `persist`. `duplicates` None means what the dataset says. `import_id` names the
    import that the batch belongs to; `closes_import` marks its last batch.
    """

    origin: Origin = Origin.API
    is_live: bool = True
    duplicates: Duplicates | None = None
    raises: bool = True
    moves_facts: bool = True
    persists: bool = True
    hops: int = 0
    import_id: str = ""
    closes_import: bool = False

    def refuses_duplicates(self, dataset: Dataset) -> bool:
        """Say whether the batch is void if it repeats what is stored."""
        return (self.duplicates or dataset.duplicates) == Duplicates.REFUSE

    def options(self) -> dict[str, object]:
        """Return what differs from the usual, to be kept with the batch."""
        options: dict[str, object] = {}
        if self.duplicates is not None:
            options["duplicates"] = self.duplicates.value
        for name in ("raises", "moves_facts", "persists"):
            if not getattr(self, name):
                options[name] = False
        if self.import_id:
            options["import"] = self.import_id
            options["closes_import"] = self.closes_import
        return options


@dataclass(frozen=True, slots=True, kw_only=True)
class Accepted:
    """A batch that is stored once the surrounding transaction commits."""

    batch_id: int
    size: int


@dataclass(slots=True, kw_only=True)
class _Checked:
    prepared: list[Prepared] = field(default_factory=list)
    errors: list[FieldError] = field(default_factory=list)


def accept_batch(
    *, dataset: Dataset, events: Sequence[object], ingest: Ingest, now: datetime
) -> Accepted:
    """Check events against the schema and store them as one pending batch.

    `now` is the time of receipt, from the database's clock. Events are put into
    event-time order, ties as sent; errors name the index as sent.

    Raises:
        EventsInvalid: if any event does not fit; nothing is stored then.
        TooLarge: if there are more events than one request may bring.
        Overloaded: if the lane's backlog is full; nothing is stored then.
    """
    lane = open_lane(dataset)
    check_size(events)
    _check_backlog(lane)
    prepared = check_events(checker=checker_of(dataset), events=events, now=now)
    order = event_time_order(prepared)
    return _store(
        lane=lane,
        events=[as_checked(prepared[place]) for place in order],
        ingest=ingest,
        sent_at=order if ingest.refuses_duplicates(dataset) else (),
        now=now,
    )


def accept_checked(
    *, dataset: Dataset, events: Sequence[CheckedEvent], ingest: Ingest, now: datetime
) -> Accepted:
    """Store events that were checked before, in the given order, as one pending batch.

    Raises:
        TooLarge, Overloaded: as `accept_batch` does.
    """
    lane = open_lane(dataset)
    check_size(events)
    _check_backlog(lane)
    return _store(lane=lane, events=events, ingest=ingest, now=now)


def as_checked(one: Prepared) -> CheckedEvent:
    """Return what is stored of a prepared event."""
    return CheckedEvent(one.key, one.subkey, one.event_time, one.text.decode())


def _store(
    *,
    lane: Lane,
    events: Sequence[CheckedEvent],
    ingest: Ingest,
    now: datetime,
    sent_at: Sequence[int] = (),
) -> Accepted:
    """Store events in their order; `sent_at` are their places in the request."""
    options = ingest.options()
    if list(sent_at) != sorted(sent_at):
        options["sent_at"] = list(sent_at)
    began = time.monotonic()
    with writing():
        batch = Batch.objects.create(
            lane=lane,
            origin=ingest.origin,
            is_live=ingest.is_live,
            size=len(events),
            hops=ingest.hops,
            received_at=now,
            options=options,
        )
        insert_records(
            RecordRow(
                batch_id=batch.pk,
                ord=place,
                dataset_id=lane.dataset_id,
                key=one.key,
                subkey=one.subkey,
                event_time=one.event_time,
                body=one.body,
                is_current=ingest.persists,
            )
            for place, one in enumerate(events)
        )
        nudge(Task.DRAIN, lane_id=lane.pk)
        count_accepted(ingest.origin, len(events))
        if tracing.is_on():
            transaction.on_commit(partial(_trace, batch, began), robust=True)
    return Accepted(batch_id=batch.pk, size=len(events))


def _trace(batch: Batch, began: float) -> None:
    """Tell of a batch that is committed now; `began` is when it began to be stored."""
    took = timedelta(seconds=time.monotonic() - began)
    trace_accepted(
        AcceptedBatch(
            batch_id=batch.pk,
            lane_id=batch.lane_id,
            origin=Origin(batch.origin),
            events=batch.size,
            received_at=batch.received_at,
            committed_at=batch.received_at + took,
            commit=took,
        )
    )


def event_time_order(prepared: Sequence[Prepared]) -> list[int]:
    """Return the places of events by their time, ties as they were sent."""
    return sorted(range(len(prepared)), key=lambda place: prepared[place].event_time)


def check_events(
    *, checker: Checker, events: Sequence[object], now: datetime
) -> list[Prepared]:
    """Return the events prepared for storing, in the order in which they were sent.

    Raises:
        EventsInvalid: naming the first wrong places by index and field.
    """
    checked = _Checked()
    for place, event in enumerate(events):
        match checker.check(event, received_at=now):
            case Prepared() as one:
                checked.prepared.append(one)
            case problems:
                checked.errors += [
                    FieldError(
                        pointer=f"/{place}{problem.pointer}",
                        code=problem.code,
                        detail=f"Record {place}: {problem.detail}",
                    )
                    for problem in problems
                ]
        if len(checked.errors) >= _ERRORS_SHOWN:
            break
    if checked.errors:
        text = " ".join(error.detail for error in checked.errors[:3])
        raise EventsInvalid(f"{text} Nothing was stored.", errors=checked.errors)
    return checked.prepared


_ERRORS_SHOWN = 20


def checker_of(dataset: Dataset) -> Checker:
    """Compile a dataset's schema for looking at many events."""
    return Checker(
        schema=read_schema(dataset.schema),
        index=index_of(dataset),
        zone=ZoneInfo(dataset.zone),
        upper_keys=dataset.key_form == KeyForm.UPPER,
    )


def index_of(dataset: Dataset) -> Index:
    """Return which columns tell a dataset's records apart."""
    return Index(
        key=dataset.key_field, subkey=dataset.subkey_field, date=dataset.date_field
    )


def count_accepted(origin: Origin, events: int) -> None:
    """Count events for whoever watches, once the current transaction is committed."""
    counter = EVENTS_ACCEPTED.labels(origin.value)
    transaction.on_commit(partial(counter.inc, events), robust=True)


def check_size(events: Sequence[object]) -> None:
    """Refuse a request of no events, or of more than one may bring.

    Raises:
        EventsInvalid, TooLarge: accordingly.
    """
    if not events:
        raise EventsInvalid("Send at least one record; the list is empty.")
    limit = settings.BELLWETHER_REQUEST_EVENTS
    if len(events) > limit:
        raise TooLarge(
            f"{len(events):,} records are more than the {limit:,} that one request may "
            "bring; send them in several requests, or upload them as a file."
        )


def _check_backlog(lane: Lane) -> None:
    waiting = backlog_of(lane)
    if waiting >= settings.BELLWETHER_BACKLOG_EVENTS:
        raise lane_full()


def lane_full() -> Overloaded:
    """Return the refusal of events of which a lane has enough."""
    return Overloaded(
        f"{settings.BELLWETHER_BACKLOG_EVENTS:,} records of this dataset wait to be "
        "judged; send this again in a moment. Nothing was stored.",
        retry_after=RETRY_AFTER,
    )
