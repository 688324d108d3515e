"""A back-test tells exactly what the rule did live, event by event."""

from __future__ import annotations

import random
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

import pytest
from pytest_django.fixtures import Settings

from alerts.models import Transition
from alerts.services import create_output
from alerts.sweeping import sweep_timers
from datasets.models import Batch, Dataset, Duplicates
from datasets.services import save_dataset
from rules.models import Instance, Rule
from rules.services import Backtest, backtest_rule, create_rule
from tests.factories import NOW
from tests.story.lane import drain, price, send
from workspaces.access import Access

pytestmark = pytest.mark.django_db

ANY = "DEMO:PRICES:*:price"
RULES: Mapping[str, dict[str, Any]] = {
    "signal": {
        "kind": "signal",
        "when": {"fact": ANY, "op": "lt", "value": 100},
        "outputs": [{"output": "mail", "at_most_every": "40s"}],
    },
    "two conditions": {
        "kind": "signal",
        "when": {
            "all": [
                {"fact": ANY, "op": "lt", "value": 100},
                {"not": {"fact": ANY, "op": "is_absent"}},
            ]
        },
        "outputs": [{"output": "mail", "at_most_every": "40s"}],
    },
    "state": {
        "kind": "state",
        "when": {"fact": ANY, "op": "lt", "value": 100},
        "hold": "9s",
        "recover": {"when": {"fact": ANY, "op": "gt", "value": 102}, "hold": "6s"},
    },
    "crossing": {
        "kind": "signal",
        "when": {"fact": ANY, "op": "cross_up", "value": 101},
        "outputs": [{"output": "mail", "at_most_every": 0}],
    },
    "silence": {
        "kind": "state",
        "when": {"fact": ANY, "op": "silent", "value": "20s"},
    },
    "anomaly": {
        "kind": "state",
        "when": {
            "fact": ANY,
            "op": "anomaly",
            "over": {"last": 12, "at_least": 5},
            "value": 1.5,
        },
    },
    "windows": {
        "kind": "signal",
        "when": {
            "fact": ANY,
            "over": {"take": "avg", "window": "tumbling", "length": "20s"},
            "op": "lt",
            "value": 101,
        },
        "outputs": [{"output": "mail", "at_most_every": "40s"}],
    },
    "close": {
        "kind": "state",
        "when": {
            "fact": ANY,
            "over": {"take": "count", "window": "tumbling", "length": "15s"},
            "op": "gte",
            "value": 3,
        },
        "raise": {"mode": "on_window_close"},
    },
    "one key": {
        "kind": "state",
        "when": {"fact": "DEMO:PRICES:B:price", "op": "lte", "value": 100},
        "no_data": {"after": "15s", "then": "resolve"},
    },
}


#: What a batch says of its repetitions, by how they are handled.
REPEATS = {"ignore": "ignored", "replace": "replaced", "refuse": "refused"}


def made(access: Access, rule: str) -> dict[str, Any]:
    """Turn a rule on, and return its definition."""
    config = {"to": "ana@example.com"}
    mail = create_output(access=access, kind="email", config=config, now=NOW).slug
    outputs = [{**use, "output": mail} for use in RULES[rule].get("outputs", ())]
    definition = {"name": "Looked back", **RULES[rule], "outputs": outputs}
    create_rule(access=access, definition=definition, now=NOW)
    return definition


def wander(prices: Dataset, *, events: int = 160) -> datetime:
    """Post prices that wander, one to three a request; return when the last came."""
    chance = random.Random(7)
    at, now = 0.0, dict.fromkeys("ABC", 101)
    while events > 0:
        at += chance.choice([1, 2, 3, 30 if chance.random() < 0.2 else 4])
        keys = chance.sample("ABC", chance.randint(1, 3))
        for key in keys:
            now[key] = max(94, min(106, now[key] + chance.randint(-3, 3)))
        raises = chance.random() > 0.05
        send(prices, *(price(now[key], of=key) for key in keys), at=at, raises=raises)
        if chance.random() < 0.1:
            drain(prices)
        events -= len(keys)
    drain(prices)
    return NOW + timedelta(seconds=at)


def live() -> Sequence[tuple[object, ...]]:
    """What came about live."""
    rows = Transition.objects.order_by("seq", "ord", "pk")
    return [(one.kind, one.key, one.at, (one.seq, one.ord), one.reason) for one in rows]


def looked_back(found: Backtest) -> Sequence[tuple[object, ...]]:
    """What the back-test says would have come about."""
    return [
        (hit.kind, hit.key, hit.at, (hit.position.seq, hit.position.ord), hit.reason)
        for hit in found.hits
    ]


