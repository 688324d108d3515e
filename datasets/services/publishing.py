"""Events for a dataset that is named by a client, and perhaps not made yet."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any, cast

from django.conf import settings

from datasets.models import BatchState, Dataset
from datasets.schemas import Index, InferredSchema, SchemaInvalid, infer_schema
from datasets.services.accepting import EventsInvalid, Ingest, accept_batch
from datasets.services.bodies import EventBody, RawEvents, read_events
from datasets.services.idempotency import Answer, IdempotencyKey, answer_once
from datasets.services.making import (
    DatasetDraft,
    DatasetNotFound,
    DatasetTaken,
    create_dataset,
    find_dataset,
)
from datasets.services.waiting import wait_for_judgement
from datasets.store.writing import writing
from workspaces.access import Access
from workspaces.models import AuditEntry
from workspaces.refusals import FieldError, Overloaded
from workspaces.services import record_audit

#: Datasets that one token may make on demand in an hour.
ON_DEMAND_LIMIT = 20
_HOUR = timedelta(hours=1)
_MADE_ON_DEMAND = "dataset.made_on_demand"


@dataclass(frozen=True, slots=True, kw_only=True)
class Publication:
    """What a client sends, to which dataset, and how it is to be treated.

    `makes_dataset` lets a missing dataset be made from the first events; with `waits`
    the answer follows the judgement, if that does not take too long.
    """

    slug: str
    body: EventBody
    ingest: Ingest = field(default_factory=Ingest)
    makes_dataset: bool = False
    waits: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Published:
    """A stored batch, and how far it had come when the answer was due.

    Of a divided dataset it is the first of several, and `state` is that of all.
    """

    batch_id: int
    size: int
    state: BatchState
    is_replay: bool


def publish_events(
    *,
    access: Access,
    publication: Publication,
    key: IdempotencyKey | None = None,
    now: datetime,
) -> Published:
    """Store events, once under their key, and wait for the judgement if asked.

    A batch that is void where it repeats stored records is always waited for. Call it
    outside any transaction.

    Raises:
        DatasetNotFound: if the dataset is missing and not to be made.
        Unreadable, BodyInvalid: as `read_events` does.
        EventsInvalid, TooLarge, Overloaded: as `accept_batch` does.
        KeyReused, KeyInProgress: as `answer_once` does.
        DuplicatesRefused: as `wait_for_judgement` does.
    """
    stored, is_replay = _store_once(access, publication, key, now)
    state = BatchState.PENDING
    if publication.waits or stored.refuses:
        patience = timedelta(seconds=settings.BELLWETHER_WAIT_SECONDS)
        state = wait_for_judgement(batch_ids=stored.batch_ids, patience=patience)
    return Published(
        batch_id=stored.batch_id, size=stored.size, state=state, is_replay=is_replay
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredBatch:
    """What is answered from, also when the same request comes again."""

    batch_id: int
    size: int
    #: Whether the judgement may void the batch because of duplicates.
    refuses: bool
    #: The other batches into which the records of a divided dataset were divided.
    parts: Sequence[int] = ()

    @property
    def batch_ids(self) -> tuple[int, ...]:
        """Name all batches of the request."""
        return (self.batch_id, *self.parts)

    def to_answer(self) -> Answer:
        """Return what is kept under the request's key."""
        return Answer(status=202, body=asdict(self))


def _store_once(
    access: Access,
    publication: Publication,
    key: IdempotencyKey | None,
    now: datetime,
) -> tuple[StoredBatch, bool]:
    """Store the events unless this key did; the flag says that it did."""
    if key is None:
        # Without a key the events are checked before the transaction begins.
        return _store(access, publication, now), False

    def store() -> Answer:
        return _store(access, publication, now).to_answer()

    answer = answer_once(key=key, act=store, now=now)
    return StoredBatch(**cast("dict[str, Any]", answer.body)), answer.is_replay


def _store(access: Access, publication: Publication, now: datetime) -> StoredBatch:
    """Store the events, together with the dataset if it had to be made."""
    raw = read_events(publication.body)
    try:
        dataset = find_dataset(access=access, slug=publication.slug)
    except DatasetNotFound:
        if not publication.makes_dataset:
            raise
        with writing():
            slug = publication.slug
            dataset = _made_on_demand(access=access, slug=slug, raw=raw, now=now)
            return _accept(dataset, raw, publication.ingest, now)
    return _accept(dataset, raw, publication.ingest, now)


def _accept(
    dataset: Dataset, raw: RawEvents, ingest: Ingest, now: datetime
) -> StoredBatch:
    accepted = accept_batch(
        dataset=dataset,
        events=raw.fitted(dataset),
        ingest=replace(ingest, is_sent=True),
        now=now,
    )
    return StoredBatch(
        batch_id=accepted.batch_id,
        size=accepted.size,
        parts=accepted.parts,
        refuses=ingest.refuses_duplicates(dataset),
    )


def _made_on_demand(
    *, access: Access, slug: str, raw: RawEvents, now: datetime
) -> Dataset:
    """Return a dataset that fits the events, or the one that somebody made first."""
    _check_rate(access, now)
    rows = [event for event in raw.events if isinstance(event, Mapping)]
    if not rows:
        raise EventsInvalid(
            f"There is no dataset {slug}, and it cannot be made from what is not a "
            "JSON object; send records like "
            '[{"symbol": "ABC", "price": 1.5}].'
        )
    inferred = infer_schema(rows, text_cells=raw.text_cells)
    index = _index_from(inferred)
    try:
        schema = inferred.to_schema(index).to_document()
    except SchemaInvalid as error:
        errors = [
            FieldError(pointer="", code=one.code, detail=one.detail)
            for one in error.problems
        ]
        raise EventsInvalid(str(error), errors=errors) from error
    draft = DatasetDraft(slug=slug, schema=schema, index=index, zone="UTC")
    try:
        dataset = create_dataset(access=access, draft=draft, now=now)
    except DatasetTaken:
        return find_dataset(access=access, slug=slug)
    record_audit(access=access, action=_MADE_ON_DEMAND, target=slug, now=now)
    return dataset


def _index_from(inferred: InferredSchema) -> Index:
    """Choose the columns that tell records apart.

    A date tells them apart only with a time of day: of events that say no more than
    their day all but the first would be taken for repetitions.
    """
    timed = {field.name for field in inferred.fields if field.has_time}
    date = inferred.date if inferred.date in timed else ""
    return Index(key=inferred.key, date=date)


def _check_rate(access: Access, now: datetime) -> None:
    made = (
        AuditEntry.objects.filter(
            workspace=access.workspace,
            token=access.token,
            action=_MADE_ON_DEMAND,
            at__gt=now - _HOUR,
        )
        .order_by("-id")
        .values_list("at", flat=True)
    )
    latest = list(made[:ON_DEMAND_LIMIT])
    if len(latest) == ON_DEMAND_LIMIT:
        raise Overloaded(
            f"{ON_DEMAND_LIMIT} datasets were made on demand within an hour; create "
            "the dataset first, or wait.",
            retry_after=latest[-1] + _HOUR - now,
        )
