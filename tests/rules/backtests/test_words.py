"""Back-tests of texts and of what is so, which columns answer."""

from __future__ import annotations

from random import Random
from typing import Any

import pytest
from pytest_django.fixtures import Settings

from datasets.models import Dataset
from datasets.services import Ingest, accept_batch
from tests.factories import NOW
from tests.rules.backtests.pasts import (
    HIGH,
    KINDS,
    drain_all,
    judge,
    keep,
    look_back,
    told,
)
from workspaces.access import Access

pytestmark = pytest.mark.django_db


@pytest.mark.parametrize("pieces", [1, 3], ids=["at once", "in pieces"])
@pytest.mark.parametrize("kind", KINDS, ids=["signal", "state"])
def test_columns_know_texts_and_what_is_so(
    prices: Dataset,
    access: Access,
    settings: Settings,
    kind: dict[str, Any],
    pieces: int,
) -> None:
    random = Random(7)
    for number in range(60):
        event = {
            "symbol": random.choice(("MSFT", "AAPL")),
            "price": random.randint(309, 312),
            "venue": random.choice(("XNYS", "XNAS", "xnas", None, f"V{number}")),
            "halted": random.choice((True, False, None)),
        }
        some = {name: one for name, one in event.items() if random.random() < 0.8}
        sent = {**some, "symbol": event["symbol"]}
        accept_batch(dataset=prices, events=[sent], ingest=Ingest(), now=NOW)
        drain_all(prices)
        if number % (60 // pieces) == 59 // pieces:
            keep()
    venue, halted = (f"DEMO:PRICES:*:{name}" for name in ("venue", "halted"))
    when = {
        "all": [
            HIGH,
            {"fact": venue, "op": "eq", "value": "XNAS", "ignore_case": True},
            {"not": {"fact": halted, "op": "eq", "value": True}},
        ]
    }
    judged = judge(access, when, **kind)
    settings.BELLWETHER_BACKTEST_EVENTS = 1

    found = look_back(access, when, **kind)

    assert told(found) == told(judged)
    assert found.alerts
    assert not found.is_cut
