"""What a preview says against a draft that could be saved, and of whom it is true."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.test import Client

from alerts.services import create_output
from tests.alerts.market import Market, open_market
from tests.factories import NOW, MembershipFactory, TokenFactory
from tests.rules.drafts import words_of
from workspaces.models import Installation

pytestmark = pytest.mark.django_db

CHEAP = {"fact": "DEMO:PRICES:*:price", "op": "lte", "value": 310}
DEAR = {"fact": "DEMO:PRICES:*:price", "op": "gt", "value": 400}


@pytest.fixture
def market(db: None) -> Market:
    Installation.objects.create(pk=1, set_up_at=NOW)
    return open_market()


def preview(market: Market, when: object, **members: object) -> Any:
    _, text = TokenFactory.with_text(workspace=market.workspace)
    answer = Client(headers={"Authorization": f"Bearer {text}"}).post(
        "/api/v1/workspaces/demo/rules/preview",
        {"name": "Draft", "when": when, **members},
        content_type="application/json",
    )
    assert answer.status_code == 200, answer.content
    return answer.json()


def cautions(market: Market, when: object, **members: object) -> list[tuple[str, str]]:
    told = preview(market, when, **members)
    assert told["problems"] == []
    return [(one["code"], one["pointer"]) for one in told["cautions"]]


def test_draft_that_is_never_true_says_where(market: Market) -> None:
    assert cautions(market, {"all": [CHEAP, DEAR]}) == [("impossible", "/when")]
    assert cautions(market, CHEAP) == []


def test_key_that_never_came_is_asked_after(market: Market) -> None:
    market.trade({"symbol": "MSFT", "price": 1})
    told = preview(market, {**CHEAP, "fact": "DEMO:PRICES:MSTF:price"})

    (caution,) = told["cautions"]
    assert (caution["code"], caution["pointer"]) == ("key_never_seen", "/when/fact")
    assert caution["detail"] == (
        "Nothing has come of the key MSTF yet; did you mean MSFT?"
    )
    assert cautions(market, {**CHEAP, "fact": "DEMO:PRICES:MSFT:price"}) == []


def test_hold_that_no_second_event_could_end_is_named(market: Market) -> None:
    for number in range(7):
        market.trade({"symbol": "MSFT", "price": number})

    short = preview(market, CHEAP, kind="state", hold="9m")["cautions"]
    ends = cautions(market, CHEAP, kind="state", recover={"hold": "30s"})

    assert [(one["code"], one["pointer"]) for one in short] == [
        ("hold_below_gap", "/hold")
    ]
    assert "10 minutes apart" in short[0]["detail"]
    assert ends == [("hold_below_gap", "/recover/hold")]
    assert cautions(market, CHEAP, kind="state", hold="10m") == []


def test_gap_is_not_guessed_from_a_few_events(market: Market) -> None:
    market.trade({"symbol": "MSFT", "price": 1}, {"symbol": "SPY", "price": 1})

    assert cautions(market, CHEAP, kind="state", hold="1s") == []


def test_output_that_is_told_of_every_event_is_named(market: Market) -> None:
    output = create_output(
        access=market.access, kind="email", config={"to": "ana@a.example"}, now=NOW
    )
    use = {"output": output.slug, "at_most_every": "0s"}

    assert cautions(market, CHEAP, outputs=[use]) == [
        ("told_every_time", "/outputs/0/at_most_every")
    ]
    assert cautions(market, CHEAP, outputs=[use], kind="state") == []


def test_end_that_has_passed_is_named(market: Market) -> None:
    ends = "2020-01-01T00:00:00Z"

    assert cautions(market, CHEAP, expires_at=ends) == [("over_already", "/expires_at")]


@pytest.mark.parametrize(
    ("changes", "codes"),
    [
        ({}, ["noisy"]),
        ({"raise": {"mode": "on_enter"}}, []),
        ({"when": {**CHEAP, "value": 200}}, []),
        ({"kind": "state", "hold": "1s"}, ["hold_below_gap"]),
    ],
    ids=["every match", "when it starts", "far level", "not by columns"],
)
def test_draft_that_would_have_raised_many_a_day_says_so(
    market: Market, changes: dict[str, Any], codes: list[str]
) -> None:
    market.prices.date_field = "at"
    market.prices.save()
    times = [NOW + timedelta(hours=one - 49) for one in range(50)]
    market.trade(
        *({"symbol": "MSFT", "price": 300, "at": at.isoformat()} for at in times)
    )

    told = preview(market, changes.pop("when", CHEAP), **changes)["cautions"]

    assert [one["code"] for one in told] == codes
    if "noisy" in codes:
        assert told[0]["pointer"] == "/when"
        assert told[0]["detail"].startswith(
            "Over the newest 49 hours of data this would have raised 50 alerts, about"
            " 24 a day."
        )


@pytest.mark.parametrize(
    ("when", "pointer"),
    [
        ({**CHEAP, "over": {"take": "avg", "length": "3d"}}, "/when/over"),
        ({**CHEAP, "over": {"take": "avg", "length": "1d"}}, ""),
        ({**CHEAP, "over": {"take": "avg", "last": 20}}, ""),
        (
            {"fact": CHEAP["fact"], "op": "fall", "by": "5%", "within": "3d"},
            "/when/within",
        ),
    ],
)
def test_window_that_outlives_the_records_says_so(
    market: Market, when: dict[str, Any], pointer: str
) -> None:
    market.prices.retention_seconds = 2 * 24 * 3600
    market.prices.save()

    told = preview(market, when)["cautions"]

    assert [(one["code"], one["pointer"]) for one in told] == (
        [("window_outlives_records", pointer)] if pointer else []
    )


def test_keys_of_which_it_is_true_now_come_with_their_values(market: Market) -> None:
    prices = {"SPY": 500, "MSFT": Decimal("309.20"), "AAPL": 310, "IBM": None}
    for key, price in prices.items():
        market.trade({"symbol": key, "price": price})

    matches = preview(market, CHEAP)["matches"]

    assert (matches["keys"], matches["matching"], matches["is_cut"]) == (4, 2, False)
    assert [(one["key"], one["values"]) for one in matches["first"]] == [
        ("AAPL", {"DEMO:PRICES:AAPL:price": 310}),
        ("MSFT", {"DEMO:PRICES:MSFT:price": 309.2}),
    ]
    assert matches["first"][0]["reason"] == "price is 310, at or below 310"


def test_rule_of_one_key_matches_under_that(market: Market) -> None:
    market.trade({"symbol": "MSFT", "price": 1})

    matches = preview(market, {**CHEAP, "fact": "DEMO:PRICES:MSFT:price"})["matches"]

    assert [one["key"] for one in matches["first"]] == ["MSFT"]
    assert preview(market, {"all": []})["matches"] is None


def test_form_says_it_beside_the_sentence(market: Market) -> None:
    client = Client()
    client.force_login(MembershipFactory(workspace=market.workspace).user)
    market.trade({"symbol": "MSFT", "price": 1})
    draft = {
        "rows": "2",
        "match": "all",
        "c-0-fact": "DEMO:PRICES:*:price",
        "c-0-op": "gt",
        "c-0-value": "10",
        "c-1-fact": "DEMO:PRICES:MSTF:price",
        "c-1-op": "gt",
        "c-1-value": "10",
    }

    page = client.post("/w/DEMO/rules/preview", draft).content.decode()

    assert "Worth a look: Condition 2: DEMO:PRICES:MSTF:price is read" in words_of(page)
    assert 'href="#c-1-fact"' in page
    assert "did you mean MSFT?" in page
