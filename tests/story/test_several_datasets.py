"""A rule over several datasets: judged at home, told what it reads of the others."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import suppress
from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest

from alerts.models import Alert, Transition
from alerts.pipeline import judge_and_record
from alerts.services import check_replay
from datasets.models import Batch, Dataset, Fact, Origin, Record
from datasets.services import (
    browse_records,
    count_contents,
    holding,
    open_lane,
    search_facts,
    settle_batches,
    take_batches,
)
from rules.models import Rule
from rules.services import backtest_rule, create_rule, turn_rule
from tests.factories import NOW, DatasetFactory, WorkspaceFactory
from tests.story.lane import (
    Crash,
    crashing_at,
    drain_everything,
    price,
    send,
)
from workspaces.access import Access

pytestmark = pytest.mark.django_db

#: A limit that somebody set for a symbol, against its price in another dataset.
OVER_LIMIT: Mapping[str, Any] = {
    "kind": "signal",
    "name": "Over its limit",
    "when": {
        "fact": "DEMO:LIMITS:*:price",
        "op": "lt",
        "value": {"fact": "DEMO:TICKS:*:price", "times": 2, "plus": 1},
    },
}


@pytest.fixture
def limits(access: Access) -> Dataset:
    """DEMO:LIMITS, by symbol; the home of rules that read it first."""
    return dated(access, "LIMITS")


@pytest.fixture
def ticks(access: Access) -> Dataset:
    """DEMO:TICKS, whose events say when they happened."""
    return dated(access, "TICKS")


def dated(access: Access, slug: str) -> Dataset:
    return DatasetFactory(workspace=access.workspace, slug=slug, date_field="venue")


def made(access: Access, **changes: object) -> Rule:
    """A rule over both datasets, in effect."""
    rule = create_rule(access=access, definition={**OVER_LIMIT, **changes}, now=NOW)
    drain_everything()
    rule.refresh_from_db()
    assert rule.is_in_effect
    return rule


def said(
    amount: int | str, *, of: str = "MSFT", at: float = 0, **fields: object
) -> dict[str, object]:
    """A price or limit of so many seconds after the story began."""
    at_text = (NOW + timedelta(seconds=at)).isoformat()
    return {**price(amount, of=of), "venue": at_text, **fields}


def say(dataset: Dataset, amount: int | str, *, at: float, **asked: Any) -> None:
    """Send a price or limit of now, and let every lane judge what came of it."""
    send(dataset, said(amount, at=at), at=at, **asked)
    drain_everything()


def forwarded() -> list[tuple[str, dict[str, object], bool]]:
    """Key, fields and lateness of each event that was forwarded, in order."""
    batches = Batch.objects.filter(origin=Origin.FORWARD)
    events = batches.exclude(options__has_key="snapshot").values("pk")
    records = Record.objects.filter(batch_id__in=events).order_by("batch_id", "ord")
    return list(records.values_list("key", "body", "is_late"))


def test_event_of_either_dataset_runs_the_rule(
    access: Access, ticks: Dataset, limits: Dataset
) -> None:
    rule = made(access)

    say(ticks, "4.50", at=1)
    say(limits, "9.99", at=2)
    say(ticks, 4, at=63)
    say(ticks, "4.6", at=64)

    assert [alert.values for alert in Alert.objects.order_by("opened_at")] == [
        {"DEMO:LIMITS:MSFT:price": Decimal("9.99"), "DEMO:TICKS:MSFT:price": value}
        for value in (Decimal("4.50"), Decimal("4.6"))
    ]
    rule.refresh_from_db()
    assert (rule.ran, rule.passed, rule.unknown) == (4, 2, 1)
    assert {one.lane for one in Transition.objects.all()} == {open_lane(limits)}


def test_home_holds_what_it_was_told_and_shows_none_of_it(
    access: Access, ticks: Dataset, limits: Dataset
) -> None:
    made(access)
    say(ticks, 4, at=1)

    assert forwarded() == [("MSFT", {"price": 4}, False)]
    assert Fact.objects.get(lane=open_lane(limits)).dataset == ticks
    assert count_contents([ticks, limits]) == {ticks.pk: (1, 1), limits.pk: (0, 0)}
    assert browse_records(access=access, slug="LIMITS").records == []
    assert len(browse_records(access=access, slug="TICKS").records) == 1
    found = search_facts(access=access, text="MSFT price", limit=9)
    assert [fact.path for fact in found] == ["DEMO:TICKS:MSFT:price"]


def test_nothing_is_forwarded_that_no_rule_there_reads(
    access: Access, ticks: Dataset, limits: Dataset
) -> None:
    fact = {"fact": "DEMO:TICKS:MSFT:price", "op": "lt", "value": 5}
    own = {"fact": "DEMO:LIMITS:MSFT:price", "op": "lt", "value": 5}
    made(access, when={"all": [own, fact]}, include=["DEMO:TICKS:AAPL:volume"])

    send(ticks, said(1, of="AAPL", volume=9), said(2, volume=8), said(3, of="IBM"))
    drain_everything()

    assert forwarded() == [
        ("AAPL", {"volume": 9}, False),
        ("MSFT", {"price": 2}, False),
    ]


def test_event_that_carries_nothing_read_still_ends_silence(
    access: Access, ticks: Dataset, limits: Dataset
) -> None:
    own = {"fact": "DEMO:LIMITS:*:price", "op": "lt", "value": 5}
    silent = {"fact": "DEMO:TICKS:*:price", "op": "silent", "value": "1m"}
    made(access, kind="state", when={"all": [own, silent]})

    say(ticks, 1, at=0)
    say(limits, 1, at=70)
    send(ticks, {"symbol": "MSFT", "volume": 1, "venue": said(0, at=80)["venue"]})
    drain_everything()

    kinds = Transition.objects.order_by("seq").values_list("kind", flat=True)
    assert list(kinds) == ["opened", "resolved"]
    assert forwarded()[-1] == ("MSFT", {}, False)


def test_events_travel_as_they_were_judged(
    access: Access, ticks: Dataset, limits: Dataset
) -> None:
    rule = made(access)
    say(limits, 1, at=0)

    say(ticks, 3, at=100)
    say(ticks, 4, at=1)
    say(ticks, 5, at=101, raises=False)
    say(ticks, 6, at=102, moves_facts=False, is_live=False)
    send(ticks, {**said(0, at=103), "price": None})
    drain_everything()

    assert [late for _, _, late in forwarded()] == [False, True, False, False, False]
    rule.refresh_from_db()
    # One that raises nothing does not run it, a late one does; null is unknown.
    assert (rule.ran, rule.passed, rule.unknown) == (5, 3, 2)
    home = Fact.objects.get(lane=open_lane(limits), dataset=ticks)
    away = Fact.objects.get(lane=open_lane(ticks))
    assert home.fields["price"] == away.fields["price"]
    assert home.watermark == away.watermark
    batches = Batch.objects.filter(origin=Origin.FORWARD).order_by("pk")
    assert [one.is_live for one in batches][-2:] == [False, True]
    assert Alert.objects.latest("opened_at").is_historical


def test_own_data_never_enter_a_shared_lane(access: Access, ticks: Dataset) -> None:
    core = WorkspaceFactory(slug="CORE", is_shared=True)
    stock = DatasetFactory(workspace=core, slug="STOCK", is_simulated=True)
    fact = {"fact": "CORE:STOCK:MSFT:price", "op": "lt", "value": 5}
    rule = made(access, when=fact, include=["DEMO:TICKS:MSFT:price"])

    say(ticks, 7, at=1)
    send(stock, price(4), at=2)
    drain_everything()

    assert rule.latest is not None
    assert rule.latest.lane == open_lane(ticks)
    assert not Batch.objects.filter(
        lane=open_lane(stock), origin=Origin.FORWARD
    ).exists()
    assert set(Fact.objects.filter(lane=open_lane(stock)).values_list("dataset")) == {
        (stock.pk,)
    }
    alert = Alert.objects.get()
    assert alert.values["DEMO:TICKS:MSFT:price"] == 7
    assert alert.is_simulated


def test_rule_over_shared_data_alone_lives_with_its_first_fact(access: Access) -> None:
    core = WorkspaceFactory(slug="CORE", is_shared=True)
    stock = DatasetFactory(workspace=core, slug="STOCK")
    DatasetFactory(workspace=core, slug="MARKET")
    facts = ["CORE:STOCK:MSFT:price", "CORE:MARKET:MSFT:price"]
    either = {"any": [{"fact": one, "op": "lt", "value": 5} for one in facts]}

    rule = made(access, when=either)

    assert rule.latest is not None
    assert rule.latest.lane == open_lane(stock)


def test_two_homes_that_read_each_other_pass_nothing_round(
    access: Access, ticks: Dataset, limits: Dataset
) -> None:
    made(access)
    turned = {"fact": "DEMO:TICKS:*:price", "op": "gt", "value": 1}
    other = {"fact": "DEMO:LIMITS:*:price", "op": "gt", "value": 1}
    made(access, name="Turned round", when={"all": [turned, other]})

    say(ticks, 2, at=1)
    say(limits, 3, at=2)

    assert [body for _, body, _ in forwarded()] == [{"price": 2}, {"price": 3}]
    assert Alert.objects.count() == 2


def test_timers_fire_before_an_event_of_either_dataset(
    access: Access, ticks: Dataset, limits: Dataset
) -> None:
    made(access, kind="state", hold="30s")
    say(limits, 1, at=0, is_live=False)
    say(ticks, 5, at=1, is_live=False)

    say(ticks, 0, at=50, is_live=False)

    steps = Transition.objects.order_by("seq", "ord", "pk").values_list("kind", "at")
    assert [(kind, (at - NOW).total_seconds()) for kind, at in steps] == [
        ("opened", 31),
        ("resolved", 50),
    ]


@pytest.mark.parametrize("op", ["lt", "changed"], ids=["in columns", "event by event"])
def test_past_of_home_is_that_of_its_own_dataset(
    access: Access, ticks: Dataset, limits: Dataset, op: str
) -> None:
    say(ticks, 1, at=0)
    made(access)
    say(limits, 7, at=1)
    say(ticks, 2, at=2)
    say(limits, 8, at=3)
    when: dict[str, object] = {"fact": "DEMO:LIMITS:*:price", "op": op}
    if op == "lt":
        when |= {"value": 5}

    found = backtest_rule(
        access=access,
        definition={"name": "Past", "kind": "signal", "when": when},
        now=NOW + timedelta(hours=1),
    )

    assert found.events == 2
    assert [hit.value for hit in found.hits] == ([] if op == "lt" else [8])


def test_log_of_each_lane_alone_replays_to_the_same_alerts(
    access: Access, ticks: Dataset, limits: Dataset
) -> None:
    say(ticks, 1, at=0)
    rule = made(access)
    say(limits, 2, at=1)
    say(ticks, 7, at=2)
    turn_rule(access=access, rule=rule, on=False, now=NOW)
    say(ticks, 8, at=100)
    turn_rule(access=access, rule=rule, on=True, now=NOW)
    drain_everything()
    say(limits, 3, at=200)

    home, away = check_replay(dataset=limits), check_replay(dataset=ticks)
    assert (home.same, home.differing) == (2, 0)
    assert (away.same, away.differing) == (0, 0)


def judge_what_waits(dataset: Dataset) -> None:
    """One round, without the care that a lane is drained with once it has died."""
    with holding(open_lane(dataset).pk) as lane:
        batches = take_batches(lane=lane)
        judge_and_record(lane, settle_batches(lane=lane, batches=batches), now=NOW)


@pytest.mark.django_db(transaction=True)
def test_drain_that_dies_anywhere_forwards_everything_once(
    access: Access, ticks: Dataset, limits: Dataset
) -> None:
    made(access)
    send(limits, said(1), said(2, of="AAPL"))
    drain_everything()
    send(ticks, said(3, at=1), said(4, of="AAPL", at=1))

    crashes = 0
    while Batch.objects.filter(lane=open_lane(ticks)).pending().exists():
        assert forwarded() == []
        with suppress(Crash), crashing_at(crashes):
            judge_what_waits(ticks)
        crashes += 1
    drain_everything()

    assert crashes > 3
    assert [key for key, _, _ in forwarded()] == ["MSFT", "AAPL"]
    assert Alert.objects.count() == 2
