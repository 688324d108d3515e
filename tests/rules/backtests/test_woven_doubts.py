"""Where columns are wrong, or cannot tell, the engine's word on all events counts."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from pytest_django.fixtures import Settings

from datasets.json import decode, encode
from datasets.models import Dataset, Record
from datasets.services import Ingest, accept_batch
from rules.models import BacktestRun
from rules.services import (
    Comparison,
    create_rule,
    run_backtest,
    start_backtest,
    start_comparison,
)
from rules.services.backtest_json import backtest_to_json
from tests.factories import NOW
from tests.rules.backtests.pasts import (
    HIGH,
    drain_all,
    for_engine,
    judge,
    keep,
    look_back,
    told,
)
from workspaces.access import Access

pytestmark = pytest.mark.django_db

#: Early enough for all that came about to be told one by one, and judged once more.
LATER = NOW + timedelta(minutes=67)
REMINDED: dict[str, Any] = {"kind": "state", "raise": {"remind_every": "2m"}}
DISAGREE = "columns and engine disagree"


@pytest.fixture
def changed(sent: Dataset) -> Dataset:
    """The same prices, of which columns have others than those of one key are."""
    keep()
    Record.objects.filter(key="MSFT").update(body={"symbol": "MSFT", "price": 300})
    return sent


def test_where_they_are_wrong_the_engine_judges_all_at_once(
    changed: Dataset, access: Access, caplog: pytest.LogCaptureFixture
) -> None:
    found = look_back(access, HIGH, now=LATER, **REMINDED)

    assert [one.message for one in caplog.records] == [DISAGREE]
    assert told(found) == told(judge(access, HIGH, now=LATER, **REMINDED))
    assert {hit.key for hit in found.hits} == {"AAPL", "IBM"}


def test_where_they_are_wrong_the_engine_judges_all_in_the_background(
    changed: Dataset,
    access: Access,
    settings: Settings,
    caplog: pytest.LogCaptureFixture,
) -> None:
    judged = look_back(access, HIGH, now=LATER, **REMINDED)
    settings.BELLWETHER_BACKTEST_EVENTS = 10
    definition = {"name": "Draft", "when": HIGH, **REMINDED}
    run = start_backtest(access=access, definition=definition, now=LATER)
    assert isinstance(run, BacktestRun)

    run_backtest(run_id=run.pk, clock=lambda: LATER)

    run.refresh_from_db()
    assert [one.message for one in caplog.records] == [DISAGREE] * 2
    assert run.found == decode(encode(backtest_to_json(judged)))


def test_where_they_are_wrong_an_edit_is_compared_by_all_events(
    changed: Dataset, access: Access, caplog: pytest.LogCaptureFixture
) -> None:
    whens = [HIGH, {**HIGH, "value": 311}]
    found, judged = (
        start_comparison(
            access=access,
            rule=create_rule(
                access=access,
                definition={"name": "High", "when": standing, **REMINDED},
                now=NOW,
            ),
            definition={"name": "High", "when": edited, **REMINDED},
            now=LATER,
        )
        for standing, edited in (whens, map(for_engine, whens))
    )

    assert [one.message for one in caplog.records] == [DISAGREE]
    assert isinstance(found, Comparison)
    assert isinstance(judged, Comparison)
    for one, other in (
        (found.before, judged.before),
        (found.after, judged.after),
    ):
        assert told(one) == told(other)
    counts = (found.added, found.removed, found.kept)
    assert counts == (judged.added, judged.removed, judged.kept)
    assert sum(counts)


def test_text_that_columns_do_not_keep_is_the_engine_s(
    prices: Dataset, access: Access
) -> None:
    """Of one key of many, whose events columns cannot follow besides."""
    venues = [*"ABCD", "up" * 200]
    for place, venue in enumerate(venues * 2):
        key = "MSFT" if len(venue) > 1 else f"K{place % 5}"
        accept_batch(
            dataset=prices,
            events=[{"symbol": key, "venue": venue}],
            ingest=Ingest(),
            now=NOW + timedelta(minutes=place),
        )
    drain_all(prices)
    when = {"fact": "DEMO:PRICES:*:venue", "op": "starts_with", "value": "up"}

    found = look_back(access, when, now=LATER, **REMINDED)

    assert told(found) == told(judge(access, when, now=LATER, **REMINDED))
    assert {hit.key for hit in found.hits} == {"MSFT"}
