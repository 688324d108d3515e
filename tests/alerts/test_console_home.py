"""Home: the numbers, what to do next, what comes in."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.test import Client

from alerts.models import Alert, Delivery, DeliveryStatus
from alerts.pipeline import drain_lane
from alerts.services import create_output, read_home
from config.clock import database_now
from datasets.models import Dataset, Run, RunState, Source
from datasets.services import Ingest, accept_batch, open_lane
from rules.models import Rule
from rules.services import turn_rule
from tests.alerts.market import Market
from tests.factories import NOW, DatasetFactory, WorkspaceFactory

pytestmark = pytest.mark.django_db

HOME = "/w/DEMO/"


def test_tiles_count_what_their_labels_say(market: Market) -> None:
    output = create_output(
        access=market.access, kind="email", config={"to": "ana@example.com"}, now=NOW
    )
    market.watch(outputs=[{"output": output.slug}])
    off = market.watch(name="Off")
    turn_rule(access=market.access, rule=off, on=False, now=NOW)
    market.alert("A")
    market.trade({"symbol": "B", "price": 1}, {"symbol": "C", "price": 999})
    Rule.objects.filter(pk=off.pk).update(health="error")
    Alert.objects.update(recorded_at=NOW)
    Alert.objects.filter(key="A").update(recorded_at=NOW - timedelta(days=1))
    Delivery.objects.update(created_at=NOW, status=DeliveryStatus.FAILED)
    Delivery.objects.filter(transition__key="A").update(status=DeliveryStatus.SENT)

    sent_at = NOW + timedelta(seconds=market.seconds)
    numbers = read_home(access=market.access, now=sent_at).numbers

    assert numbers.alerts_today == 1
    assert (numbers.rules_on, numbers.rules_off, numbers.rules_in_error) == (1, 1, 1)
    assert numbers.events_last_minute == 2
    assert numbers.failed_deliveries == 1


def test_today_begins_at_the_workspace_s_own_midnight(market: Market) -> None:
    market.workspace.zone = "America/New_York"
    market.workspace.save(update_fields=["zone"])
    market.watch()
    market.alert("A")
    four_utc = NOW.replace(hour=4, minute=0)
    Alert.objects.update(recorded_at=four_utc)

    home = read_home(access=market.access, now=NOW)

    assert home.numbers.alerts_today == 0


def test_checklist_ticks_itself_and_goes_when_all_is_done(
    market: Market, owner: Client
) -> None:
    before = owner.get(HOME).context["steps"]
    market.watch()
    alert = market.alert("A")
    create_output(
        access=market.access, kind="email", config={"to": "ana@example.com"}, now=NOW
    )
    nearly = owner.get(HOME).context["steps"]
    owner.post(f"/w/DEMO/alerts/{alert.pk}/acknowledge")
    after = owner.get(HOME).context["steps"]

    # The market's dataset is there from the start.
    assert [step.is_done for step in before] == [True, False, False, False, False]
    assert [step.is_done for step in nearly] == [True, True, True, False, True]
    assert after == []


def test_sources_say_how_fresh_they_are_and_what_is_simulated(market: Market) -> None:
    core = WorkspaceFactory(slug="CORE", is_shared=True)
    stock = DatasetFactory(workspace=core, slug="STOCK", is_simulated=True)
    elsewhere = DatasetFactory(slug="SECRET")
    for dataset in (stock, market.prices, elsewhere):
        source = Source.objects.create(
            dataset=dataset,
            name=dataset.slug,
            kind="simulator",
            every_seconds=1,
            next_run_at=NOW,
            created_at=NOW - timedelta(hours=1),
        )
        Run.objects.create(
            source=source,
            slot=NOW,
            state=RunState.DONE,
            started_at=NOW,
            ended_at=NOW,
            rows=7,
        )
    Run.objects.filter(source__dataset=market.prices).update(
        slot=NOW - timedelta(minutes=5), ended_at=NOW - timedelta(minutes=5)
    )

    states = read_home(access=market.access, now=NOW).sources

    shown = [
        (one.dataset, one.records_last_minute, one.is_stale, one.is_simulated)
        for one in states
    ]
    assert shown == [("STOCK", 7, False, True), ("PRICES", 0, True, False)]


def test_source_that_fails_is_not_shown_as_well(market: Market, owner: Client) -> None:
    source = Source.objects.create(
        dataset=market.prices,
        name="Exchange",
        kind="simulator",
        next_run_at=NOW + timedelta(days=9_000),
        every_seconds=366 * 24 * 3600,
        created_at=database_now(),
    )
    begun = " ".join(owner.get(HOME).content.decode().split())
    at = {"started_at": NOW, "ended_at": NOW}
    Run.objects.create(source=source, slot=NOW, state=RunState.FAILED, **at)

    failed = " ".join(owner.get(HOME).content.decode().split())

    assert "0 records a minute, none yet" in begun
    assert ">Failed</strong>" not in begun
    assert ">Failed</strong>" in failed


def test_home_shows_the_newest_alerts_and_what_is_broken(
    market: Market, owner: Client
) -> None:
    rule = market.watch()
    for number in range(10):
        market.alert(f"K{number}")
    Rule.objects.filter(pk=rule.pk).update(health="error")

    answer = owner.get(HOME)

    assert [row["alert"]["key"] for row in answer.context["rows"]] == [
        f"K{number}" for number in range(9, 1, -1)
    ]
    assert "In error and not judged: 1 rule." in answer.content.decode()


@pytest.fixture
def quoted(market: Market) -> Dataset:
    """CORE:STOCK, with a quote of Microsoft."""
    core = WorkspaceFactory(slug="CORE", is_shared=True)
    schema = {
        "type": "object",
        "properties": {
            "symbol": {"type": "string"},
            "latestPrice": {"type": "number"},
            "changePercent": {"type": "number"},
        },
        "required": ["symbol"],
    }
    stock: Dataset = DatasetFactory(workspace=core, slug="STOCK", schema=schema)
    accept_batch(
        dataset=stock,
        events=[{"symbol": "MSFT", "latestPrice": 310}],
        ingest=Ingest(),
        now=NOW,
    )
    drain_lane(lane_id=open_lane(stock).pk)
    return stock


def test_market_whose_past_is_being_written_says_so_and_offers_no_examples(
    quoted: Dataset, owner: Client
) -> None:
    Source.objects.create(
        dataset=quoted,
        name="Stocks",
        kind="simulator",
        next_run_at=NOW,
        past_until=NOW,
        created_at=NOW,
    )
    Dataset.objects.filter(pk=quoted.pk).update(is_simulated=True)

    answer = owner.get(HOME)

    page = answer.content.decode()
    assert answer.context["examples"] == []
    assert "The past of the simulated market is being written." in page
    assert "its past is being written" in page
    assert "Bring something to watch" not in page


def test_example_is_turned_on_by_one_click_and_then_says_what_its_rule_says(
    market: Market, quoted: Dataset, owner: Client
) -> None:
    (offered,) = owner.get(HOME).context["examples"]
    answer = owner.post(offered["turn_on_url"], follow=True)
    rule = Rule.objects.get()
    accept_batch(
        dataset=quoted,
        events=[{"symbol": "MSFT", "latestPrice": 500}],
        ingest=Ingest(),
        now=NOW + timedelta(seconds=1),
    )
    drain_lane(lane_id=open_lane(quoted).pk)
    (on,) = owner.get(HOME).context["examples"]

    assert not offered["is_on"]
    assert answer.redirect_chain == [(HOME, 302)]
    assert "Microsoft price alert is on." in answer.content.decode()
    assert rule.workspace == market.workspace
    assert on["is_on"]
    assert rule.latest is not None
    assert on["sentence"] == offered["sentence"] == rule.latest.sentence
    assert on["look_url"] == f"/w/DEMO/rules/{rule.uuid}/edit"


def test_example_that_the_market_does_not_carry_says_what_is_missing(
    market: Market, quoted: Dataset, owner: Client
) -> None:
    (offered,) = owner.get(HOME).context["examples"]
    del quoted.schema["properties"]["changePercent"]
    quoted.save(update_fields=["schema"])

    answer = owner.post(offered["turn_on_url"], follow=True)

    assert "There is no CORE:STOCK:MSFT:changePercent" in answer.content.decode()
    assert not Rule.objects.exists()


def test_example_that_is_none_is_missing(market: Market, owner: Client) -> None:
    assert owner.post("/w/DEMO/examples/nonsense/on").status_code == 404


def test_viewer_turns_nothing_on(
    market: Market, quoted: Dataset, viewer: Client
) -> None:
    (offered,) = viewer.get(HOME).context["examples"]

    assert viewer.post(offered["turn_on_url"]).status_code == 403
    assert not Rule.objects.exists()


def test_a_stranger_finds_no_home(stranger: Client) -> None:
    assert stranger.get(HOME).status_code == 404


def test_number_of_queries_does_not_grow(
    market: Market, owner: Client, django_assert_num_queries: Any
) -> None:
    market.watch()
    market.alert("A")
    with django_assert_num_queries(18):
        owner.get(HOME)
    market.trade(*({"symbol": f"K{number}", "price": 1} for number in range(20)))

    with django_assert_num_queries(18):
        owner.get(HOME)
