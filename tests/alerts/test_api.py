"""Alerts, the feed, outputs and deliveries in the native API."""

from __future__ import annotations

from typing import Any

import pytest
from django.test import Client
from pytest_django.fixtures import Settings

from alerts.models import Alert, Delivery, Output
from alerts.pipeline import drain_lane
from alerts.services import create_output, number_entries, secret_of
from datasets.models import Dataset
from datasets.services import Ingest, accept_batch, open_lane
from rules.services import create_rule
from tests.factories import NOW, DatasetFactory, TokenFactory, WorkspaceFactory
from workspaces.access import Access, open_for_system
from workspaces.models import AuditEntry

pytestmark = pytest.mark.django_db

HERE = "/api/v1/workspaces/DEMO"


@pytest.fixture
def access(db: None) -> Access:
    return open_for_system(workspace=WorkspaceFactory(slug="DEMO"))


@pytest.fixture
def client(access: Access) -> Client:
    _, text = TokenFactory.with_text(workspace=access.workspace)
    return Client(headers={"Authorization": f"Bearer {text}"})


@pytest.fixture
def prices(access: Access) -> Dataset:
    return DatasetFactory(workspace=access.workspace, slug="PRICES")


@pytest.fixture
def fired(access: Access, prices: Dataset) -> list[Alert]:
    """Three alerts of one rule over any key, told to one mailbox."""
    output = create_output(
        access=access, kind="email", config={"to": "ana@example.com"}, now=NOW
    )
    create_rule(
        access=access,
        definition={
            "name": "Cheap",
            "watch": {"facts": ["DEMO:PRICES:*:price"]},
            "when": {"fact": 0, "op": "lte", "value": 310},
            "outputs": [{"output": output.slug}],
        },
        now=NOW,
    )
    accept_batch(
        dataset=prices,
        events=[{"symbol": name, "price": 5} for name in ("A", "B", "C")],
        ingest=Ingest(),
        now=NOW,
    )
    drain_lane(lane_id=open_lane(prices).pk)
    number_entries(workspace_id=access.workspace.pk)
    return list(Alert.objects.order_by("key"))


def ids(page: Any) -> list[str]:
    return [row["id"] for row in page["data"]]


def post(client: Client, path: str, body: object = None) -> Any:
    return client.post(path, body or {}, content_type="application/json")


def test_alerts_list_filters_and_keeps_its_number_of_queries(
    client: Client, fired: list[Alert], django_assert_num_queries: Any
) -> None:
    client.get(f"{HERE}/alerts")  # notes once a minute that the token is used
    with django_assert_num_queries(2):
        listed = client.get(f"{HERE}/alerts").json()
    only = client.get(f"{HERE}/alerts?key=B&state=raised").json()

    assert len(listed["data"]) == 3
    assert [alert["key"] for alert in only["data"]] == ["B"]
    assert only["data"][0]["values"] == {"DEMO:PRICES:B:price": 5}


@pytest.mark.parametrize("path", ["alerts", "deliveries"])
def test_lists_are_paged_to_their_end_and_back(
    client: Client, fired: list[Alert], path: str
) -> None:
    everything = ids(client.get(f"{HERE}/{path}").json())
    page = client.get(f"{HERE}/{path}?limit=1").json()
    there = ids(page)
    while page["next"]:
        page = client.get(f"{HERE}/{path}", {"limit": 1, "cursor": page["next"]}).json()
        there += ids(page)
    back = ids(page)
    while page["previous"]:
        cursor = page["previous"]
        page = client.get(f"{HERE}/{path}", {"limit": 1, "cursor": cursor}).json()
        back += ids(page)

    assert len(everything) == 3
    assert there == everything
    assert back == everything[::-1]


def test_alert_shows_its_steps_and_why(client: Client, fired: list[Alert]) -> None:
    alert = client.get(f"{HERE}/alerts/{fired[0].pk}").json()

    (step,) = alert["transitions"]
    assert step["kind"] == "raised"
    assert step["verdict"]["found"] == 5


def test_acknowledging_twice_names_who_was_first(
    client: Client, fired: list[Alert]
) -> None:
    first = post(client, f"{HERE}/alerts/{fired[0].pk}/acknowledge")
    second = post(client, f"{HERE}/alerts/{fired[0].pk}/acknowledge")

    assert first.json()["acknowledged_at"]
    assert second.status_code == 409


