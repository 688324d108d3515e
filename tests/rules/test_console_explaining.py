"""Why or why not, as a page and on the command line."""

from __future__ import annotations

from decimal import Decimal
from io import StringIO

import pytest
from django.core.management import CommandError, call_command
from django.test import Client

from alerts.models import Alert
from datasets.models import Record
from rules.models import Rule
from rules.services import delete_rule
from tests.alerts.market import Market, open_market
from tests.factories import NOW, MembershipFactory, UserFactory
from tests.rules.drafts import words_of
from workspaces.models import Installation

pytestmark = pytest.mark.django_db


@pytest.fixture
def market(db: None) -> Market:
    Installation.objects.create(pk=1, set_up_at=NOW)
    return open_market()


@pytest.fixture
def client(market: Market) -> Client:
    client = Client()
    client.force_login(MembershipFactory(workspace=market.workspace).user)
    return client


def page_of(client: Client, rule: Rule, query: str = "", status: int = 200) -> str:
    answer = client.get(f"/w/DEMO/rules/{rule.uuid}/explain{query}")
    assert answer.status_code == status, answer.content
    return answer.content.decode()


def printed(*words: str) -> str:
    out = StringIO()
    call_command("explain", *words, stdout=out)
    return out.getvalue()


def test_rule_over_any_key_offers_its_keys(market: Market, client: Client) -> None:
    rule = market.watch()
    market.trade({"symbol": "MSFT", "price": 305}, {"symbol": "A&B", "price": 1})

    page = page_of(client, rule)

    assert 'href="?key=A%26B"' in page
    assert '<option value="MSFT">' in page
    assert 'id="problem"' not in page


def test_page_shows_how_bad_it_is(market: Market, client: Client) -> None:
    worse = {"fact": 0, "op": "lt", "value": 300}
    rule = market.watch(kind="state", ladder=[{"when": worse, "is": "critical"}])
    market.trade({"symbol": "MSFT", "price": 305})

    said = words_of(page_of(client, rule, "?key=MSFT"))

    assert "How bad it is" in said
    assert "Critical while this is so:" in said
    assert "price is 305, not below 300 (by 5)" in said


def test_page_says_when_windows_bring_a_rule_about(
    market: Market, client: Client
) -> None:
    price = "DEMO:PRICES:MSFT:price"
    shapes = {"sliding": "as a value leaves its window", "tumbling": "looked at again"}
    for shape, words in shapes.items():
        over = {"take": "avg", "window": shape, "length": "1h"}
        when = {"fact": price, "over": over, "op": "gt", "value": 1}
        rule = market.watch(kind="state", watch={"facts": [price]}, when=when)
        market.trade({"symbol": "MSFT", "price": 305})

        assert words in words_of(page_of(client, rule))


def test_page_rounds_what_was_taken_of_a_window(market: Market, client: Client) -> None:
    price = "DEMO:PRICES:MSFT:price"
    over = {"take": "avg", "length": "1h"}
    when = {"fact": price, "over": over, "op": "gt", "value": 3}
    rule = market.watch(watch={"facts": [price]}, when=when)
    for number in (1, 1, 2):
        market.trade({"symbol": "MSFT", "price": number})
    last = Record.objects.latest("batch_id").batch_id

    said = words_of(page_of(client, rule, f"?record={last}.0"))

    assert "Found1.33333333333 Wantedabove 3 Apart1.66666666667" in said
    assert "3.33333333333333" not in said


def test_page_says_what_was_found_and_what_it_would_have_taken(
    market: Market, client: Client
) -> None:
    rule = market.watch()
    market.trade({"symbol": "MSFT", "price": Decimal("310.42")})

    said = words_of(page_of(client, rule, "?key=MSFT"))

    assert "Not true of MSFT: price is 310.42, not at or below 310 (by 0.42)" in said
    assert "Fires with price at or below 310, was 310.42." in said
    assert "Found310.42" in said
    assert "Wantedat or below 310" in said
    assert "DEMO:PRICES:MSFT:price 310.42 →would have to be 310" in said


def test_page_of_an_event_leads_to_its_alert_and_to_the_events_beside(
    market: Market, client: Client
) -> None:
    rule = market.watch()
    for price in (500, 305, 400):
        market.trade({"symbol": "MSFT", "price": price})
    names = [f"{one.batch_id}.{one.ord}" for one in Record.objects.order_by("batch_id")]

    page = page_of(client, rule, f"?record={names[1]}")

    assert f"/w/DEMO/alerts/{Alert.objects.get().pk}" in page
    assert f'href="?record={names[0]}"' in page
    assert f'href="?record={names[2]}"' in page


