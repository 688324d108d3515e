"""Records as they are read: which, how many, and in what order."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from zoneinfo import ZoneInfo

from django.db.models import Count, QuerySet

from datasets.models import Batch, Dataset, Fact, KeyForm, Record
from datasets.services.making import DatasetNotFound
from datasets.services.periods import Period, read_period
from datasets.services.ranges import read_range
from datasets.store.reading import Cut, records_of_keys
from workspaces.access import Access
from workspaces.refusals import Invalid

#: Records in one answer, and queries in one request.
ANSWER_LIMIT = 10_000
QUERIES_LIMIT = 2_000


class TooManyAsked(Invalid):
    """The answer would hold more than one answer may."""

    code = "too_many_records"


@dataclass(frozen=True, slots=True, kw_only=True)
class Selection:
    """Which records of a dataset are wanted.

    No keys mean all of them, as one series. `since`, `until` and `on` are times or
    days as people write them, blank where open; `named` is a range that stands for
    them, as `last-week` seen from `now`. `count` is how many of each key, taken
    from the newest end or with `oldest_first` from the oldest; None takes all.
    `ascending` is the order in which they are shown.
    """

    keys: tuple[str, ...] = ()
    subkeys: tuple[str, ...] = ()
    since: str = ""
    until: str = ""
    on: str = ""
    named: str = ""
    now: datetime | None = None
    count: int | None = 1
    oldest_first: bool = False
    ascending: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Part:
    """What one dataset of several has to say; None is a name that it does not have."""

    slug: str
    dataset: Dataset | None
    records: list[Record]


def read_batch(
    *, access: Access, slugs: Sequence[str], selection: Selection
) -> list[Part]:
    """Return the wanted records of several datasets, one after the other.

    Raises:
        DatasetNotFound: if there is none of these datasets.
        PeriodInvalid: as `read_period` does.
        TooManyAsked: if all are more than one answer may hold.
    """
    _check_queries(selection, len(slugs))
    parts = []
    room = ANSWER_LIMIT
    for slug, dataset in _find_datasets(access, slugs):
        found = _read(dataset, selection, room) if dataset else []
        room -= len(found)
        parts.append(Part(slug=slug, dataset=dataset, records=found))
    return parts


def _find_datasets(
    access: Access, slugs: Sequence[str]
) -> list[tuple[str, Dataset | None]]:
    mine = Dataset.objects.alive().filter(workspace=access.workspace)
    by_name = {dataset.slug.upper(): dataset for dataset in mine}
    found = [(slug, by_name.get(slug.upper())) for slug in slugs]
    if not any(dataset for _, dataset in found):
        raise DatasetNotFound(
            f"There is no dataset {', '.join(slugs)[:200]} in workspace "
            f"{access.workspace.slug}."
        )
    return found


def _read(dataset: Dataset, selection: Selection, room: int) -> list[Record]:
    """Return the records that are wanted, key by key as asked."""
    period = _period_of(selection, ZoneInfo(dataset.zone))
    count = room + 1 if selection.count is None else selection.count
    keys = list(dict.fromkeys(key_as_stored(dataset, key) for key in selection.keys))
    if keys:
        found = records_of_keys(
            dataset_id=dataset.pk,
            keys=keys,
            cut=Cut(
                subkeys=selection.subkeys,
                earliest=period.earliest,
                latest=period.latest,
                count=count,
                oldest_first=selection.oldest_first,
            ),
            limit=room + 1,
        )
    else:
        newest = newest_records(dataset=dataset, key=None, period=period)
        found = list(_series(newest, selection)[: min(count, room + 1)])
    if len(found) > room:
        raise TooManyAsked(
            f"More than {ANSWER_LIMIT:,} records would answer this; ask for a shorter "
            "period, fewer keys or a limit."
        )
    if selection.ascending != selection.oldest_first:
        return _turned(found, by_key=bool(keys))
    return found


def _period_of(selection: Selection, zone: ZoneInfo) -> Period:
    if selection.named and selection.now:
        return read_range(selection.named, zone=zone, now=selection.now)
    return read_period(
        zone=zone, since=selection.since, until=selection.until, on=selection.on
    )


def newest_records(
    *, dataset: Dataset, key: str | None, period: Period
) -> QuerySet[Record]:
    """Return the current records of a dataset, or of one key, to be paged through."""
    records = Record.objects.filter(dataset=dataset, is_current=True)
    if key is not None:
        records = records.filter(key=key_as_stored(dataset, key))
    if period.earliest is not None:
        records = records.filter(event_time__gte=period.earliest)
    if period.latest is not None:
        records = records.filter(event_time__lte=period.latest)
    return records


def key_as_stored(dataset: Dataset, key: str) -> str:
    """Return a key in the form in which the dataset keeps its keys."""
    return key.upper() if dataset.key_form == KeyForm.UPPER else key


def shown_fields(dataset: Dataset, record: Record) -> dict[str, object]:
    """Return a record's fields in the schema's order, undeclared ones after them.

    PostgreSQL keeps the members of an object in an order of its own.
    """
    body = record.body
    declared = dataset.schema.get("properties", {})
    shown = {name: body[name] for name in declared if name in body}
    return shown | {name: body[name] for name in sorted(body.keys() - shown.keys())}


def received_times(records: Sequence[Record]) -> Mapping[int, datetime]:
    """Return when the batches of these records came, by the batch's id."""
    batches = {record.batch_id for record in records}
    rows = Batch.objects.filter(pk__in=batches).values_list("pk", "received_at")
    return dict(rows)


def count_contents(datasets: Sequence[Dataset]) -> Mapping[int, tuple[int, int]]:
    """Return how many keys and current records datasets hold, by their id."""
    ids = [dataset.pk for dataset in datasets]
    keys = _counts(Fact.objects.own().filter(dataset__in=ids))
    records = _counts(Record.objects.filter(dataset__in=ids, is_current=True))
    return {one: (keys.get(one, 0), records.get(one, 0)) for one in ids}


def _counts(rows: QuerySet[Fact] | QuerySet[Record]) -> dict[int, int]:
    counted = rows.order_by().values("dataset_id").annotate(n=Count("dataset_id"))
    return dict(counted.values_list("dataset_id", "n"))


def _check_queries(selection: Selection, datasets: int) -> None:
    asked = datasets * len(selection.keys) * max(len(selection.subkeys), 1)
    if max(asked, datasets) > QUERIES_LIMIT:
        raise TooManyAsked(
            f"{asked:,} keys are more than the {QUERIES_LIMIT:,} that one request may "
            "name; ask in several requests."
        )


def _series(records: QuerySet[Record], selection: Selection) -> QuerySet[Record]:
    if selection.subkeys:
        records = records.filter(subkey__in=selection.subkeys)
    if selection.oldest_first:
        return records.order_by("event_time", "batch_id", "ord")
    return records.order_by("-event_time", "-batch_id", "-ord")


def _turned(records: list[Record], *, by_key: bool) -> list[Record]:
    """Return the records in the other order, each key for itself."""
    if not by_key:
        return records[::-1]
    of_key: dict[str, list[Record]] = {}
    for record in records:
        of_key.setdefault(record.key, []).append(record)
    return [record for some in of_key.values() for record in reversed(some)]
