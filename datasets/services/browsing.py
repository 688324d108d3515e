"""Datasets, their records and their imports as the console's pages show them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from django.db.models import OuterRef, Q, QuerySet, Subquery

from datasets.models import (
    Batch,
    BatchState,
    Dataset,
    Job,
    JobState,
    Origin,
    Record,
    Run,
    Source,
)
from datasets.schemas import Field, read_schema
from datasets.services.importing import find_job
from datasets.services.making import find_dataset
from datasets.services.reading import key_as_stored, shown_fields
from datasets.services.vocabulary import visible_datasets
from datasets.store.reading import count_up_to
from workspaces.access import Access

#: Records are counted so far; of more a page says "more than".
COUNT_LIMIT = 100_000
RECORDS_SHOWN = 50
JOBS_SHOWN = 50
LATEST_JOBS = 5
_NEWEST = ("-event_time", "-batch_id", "-ord")
_OLDEST = ("event_time", "batch_id", "ord")


@dataclass(frozen=True, slots=True, kw_only=True)
class DatasetSummary:
    """A dataset with how much it holds, up to `COUNT_LIMIT`, and how new that is."""

    dataset: Dataset
    rows: int
    newest_at: datetime | None
    fields: tuple[Field, ...]

    @property
    def has_more(self) -> bool:
        """Say whether there are more records than were counted."""
        return self.rows > COUNT_LIMIT


@dataclass(frozen=True, slots=True, kw_only=True)
class SourceRun:
    """A source and its last fetch, if there was one."""

    source: Source
    run: Run | None


@dataclass(frozen=True, slots=True, kw_only=True)
class DatasetPage:
    """What the page of a dataset shows; `example` is the newest record's fields."""

    summary: DatasetSummary
    example: Mapping[str, object]
    sources: Sequence[SourceRun]
    jobs: Sequence[Job]


@dataclass(frozen=True, slots=True, kw_only=True)
class RecordCursor:
    """A place among the records of a dataset, and which way to go on from it."""

    at: datetime
    batch_id: int
    ord: int
    is_older: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class RecordPage:
    """Some records, newest first, and the places to go on from; None at the ends."""

    dataset: Dataset
    fields: tuple[Field, ...]
    records: Sequence[Record]
    newer: RecordCursor | None
    older: RecordCursor | None


@dataclass(frozen=True, slots=True, kw_only=True)
class ImportProgress:
    """An import, and what became of the records that it stored so far."""

    job: Job
    #: Records that were there already and were left out.
    repeated: int
    #: Records that took the place of stored ones.
    replaced: int
    #: Records that were refused together with those that were there already.
    refused: int
    #: Stored records that the rules have yet to judge.
    unjudged: int

    @property
    def is_through(self) -> bool:
        """Say whether it failed, or all that it stored is judged."""
        if self.job.state == JobState.DONE:
            return not self.unjudged
        return self.job.state == JobState.FAILED


def list_datasets(*, access: Access) -> list[DatasetSummary]:
    """Return the datasets that the workspace may watch, its own ones first."""
    mine = access.workspace.pk
    datasets = sorted(
        visible_datasets(workspace=access.workspace),
        key=lambda one: (one.workspace_id != mine, one.workspace.slug, one.slug),
    )
    return _summaries(datasets)


def read_dataset(*, access: Access, slug: str) -> DatasetPage:
    """Return what there is to say about a dataset of the workspace.

    Raises:
        DatasetNotFound: also for datasets of other workspaces.
    """
    dataset = find_dataset(access=access, slug=slug)
    newest = Record.objects.current().filter(dataset=dataset).order_by(*_NEWEST)
    example = next((shown_fields(dataset, one) for one in newest[:1]), {})
    jobs = Job.objects.filter(dataset=dataset).order_by("-created_at", "pk")
    return DatasetPage(
        summary=_summaries([dataset])[0],
        example=example,
        sources=_source_runs(dataset),
        jobs=list(jobs[:LATEST_JOBS]),
    )


def browse_records(
    *, access: Access, slug: str, key: str = "", cursor: RecordCursor | None = None
) -> RecordPage:
    """Return a page of the records of a dataset, or of one key, newest first.

    Raises:
        DatasetNotFound: also for datasets of other workspaces.
    """
    dataset = find_dataset(access=access, slug=slug)
    records = Record.objects.current().filter(dataset=dataset)
    if key:
        records = records.filter(key=key_as_stored(dataset, key))
    found, has_newer, has_older = _cut(records, cursor)
    return RecordPage(
        dataset=dataset,
        fields=read_schema(dataset.schema).fields,
        records=found,
        newer=_place(found[0], is_older=False) if has_newer else None,
        older=_place(found[-1], is_older=True) if has_older else None,
    )