@pytest.mark.parametrize("rule", RULES)
def test_backtest_agrees_with_what_happened_live(
    access: Access, prices: Dataset, rule: str
) -> None:
    definition = made(access, rule)
    wander(prices)

    found = backtest_rule(access=access, definition=definition, now=NOW)

    happened = live()
    begun = [kind for kind, *_ in happened if kind in {"raised", "opened"}]
    assert looked_back(found) == happened
    assert len(begun) > 2
    assert found.alerts == len(begun) == sum(found.per_day.values())
    saved = Rule.objects.get()
    assert (found.passes, found.is_cut) == (saved.passed, False)
    if definition["kind"] == "signal":
        assert found.told == saved.sent == sum(found.told_by_output.values())


@pytest.mark.parametrize("rule", ["silence", "state", "one key", "windows", "close"])
def test_backtest_fires_the_timers_that_the_sweep_found_in_the_end(
    access: Access, prices: Dataset, rule: str
) -> None:
    definition = made(access, rule)
    last = wander(prices, events=60) + timedelta(seconds=1)
    cheap = (price(90, of=key) for key in "ABC")
    send(prices, *cheap, at=(last - NOW).total_seconds())
    drain(prices)
    before = len(live())
    for seconds in range(0, 120, 3):
        sweep_timers(now=last + timedelta(seconds=seconds))
        drain(prices)

    later = last + timedelta(seconds=120)
    found = backtest_rule(access=access, definition=definition, now=later)

    def timeless(steps: Sequence[tuple[object, ...]]) -> list[tuple[object, ...]]:
        return sorted((kind, key, at) for kind, key, at, *_ in steps)

    assert timeless(looked_back(found)) == timeless(live())
    assert len(live()) > before


@pytest.mark.parametrize("handling", Duplicates.values)
def test_backtest_judges_what_was_replaced_and_not_what_was_ignored(
    access: Access, prices: Dataset, handling: str
) -> None:
    prices.date_field = "day"
    prices.duplicates = handling
    prices.save()
    definition = made(access, "signal")
    for minute in range(3):
        day = (NOW + timedelta(minutes=minute)).isoformat()
        for amounts in [(99, 120), (98, 97), (120, 96)]:
            events = [{**price(amount), "day": day} for amount in amounts]
            send(prices, *events, price(120), at=minute * 60)
        drain(prices)

    found = backtest_rule(access=access, definition=definition, now=NOW)

    said = {name for one in Batch.objects.all() for name in one.outcome}
    assert said & {"ignored", "replaced", "refused"} == {REPEATS[handling]}
    assert looked_back(found) == live()
    assert found.passes == Rule.objects.get().passed


def test_backtest_knows_what_was_late_by_the_lateness_of_then(
    access: Access, prices: Dataset
) -> None:
    definition = made(access, "crossing")
    for place, lateness in enumerate([60, 0, 300]):
        prices.lateness_seconds = lateness
        save_dataset(dataset=prices, now=NOW)
        for step, amount in enumerate([99, 105, 99, 105]):
            back = 45 if step == 2 else 0
            send(prices, price(amount), at=place * 1000 + step * 10 - back)
        drain(prices)

    found = backtest_rule(access=access, definition=definition, now=NOW)

    assert looked_back(found) == live()
    assert len(live()) > 2


def test_backtest_judges_the_newest_events_and_says_so(
    access: Access, prices: Dataset, settings: Settings
) -> None:
    settings.BELLWETHER_BACKTEST_EVENTS = 3
    definition = made(access, "two conditions")
    for at in range(5):
        send(prices, price(90), price(91, of="B"), at=at * 60)
    drain(prices)

    found = backtest_rule(access=access, definition=definition, now=NOW)

    assert looked_back(found) == live()[-3:]
    assert (found.events, found.is_cut) == (3, True)
    assert found.earliest == NOW + timedelta(minutes=3)
    assert found.latest == NOW + timedelta(minutes=4)


def test_backtest_tells_of_the_period_that_is_asked_about(
    access: Access, prices: Dataset
) -> None:
    definition = made(access, "crossing")
    for at, amount in enumerate([99, 105, 99, 105, 99, 105]):
        send(prices, price(amount), at=at * 60)
    drain(prices)
    since, until = (NOW + timedelta(minutes=one) for one in (2, 4))

    found = backtest_rule(
        access=access,
        definition=definition,
        now=NOW,
        since=since.isoformat(),
        until=until.isoformat(),
    )

    assert looked_back(found) == live()[1:2]
    assert (found.alerts, found.events) == (1, 3)


def test_backtest_stores_nothing(
    access: Access, prices: Dataset, django_assert_max_num_queries: Any
) -> None:
    wander(prices, events=20)
    definition = {"name": "Draft", **RULES["state"]}

    with django_assert_max_num_queries(24):
        found = backtest_rule(access=access, definition=definition, now=NOW)

    assert found.events
    assert not Rule.objects.exists()
    assert not Instance.objects.exists()
    assert not Transition.objects.exists()
