"""Who looks back, and where the columns are kept meanwhile."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path
from random import Random

import pytest
from pytest_django.fixtures import Settings

from datasets.models import Dataset
from datasets.services import Ingest, accept_batch
from tests.factories import NOW
from tests.rules.backtests.pasts import EVENTS, drain_all
from workspaces.access import Access, Need


@pytest.fixture
def access(prices: Dataset) -> Access:
    return Access(workspace=prices.workspace, gives=Need.MANAGE)


@pytest.fixture(autouse=True)
def directory(settings: Settings, tmp_path: Path) -> Path:
    settings.BELLWETHER_SEGMENTS_DIR = tmp_path
    return tmp_path


@pytest.fixture
def sent(prices: Dataset) -> Dataset:
    """Prices of three keys that waver, one of which is odd, for about an hour."""
    random, at, level = Random(7), NOW, dict.fromkeys(("MSFT", "AAPL", "IBM"), 310)
    for number in range(EVENTS):
        at += timedelta(seconds=random.choice((5, 20, 60)))
        key = random.choice(("MSFT", "MSFT", "AAPL", "AAPL", "IBM"))
        level[key] = min(max(level[key] + random.choice((-1, 0, 0, 1)), 308), 313)
        price = None if number % 17 == 3 else level[key]
        accept_batch(
            dataset=prices,
            events=[{"symbol": key, "price": price}],
            ingest=Ingest(raises=key != "IBM" or number % 3 > 0),
            now=at,
        )
    drain_all(prices)
    return prices
