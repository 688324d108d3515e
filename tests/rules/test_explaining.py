"""Why a rule is true, false or unknown: through the API, now and in the past."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.test import Client

from alerts.models import Transition
from alerts.pipeline import drain_lane
from config.clock import database_now
from datasets.json import decode
from datasets.models import Batch, Dataset, Record
from datasets.services import open_lane
from rules.models import Rule
from tests.factories import DatasetFactory, TokenFactory, WorkspaceFactory
from workspaces.models import Workspace

pytestmark = pytest.mark.django_db

BASE = "/api/v1/workspaces/demo"


@pytest.fixture
def demo(db: None) -> Workspace:
    return WorkspaceFactory(slug="DEMO")


@pytest.fixture
def prices(demo: Workspace) -> Dataset:
    return DatasetFactory(workspace=demo, slug="PRICES")


@pytest.fixture
def client(prices: Dataset) -> Client:
    _, text = TokenFactory.with_text(workspace=prices.workspace)
    return Client(headers={"Authorization": f"Bearer {text}"})


@pytest.fixture
def send(client: Client, prices: Dataset) -> Any:
    """Publish a record, have it judged, and give the number of its batch."""

    def publish(query: str = "", **record: object) -> int:
        path = f"{BASE}/datasets/prices/records{query}"
        answer = client.post(path, record, content_type="application/json")
        assert answer.status_code in (200, 202), answer.content
        drain_lane(lane_id=open_lane(prices).pk)
        batch: int = answer.json()["batch"]
        return batch

    return publish


@pytest.fixture
def save(client: Client, prices: Dataset) -> Any:
    """Save a rule and have it take effect; give its address."""

    def create(when: object, **members: object) -> str:
        body = {"name": "Watch", "when": when, **members}
        answer = client.post(f"{BASE}/rules", body, content_type="application/json")
        assert answer.status_code == 201, answer.content
        drain_lane(lane_id=open_lane(prices).pk)
        return f"{BASE}/rules/{answer.json()['slug']}"

    return create


def explain(client: Client, rule: str, **asked: str | int) -> Any:
    answer = client.get(f"{rule}/explain", asked)
    assert answer.status_code == 200, answer.content
    return decode(answer.content)


def cheap(key: str = "MSFT") -> dict[str, object]:
    return {"fact": f"DEMO:PRICES:{key}:price", "op": "lte", "value": 310}


def test_record_that_passed_is_explained_as_its_alert_was(
    client: Client, send: Any, save: Any
) -> None:
    rule = save(cheap())
    batch = send(symbol="MSFT", price=309.20)
    send(symbol="MSFT", price=400)

    told = explain(client, rule, batch=batch, ord=0)

    raised = Transition.objects.get()
    alerted = raised.verdict
    assert told["alerts"] == [{"id": str(raised.alert_id), "step": "raised"}]
    assert told["truth"] is True
    assert told["nearest_miss"] is None
    assert told["held"] == []
    assert {name: told["verdict"][name] for name in alerted} == alerted
    assert told["reason"] == "price is 309.2, at or below 310 (by 0.8)"
    assert (told["record"], told["key"], told["version"]) == (f"{batch}.0", "MSFT", 1)
    assert (told["verdict"]["pointer"], told["verdict"]["age_seconds"]) == ("/when", 0)


def test_record_that_failed_says_its_nearest_miss(
    client: Client, send: Any, save: Any
) -> None:
    rule = save(cheap("*"))
    batch = send(symbol="MSFT", price=310.42)
    send(symbol="MSFT", price=1)

    told = explain(client, rule, batch=batch, ord=0)

    (change,) = told["nearest_miss"]["changes"]
    assert told["truth"] is False
    assert change["fact"] == "DEMO:PRICES:MSFT:price"
    assert (change["found"], change["value"]) == (Decimal("310.42"), 310)
    assert change["margin"] == Decimal("0.42")
    assert told["nearest_miss"]["sentence"] == (
        "Fires with price at or below 310, was 310.42."
    )


def test_sending_the_nearest_miss_raises_the_alert(
    client: Client, send: Any, save: Any
) -> None:
    rule = save(cheap("*"))
    batch = send(symbol="MSFT", price=310.42)
    miss = explain(client, rule, batch=batch, ord=0)["nearest_miss"]
    assert not Transition.objects.exists()

    send(symbol="MSFT", price=float(miss["changes"][0]["value"]))

    assert Transition.objects.get().key == "MSFT"


def test_facts_of_other_keys_are_those_before_the_record(
    client: Client, send: Any, save: Any
) -> None:
    other = {"fact": "DEMO:PRICES:SPY:price", "times": 2}
    rule = save({"fact": "DEMO:PRICES:*:price", "op": "gt", "value": other})
    send(symbol="SPY", price=100)
    batch = send(symbol="MSFT", price=150)
    send(symbol="SPY", price=50)

    told = explain(client, rule, batch=batch, ord=0)
    now = explain(client, rule, key="MSFT")

    assert (told["truth"], told["verdict"]["wanted"]) == (False, 200)
    assert (now["truth"], now["verdict"]["wanted"]) == (True, 100)


def test_values_before_and_their_age_are_rebuilt(
    client: Client, send: Any, save: Any
) -> None:
    rise = {"fact": "DEMO:PRICES:MSFT:price", "op": "rise", "by": 5}
    volume = {"fact": "DEMO:PRICES:MSFT:volume", "op": "gt", "value": 1}
    rule = save({"all": [rise, volume]})
    send(symbol="MSFT", price=300, volume=7)
    batch = send(symbol="MSFT", price=302)

    told = explain(client, rule, batch=batch, ord=0)

    risen, traded = told["verdict"]["members"]
    assert (risen["before"], risen["found"], risen["truth"]) == (300, 302, False)
    assert (traded["found"], traded["truth"]) == (7, True)
    assert risen["age_seconds"] == 0
    assert traded["age_seconds"] >= 0
    assert told["nearest_miss"]["sentence"] == (
        "Fires with price at or above 305, was 302."
    )


def test_unknown_says_what_is_missing(client: Client, send: Any, save: Any) -> None:
    rule = save(cheap())
    batch = send(symbol="MSFT", price=None)

    told = explain(client, rule, batch=batch, ord=0)

    assert told["truth"] is None
    assert told["reason"] == "price has no value"
    assert told["nearest_miss"] == {
        "changes": [],
        "sentence": "No number alone would make it true: price has no value.",
    }
    assert told["notes"] == []


def test_unknown_says_that_the_log_may_have_lost_it(
    client: Client, send: Any, save: Any, prices: Dataset
) -> None:
    rule = save({"any": [cheap(), {**cheap(), "fact": "DEMO:PRICES:MSFT:volume"}]})
    batch = send(symbol="MSFT", price=500)
    Dataset.objects.filter(pk=prices.pk).update(retention_seconds=3600)

    told = explain(client, rule, batch=batch, ord=0)

    (note,) = told["notes"]
    assert "does not reach back to a value of DEMO:PRICES:MSFT:volume" in note


def test_record_before_the_rule_says_so_and_is_judged(
    client: Client, send: Any, save: Any
) -> None:
    batch = send(symbol="MSFT", price=300)
    rule = save(cheap())

    told = explain(client, rule, batch=batch, ord=0)

    assert (told["truth"], told["in_effect"]) == (True, False)
    assert told["held"][0].startswith("The rule was not in effect then")


def test_record_is_judged_by_the_version_of_its_time(
    client: Client, send: Any, save: Any, prices: Dataset
) -> None:
    rule = save(cheap())
    batch = send(symbol="MSFT", price=320)
    body = {"name": "Watch", "when": {**cheap(), "value": 330}}
    client.put(rule, body, content_type="application/json", headers={"If-Match": "*"})
    client.post(f"{rule}/disable")
    later = send(symbol="MSFT", price=325)

    first = explain(client, rule, batch=batch, ord=0)
    second = explain(client, rule, batch=later, ord=0)

    assert (first["version"], first["truth"], first["in_effect"]) == (1, False, True)
    assert (second["version"], second["truth"], second["in_effect"]) == (2, True, False)


@pytest.mark.parametrize(
    ("query", "record", "held"),
    [
        ("", {"symbol": "MSFT", "volume": 3}, "carries none of the facts"),
        ("", {"symbol": "SPY", "price": 3}, "carries none of the facts"),
    ],
    ids=["other field", "other key"],
)
def test_record_that_ran_no_rule_says_why(
    client: Client,
    send: Any,
    save: Any,
    query: str,
    record: dict[str, object],
    held: str,
) -> None:
    rule = save(cheap())
    send(symbol="MSFT", price=300)
    batch = send(query, **record)

    told = explain(client, rule, batch=batch, ord=0)

    assert told["truth"] is True
    assert [held in one for one in told["held"]] == [True]


def test_replaced_record_still_moved_the_facts_of_its_time(
    demo: Workspace, client: Client, prices: Dataset, send: Any, save: Any
) -> None:
    Dataset.objects.filter(pk=prices.pk).update(
        subkey_field="part", duplicates="replace"
    )
    lines = {"fact": "DEMO:PRICES:MSFT:price", "op": "rise", "by": 5}
    rule = save(lines)
    send(symbol="MSFT", part="a", price=300)
    batch = send(symbol="MSFT", part="b", price=302)
    send(symbol="MSFT", part="a", price=999)

    told = explain(client, rule, batch=batch, ord=0)

    assert Record.objects.filter(is_current=False).count() == 1
    assert (told["verdict"]["before"], told["verdict"]["found"]) == (300, 302)


def test_record_that_repeats_another_was_seen_by_no_rule(
    client: Client, prices: Dataset, send: Any, save: Any
) -> None:
    Dataset.objects.filter(pk=prices.pk).update(subkey_field="part")
    rule = save(cheap())
    first = send(symbol="MSFT", part="a", price=500)
    repeated = send(symbol="MSFT", part="a", price=200)
    batch = send(symbol="MSFT", part="b", volume=1)

    answer = client.get(f"{rule}/explain", {"batch": repeated, "ord": 0})

    assert answer.status_code == 409
    assert f"repeats one of batch {first}" in answer.json()["detail"]
    assert explain(client, rule, batch=batch, ord=0)["verdict"]["found"] == 500


def test_pass_within_the_cool_down_shows_that_it_raised_nothing(
    client: Client, send: Any, save: Any
) -> None:
    rule = save(cheap())
    send(symbol="MSFT", price=300)
    batch = send(symbol="MSFT", price=299)

    told = explain(client, rule, batch=batch, ord=0)

    assert (told["truth"], told["held"], told["alerts"]) == (True, [], [])


def test_now_says_until_when_outputs_are_not_told(
    client: Client, send: Any, save: Any
) -> None:
    rule = save(cheap())
    before = database_now()
    send(symbol="MSFT", price=300)

    told = explain(client, rule, key="MSFT")

    (feed,) = told["cooling"]
    assert (told["record"], told["truth"], feed["output"]) == ("", True, "~feed")
    assert feed["until"] > (before + timedelta(seconds=59)).isoformat()


@pytest.mark.parametrize(
    ("asked", "status", "words"),
    [
        ({}, 422, "say which"),
        ({"key": "MSFT", "batch": 1, "ord": 0}, 422, "leave this out"),
        ({"batch": 1}, 422, "send both"),
        ({"ord": 1}, 422, "send both"),
        ({"batch": "x", "ord": 0}, 422, "whole number"),
        ({"batch": 10**18, "ord": 0}, 404, "no record"),
        ({"colour": "red"}, 422, "no such parameter"),
    ],
    ids=repr,
)
def test_wrong_question_is_refused_with_a_sentence(
    client: Client, save: Any, asked: dict[str, str | int], status: int, words: str
) -> None:
    rule = save(cheap("*"))

    answer = client.get(f"{rule}/explain", asked)

    assert answer.status_code == status
    assert words in answer.json()["detail"]


def test_key_that_the_rule_does_not_watch_is_refused(client: Client, save: Any) -> None:
    rule = save(cheap())

    answer = client.get(f"{rule}/explain", {"key": "SPY"})

    assert answer.status_code == 422
    assert "MSFT" in answer.json()["detail"]


def test_record_of_another_dataset_is_refused(
    demo: Workspace, client: Client, prices: Dataset, save: Any
) -> None:
    rule = save(cheap())
    orders = DatasetFactory(workspace=demo, slug="ORDERS")
    path = f"{BASE}/datasets/orders/records"
    sent = client.post(
        path, {"symbol": "1", "price": 2}, content_type="application/json"
    )
    drain_lane(lane_id=open_lane(orders).pk)

    answer = client.get(f"{rule}/explain", {"batch": sent.json()["batch"], "ord": 0})

    assert answer.status_code == 422
    assert "DEMO:ORDERS" in answer.json()["detail"]


def test_record_that_waits_is_not_explained_yet(
    client: Client, prices: Dataset, save: Any
) -> None:
    rule = save(cheap())
    path = f"{BASE}/datasets/prices/records"
    client.post(path, {"symbol": "MSFT", "price": 2}, content_type="application/json")
    waiting = Batch.objects.pending().get()

    answer = client.get(f"{rule}/explain", {"batch": waiting.pk, "ord": 0})

    assert answer.status_code == 409
    assert "waits to be judged" in answer.json()["detail"]


def test_rule_and_record_of_another_workspace_are_missing(
    client: Client, send: Any, save: Any
) -> None:
    rule = save(cheap("*"))
    batch = send(symbol="MSFT", price=300)
    other = DatasetFactory(workspace__slug="OTHER", slug="PRICES")
    _, text = TokenFactory.with_text(workspace=other.workspace)
    stranger = Client(headers={"Authorization": f"Bearer {text}"})
    base = "/api/v1/workspaces/other/rules"
    when = {"fact": "OTHER:PRICES:*:price", "op": "lte", "value": 310}
    stranger.post(base, {"name": "Mine", "when": when}, content_type="application/json")
    uuid = Rule.objects.get(slug=rule.rpartition("/")[2]).uuid

    theirs = stranger.get(f"{base}/{uuid}/explain", {"key": "MSFT"})
    record = stranger.get(f"{base}/mine/explain", {"batch": batch, "ord": 0})

    assert (theirs.status_code, record.status_code) == (404, 404)
