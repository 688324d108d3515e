"""Back-tests of every key beside one that is named, which columns answer."""

from __future__ import annotations

from datetime import timedelta
from random import Random
from typing import Any

import pytest
from pytest_django.fixtures import Settings

from datasets.models import Dataset
from datasets.services import Ingest, accept_batch
from tests.factories import NOW
from tests.rules.backtests.pasts import drain_all, judge, keep, look_back, told
from workspaces.access import Access

pytestmark = pytest.mark.django_db

LATER = NOW + timedelta(days=1)


def send_some(prices: Dataset, *, late: bool = False) -> None:
    """Send prices of three keys, several in a batch, of which some are of MSFT."""
    prices.date_field = "day"
    prices.save()
    random, at = Random(7), NOW
    for number in range(30):
        at += timedelta(seconds=20)
        back = timedelta(seconds=300 if late and number % 5 == 4 else 0)
        events = [
            {
                "symbol": key,
                "day": (at - back).isoformat(),
                random.choice(("price", "price", "open")): random.randint(309, 312),
            }
            for key in random.choices(("MSFT", "AAPL", "IBM"), k=3)
        ]
        accept_batch(dataset=prices, events=events, ingest=Ingest(), now=at)
    drain_all(prices)


@pytest.mark.parametrize("late", [False, True], ids=["in order", "late"])
@pytest.mark.parametrize("other", ["price", "open"])
@pytest.mark.parametrize(
    "more",
    [
        {"raise": {"mode": "on_enter"}},
        {"kind": "state"},
        {"kind": "state", "hold": "1m"},
    ],
    ids=["signal", "state", "hold"],
)
def test_every_key_is_compared_with_what_a_named_one_was_then(
    prices: Dataset, access: Access, more: dict[str, Any], other: str, late: bool
) -> None:
    send_some(prices, late=late)
    keep()
    beside = {"fact": f"DEMO:PRICES:MSFT:{other}", "plus": 1}
    when = {"fact": "DEMO:PRICES:*:price", "op": "gte", "value": beside}

    found, judged = (one(access, when, now=LATER, **more) for one in (look_back, judge))

    assert told(found) == told(judged)
    assert found.alerts


def test_what_is_told_beside_a_named_key_is_of_all_that_is_stored(
    prices: Dataset, access: Access, settings: Settings
) -> None:
    send_some(prices)
    settings.BELLWETHER_BACKTEST_EVENTS = 1
    beside = {"fact": "DEMO:PRICES:MSFT:open"}
    when = {"fact": "DEMO:PRICES:*:price", "op": "gt", "value": beside}

    found = look_back(access, when)

    assert found.alerts
    assert not found.is_cut
