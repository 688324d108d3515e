"""An event that runs many rules: it takes its time, and is not taken for endless."""

from __future__ import annotations

import time
from types import SimpleNamespace

import pytest
from pytest_django.fixtures import DjangoAssertNumQueries

from datasets.models import Dataset
from datasets.services import note_judged
from datasets.store import lanes
from rules.services import create_rule
from tests.factories import NOW
from tests.rules.engine.lanes import Lane, signal
from tests.story.lane import drain, price, send
from workspaces.access import Access

pytestmark = pytest.mark.django_db


def test_a_program_tells_of_each_rule_that_it_runs() -> None:
    lane = Lane()
    present = {"fact": "CORE:STOCK:*:price", "op": "is_present"}
    for rule in range(1, 6):
        lane.put(signal(present), rule_id=rule)
    told: list[None] = []
    lane.program.before_run = lambda: told.append(None)

    lane.send({"price": 1})

    assert len(told) == 5


def test_a_drain_comes_on_with_each_rule(
    access: Access, prices: Dataset, monkeypatch: pytest.MonkeyPatch
) -> None:
    readings: list[float] = []

    def clock() -> float:
        readings.append(time.monotonic())
        return readings[-1]

    monkeypatch.setattr(lanes, "time", SimpleNamespace(monotonic=clock))
    cheap = {"fact": "DEMO:PRICES:MSFT:symbol", "op": "matches", "value": "^X"}
    counts = []
    for more in (1, 30):
        for _ in range(more):
            rule = {"kind": "signal", "name": "Pattern", "when": cheap}
            create_rule(access=access, definition=rule, now=NOW)
        drain(prices)
        readings.clear()
        send(prices, price(300))
        drain(prices)
        counts.append(len(readings))

    one, many = counts
    assert many - one >= 30


def test_who_judges_for_long_breaks_the_silence(
    prices: Dataset,
    monkeypatch: pytest.MonkeyPatch,
    django_assert_num_queries: DjangoAssertNumQueries,
) -> None:
    now = 1_000.0
    monkeypatch.setattr(lanes, "time", SimpleNamespace(monotonic=lambda: now))
    with lanes.holding(prices.lanes.get().pk):
        for seconds, asked in [(9, 0), (1, 1), (9, 0), (30, 1)]:
            now += seconds
            with django_assert_num_queries(asked):
                note_judged()
