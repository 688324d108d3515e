"""The market that comes with an installation: two datasets and what feeds them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from datasets.connectors.simulator import (
    MARKET_INDEX,
    MARKET_SCHEMA,
    STOCK_INDEX,
    STOCK_SCHEMA,
    Simulator,
)
from datasets.models import Dataset, KeyForm, Source
from datasets.schemas import Index
from datasets.services.configuring import create_source, load_history
from datasets.services.making import DatasetDraft, create_dataset
from datasets.store.writing import writing
from workspaces.access import Access

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
    """Make what is missing of the market's datasets, sources and history.

    What was made once is not made again, also if somebody deleted it since. The
    simulator's sources follow `is_simulated` at every call; others are left alone.
    """
    for part in _PARTS:
        with writing():
            _seed_part(part, access=access, is_simulated=is_simulated, now=now)
    Source.objects.filter(
        dataset__workspace=access.workspace, kind=Simulator.kind
    ).update(is_enabled=is_simulated)


def _seed_part(
    part: _Part, *, access: Access, is_simulated: bool, now: datetime
) -> None:
    made = Dataset.objects.filter(workspace=access.workspace)
    if made.named(part.slug).exists():
        return
    dataset = create_dataset(
        access=access, draft=_draft(part, is_simulated=is_simulated), now=now
    )
    if not is_simulated:
        return
    source = create_source(
        access=access,
        dataset=dataset,
        name=f"Simulated {part.feed}",
        kind=Simulator.kind,
        config={"feed": part.feed},
        every=part.every,
        now=now,
    )
    load_history(source=source, now=now)


def _draft(part: _Part, *, is_simulated: bool) -> DatasetDraft:
    return DatasetDraft(
        slug=part.slug,
        title=part.title,
        description=part.description,
        supplier="Simulated" if is_simulated else "",
        schema=part.schema,
        index=part.index,
        zone=ZONE,
        key_form=KeyForm.UPPER,
        retention_seconds=int(RETENTION.total_seconds()),
        is_simulated=is_simulated,
    )
