"""Back-tests over several datasets of which the engine sees what may matter."""

from __future__ import annotations

from datetime import timedelta
from random import Random
from typing import Any

import pytest
from pytest_django.fixtures import Settings

from datasets.models import Dataset
from datasets.services import Ingest, accept_batch
from rules.services import create_rule
from tests.factories import NOW, DatasetFactory
from tests.rules.backtests.pasts import drain_all, judge, keep, look_back, told
from workspaces.access import Access

pytestmark = pytest.mark.django_db

EVENTS = 160
LATER = NOW + timedelta(days=1)
BEFORE_ALL_IS_OVER = NOW + timedelta(minutes=40)
PRICE = "DEMO:PRICES:*:price"
KINDS: dict[str, tuple[dict[str, Any], dict[str, Any]]] = {
    "any key": (
        {"fact": PRICE, "op": "gte", "value": {"fact": "DEMO:OTHER:*:price"}},
        {
            "hold": "10s",
            "recover": {"hold": "10s"},
            "raise": {"remind_every": "2m", "again_if_moved": 1},
        },
    ),
    "one of them held": (
        {
            "all": [
                {"fact": PRICE, "op": "gte", "value": 310},
                {
                    "fact": "DEMO:OTHER:*:price",
                    "op": "gte",
                    "value": 310,
                    "held": "30s",
                },
            ]
        },
        {"no_data": {"after": "2m", "then": "alert"}},
    ),
    "beside a named key": (
        {"fact": PRICE, "op": "gte", "value": {"fact": "DEMO:OTHER:MSFT:price"}},
        {
            "severity": "info",
            "ladder": [
                {
                    "when": {"fact": PRICE, "op": "gte", "value": 311},
                    "is": "critical",
                }
            ],
            "recover": {"hold": "20s"},
        },
    ),
    "named keys": (
        {
            "fact": "DEMO:PRICES:MSFT:price",
            "op": "gte",
            "value": {"fact": "DEMO:OTHER:AAPL:price"},
        },
        {"hold": "5s", "no_data": {"after": "3m", "then": "resolve"}},
    ),
    "signal": (
        {"fact": PRICE, "op": "gt", "value": {"fact": "DEMO:OTHER:*:price"}},
        {"kind": "signal"},
    ),
}


@pytest.fixture
def other(prices: Dataset) -> Dataset:
    """Another dataset of the same fields."""
    return DatasetFactory(workspace=prices.workspace, slug="OTHER")


def send_to_both(prices: Dataset, other: Dataset) -> None:
    """Send prices of two keys to both, several at a time, and drain one or the other.

    Those of a third key move facts, and run no rule.
    """
    random, at = Random(7), NOW
    level: dict[tuple[Dataset, str], int] = {}
    for number in range(EVENTS // 2):
        at += timedelta(seconds=random.choice((1, 5, 20, 60)))
        dataset, events = random.choice((prices, other)), []
        keys = ("IBM",) if number % 9 == 4 else ("MSFT", "AAPL")
        for key in random.choices(keys, k=2):
            moved = level.get((dataset, key), 310) + random.choice((-1, 0, 0, 1))
            level[dataset, key] = min(max(moved, 308), 313)
            events.append({"symbol": key, "price": level[dataset, key]})
        ingest = Ingest(raises=keys != ("IBM",))
        accept_batch(dataset=dataset, events=events, ingest=ingest, now=at)
        if random.random() < 0.3:
            drain_all(random.choice((prices, other)))
    drain_all(prices, other, prices)


@pytest.mark.parametrize("now", [BEFORE_ALL_IS_OVER, LATER], ids=["soon", "later"])
@pytest.mark.parametrize("is_told", [False, True], ids=["by receipt", "as told"])
@pytest.mark.parametrize("name", KINDS)
def test_what_may_matter_of_several_logs_is_judged_as_all_would_be(
    prices: Dataset,
    other: Dataset,
    access: Access,
    settings: Settings,
    name: str,
    is_told: bool,
    now: Any,
) -> None:
    when, more = KINDS[name]
    more = {"kind": "state", **more}
    if is_told:
        create_rule(
            access=access, definition={"name": "Home", "when": when, **more}, now=NOW
        )
        drain_all(prices, other, prices)
    send_to_both(prices, other)
    judged = judge(access, when, now=now, **more)
    keep()
    # Fewer than there are, but as many as may matter.
    settings.BELLWETHER_BACKTEST_EVENTS = EVENTS - 1

    found = look_back(access, when, now=now, **more)

    assert told(found) == told(judged)
    assert found.alerts
    assert not found.is_cut
