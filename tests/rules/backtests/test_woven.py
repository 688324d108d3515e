"""Back-tests of which columns say what may matter, and the engine sees no more."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest
from pytest_django.fixtures import Settings

from alerts.services import create_output
from datasets.json import decode, encode
from datasets.models import Dataset
from rules.engine import Position
from rules.models import BacktestRun, BacktestState
from rules.services import Backtest, run_backtest, start_backtest
from rules.services.backtest_json import backtest_from_json, backtest_to_json
from tests.factories import NOW
from tests.rules.backtests.pasts import (
    EVENTS,
    HIGH,
    judge,
    keep,
    look_back,
    send,
    told,
)
from workspaces.access import Access

pytestmark = pytest.mark.django_db

LATER = NOW + timedelta(days=1)
BEFORE_ALL_IS_OVER = NOW + timedelta(minutes=67)
MSFT = {**HIGH, "fact": "DEMO:PRICES:MSFT:price"}
KINDS: dict[str, tuple[dict[str, Any], dict[str, Any]]] = {
    "reminders": (HIGH, {"raise": {"remind_every": "2m"}}),
    "moved": (HIGH, {"raise": {"again_if_moved": 1}}),
    "ladder": (
        HIGH,
        {
            "severity": "info",
            "ladder": [{"when": {**HIGH, "value": 311}, "is": "critical"}],
        },
    ),
    "silence": (HIGH, {"no_data": {"after": "3m", "then": "alert"}}),
    "hours": (
        HIGH,
        {"hold": "1m", "active": {"hours": "15:00-15:45", "zone": "UTC"}},
    ),
    "held": ({**HIGH, "held": "1m"}, {"hold": "20s"}),
    "times": (
        {**HIGH, "times": {"at_least": 3, "within": "5m"}},
        {"recover": {"hold": "1m"}},
    ),
    "signal": ({**HIGH, "held": "1m"}, {"kind": "signal"}),
    "once": ({**HIGH, "held": "1m"}, {"kind": "signal", "raise": {"mode": "once"}}),
    "new": ({**HIGH, "held": "1m"}, {"raise": {"only_new": True}}),
    "average": (
        {**HIGH, "over": {"take": "avg", "length": "3m"}},
        {"raise": {"remind_every": "2m"}, "hold": "20s"},
    ),
    "count": (
        {**HIGH, "op": "gte", "value": 6, "over": {"take": "count", "length": "5m"}},
        {"no_data": {"after": "3m", "then": "alert"}},
    ),
    "unusual": (
        {**HIGH, "op": "anomaly", "value": 1, "over": {"last": 6, "at_least": 4}},
        {"raise": {"remind_every": "2m"}},
    ),
    "one key": (
        MSFT,
        {"raise": {"remind_every": "2m"}},
    ),
    "beside a key": (
        {**HIGH, "op": "gte", "value": {"fact": "DEMO:PRICES:MSFT:price"}},
        {
            "raise": {"remind_every": "2m", "again_if_moved": 1},
            "no_data": {"after": "3m", "then": "alert"},
            "hold": "20s",
            "recover": {"hold": "20s"},
        },
    ),
    "while a key is high": (
        {"all": [HIGH, {**MSFT, "held": "40s"}]},
        {"kind": "signal"},
    ),
    "two keys": (
        {**MSFT, "op": "gte", "value": {"fact": "DEMO:PRICES:AAPL:price", "plus": -1}},
        {
            "severity": "info",
            "ladder": [{"when": MSFT, "is": "critical"}],
            "hold": "20s",
            "recover": {"hold": "20s"},
        },
    ),
}


def placed(found: Backtest) -> Backtest:
    """Let timers that no event has fired stand at one place, but in their order.

    Of those that turn nothing, as another value leaves a window, columns know nothing.
    """
    last = Position(seq=EVENTS + 1, ord=0)
    hits = [replace(one, position=min(one.position, last)) for one in found.hits]
    return replace(found, hits=tuple(hits))


@pytest.mark.parametrize("now", [BEFORE_ALL_IS_OVER, LATER], ids=["soon", "later"])
@pytest.mark.parametrize("name", KINDS)
def test_what_may_matter_is_judged_as_all_would_be(
    sent: Dataset, access: Access, settings: Settings, name: str, now: Any
) -> None:
    when, more = KINDS[name]
    config = {"to": "ana@example.com"}
    mail = create_output(access=access, kind="email", config=config, now=NOW).slug
    outputs = [{"output": mail, "at_most_every": "90s"}]
    more = {"kind": "state", "outputs": outputs, **more}
    judged = judge(access, when, now=now, **more)
    keep()
    # Fewer than there are, but as many as may matter.
    settings.BELLWETHER_BACKTEST_EVENTS = EVENTS - 1

    found = look_back(access, when, now=now, **more)

    assert placed(told(found)) == placed(told(judged))
    assert found.alerts
    assert not found.is_cut


def test_what_may_matter_is_told_in_the_words_of_what_was_sent(
    prices: Dataset, access: Access
) -> None:
    send(prices, Decimal("311.500"))

    (hit,) = look_back(access, HIGH, kind="state", **KINDS["ladder"][1]).hits

    assert "311.500" in hit.reason


def test_more_than_is_judged_at_once_is_judged_in_the_background(
    sent: Dataset, access: Access, settings: Settings
) -> None:
    when, more = KINDS["reminders"]
    definition = {"name": "High", "kind": "state", "when": when, **more}
    at_once = start_backtest(access=access, definition=definition, now=LATER)
    settings.BELLWETHER_BACKTEST_EVENTS = 10

    run = start_backtest(access=access, definition=definition, now=LATER)

    assert isinstance(at_once, Backtest)
    assert isinstance(run, BacktestRun)
    run_backtest(run_id=run.pk, clock=lambda: LATER)
    run.refresh_from_db()
    assert (run.state, run.read, run.total) == (BacktestState.DONE, EVENTS, EVENTS)
    assert run.found == decode(encode(backtest_to_json(at_once)))


def test_rule_that_was_never_true_says_how_near_it_came(
    prices: Dataset, access: Access
) -> None:
    send(prices, 311, Decimal("308.5"), 309)
    when = {**MSFT, "op": "lt", "value": 308}

    closest = look_back(access, {**when, "held": "1m"}, kind="state").closest

    assert closest == look_back(access, when).closest
    assert closest is not None
    assert (closest.value, closest.margin) == (Decimal("308.5"), Decimal("0.5"))


def test_rule_that_was_true_for_too_short_a_time_came_near_at_no_value(
    prices: Dataset, access: Access
) -> None:
    send(prices, 311, 309)

    found = look_back(access, {**HIGH, "held": "1m"}, kind="state")

    assert (found.passes, found.closest) == (0, None)


def test_how_near_a_rule_came_is_kept_of_what_was_judged_in_the_background(
    prices: Dataset, access: Access
) -> None:
    send(prices, 311, Decimal("308.5"), 309)
    when = {**MSFT, "op": "lt", "value": 308, "held": "1m"}
    found = look_back(access, when, kind="state")

    kept: Any = decode(encode(backtest_to_json(found)))

    assert backtest_from_json(kept) == found
