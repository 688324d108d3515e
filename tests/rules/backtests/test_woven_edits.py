"""Edits of rules of which the engine sees the events that may matter."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from pytest_django.fixtures import Settings

from datasets.json import decode, encode
from datasets.models import Dataset
from rules.models import BacktestRun, BacktestState
from rules.services import (
    Backtest,
    Comparison,
    create_rule,
    run_backtest,
    start_comparison,
)
from rules.services.backtest_json import backtest_to_json, comparison_to_json
from tests.factories import NOW
from tests.rules.backtests.pasts import (
    EVENTS,
    HIGH,
    drain_all,
    for_engine,
    keep,
    look_back,
    told,
)
from workspaces.access import Access

pytestmark = pytest.mark.django_db

LATER = NOW + timedelta(days=1)
HIGHER = {**HIGH, "value": 311}
BESIDE = {**HIGH, "op": "gte", "value": {"fact": "DEMO:PRICES:MSFT:price"}}
REMINDED: dict[str, Any] = {"raise": {"remind_every": "2m"}}
STEPS = [{"when": HIGHER, "is": "critical"}]
#: How a rule stands, and what becomes of it.
EDITS: dict[str, tuple[dict[str, Any], dict[str, Any]]] = {
    "another level": ({"when": HIGH, **REMINDED}, {"when": HIGHER, **REMINDED}),
    "another hold": (
        {"when": HIGH, **REMINDED},
        {"when": HIGH, **REMINDED, "hold": "40s"},
    ),
    "what columns answer": (
        {"when": HIGHER, "hold": "20s"},
        {"when": HIGH, "severity": "info", "ladder": STEPS},
    ),
    "a signal": (
        {"kind": "signal", "when": {**HIGH, "held": "1m"}},
        {"kind": "signal", "when": {**HIGH, "held": "30s"}},
    ),
    "beside a key": (
        {"when": BESIDE, **REMINDED},
        {"when": BESIDE, **REMINDED, "hold": "30s"},
    ),
}


def definition(said: Mapping[str, Any]) -> dict[str, Any]:
    return {"name": "High", "kind": "state", **said}


def compared(access: Access, standing: Any, edited: Any) -> Comparison | BacktestRun:
    rule = create_rule(access=access, definition=definition(standing), now=NOW)
    return start_comparison(
        access=access, rule=rule, definition=definition(edited), now=LATER
    )


def without_words(found: Comparison) -> Comparison:
    return replace(
        found,
        before=told(found.before),
        after=told(found.after),
        added_hits=tuple(replace(one, reason="") for one in found.added_hits),
        removed_hits=tuple(replace(one, reason="") for one in found.removed_hits),
    )


@pytest.mark.parametrize("name", EDITS)
def test_edit_is_compared_as_by_all_events(
    sent: Dataset, access: Access, settings: Settings, name: str
) -> None:
    edit = EDITS[name]
    by_all = [{**one, "when": for_engine(one["when"])} for one in edit]
    judged = compared(access, *by_all)
    keep()
    # Both together see fewer than there are.
    settings.BELLWETHER_BACKTEST_EVENTS = 2 * (EVENTS - 1)

    found = compared(access, *edit)

    assert isinstance(judged, Comparison)
    assert isinstance(found, Comparison)
    assert without_words(found) == without_words(judged)
    assert found.added + found.removed


def test_edit_of_which_more_is_seen_is_compared_in_the_background(
    sent: Dataset, access: Access, settings: Settings
) -> None:
    standing, edited = EDITS["another level"]
    drain_all(sent)
    at_once = compared(access, standing, edited)
    after = look_back(access, now=LATER, **definition(edited))
    settings.BELLWETHER_BACKTEST_EVENTS = 10

    run = compared(access, standing, edited)

    assert isinstance(at_once, Comparison)
    assert isinstance(after, Backtest)
    assert isinstance(run, BacktestRun)
    run_backtest(run_id=run.pk, clock=lambda: LATER)
    run.refresh_from_db()
    assert (run.state, run.read, run.total) == (
        BacktestState.DONE,
        3 * EVENTS,
        3 * EVENTS,
    )
    assert run.compared == decode(encode(comparison_to_json(at_once)))
    assert run.found == decode(encode(backtest_to_json(after)))
