"""Making and switching sources."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime

from django.conf import settings
from django.db.models import Case, Value, When

from datasets.connectors import ConfigInvalid, ConnectorError, find_connector
from datasets.connectors.simulator import Simulator
from datasets.models import Dataset, Source
from datasets.schedules import Schedule
from datasets.store.writing import writing
from workspaces.access import Access, Need
from workspaces.refusals import FieldError, Invalid, Missing
from workspaces.services import record_audit


class SourceInvalid(Invalid):
    """The source cannot be made or run like this; `errors` name each setting."""

    code = "source_invalid"


class SourceNotFound(Missing):
    """There is no such source of the dataset."""

    code = "source_not_found"


def create_source(
    *,
    access: Access,
    dataset: Dataset,
    name: str,
    kind: str,
    config: Mapping[str, object],
    schedule: Schedule,
    now: datetime,
) -> Source:
    """Store a source that runs at the slots of a schedule from now on.

    Raises:
        SourceInvalid: naming the settings that its connector cannot use.
    """
    access.require(Need.MANAGE)
    with writing():
        source = Source.objects.create(
            dataset=dataset,
            name=name,
            kind=kind,
            config=check_config(kind=kind, config=config),
            **Source.columns_of(schedule),
            next_run_at=schedule.first_slot(now),
            created_at=now,
            is_held=is_held_here(kind),
        )
        record_audit(access=access, action="source.created", target=name, now=now)
    return source


def is_held_here(kind: str) -> bool:
    """Say whether this installation keeps sources of a kind from running."""
    return kind == Simulator.kind and not settings.BELLWETHER_SIMULATOR


def check_config(*, kind: str, config: Mapping[str, object]) -> dict[str, object]:
    """Return what a source is configured with, complete with its kind's defaults.

    Raises:
        SourceInvalid: naming the settings that its connector cannot use.
    """
    try:
        return find_connector(kind).validate(config)
    except ConfigInvalid as invalid:
        raise SourceInvalid(
            str(invalid),
            errors=[
                FieldError(pointer=f"/config/{name}", code="invalid", detail=detail)
                for name, detail in invalid.problems.items()
            ],
        ) from invalid
    except ConnectorError as unknown:
        error = FieldError(pointer="/kind", code="unknown", detail=str(unknown))
        raise SourceInvalid(str(unknown), errors=[error]) from unknown


def turn_source(*, access: Access, source: Source, on: bool, now: datetime) -> None:
    """Turn a source on or off; one that stands so already is left as it is.

    What is turned on runs from its next slot on and makes up for none that it missed.
    One whose past is not written yet goes on with it at once.

    Raises:
        SourceInvalid: if it is to be on and its schedule cannot be read here.
    """
    access.require(Need.MANAGE)
    with writing():
        set_switch(access=access, source=source, on=on, now=now)


def set_switch(*, access: Access, source: Source, on: bool, now: datetime) -> None:
    """Turn a source, inside of a transaction, as `turn_source` does."""
    columns: dict[str, object] = {"is_enabled": on}
    if on:
        _check_schedule(source)
        # As the row stands now: its past may have ended since it was read.
        columns["next_run_at"] = Case(
            When(past_until=None, then=Value(source.schedule.first_slot(now))),
            default=Value(now),
        )
    turned = Source.objects.filter(pk=source.pk, is_enabled=not on).update(**columns)
    if turned:
        action = "source.turned_on" if on else "source.turned_off"
        record_audit(access=access, action=action, target=source.name, now=now)


def find_source(*, access: Access, slug: str, source_id: int) -> Source:
    """Return a source of a dataset of the workspace.

    Raises:
        SourceNotFound: also for sources of other datasets and workspaces.
    """
    sources = Source.objects.filter(dataset__workspace=access.workspace)
    of_dataset = sources.filter(dataset__deleted_at=None, dataset__slug__iexact=slug)
    source = of_dataset.select_related("dataset").filter(pk=source_id).first()
    if source is None:
        raise SourceNotFound(f"There is no such source of the dataset {slug}.")
    return source


def _check_schedule(source: Source) -> None:
    if problem := source.schedule_problem:
        detail = (
            f"{source.name} cannot be turned on, because its schedule cannot be read "
            f"here. {problem} Give it a schedule first."
        )
        error = FieldError(
            pointer="/is_enabled", code="schedule_unreadable", detail=detail
        )
        raise SourceInvalid(detail, errors=[error])
