"""The threshold that can be dragged: what the rule form's script is told."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from django.test import Client
from pytest_django.fixtures import Settings

from datasets.models import Dataset, Origin
from datasets.services import Ingest, accept_batch, append_batch, open_lane
from rules.models import Rule
from rules.services import keep_segments
from tests.factories import NOW, LaneFactory, MembershipFactory
from tests.rules.drafts import RULES, feed, typed

pytestmark = pytest.mark.django_db

THRESHOLD = f"{RULES}/threshold"


@pytest.fixture
def dated(prices: Dataset) -> Dataset:
    """Prices of two days that bring their own times."""
    prices.date_field = "day"
    prices.save()
    for day, price in [(2, 309), (3, 315), (4, 310), (5, 301)]:
        feed(prices, price=price, day=f"2026-02-0{day}T20:00:00")
    return prices


def drawn(client: Client, **changes: str) -> Any:
    answer = client.post(THRESHOLD, typed(**changes))
    assert answer.status_code == 200
    return answer.json()["picture"]


def test_picture_has_the_values_the_alerts_and_the_curve(
    client: Client, dated: Dataset
) -> None:
    picture = drawn(client)

    assert picture["control"] == "c-0-value"
    assert (picture["level"], picture["side"]) == (310.5, "below")
    assert picture["answer"] == (
        "Would have raised 3 alerts in the last 3 days of data; the live feed alone"
        " would have told you."
    )
    assert picture["series"][1] == [309, 315, 310, 301]
    assert (picture["marks"][1], picture["marked"]) == ([309, 310, 301], 3)
    assert picture["growing"] is False
    assert 310.5 in picture["levels"]
    assert not Rule.objects.exists()


def test_curve_comes_in_shares_each_of_all_the_range(
    client: Client, dated: Dataset
) -> None:
    levels = drawn(client)["levels"]
    share: int | None = 0
    found: dict[str, float] = {}
    while share is not None:
        asked = {"threshold-part": "curve", "threshold-share": str(share)}
        curve = drawn(client, **asked)["curve"]
        assert curve["levels"] == levels[share::4]
        assert curve["unit"] == "alerts a week"
        found |= dict(zip(curve["texts"], curve["alerts"], strict=True))
        share = curve["after"]

    assert found["310.50"] == 7
    assert len(found) == len(levels)


def test_while_it_is_dragged_only_what_follows_the_level_is_told(
    client: Client, dated: Dataset
) -> None:
    changes = {"c-0-value": "305", "threshold-part": "level"}

    picture = drawn(client, **changes)

    assert (picture["level"], picture["marks"][1]) == (305, [301])
    assert not {"series", "levels"} & set(picture)


def test_picture_says_that_its_history_is_being_prepared(
    client: Client, dated: Dataset, settings: Settings, tmp_path: Path
) -> None:
    settings.BELLWETHER_SEGMENTS_DIR = tmp_path
    keep_segments(now=NOW, least_events=1)
    append_batch(lane=open_lane(dated), origin=Origin.DELETE, now=NOW, options={})
    feed(dated, price=310, day="2026-02-06T20:00:00")

    answer = client.post(THRESHOLD, typed()).json()
    keep_segments(now=NOW, least_events=1)

    assert answer == {
        "picture": None,
        "waiting": "The stored events are being prepared to be looked back on: 0 of 5"
        " are.",
    }
    assert drawn(client)["marked"] == 4


def test_picture_says_that_more_history_is_on_its_way(
    client: Client, dated: Dataset
) -> None:
    events = [{"symbol": "MSFT", "price": 309, "day": "2026-02-06"}] * 1_000
    accept_batch(dataset=dated, events=events, ingest=Ingest(), now=NOW)

    assert drawn(client)["growing"] is True


def test_of_a_rule_on_any_key_the_one_that_is_chosen_is_drawn(
    client: Client, dated: Dataset
) -> None:
    fields = {"symbol": "AAPL", "price": 200, "day": "2026-02-03T20:00:00"}
    feed(dated, **fields)
    any_key = {"c-0-fact": "DEMO:PRICES:*:price"}

    first = drawn(client, **any_key)
    chosen = drawn(client, **any_key, **{"threshold-key": "AAPL"})

    assert (first["key"], first["keys"]) == ("MSFT", ["MSFT", "AAPL"])
    assert (chosen["key"], chosen["series"][1], chosen["marked"]) == ("AAPL", [200], 1)


def test_rule_on_any_key_of_shards_says_why_it_is_not_drawn(
    client: Client, dated: Dataset
) -> None:
    Dataset.objects.filter(pk=dated.pk).update(shards=2)
    LaneFactory(dataset=dated, shard=1)

    answer = client.post(THRESHOLD, typed(**{"c-0-fact": "DEMO:PRICES:*:price"})).json()

    assert answer == {
        "picture": None,
        "why": "DEMO:PRICES is divided into shards, so there is no picture of a rule on"
        " any of its keys; name one key to see its.",
    }


def test_rule_that_never_fired_says_how_near_it_came(
    client: Client, dated: Dataset
) -> None:
    picture = drawn(client, **{"c-0-value": "300"})

    assert picture["answer"].endswith("MSFT came closest: 301, missed by 1.")


@pytest.mark.parametrize(
    "changes",
    [
        {"c-0-fact": "", "c-0-value": ""},
        {"c-0-value": "cheap"},
        {"c-0-op": "is_missing", "c-0-value": ""},
        {"c-0-against": "fact", "c-0-value": "DEMO:PRICES:MSFT:open"},
    ],
    ids=str,
)
def test_draft_without_one_threshold_has_no_picture(
    client: Client, dated: Dataset, changes: dict[str, str]
) -> None:
    assert drawn(client, **changes) is None


def test_stranger_is_shown_nothing(client: Client, dated: Dataset) -> None:
    client.force_login(MembershipFactory().user)

    assert client.post(THRESHOLD, typed()).status_code == 404
