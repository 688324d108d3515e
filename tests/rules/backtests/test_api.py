"""Back-tests in the native API."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest
from django.test import Client

from datasets.models import Dataset
from rules.models import Rule
from tests.factories import DatasetFactory, MembershipFactory, TokenFactory
from tests.rules.drafts import feed
from workspaces.models import Role

pytestmark = pytest.mark.django_db

BACKTEST = "/api/v1/workspaces/demo/rules/backtest"
#: Each of these prices is told, for the feed alone, at most once a minute.
CHEAP: dict[str, Any] = {
    "name": "Cheap",
    "when": {"fact": "DEMO:PRICES:MSFT:price", "op": "lte", "value": 310},
}


@pytest.fixture
def dated(prices: Dataset) -> Dataset:
    """Prices that bring their own times, read in New York."""
    prices.date_field = "day"
    prices.zone = "America/New_York"
    prices.save()
    for day, price in [(2, "309.20"), (3, "315"), (4, "310.00"), (5, "301.5")]:
        feed(prices, price=Decimal(price), day=f"2026-02-0{day}T20:00:00")
    return prices


@pytest.fixture
def program(dated: Dataset) -> Client:
    """A program with a secret token."""
    _, text = TokenFactory.with_text(workspace=dated.workspace)
    return Client(headers={"Authorization": f"Bearer {text}"})


def post(client: Client, body: object) -> Any:
    return client.post(BACKTEST, body, content_type="application/json")


def test_backtest_says_what_the_draft_would_have_done(program: Client) -> None:
    answer = post(program, {"definition": CHEAP})

    said = answer.json()
    assert answer.status_code == 200
    assert (said["alerts"], said["passes"], said["told"]) == (3, 3, 0)
    assert said["per_key"] == {"MSFT": 3}
    assert said["per_day"] == {"2026-02-02": 1, "2026-02-04": 1, "2026-02-05": 1}
    assert (said["events"], said["is_cut"], said["failed"]) == (4, False, 0)
    assert said["earliest"] == "2026-02-03T01:00:00Z"
    assert said["latest"] == "2026-02-06T01:00:00Z"
    assert said["hits"][1] == {
        "kind": "raised",
        "key": "MSFT",
        "at": "2026-02-05T01:00:00Z",
        "seq": 3,
        "ord": 0,
        "value": 310.0,
        "reason": "price is 310.00, at or below 310",
        "told": [],
    }
    assert b'"value":310.00' in answer.content
    assert not Rule.objects.exists()


@pytest.mark.parametrize(
    "over", [{}, {"over": {"take": "min", "last": 1}}], ids=["value", "window"]
)
def test_curve_says_what_other_thresholds_would_have_raised(
    program: Client, over: dict[str, Any]
) -> None:
    definition = {**CHEAP, "when": {**CHEAP["when"], **over}}
    told = post(program, {"definition": definition, "with_curve": True}).json()

    curve = {one["value"]: one["alerts"] for one in told["curve"]}
    assert (curve[310], min(curve.values()), max(curve.values())) == (3, 1, 4)
    assert sorted(curve) == list(curve)
    # Four alerts in three days are so many a week.
    assert told["curve"][-1]["per_week"] == 9.33


@pytest.mark.parametrize(
    "when",
    [
        {"fact": "DEMO:PRICES:MSFT:price", "op": "between", "value": [300, 310]},
        {"any": [CHEAP["when"], CHEAP["when"]]},
    ],
    ids=["two thresholds", "two conditions"],
)
def test_rule_without_one_threshold_has_no_curve(
    program: Client, when: dict[str, Any]
) -> None:
    definition = {**CHEAP, "when": when}
    told = post(program, {"definition": definition, "with_curve": True}).json()

    assert told["curve"] is None
    assert told["alerts"] == 3


@pytest.mark.parametrize(
    ("period", "alerts"),
    [
        ({"since": "2026-02-04"}, 2),
        ({"until": "2026-02-04"}, 2),
        ({"since": "2026-02-03", "until": "2026-02-03"}, 0),
        ({"since": "2026-02-05T01:00:00Z", "until": ""}, 2),
    ],
    ids=repr,
)
def test_backtest_counts_days_of_the_dataset(
    program: Client, period: dict[str, str], alerts: int
) -> None:
    assert post(program, {"definition": CHEAP, **period}).json()["alerts"] == alerts


@pytest.mark.parametrize(
    ("body", "pointer", "words"),
    [
        ({"definition": CHEAP, "since": "soon"}, "/since", "soon"),
        ({"definition": CHEAP, "until": "2026-02-31"}, "/until", "2026-02-31"),
        ({"definition": CHEAP, "since": {"day": 1}}, "/since", ""),
        (
            {"definition": CHEAP, "since": "2026-02-04", "until": "2026-02-03"},
            "/since",
            "after until",
        ),
        ({}, "/definition", ""),
        ({"definition": "cheap"}, "/definition", ""),
        ({"definition": {**CHEAP, "colour": 1}}, "/definition/colour", ""),
        (
            {"definition": {**CHEAP, "when": {**CHEAP["when"], "op": "=>"}}},
            "/definition/when/op",
            "=>",
        ),
    ],
    ids=repr,
)
def test_wrong_place_is_named(
    program: Client, body: object, pointer: str, words: str
) -> None:
    answer = post(program, body)

    (error,) = answer.json()["errors"]
    assert answer.status_code == 422
    assert error["pointer"] == pointer
    assert words in error["detail"]


def test_dataset_of_another_workspace_is_none(program: Client) -> None:
    DatasetFactory(workspace__slug="OTHER", slug="PRICES")
    when = {**CHEAP["when"], "fact": "OTHER:PRICES:MSFT:price"}

    answer = post(program, {"definition": {**CHEAP, "when": when}})

    assert answer.status_code == 422
    assert answer.json()["errors"][0]["pointer"] == "/definition/when/fact"


def test_dataset_without_events_has_no_span(program: Client, dated: Dataset) -> None:
    DatasetFactory(workspace=dated.workspace, slug="EMPTY")
    when = {**CHEAP["when"], "fact": "DEMO:EMPTY:*:price"}

    said = post(program, {"definition": {**CHEAP, "when": when}}).json()

    assert (said["events"], said["earliest"], said["hits"]) == (0, None, [])


def test_viewer_and_stranger_look_back_on_nothing(dated: Dataset) -> None:
    viewer = MembershipFactory(workspace=dated.workspace, role=Role.VIEWER).user
    client = Client()
    client.force_login(viewer)
    _, text = TokenFactory.with_text()
    stranger = Client(headers={"Authorization": f"Bearer {text}"})

    assert post(client, {"definition": CHEAP}).status_code == 403
    assert post(stranger, {"definition": CHEAP}).status_code == 404
