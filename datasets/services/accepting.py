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
from datasets.models import Batch, Dataset, Duplicates, KeyForm, Origin
from datasets.schemas import Checker, Index, Prepared, read_schema
from datasets.services.rooms import rooms_of
from datasets.services.shards import Share, lanes_of, split_by_shard
from datasets.services.tracing import AcceptedBatch, trace_accepted
from datasets.store.batches import note_options
from datasets.store.records import CheckedEvent, RecordRow, insert_records
from datasets.store.writing import writing
from workspaces.refusals import FieldError, Invalid, TooLarge


class RefusalDivided(Invalid):
    """Records of several shards cannot be refused together; they are judged apart."""

    code = "refusal_divided"


class EventsInvalid(Invalid):
    """Some events do not fit the schema; `errors` name each by index and field."""

    code = "events_invalid"


@dataclass(frozen=True, slots=True, kw_only=True)
class Ingest:
    """How a request wants its events to be treated.

    `raises`, `moves_facts` and `persists` are Apperate's `event`, `updateState` and
    `persist`. `duplicates` None means what the dataset says. `import_id` names the
    import that the batch belongs to; `closes_import` marks its last batch. Without
    `rings` it is the caller who has the lane judged, once more is stored. What
    `is_sent` by a request, which can be told to come again, is refused as well while
    the oldest event that waits has done so for too long.
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
    rings: bool = True
    is_sent: bool = False

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
    """A batch that is stored once the surrounding transaction commits.

    Of a divided dataset it is the first of those into which the events were divided;
    `parts` are the others, and `size` counts the events of all.
    """

    batch_id: int
    size: int
    parts: tuple[int, ...] = ()


@dataclass(slots=True, kw_only=True)
class _Checked:
    prepared: list[Prepared] = field(default_factory=list)
    errors: list[FieldError] = field(default_factory=list)


def accept_batch(
    *, dataset: Dataset, events: Sequence[object], ingest: Ingest, now: datetime
) -> Accepted:
    """Check events against the schema and store them, as a pending batch per shard.

    `now` is the time of receipt, from the database's clock. Events are put into
    event-time order, ties as sent; errors name the index as sent.

    Raises:
        EventsInvalid: if any event does not fit; nothing is stored then.
        TooLarge: if there are more events than one request may bring.
        Overloaded: if a lane's backlog is full; nothing is stored then.
        RefusalDivided: if events of several shards are to be refused together.
    """
    storing = _Storing(dataset, ingest, now)
    check_size(events)
    storing.check_any_room()
    prepared = check_events(checker=checker_of(dataset), events=events, now=now)
    order = event_time_order(prepared)
    return storing.store(
        [as_checked(prepared[place]) for place in order],
        sent_at=order if ingest.refuses_duplicates(dataset) else (),
    )


def accept_checked(
    *, dataset: Dataset, events: Sequence[CheckedEvent], ingest: Ingest, now: datetime
) -> Accepted:
    """Store events that were checked before, in the given order, as `accept_batch`.

    Raises:
        TooLarge, Overloaded, RefusalDivided: as `accept_batch` does.
    """
    storing = _Storing(dataset, ingest, now)
    check_size(events)
    storing.check_any_room()
    return storing.store(events)


def as_checked(one: Prepared) -> CheckedEvent:
    """Return what is stored of a prepared event."""
    return CheckedEvent(one.key, one.subkey, one.event_time, one.text.decode())


class _Storing:
    """Stores the events of one request, each in the lane of its key."""

    def __init__(self, dataset: Dataset, ingest: Ingest, now: datetime) -> None:
        self._dataset = dataset
        self._ingest = ingest
        self._now = now
        self._lanes = lanes_of(dataset)
        self._rooms = rooms_of(self._lanes, now=now if ingest.is_sent else None)

    def check_any_room(self) -> None:
        """Refuse early what no lane could take.

        Raises:
            Overloaded: if all lanes are full.
        """
        refusals = [self._rooms.refusal([lane.shard]) for lane in self._lanes]
        if all(refusals) and refusals[0] is not None:
            raise refusals[0]

    def store(
        self, events: Sequence[CheckedEvent], *, sent_at: Sequence[int] = ()
    ) -> Accepted:
        """Store events in their order; `sent_at` are their places in the request."""
        shares = split_by_shard([one.key for one in events], self._dataset.shards)
        asked = [share.shard for share in shares]
        if refusal := self._rooms.refusal(asked):
            raise refusal
        if len(shares) > 1 and self._ingest.refuses_duplicates(self._dataset):
            raise _refusal_divided(self._dataset)
        options = self._ingest.options()
        if list(sent_at) != sorted(sent_at):
            options["sent_at"] = list(sent_at)
        began = time.monotonic()
        with writing():
            stored = [self._insert(share, events, options) for share in shares]
            first, *others = stored
            if others:
                options["parts"] = [batch.pk for batch in others]
                note_options([(first.pk, options)])
            count_accepted(self._ingest.origin, len(events))
            if tracing.is_on():
                for batch in stored:
                    transaction.on_commit(partial(_trace, batch, began), robust=True)
        return Accepted(
            batch_id=first.pk,
            size=len(events),
            parts=tuple(batch.pk for batch in others),
        )

    def _insert(
        self, share: Share, events: Sequence[CheckedEvent], options: dict[str, object]
    ) -> Batch:
        lane, persists = self._lanes[share.shard], self._ingest.persists
        batch = Batch.objects.create(
            lane=lane,
            origin=self._ingest.origin,
            is_live=self._ingest.is_live,
            size=len(share.places),
            hops=self._ingest.hops,
            received_at=self._now,
            options=options,
        )
        batch_id, dataset_id = batch.pk, lane.dataset_id
        insert_records(
            RecordRow(
                batch_id=batch_id,
                ord=number,
                dataset_id=dataset_id,
                key=one.key,
                subkey=one.subkey,
                event_time=one.event_time,
                body=one.body,
                is_current=persists,
            )
            for number, one in enumerate(events[place] for place in share.places)
        )
        if self._ingest.rings:
            nudge(Task.DRAIN, lane_id=lane.pk)
        return batch


def _refusal_divided(dataset: Dataset) -> RefusalDivided:
    return RefusalDivided(
        f"{dataset.slug} is divided into {dataset.shards} shards, which are judged "
        "apart, so one record that repeats another cannot void those of other shards: "
        "send the records of each key by themselves, or ask for duplicates=ignore or "
        "duplicates=replace. Nothing was stored."
    )


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
