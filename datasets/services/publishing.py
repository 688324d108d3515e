"""Events for a dataset that is named by a client, and perhaps not made yet."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta

from datasets.models import Dataset
from datasets.schemas import Index, InferredSchema, SchemaInvalid, infer_schema
from datasets.services.accepting import Accepted, EventsInvalid, Ingest, accept_batch
from datasets.services.bodies import EventBody, RawEvents, read_events
from datasets.services.making import (
    DatasetDraft,
    DatasetNotFound,
    DatasetTaken,
    create_dataset,
    find_dataset,
)
from datasets.store.writing import writing
from workspaces.access import Access
from workspaces.models import AuditEntry
from workspaces.refusals import FieldError, Overloaded
from workspaces.services import record_audit

#: Datasets that one token may make on demand in an hour (DESIGN.md section 5).
ON_DEMAND_LIMIT = 20
_HOUR = timedelta(hours=1)
_MADE_ON_DEMAND = "dataset.made_on_demand"


def publish_events(
    *,
    access: Access,
    slug: str,
    body: EventBody,
    ingest: Ingest,
    makes_dataset: bool = False,
    now: datetime,
) -> Accepted:
    """Store a body's events in the dataset of that name, made from them if need be.

    The dataset and its first events are stored together or not at all.

    Raises:
        DatasetNotFound: if it is missing and not to be made.
        Unreadable, BodyInvalid: as `read_events` does.
        EventsInvalid, TooLarge, Overloaded: as `accept_batch` does.
    """
    try:
        dataset = find_dataset(access=access, slug=slug)
    except DatasetNotFound:
        if not makes_dataset:
            raise
        raw = read_events(body)
        with writing():
            dataset = _made_on_demand(access=access, slug=slug, raw=raw, now=now)
            return _accept(dataset, raw, ingest, now)
    return _accept(dataset, read_events(body), ingest, now)


def _accept(
    dataset: Dataset, raw: RawEvents, ingest: Ingest, now: datetime
) -> Accepted:
    events = raw.fitted(dataset)
    return accept_batch(dataset=dataset, events=events, ingest=ingest, now=now)


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
