"""The feed as a page: what it shows, in which order, and to whom."""

from __future__ import annotations

import re
from typing import Any

import pytest
from django.test import Client

from alerts.models import Alert, Delivery, DeliveryStatus
from alerts.services import acknowledge_alert, create_output, read_feed
from tests.alerts.market import Market
from tests.factories import NOW

pytestmark = pytest.mark.django_db

FEED = "/w/DEMO/feed"


def page_of(client: Client, address: str = FEED) -> str:
    answer = client.get(address)
    assert answer.status_code == 200
    return answer.content.decode()


def keys_of(page: str) -> list[str]:
    """Return the keys of the rows, without the pattern for arrivals."""
    rows = page.partition('id="feed-row"')[0]
    return re.findall(r'data-slot="key"(?: hidden)?>([^<]*)<', rows)


def test_newest_alert_stands_first_and_the_head_says_how_far_it_reaches(
    market: Market, owner: Client
) -> None:
    market.watch()
    for key in ("A", "B", "C"):
        market.alert(key)

    page = page_of(owner)

    assert keys_of(page) == ["C", "B", "A"]
    assert 'data-since="3"' in page


def test_alerts_of_one_batch_stand_in_the_order_of_its_events(
    market: Market, owner: Client
) -> None:
    market.watch()
    market.trade(*({"symbol": key, "price": 300} for key in "ABCDEFGH"))

    assert keys_of(page_of(owner)) == list("HGFEDCBA")


def test_an_alert_of_many_entries_is_one_row_with_its_last_number(
    market: Market, owner: Client
) -> None:
    market.watch(kind="state")
    market.alert("A")
    market.trade({"symbol": "A", "price": 400})

    page = page_of(owner)

    assert keys_of(page) == ["A"]
    assert 'data-seq="2"' in page
    assert "Resolved" in page


def test_what_the_socket_sends_after_the_page_begins_where_the_page_ends(
    market: Market, owner: Client
) -> None:
    market.watch()
    market.alert("A")
    head = owner.get(FEED).context["feed_head"]
    market.alert("B")

    frames = read_feed(
        workspace_id=market.workspace.pk, since=head["seq"], epoch=head["epoch"]
    ).frames
    rows = owner.get(FEED).context["rows"]

    assert [frame["type"] for frame in frames] == ["resumed", "alert.changed"]
    assert (frames[1]["seq"], frames[1]["alert"]) == (rows[0]["seq"], rows[0]["alert"])


def test_first_view_leaves_out_what_is_over_and_acknowledged(
    market: Market, owner: Client
) -> None:
    market.watch()
    done, waiting = market.alert("A"), market.alert("B")
    acknowledge_alert(access=market.access, alert=done, now=NOW)

    assert keys_of(page_of(owner)) == [waiting.key]
    assert keys_of(page_of(owner, f"{FEED}?show=all")) == ["B", "A"]


@pytest.mark.parametrize(
    ("query", "keys"),
    [
        ("q=msft", ["MSFT"]),
        ("q=304", ["MSFT"]),
        ("q=fruit", ["AAPL"]),
        ("severity=critical", ["AAPL"]),
        ("severity=nonsense", ["AAPL", "MSFT"]),
        ("q=nothing+like+it", []),
        ("q=%00", ["AAPL", "MSFT"]),
    ],
)
def test_search_reads_rule_key_and_reason(
    market: Market, owner: Client, query: str, keys: list[str]
) -> None:
    market.watch(watch={"facts": ["DEMO:PRICES:MSFT:price"]})
    market.watch(
        name="Fruit", watch={"facts": ["DEMO:PRICES:AAPL:price"]}, severity="critical"
    )
    market.alert("MSFT", price=304)
    market.alert("AAPL", price=303)

    assert keys_of(page_of(owner, f"{FEED}?{query}")) == keys


def test_older_alerts_are_a_page_away_and_none_is_lost_between(
    market: Market, owner: Client
) -> None:
    market.watch()
    market.trade(*({"symbol": f"K{number:02}", "price": 1} for number in range(60)))

    first = page_of(owner)
    older = re.search(r'href="(\?before=[^"]+)"', first)
    assert older is not None
    second = page_of(owner, FEED + older[1])

    seen = keys_of(first) + keys_of(second)
    assert len(keys_of(first)) == 50
    assert sorted(seen) == sorted(Alert.objects.values_list("key", flat=True))
    assert 'id="feed"' in first
    assert 'id="feed"' not in second


@pytest.mark.parametrize("cursor", ["x", "1.2", "9" * 17 + "." + "-" * 36])
def test_a_cursor_that_is_none_shows_the_newest(
    market: Market, owner: Client, cursor: str
) -> None:
    market.watch()
    market.alert("A")

    assert keys_of(page_of(owner, f"{FEED}?before={cursor}")) == ["A"]


def test_history_is_a_note_and_its_alerts_are_not_in_the_feed(
    market: Market, owner: Client
) -> None:
    market.watch()
    market.trade({"symbol": "A", "price": 1}, is_live=False)

    assert Alert.objects.get().is_historical
    assert keys_of(page_of(owner)) == []


def test_not_delivered_shows_alerts_with_a_failed_delivery(
    market: Market, owner: Client
) -> None:
    output = create_output(
        access=market.access, kind="email", config={"to": "ana@example.com"}, now=NOW
    )
    market.watch(outputs=[{"output": output.slug, "at_most_every": "0s"}])
    market.alert("A")
    failed = market.alert("B")
    Delivery.objects.filter(transition__alert=failed).update(status=DeliveryStatus.DEAD)

    page = page_of(owner, f"{FEED}?show=undelivered")

    assert keys_of(page) == ["B"]
    assert 'id="feed"' not in page


def test_feed_without_alerts_says_what_goes_on(market: Market, owner: Client) -> None:
    empty = page_of(owner)
    market.watch()
    waiting = page_of(owner)

    assert "No rule is on." in empty
    assert "Rules on: 1." in waiting


def test_a_viewer_sees_the_feed_and_no_button_to_acknowledge(
    market: Market, viewer: Client
) -> None:
    market.watch()
    market.alert("A")

    page = page_of(viewer)

    assert keys_of(page) == ["A"]
    assert "Read-only" in page
    assert "Acknowledge<" not in page


def test_a_stranger_finds_no_feed(stranger: Client) -> None:
    assert stranger.get(FEED).status_code == 404


def test_whoever_is_not_signed_in_is_led_to_sign_in(market: Market) -> None:
    answer = Client().get(FEED)

    assert answer.headers["Location"] == f"/login?next={FEED}"


def test_number_of_queries_does_not_grow_with_the_rows(
    market: Market, owner: Client, django_assert_num_queries: Any
) -> None:
    market.watch()
    market.alert("A")
    with django_assert_num_queries(10):
        owner.get(FEED)
    market.trade(*({"symbol": f"K{number}", "price": 1} for number in range(20)))

    with django_assert_num_queries(10):
        owner.get(FEED)
