"""Making and deleting datasets."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from zoneinfo import ZoneInfo

from django.db import IntegrityError, transaction

from datasets.models import Dataset, Duplicates, KeyForm
from datasets.schemas import (
    Index,
    SchemaInvalid,
    apply_index,
    check_dataset_name,
    read_schema,
)
from datasets.services.lanes import make_lanes
from datasets.services.shards import MOST_SHARDS
from workspaces.access import Access, Need
from workspaces.refusals import Clash, FieldError, Invalid, Missing
from workspaces.services import record_audit

#: Characters of a title or a supplier, as the model has it.
_WORDS_LIMIT = 200


class DatasetInvalid(Invalid):
    """The dataset cannot be made like this; `errors` name each place."""

    code = "dataset_invalid"


class DatasetTaken(Clash):
    """Another dataset of the workspace bears this name."""

    code = "dataset_exists"


class DatasetNotFound(Missing):
    """There is no such dataset in the workspace."""

    code = "dataset_not_found"


@dataclass(frozen=True, slots=True, kw_only=True)
class DatasetDraft:
    """What is said about a dataset when it is made.

    `schema` is Apperate's JSON Schema object; `zone` blank means the workspace's. What
    the program makes for itself `is_system`, and bears a name that is reserved.
    """

    slug: str
    schema: Mapping[str, object]
    title: str = ""
    description: str = ""
    supplier: str = ""
    index: Index = field(default_factory=Index)
    zone: str = ""
    key_form: KeyForm = KeyForm.EXACT
    duplicates: Duplicates = Duplicates.IGNORE
    lateness_seconds: int = 60
    retention_seconds: int | None = None
    shards: int = 1
    is_simulated: bool = False
    is_system: bool = False


@transaction.atomic
def create_dataset(*, access: Access, draft: DatasetDraft, now: datetime) -> Dataset:
    """Store a new dataset with its lanes.

    Raises:
        DatasetInvalid: naming what is wrong in the name, the schema or the index.
        DatasetTaken: if the workspace has a dataset of this name.
    """
    access.require(Need.WRITE)
    _check_draft(draft)
    dataset = Dataset(
        workspace=access.workspace,
        slug=draft.slug,
        title=draft.title,
        description=draft.description,
        supplier=draft.supplier,
        schema=_checked_schema(draft),
        key_field=draft.index.key,
        subkey_field=draft.index.subkey,
        date_field=draft.index.date,
        zone=draft.zone or access.workspace.zone,
        key_form=draft.key_form,
        duplicates=draft.duplicates,
        lateness_seconds=draft.lateness_seconds,
        retention_seconds=draft.retention_seconds,
        shards=draft.shards,
        is_simulated=draft.is_simulated,
        created_at=now,
        updated_at=now,
    )
    _insert(dataset)
    make_lanes(dataset)
    record_audit(access=access, action="dataset.created", target=dataset.slug, now=now)
    return dataset


@transaction.atomic
def delete_dataset(*, access: Access, dataset: Dataset, now: datetime) -> None:
    """Hide a dataset; its records are removed later, its name is free at once.

    Rules over it are judged no more, since nothing enters its lane.
    """
    access.require(Need.WRITE)
    Dataset.objects.filter(pk=dataset.pk, deleted_at=None).update(deleted_at=now)
    record_audit(access=access, action="dataset.deleted", target=dataset.slug, now=now)


def find_dataset(*, access: Access, slug: str) -> Dataset:
    """Return a dataset of the workspace by name, without regard to case.

    Raises:
        DatasetNotFound: also for datasets of other workspaces.
    """
    dataset = (
        Dataset.objects.alive()
        .filter(workspace=access.workspace)
        .named(slug)
        .select_related("workspace")
        .first()
    )
    if dataset is None:
        raise DatasetNotFound(
            f"There is no dataset {slug} in workspace {access.workspace.slug}."
        )
    return dataset


def _check_draft(draft: DatasetDraft) -> None:
    if not draft.is_system and (reason := check_dataset_name(draft.slug)):
        raise DatasetInvalid(
            reason,
            errors=[FieldError(pointer="/slug", code="name", detail=reason)],
        )
    for name in ("title", "supplier"):
        if len(getattr(draft, name)) > _WORDS_LIMIT:
            text = f"{name} is too long; use at most {_WORDS_LIMIT} characters."
            raise DatasetInvalid(
                text, errors=[FieldError(pointer=f"/{name}", code="long", detail=text)]
            )
    if draft.zone and not _is_zone(draft.zone):
        text = f"{draft.zone!r} is no time zone; write one like America/New_York."
        raise DatasetInvalid(
            text, errors=[FieldError(pointer="/zone", code="zone", detail=text)]
        )
    if text := _problem_of_shards(draft):
        raise DatasetInvalid(
            text, errors=[FieldError(pointer="/shards", code="shards", detail=text)]
        )


def _problem_of_shards(draft: DatasetDraft) -> str:
    """Say why a dataset cannot be divided as a draft wants it; blank if it can."""
    if not 1 <= draft.shards <= MOST_SHARDS:
        return f"shards is {draft.shards}; say 1 to {MOST_SHARDS}."
    if draft.shards == 1:
        return ""
    if not draft.index.key:
        return (
            "Shards divide a dataset by key, and index.key names no field; name one, "
            "or leave shards out."
        )
    if draft.duplicates is Duplicates.REFUSE:
        return (
            "Shards are judged apart, so a record that repeats one cannot void those "
            "of other shards; set duplicates to ignore or replace, or leave shards out."
        )
    return ""


def _insert(dataset: Dataset) -> None:
    """Store the row; of two that come at once under one name, one is refused."""
    try:
        with transaction.atomic():
            dataset.save(force_insert=True)
    except IntegrityError as error:
        raise DatasetTaken(
            f"A dataset {dataset.slug} exists already in {dataset.workspace.slug}."
        ) from error


def _is_zone(name: str) -> bool:
    try:
        ZoneInfo(name)
    except (KeyError, ValueError, OSError):
        return False
    return True


def _checked_schema(draft: DatasetDraft) -> dict[str, object]:
    try:
        declared = read_schema(dict(draft.schema), pointer="/schema")
        schema = apply_index(declared, draft.index)
    except SchemaInvalid as error:
        errors = [
            FieldError(
                pointer=one.pointer.replace("/columnMapping/", "/index/"),
                code=one.code,
                detail=one.detail,
            )
            for one in error.problems
        ]
        raise DatasetInvalid(str(error), errors=errors) from error
    return schema.to_document()
