"""The market that comes with an installation: two datasets and what feeds them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from django.db.models import QuerySet

from datasets.connectors.simulator import (
    MARKET_INDEX,
    MARKET_SCHEMA,
    STOCK_INDEX,
    STOCK_SCHEMA,
    Simulator,
)
from datasets.models import Dataset, Fact, KeyForm, Record, Source
from datasets.schedules import Every
from datasets.schemas import Index
from datasets.services.configuring import create_source, turn_source
from datasets.services.making import DatasetDraft, create_dataset
from datasets.services.pasts import begin_past
from datasets.store.writing import writing
from workspaces.access import Access
from workspaces.models import Workspace

ZONE: Final = "America/New_York"
RETENTION: Final = timedelta(days=2)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Part:
    """A dataset of the market and the feed of the simulator that fills it."""

    slug: str
    title: str
    description: str
    schema: Mapping[str, object]
    index: Index
    feed: str
    every: timedelta


_PARTS: Final = (
    _Part(
        slug="STOCK",
        title="Stocks",
        description="Quotes of 60 stocks, one record for each trade.",
        schema=STOCK_SCHEMA,
        index=STOCK_INDEX,
        feed="stocks",
        every=timedelta(seconds=1),
    ),
    _Part(
        slug="MARKET",
        title="Market",
        description="Facts of the US stock market as a whole.",
        schema=MARKET_SCHEMA,
        index=MARKET_INDEX,
        feed="market",
        every=timedelta(seconds=5),
    ),
)


def seed_market(*, access: Access, is_simulated: bool, now: datetime) -> None:
    """Make what is missing of the market's datasets and sources.

    Its past is written by the sources, as the first thing that they do.

    What was made once is not made again, also if somebody deleted it since. A market
    that began without the simulator gets it as long as nobody has fed it. Sources of
    the simulator, whoever's, are held where `is_simulated` is false; else their
    switches decide.
    """
    for part in _PARTS:
        with writing():
            _seed_part(part, access=access, is_simulated=is_simulated, now=now)
    Source.objects.filter(kind=Simulator.kind).update(is_held=not is_simulated)


def turn_market(*, access: Access, on: bool, now: datetime) -> None:
    """Turn all that simulates the market on or off."""
    for source in _simulators(access.workspace):
        turn_source(access=access, source=source, on=on, now=now)


def is_market_off(*, workspace: Workspace) -> bool:
    """Say whether the market could be simulated, and all of it is turned off."""
    simulators = _simulators(workspace).filter(is_held=False)
    return simulators.exists() and not simulators.filter(is_enabled=True).exists()


def is_resting(*, dataset: Dataset) -> bool:
    """Say whether a dataset holds simulated data that nothing brings any more."""
    running = Source.objects.running().filter(dataset=dataset)
    return dataset.is_simulated and not running.exists()


def is_beginning(*, dataset: Dataset) -> bool:
    """Say whether the past of a dataset is still being written by its sources."""
    running = Source.objects.running().filter(dataset=dataset)
    return running.exclude(past_until=None).exists()


def _simulators(workspace: Workspace) -> QuerySet[Source]:
    return Source.objects.filter(
        dataset__workspace=workspace,
        dataset__deleted_at=None,
        kind=Simulator.kind,
    )


def _seed_part(
    part: _Part, *, access: Access, is_simulated: bool, now: datetime
) -> None:
    made = Dataset.objects.filter(workspace=access.workspace).named(part.slug)
    if not made.exists():
        dataset = create_dataset(access=access, draft=_draft(part), now=now)
    elif found := made.alive().first():
        dataset = found
    else:
        return
    if is_simulated and _is_untouched(dataset):
        _simulate(dataset, part=part, access=access, now=now)


def _is_untouched(dataset: Dataset) -> bool:
    """Say whether nothing, simulated or real, ever came or was to come in."""
    rows = (Source, Record, Fact)
    return not dataset.is_simulated and not any(
        model.objects.filter(dataset=dataset).exists() for model in rows
    )


def _simulate(dataset: Dataset, *, part: _Part, access: Access, now: datetime) -> None:
    """Mark a dataset as simulated, and give it its source and its past."""
    dataset.is_simulated, dataset.supplier = True, "Simulated"
    dataset.save(update_fields=["is_simulated", "supplier"])
    source = create_source(
        access=access,
        dataset=dataset,
        name=f"Simulated {part.feed}",
        kind=Simulator.kind,
        config={"feed": part.feed},
        schedule=Every(part.every),
        now=now,
    )
    begin_past(source=source, now=now)


def _draft(part: _Part) -> DatasetDraft:
    return DatasetDraft(
        slug=part.slug,
        title=part.title,
        description=part.description,
        schema=part.schema,
        index=part.index,
        zone=ZONE,
        key_form=KeyForm.UPPER,
        retention_seconds=int(RETENTION.total_seconds()),
    )
