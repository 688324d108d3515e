"""Back-tests of which columns answer for most keys, and the engine for the others."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime, timedelta
from decimal import Decimal
from random import Random
from typing import Any

import pytest
from pytest_django.fixtures import Settings

from datasets.models import Dataset, Record
from datasets.services import Ingest, accept_batch, open_lane, save_dataset
from rules.engine import Position
from rules.services import Backtest
from tests.factories import NOW
from tests.rules.asked import CONDITIONS, about
from tests.rules.backtests.pasts import HIGH, drain_all, judge, look_back, told
from workspaces.access import Access

pytestmark = pytest.mark.django_db

LATER = NOW + timedelta(days=1)
MINUTES = {"take": "avg", "length": "10m"}
ODD = "IBM"


def send_oddly(prices: Dataset, *, batches: int = 20) -> int:
    """Send what columns follow under all keys but one, and count what is under that.

    Its times fall, not all of its events run rules, and what is late changes halfway.
    """
    prices.date_field, prices.lateness_seconds = "day", 60
    prices.save()
    random, at = Random(7), NOW
    for number in range(batches):
        keys = random.choices(("MSFT", "MSFT", "AAPL", "NVDA", ODD), k=3)
        is_quiet = number % 8 == 5
        at += timedelta(seconds=random.choice((20, 60, 200)))
        if number == batches // 2:
            prices.lateness_seconds = 400
            save_dataset(dataset=prices, now=at)
        accept_batch(
            dataset=prices,
            events=list(_events(random, [ODD] if is_quiet else keys, at)),
            ingest=Ingest(raises=not is_quiet),
            now=at + timedelta(seconds=random.choice((0, 20))),
        )
    drain_all(prices)
    return Record.objects.filter(key=ODD).count()


def _events(random: Random, keys: list[str], at: datetime) -> Iterator[dict[str, Any]]:
    for place, key in enumerate(keys):
        late = random.choice((0, 30, 300)) if key == ODD else 0
        yield {
            "symbol": key,
            "day": (at + timedelta(seconds=place - late)).isoformat(),
            "price": random.choice((309, 310, Decimal("310.50"), 311, 312)),
        }


def by_time_after_the_log(found: Backtest, prices: Dataset) -> Backtest:
    """Put what timers brought about after the last event in order of time.

    Of values that leave a window columns do not know which timers turn nothing, nor
    which event has set one: those stand in other places there.
    """
    lane = open_lane(prices)
    lane.refresh_from_db()
    after = Position(seq=lane.next_seq, ord=0)
    same = told(found)
    hits = [replace(hit, position=min(hit.position, after)) for hit in same.hits]
    return replace(
        same, hits=tuple(sorted(hits, key=lambda hit: (hit.position, hit.at, hit.key)))
    )


@pytest.mark.parametrize(
    ("condition", "more"),
    [
        ({"op": "gt", "value": 310, "over": MINUTES}, {"kind": "state"}),
        ({"op": "rise", "by": 1, "within": "10m"}, {"raise": {"mode": "on_enter"}}),
        (CONDITIONS[-3], {"raise": {"mode": "once_per_key"}}),
        (CONDITIONS[-1], {}),
    ],
    ids=["window", "move", "times", "sequence"],
)
def test_keys_that_columns_cannot_follow_are_judged_and_no_others(
    prices: Dataset,
    access: Access,
    settings: Settings,
    condition: dict[str, Any],
    more: dict[str, Any],
) -> None:
    """Only so many events may be judged as are under the one odd key."""
    own = send_oddly(prices)
    when = about("DEMO:PRICES:*:price", condition)
    judged = judge(access, when, now=LATER, **more)
    settings.BELLWETHER_BACKTEST_EVENTS = own

    found = look_back(access, when, now=LATER, **more)

    ours, theirs = (by_time_after_the_log(one, prices) for one in (found, judged))
    assert ours == theirs
    assert {ODD} < {hit.key for hit in found.hits}


def test_timers_of_all_keys_stand_one_behind_the_other(
    prices: Dataset, access: Access, settings: Settings
) -> None:
    """What has to last has done so after the last event, under the odd key as well."""
    own = send_oddly(prices)
    at = NOW + timedelta(hours=1)
    for place, key in enumerate(("NVDA", ODD, "MSFT")):
        event = {"symbol": key, "day": at.isoformat(), "price": 311}
        now = at + timedelta(seconds=place)
        accept_batch(dataset=prices, events=[event], ingest=Ingest(), now=now)
    drain_all(prices)
    more = {"kind": "state", "hold": "5m"}
    judged = judge(access, HIGH, now=LATER, **more)
    settings.BELLWETHER_BACKTEST_EVENTS = own + 1

    found = look_back(access, HIGH, now=LATER, **more)

    assert told(found) == told(judged)
    assert {ODD, "NVDA"} < {hit.key for hit in found.hits[-3:]}


def test_more_events_than_are_judged_at_once_leave_all_to_the_engine(
    prices: Dataset, access: Access, settings: Settings
) -> None:
    settings.BELLWETHER_BACKTEST_EVENTS = send_oddly(prices) - 1

    found, named = (
        look_back(access, {**HIGH, "fact": f"DEMO:PRICES:{key}:price", "over": MINUTES})
        for key in ("*", "MSFT")
    )

    assert (found.is_cut, named.is_cut) == (True, False)