def list_imports(*, access: Access) -> list[Job]:
    """Return the newest imports into datasets of the workspace."""
    jobs = Job.objects.filter(dataset__workspace=access.workspace)
    newest = jobs.select_related("dataset", "created_by").order_by("-created_at", "pk")
    return list(newest[:JOBS_SHOWN])


def follow_import(*, access: Access, job_id: str) -> ImportProgress:
    """Return how far an import is, to the judging of its records.

    Raises:
        JobNotFound: also for imports of other workspaces.
    """
    job = find_job(access=access, job_id=job_id)
    outcome: Counter[str] = Counter()
    for state, size, became in _batches_of(job):
        outcome["repeated"] += became.get("ignored", 0)
        outcome["replaced"] += became.get("replaced", 0)
        outcome["refused"] += size if state == BatchState.REFUSED else 0
        outcome["unjudged"] += size if state == BatchState.PENDING else 0
    return ImportProgress(
        job=job,
        repeated=outcome["repeated"],
        replaced=outcome["replaced"],
        refused=outcome["refused"],
        unjudged=outcome["unjudged"],
    )


def _batches_of(job: Job) -> QuerySet[Batch, tuple[str, int, dict[str, int]]]:
    """Return state, size and outcome of the batches that an import stored."""
    batches = Batch.objects.filter(
        lane__dataset=job.dataset,
        origin=Origin.IMPORT,
        received_at__gte=job.created_at,
        options__import=str(job.pk),
    )
    return batches.values_list("state", "size", "outcome")


def _summaries(datasets: Sequence[Dataset]) -> list[DatasetSummary]:
    ids = [dataset.pk for dataset in datasets]
    counts = count_up_to(dataset_ids=ids, limit=COUNT_LIMIT + 1)
    records = Record.objects.current().filter(dataset=OuterRef("pk"))
    newest = Subquery(records.order_by(*_NEWEST).values("event_time")[:1])
    times = dict(Dataset.objects.filter(pk__in=ids).values_list("pk", newest))
    return [
        DatasetSummary(
            dataset=dataset,
            rows=counts.get(dataset.pk, 0),
            newest_at=times.get(dataset.pk),
            fields=read_schema(dataset.schema).fields,
        )
        for dataset in datasets
    ]


def _source_runs(dataset: Dataset) -> list[SourceRun]:
    """Return the sources that feed a dataset, each with its last run."""
    last = Run.objects.filter(source=OuterRef("pk")).order_by("-slot").values("pk")[:1]
    sources = Source.objects.filter(dataset=dataset)
    found = list(sources.annotate(run_id=Subquery(last)).order_by("name", "pk"))
    runs = Run.objects.in_bulk([vars(one)["run_id"] for one in found])
    return [SourceRun(source=one, run=runs.get(vars(one)["run_id"])) for one in found]


def _cut(
    records: QuerySet[Record], cursor: RecordCursor | None
) -> tuple[list[Record], bool, bool]:
    """Return the records beyond a place, and whether there are newer and older ones."""
    goes_older = cursor is None or cursor.is_older
    if cursor is not None:
        records = records.filter(_beyond(cursor))
    ordered = records.order_by(*(_NEWEST if goes_older else _OLDEST))
    found = list(ordered[: RECORDS_SHOWN + 1])
    has_more = len(found) > RECORDS_SHOWN
    found = found[:RECORDS_SHOWN]
    if goes_older:
        return found, bool(cursor and found), has_more
    return found[::-1], has_more, bool(found)


def _beyond(place: RecordCursor) -> Q:
    """Return what lies beyond a place; the first bound is what an index can use."""
    sign = "lt" if place.is_older else "gt"
    same_time = Q(event_time=place.at)
    same_batch = same_time & Q(batch_id=place.batch_id)
    return Q(**{f"event_time__{sign}e": place.at}) & (
        Q(**{f"event_time__{sign}": place.at})
        | same_time & Q(**{f"batch_id__{sign}": place.batch_id})
        | same_batch & Q(**{f"ord__{sign}": place.ord})
    )


def _place(record: Record, *, is_older: bool) -> RecordCursor:
    return RecordCursor(
        at=record.event_time,
        batch_id=record.batch_id,
        ord=record.ord,
        is_older=is_older,
    )