def test_page_says_until_when_nobody_is_told_again(
    market: Market, client: Client
) -> None:
    rule = market.watch(kind="state", hold="1h")
    market.trade({"symbol": "MSFT", "price": 305})

    said = words_of(page_of(client, rule, "?key=MSFT"))

    assert "True, and waiting until that has lasted long enough." in said
    assert "It opens, unless an event changes that" in said


@pytest.mark.parametrize(
    ("query", "status", "words"),
    [
        ("?key=MSFT&at=soon", 422, "soon"),
        ("?key=MSFT&at=2020-01-01", 422, "No event of MSFT by then"),
        ("?at=2020-01-01", 422, "say which"),
        ("?record=7", 404, ""),
        ("?record=99999.0", 404, ""),
        ("?record=%D9%A1.0", 404, ""),
    ],
)
def test_wrong_question_says_what_is_wrong_with_it(
    market: Market, client: Client, query: str, status: int, words: str
) -> None:
    page = page_of(client, market.watch(), query, status=status)

    assert words in page


def test_alert_leads_to_the_event_that_raised_it(
    market: Market, client: Client
) -> None:
    rule = market.watch()
    alert = market.alert("MSFT")
    market.trade({"symbol": "MSFT", "price": 999})
    record = Record.objects.earliest("batch_id")
    question = f"/w/DEMO/rules/{rule.uuid}/explain?record={record.batch_id}.0"

    assert question in client.get(f"/w/DEMO/alerts/{alert.pk}").content.decode()

    delete_rule(access=market.access, rule=rule, now=NOW)
    assert question not in client.get(f"/w/DEMO/alerts/{alert.pk}").content.decode()


def test_alert_that_time_began_leads_to_its_moment(
    market: Market, client: Client
) -> None:
    market.watch(kind="state", when={"fact": 0, "op": "silent", "value": "5m"})
    market.trade({"symbol": "MSFT", "price": 305})
    market.trade({"symbol": "MSFT", "price": 305})
    alert = Alert.objects.get()
    Record.objects.filter(batch_id=Record.objects.latest("batch_id").batch_id).delete()

    page = client.get(f"/w/DEMO/alerts/{alert.pk}").content.decode()

    assert "explain?key=MSFT&amp;at=2026-03-02T15%3A45%3A00%2B00%3A00" in page


def test_strangers_see_nothing(market: Market) -> None:
    rule = market.watch()
    stranger = Client()
    stranger.force_login(UserFactory())

    page_of(stranger, rule, "?key=MSFT", status=404)


def test_command_prints_the_tree_and_the_nearest_miss(market: Market) -> None:
    market.watch(when={"all": [{"fact": 0, "op": "lte", "value": 310}]})
    market.trade({"symbol": "MSFT", "price": Decimal("310.42")})

    said = printed("DEMO", "cheap", "--key", "MSFT")

    assert "Not true: price is 310.42, not at or below 310 (by 0.42)." in said
    assert "[not true] All of these" in said
    assert "  [not true] price is 310.42" in said
    assert "found 310.42; wanted at or below 310; apart 0.42; came 2026-03-02" in said
    assert "Nearest miss: Fires with price at or below 310, was 310.42." in said
    assert "State: inactive" in said


def test_command_explains_a_record_and_a_moment(market: Market) -> None:
    market.watch()
    market.trade({"symbol": "MSFT", "price": 305})
    record = Record.objects.get()

    moment = printed("DEMO", "cheap", "--key", "MSFT", "--at", "2026-03-02 16:00")
    place = printed("DEMO", "cheap", "--record", f"{record.batch_id}.0")

    assert moment == place
    assert f"Alert {Alert.objects.get().pk}: raised" in place


@pytest.mark.parametrize(
    ("words", "complaint"),
    [
        (["NOWHERE", "cheap"], "no workspace NOWHERE"),
        (["DEMO", "dear"], "no rule dear"),
        (["DEMO", "cheap"], "say which"),
        (["DEMO", "cheap", "--record", "x"], "invalid"),
    ],
)
def test_command_says_what_it_cannot_explain(
    market: Market, words: list[str], complaint: str
) -> None:
    market.watch()

    with pytest.raises(CommandError, match=complaint):
        printed(*words)
