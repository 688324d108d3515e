"""What a new installation finds, and that a second start changes nothing."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import datetime, timedelta
from itertools import repeat

import pytest
from pytest_django.fixtures import Settings

from alerts.models import Alert, FeedEntry
from alerts.pipeline import drain_lane
from alerts.services import (
    ExampleNotFound,
    example_cards,
    seed_installation,
    turn_on_example,
)
from datasets.connectors import registry
from datasets.connectors.simulator import COMPANIES, Simulator
from datasets.connectors.simulator.connector import Feed
from datasets.models import Batch, BatchState, Dataset, Fact, Record, Run, Source
from datasets.schedules import Every
from datasets.services import (
    Ingest,
    accept_batch,
    create_source,
    fetch_source,
    open_lane,
    turn_source,
)
from rules.models import Rule
from rules.services import turn_rule
from tests.factories import NOW, DatasetFactory, UserFactory, WorkspaceFactory
from workspaces.access import Access, AccessDenied, Need, open_for_system
from workspaces.models import Membership, User, Workspace
from workspaces.services import create_owner

pytestmark = pytest.mark.django_db

SLUGS = ["price-alert", "stock-screener", "volume", "two-facts"]


class BriefSimulator(Simulator):
    """The simulator, whose history is one quote of each share."""

    def history(
        self, *, config: Mapping[str, object], until: datetime
    ) -> Iterator[dict[str, object]]:
        """Yield the last quotes."""
        market, feed = self._open(config)
        if feed is Feed.MARKET:
            return iter([market.facts(until)])
        return (market.quote(symbol, until) for symbol in COMPANIES)


@pytest.fixture
def brief(monkeypatch: pytest.MonkeyPatch) -> None:
    """Spare a test two days of history."""
    monkeypatch.setitem(registry._registry._connectors, "simulator", BriefSimulator())


def stock() -> Dataset:
    return Dataset.objects.get(workspace__slug="CORE", slug="STOCK")


def drain(dataset: Dataset) -> None:
    drain_lane(lane_id=open_lane(dataset).pk, budget_seconds=60)


def demo() -> Access:
    return open_for_system(workspace=Workspace.objects.get(slug="DEMO"))


def tick(*, seconds: int) -> None:
    """Let the market trade for so long."""
    source = stock().sources.get()
    for number in range(seconds):
        now = source.next_run_at + timedelta(seconds=number, milliseconds=50)
        fetch_source(source_id=source.pk, clock=repeat(now).__next__)
    drain(stock())


def seed() -> None:
    """Make the installation, and let its sources write their past."""
    seed_installation(now=NOW)
    for source in Source.objects.running():
        moment = NOW + timedelta(milliseconds=1)
        fetch_source(source_id=source.pk, clock=repeat(moment).__next__)


@pytest.mark.usefixtures("brief")
def test_new_installation_has_the_market_its_sources_and_a_demo() -> None:
    seed_installation(now=NOW)

    market = stock()
    assert market.workspace.is_shared
    assert market.is_simulated
    assert (market.zone, market.key_form) == ("America/New_York", "upper")
    assert market.retention_seconds == 2 * 24 * 3600
    facts = {(one.dataset.slug, one.every_seconds) for one in Source.objects.all()}
    assert facts == {("STOCK", 1), ("MARKET", 5)}
    assert Workspace.objects.get(slug="DEMO").datasets.count() == 0


@pytest.mark.usefixtures("brief")
def test_history_is_judged_into_facts_and_tells_nobody() -> None:
    seed()

    batches = Batch.objects.filter(lane__dataset=stock())
    assert set(batches.values_list("is_live", flat=True)) == {False}
    assert Record.objects.filter(dataset=stock()).count() == 60
    drain(stock())
    assert not batches.filter(state=BatchState.PENDING).exists()
    facts = Fact.objects.filter(dataset=stock())
    assert facts.count() == 60
    assert facts.get(key="MSFT").fields["latestPrice"][0] > 0
    assert not FeedEntry.objects.exists()


@pytest.mark.usefixtures("brief")
def test_second_start_changes_nothing() -> None:
    seed()
    before = (Batch.objects.count(), Dataset.objects.count(), Source.objects.count())

    seed_installation(now=NOW + timedelta(days=1))

    after = (Batch.objects.count(), Dataset.objects.count(), Source.objects.count())
    assert after == before
    assert Workspace.objects.count() == 2


@pytest.mark.usefixtures("brief")
def test_deleted_market_stays_deleted() -> None:
    seed_installation(now=NOW)
    Dataset.objects.update(deleted_at=NOW)

    seed_installation(now=NOW)

    assert not Dataset.objects.alive().exists()


def test_without_the_simulator_the_market_is_empty_and_of_no_kind(
    settings: Settings,
) -> None:
    settings.BELLWETHER_SIMULATOR = False

    seed_installation(now=NOW)

    assert not stock().is_simulated
    assert not Source.objects.exists()
    assert not Record.objects.exists()
    assert example_cards(workspace=demo().workspace) == []


@pytest.mark.usefixtures("brief")
def test_simulator_rests_and_runs_as_the_setting_says(settings: Settings) -> None:
    seed_installation(now=NOW)
    settings.BELLWETHER_SIMULATOR = False
    seed_installation(now=NOW)
    assert not Source.objects.running().exists()
    assert example_cards(workspace=demo().workspace) == []

    settings.BELLWETHER_SIMULATOR = True
    seed_installation(now=NOW)

    assert Source.objects.running().count() == 2


def test_simulator_of_another_workspace_runs_where_it_may_only(
    settings: Settings,
) -> None:
    dataset = DatasetFactory()
    settings.BELLWETHER_SIMULATOR = False
    create_source(
        access=open_for_system(workspace=dataset.workspace),
        dataset=dataset,
        name="Ours",
        kind="simulator",
        config={},
        schedule=Every(timedelta(minutes=1)),
        now=NOW,
    )
    running = Source.objects.running().filter(dataset=dataset)
    assert not running.exists()

    seed_installation(now=NOW)
    assert not running.exists()
    Source.objects.update(is_held=False)
    seed_installation(now=NOW)

    assert not running.exists()


@pytest.mark.usefixtures("brief")
def test_start_leaves_a_source_off_that_staff_turned_off() -> None:
    seed_installation(now=NOW)
    core = open_for_system(workspace=stock().workspace)
    turn_source(access=core, source=stock().sources.get(), on=False, now=NOW)

    seed_installation(now=NOW + timedelta(days=1))

    assert not stock().sources.running().exists()


@pytest.mark.usefixtures("brief")
def test_market_that_began_without_the_simulator_gets_it_later(
    settings: Settings,
) -> None:
    settings.BELLWETHER_SIMULATOR = False
    seed_installation(now=NOW)
    settings.BELLWETHER_SIMULATOR = True

    seed()
    seed_installation(now=NOW)

    drain(stock())
    assert (stock().is_simulated, stock().supplier) == (True, "Simulated")
    assert Source.objects.running().count() == 2
    assert Record.objects.filter(dataset=stock()).count() == 60
    cards = example_cards(workspace=demo().workspace)
    assert [card.slug for card in cards] == SLUGS


def test_market_that_staff_feed_themselves_is_never_simulated(
    settings: Settings,
) -> None:
    settings.BELLWETHER_SIMULATOR = False
    seed_installation(now=NOW)
    quote = {"symbol": "MSFT", "latestUpdate": 1_772_465_400_000, "latestPrice": 310}
    accept_batch(dataset=stock(), events=[quote], ingest=Ingest(), now=NOW)
    settings.BELLWETHER_SIMULATOR = True

    seed_installation(now=NOW)

    assert not stock().is_simulated
    assert not stock().sources.exists()


@pytest.mark.usefixtures("brief")
def test_staff_belong_to_core_whether_they_or_it_came_first() -> None:
    early = UserFactory(is_staff=True)
    stranger = UserFactory()
    seed_installation(now=NOW)
    late, _ = create_owner(
        email="ana@example.com", password="correct horse", workspace="DEMO", now=NOW
    )

    assert members_of_core() == {early.pk, late.pk}
    assert stranger.pk not in members_of_core()


@pytest.mark.usefixtures("brief")
def test_start_lets_into_core_who_became_staff_elsewhere_and_others_out() -> None:
    leaves = UserFactory(is_staff=True)
    seed_installation(now=NOW)
    comes = User.objects.create_superuser("bo@example.com", "correct horse")
    User.objects.filter(pk=leaves.pk).update(is_staff=False)

    seed_installation(now=NOW + timedelta(days=1))

    assert members_of_core() == {comes.pk}


def members_of_core() -> set[int]:
    """Return the ids of the people who belong to CORE."""
    core = Membership.objects.filter(workspace__slug="CORE")
    return set(core.values_list("user", flat=True))


@pytest.fixture
def market(brief: None) -> Dataset:
    """The seeded market, its history judged."""
    seed()
    drain(stock())
    return stock()


def test_every_example_fires_within_a_minute_of_its_click(market: Dataset) -> None:
    tick(seconds=5)
    rules = {turn_on_example(access=demo(), slug=slug, now=NOW) for slug in SLUGS}

    tick(seconds=60)

    alerts = Alert.objects.all()
    assert {alert.rule for alert in alerts} == rules
    assert {alert.is_simulated for alert in alerts} == {True}
    assert {alert.is_historical for alert in alerts} == {False}


def test_market_trades_at_every_slot_through_the_ordinary_path(
    market: Dataset,
) -> None:
    tick(seconds=10)

    runs = Run.objects.filter(source__dataset=market, is_history=False)
    assert runs.count() == 10
    assert {run.error for run in runs} == {""}
    assert all(5 <= run.rows <= 20 for run in runs)
    newest = Record.objects.filter(dataset=market).order_by("-event_time")[0]
    assert newest.event_time == max(run.slot for run in runs)


def test_cards_show_what_is_on(market: Dataset) -> None:
    workspace = demo().workspace
    assert [card.slug for card in example_cards(workspace=workspace)] == SLUGS
    rule = turn_on_example(access=demo(), slug="volume", now=NOW)

    on = [card.slug for card in example_cards(workspace=workspace) if card.is_on]
    assert on == ["volume"]
    turn_rule(access=demo(), rule=rule, on=False, now=NOW)
    assert not any(card.is_on for card in example_cards(workspace=workspace))


def test_second_click_makes_no_second_rule(market: Dataset) -> None:
    first = turn_on_example(access=demo(), slug="volume", now=NOW)
    turn_rule(access=demo(), rule=first, on=False, now=NOW)

    again = turn_on_example(access=demo(), slug="volume", now=NOW)

    assert again == first
    assert again.is_enabled
    assert Rule.objects.count() == 1


def test_market_at_rest_offers_no_examples(market: Dataset) -> None:
    core = open_for_system(workspace=market.workspace)

    turn_source(access=core, source=market.sources.get(), on=False, now=NOW)

    assert example_cards(workspace=demo().workspace) == []
    with pytest.raises(ExampleNotFound):
        turn_on_example(access=demo(), slug="volume", now=NOW)


def test_examples_wait_until_the_past_of_the_market_is_written(
    market: Dataset,
) -> None:
    Source.objects.filter(dataset=market).update(past_until=NOW)

    assert example_cards(workspace=demo().workspace) == []


def test_unknown_example_is_not_found(market: Dataset) -> None:
    with pytest.raises(ExampleNotFound):
        turn_on_example(access=demo(), slug="lottery", now=NOW)


def test_reader_cannot_turn_on_an_example(market: Dataset) -> None:
    reader = Access(workspace=WorkspaceFactory(), gives=Need.READ)

    with pytest.raises(AccessDenied):
        turn_on_example(access=reader, slug="volume", now=NOW)
