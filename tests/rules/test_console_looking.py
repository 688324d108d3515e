"""The form's look back: how often a draft would have raised an alert, with examples."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal

import pytest
from django.db.models import F
from django.test import Client
from pytest_django.fixtures import Settings

from alerts.pipeline import drain_lane
from config.clock import database_now
from datasets.models import Dataset, Record
from datasets.services import Ingest, accept_batch, open_lane
from rules.models import BacktestRun, Rule
from rules.services import run_backtest
from tests.factories import NOW, MembershipFactory
from tests.rules.drafts import RULES, typed, words_of
from workspaces.models import Role

pytestmark = pytest.mark.django_db

#: Columns do not know what a value was before; of the other key there are no events.
TWO_CONDITIONS = {
    "rows": "2",
    "match": "any",
    "c-1-fact": "DEMO:PRICES:AAPL:price",
    "c-1-op": "changed_to",
    "c-1-value": "1000",
}


def remember(prices: Dataset, *amounts: str, hours: int = 12) -> None:
    """Judge prices of MSFT that came in regular hours."""
    for place, amount in enumerate(amounts):
        accept_batch(
            dataset=prices,
            events=[{"symbol": "MSFT", "price": Decimal(amount)}],
            ingest=Ingest(),
            now=NOW + place * timedelta(hours=hours),
        )
    drain_lane(lane_id=open_lane(prices).pk)


def look_back(client: Client, page: str = f"{RULES}/new", **changes: str) -> str:
    draft = typed(**{"action": "look-back", **changes})
    answer = client.post(page, draft)
    assert answer.status_code == 200
    page = answer.content.decode()
    return words_of(page[page.index('id="looked-back"') :])


def test_form_says_how_often_the_draft_would_have_told(
    client: Client, prices: Dataset
) -> None:
    remember(prices, "309.20", "309.10", "315", "310.50", "308", hours=12)

    said = look_back(client, new_email="ana@example.com", every="20", unit="h")

    assert (
        "Would have raised 2 alerts in the last 2 days of data; you would have been "
        "told twice." in said
    )
    assert "Raised MSFT 310.50" in said
    assert said.index("310.50") < said.index("309.20")
    assert "309.10" not in said
    assert "5 events judged, from" in said
    assert not Rule.objects.exists()


def test_form_says_that_the_feed_alone_would_have_told(
    client: Client, prices: Dataset
) -> None:
    remember(prices, "309.20", "315")

    said = look_back(client)

    assert "Would have raised 1 alert in the last 12 hours of data; the live feed" in (
        said
    )


def test_form_shows_the_newest_of_many(client: Client, prices: Dataset) -> None:
    remember(prices, *(str(200 + number) for number in range(30)), hours=1)

    said = look_back(client)

    assert "Would have raised 30 alerts" in said
    assert "These are the newest 20." in said
    assert said.count("Raised MSFT") == 20
    assert "Raised MSFT 210" in said
    assert "Raised MSFT 209" not in said


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"c-0-value": ""}, "The draft is not whole yet"),
        ({"c-0-fact": "DEMO:BONDS:MSFT:price"}, "The draft is not whole yet"),
        ({"every": "often"}, "The draft is not whole yet"),
        ({}, "There are no events to look back on yet."),
        ({"c-0-value": "1"}, "There are no events"),
    ],
    ids=repr,
)
def test_form_says_why_there_is_nothing_to_tell(
    client: Client, prices: Dataset, changes: dict[str, str], words: str
) -> None:
    new_output = {"new_email": "ana@example.com"} if "every" in changes else {}

    assert words in look_back(client, **new_output, **changes)


def test_form_of_a_saved_rule_looks_back_and_keeps_what_was_typed(
    client: Client, prices: Dataset
) -> None:
    remember(prices, "309.20", "315")
    client.post(f"{RULES}/new", typed(name="Cheap"))
    rule = Rule.objects.get()

    draft = typed(**{"action": "look-back", "c-0-value": "320", "name": "Dear"})
    page = client.post(f"{RULES}/{rule.uuid}/edit", draft).content.decode()

    assert "Would have raised <strong>2 alerts</strong>" in page
    assert 'value="320"' in page
    rule.refresh_from_db()
    assert rule.name == "Cheap"


def test_viewer_may_look_back(prices: Dataset) -> None:
    viewer = MembershipFactory(workspace=prices.workspace, role=Role.VIEWER).user
    client = Client()
    client.force_login(viewer)
    remember(prices, "309.20", "315")

    assert "Would have raised 1 alert" in look_back(client)


def test_form_follows_a_long_past_until_it_is_judged(
    client: Client, prices: Dataset, settings: Settings
) -> None:
    settings.BELLWETHER_BACKTEST_EVENTS = 2
    remember(prices, "309.20", "309.10", "315", "310.50", "308", hours=12)

    begun = look_back(client, **TWO_CONDITIONS)
    run = BacktestRun.objects.get()
    followed = client.get(f"{RULES}/backtests/{run.pk}")
    run_backtest(run_id=run.pk)
    ended = client.get(f"{RULES}/backtests/{run.pk}")

    assert "Waiting to be judged in the background Stop" in begun
    assert "What would it have done?” shows how far it is" in begun
    for answer in (followed, ended):
        is_asked_again = f'hx-get="{RULES}/backtests/{run.pk}"' in (
            answer.content.decode()
        )
        assert is_asked_again == (answer is followed)
    said = words_of(ended.content.decode())
    assert "Would have raised 4 alerts in the last 2 days of data" in said
    assert "5 events judged, from" in said


def test_form_of_a_saved_rule_follows_what_a_long_past_makes_of_the_change(
    client: Client, prices: Dataset, settings: Settings
) -> None:
    remember(prices, "309.20", "308", "307")
    later = database_now() - NOW - timedelta(days=2)
    Record.objects.update(event_time=F("event_time") + later)
    client.post(f"{RULES}/new", typed())
    page = f"{RULES}/{Rule.objects.get().uuid}/edit"
    settings.BELLWETHER_BACKTEST_EVENTS = 2

    begun = look_back(client, page, **{"c-0-value": "308"}, **TWO_CONDITIONS)
    run = BacktestRun.objects.get()
    run_backtest(run_id=run.pk)
    said = words_of(client.get(f"{RULES}/backtests/{run.pk}").content.decode())

    assert "Waiting to be judged in the background" in begun
    assert "Would have raised 2 alerts" in said
    assert "adds 0 alerts and removes 1 alert; 2 stay." in said


def test_long_past_is_no_longer_judged_once_it_is_stopped(
    client: Client, prices: Dataset, settings: Settings
) -> None:
    settings.BELLWETHER_BACKTEST_EVENTS = 2
    remember(prices, "309.20", "309.10", "315")
    look_back(client, **TWO_CONDITIONS)
    run = BacktestRun.objects.get()

    said = look_back(client, **TWO_CONDITIONS, action=f"stop-looking:{run.pk}")
    followed = client.get(f"{RULES}/backtests/{run.pk}").content.decode()

    assert "It was stopped." in said
    assert "It was stopped." in followed
    assert "hx-get" not in followed
    assert not BacktestRun.objects.exists()


def test_person_who_asks_anew_has_one_long_past_judged(
    client: Client, prices: Dataset, settings: Settings
) -> None:
    settings.BELLWETHER_BACKTEST_EVENTS = 2
    remember(prices, "309.20", "309.10", "315")

    look_back(client, **TWO_CONDITIONS)
    look_back(client, **{**TWO_CONDITIONS, "c-1-value": "2000"})

    (run,) = BacktestRun.objects.all()
    assert run.request["definition"]["when"]["any"][1]["value"] == 2000
