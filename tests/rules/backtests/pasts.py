"""What happened at the prices, and what columns and the engine say of it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime
from decimal import Decimal
from pathlib import Path
from random import Random
from typing import Any

from alerts.pipeline import drain_lane
from datasets.models import Dataset
from datasets.services import Ingest, accept_batch, open_lane
from rules.columns.history import Segment, find_segments
from rules.services import Backtest, backtest_rule, keep_segments
from tests.factories import NOW
from workspaces.access import Access

HIGH = {"fact": "DEMO:PRICES:*:price", "op": "gt", "value": 310}
EVENTS = 120
KINDS: tuple[dict[str, Any], ...] = ({"kind": "signal"}, {"kind": "state"})


def send(prices: Dataset, *values: Any, key: str = "MSFT") -> None:
    accept_batch(
        dataset=prices,
        events=[{"symbol": key, "price": one} for one in values],
        ingest=Ingest(),
        now=NOW,
    )
    drain_lane(lane_id=open_lane(prices).pk)


def wander(prices: Dataset, *, batches: int = 12, seed: int = 7) -> None:
    random = Random(seed)
    for _ in range(batches):
        choices = (309, 310, Decimal("310.5"), 311, Decimal("310.00"), 312, None)
        values = random.choices(choices, k=random.randrange(1, 6))
        send(prices, *values, key=random.choice(("MSFT", "AAPL")))


def drain_all(*datasets: Dataset) -> None:
    for dataset in datasets:
        drain_lane(lane_id=open_lane(dataset).pk)


def keep(*, least_events: int = 1, **more: Any) -> None:
    keep_segments(now=NOW, least_events=least_events, **more)


def kept(prices: Dataset, directory: Path) -> Sequence[Segment]:
    lane = open_lane(prices)
    chain, useless = find_segments(directory / f"{lane.pk}-{lane.epoch.hex}")
    assert not useless
    return chain


def look_back(
    access: Access, when: object, *, now: datetime = NOW, **more: Any
) -> Backtest:
    definition = {
        "name": "Draft",
        "when": when,
        **more,
    }
    return backtest_rule(access=access, definition=definition, now=now)


def judge(access: Access, when: object, **more: Any) -> Backtest:
    """Have the engine judge."""
    return look_back(access, for_engine(when), **more)


def for_engine(when: object) -> dict[str, Any]:
    """Ask the same so that columns do not know: what an event did not bring."""
    there = {"fact": "DEMO:PRICES:*:price", "op": "is_absent"}
    if "MSFT" in str(when):
        there = {**there, "fact": "DEMO:PRICES:MSFT:price"}
    return {"any": [when, {"all": [when, there]}]}


def told(found: Backtest) -> Backtest:
    """Leave out how a reason is worded, which is twice where there are two."""
    hits = tuple(replace(hit, reason="") for hit in found.hits)
    return replace(found, hits=hits, closest=None)