def test_feed_reads_on_from_a_number(client: Client, fired: list[Alert]) -> None:
    start = client.get(f"{HERE}/feed").json()
    page = client.get(f"{HERE}/feed?since=1").json()

    assert (start["last"], page["last"]) == (3, 3)
    assert [frame["seq"] for frame in page["frames"] if "seq" in frame] == [2, 3]


def test_feed_of_another_epoch_is_reset(client: Client, fired: list[Alert]) -> None:
    page = client.get(f"{HERE}/feed?since=1&epoch=old").json()

    assert [frame["type"] for frame in page["frames"]] == ["reset"]


def test_output_is_made_listed_and_deleted(client: Client, access: Access) -> None:
    made = post(
        client,
        f"{HERE}/outputs",
        {"kind": "webhook", "config": {"url": "https://example.com/hook"}},
    ).json()
    listed = client.get(f"{HERE}/outputs").json()["data"]
    gone = client.delete(f"{HERE}/outputs/{made['slug']}")

    assert listed == [made]
    assert "secret" not in str(made)
    assert gone.status_code == 204
    assert client.get(f"{HERE}/outputs/{made['slug']}").status_code == 404


def test_output_says_of_which_rules_it_is_told_in_summaries(
    client: Client, fired: list[Alert], settings: Settings
) -> None:
    output = Output.objects.get()
    calm = client.get(f"{HERE}/outputs/{output.slug}").json()

    settings.BELLWETHER_STORM_MESSAGES = 2
    storm = client.get(f"{HERE}/outputs/{output.slug}").json()

    assert calm["storms"] == []
    (one,) = storm["storms"]
    assert (one["rule_name"], one["messages"]) == ("Cheap", 3)


@pytest.mark.parametrize(
    "body",
    [
        {"kind": "pigeon", "config": {}},
        {"kind": "webhook", "config": {"url": "http://169.254.169.254/"}},
        {"kind": "email", "config": {"to": "a@example.com\nBcc: b@example.com"}},
        {"kind": "email"},
    ],
    ids=["kind", "inner-address", "header", "no-config"],
)
def test_wrong_output_is_refused_with_a_pointer(
    client: Client, access: Access, body: object
) -> None:
    answer = post(client, f"{HERE}/outputs", body)

    assert answer.status_code == 422
    assert answer.json()["errors"][0]["pointer"]
    assert not Output.objects.exists()


def test_owner_finds_the_secret_that_verifies_a_webhook(
    client: Client, access: Access
) -> None:
    config = {"url": "https://example.com/hook"}
    hook = create_output(access=access, kind="webhook", config=config, now=NOW)

    answer = client.get(f"{HERE}/outputs/{hook.slug}/secret")

    assert answer.json() == {"secret": secret_of(hook)}
    assert answer["Cache-Control"] == "no-store"
    assert AuditEntry.objects.latest("pk").action == "output.secret_shown"


def test_readers_find_no_secret_and_mail_has_none(
    client: Client, access: Access
) -> None:
    config = {"to": "ana@example.com"}
    mail = create_output(access=access, kind="email", config=config, now=NOW)
    _, text = TokenFactory.with_text(workspace=access.workspace, kind="publishable")
    reader = Client(headers={"Authorization": f"Bearer {text}"})

    assert reader.get(f"{HERE}/outputs/{mail.slug}/secret").status_code == 403
    assert client.get(f"{HERE}/outputs/{mail.slug}/secret").status_code == 404


def test_delivery_is_retried_once_it_was_given_up(
    client: Client, fired: list[Alert], django_assert_num_queries: Any
) -> None:
    Delivery.objects.filter(transition__alert=fired[0]).update(status="dead")
    client.get(f"{HERE}/deliveries")
    with django_assert_num_queries(2):
        listed = client.get(f"{HERE}/deliveries?status=dead").json()["data"]

    again = post(client, f"{HERE}/deliveries/{listed[0]['id']}/retry")
    once_more = post(client, f"{HERE}/deliveries/{listed[0]['id']}/retry")

    assert len(listed) == 1
    assert again.json()["status"] == "queued"
    assert once_more.status_code == 409


@pytest.mark.parametrize("path", ["alerts", "feed", "outputs", "deliveries"])
def test_strangers_find_nothing(fired: list[Alert], path: str) -> None:
    _, text = TokenFactory.with_text()
    stranger = Client(headers={"Authorization": f"Bearer {text}"})

    assert stranger.get(f"{HERE}/{path}").status_code == 404
