"""Rules that cannot be judged stop no lane, and are turned off in order."""

from __future__ import annotations

from datetime import datetime

import pytest
from django.test import Client

from alerts.pipeline import drain_lane
from datasets.models import Batch, Dataset
from datasets.services import open_lane
from rules.models import Instance, Rule
from rules.services import create_rule, turn_rule
from tests.factories import NOW, MembershipFactory
from tests.story.lane import definition, drain, price, send
from workspaces.access import Access

pytestmark = pytest.mark.django_db


def spoil(rule: Rule) -> None:
    """Keep of an instance what no comparison of times survives."""
    naive = datetime(2026, 3, 2).isoformat()  # noqa: DTZ001 - that is what is wrong
    memory = {
        "rule_id": rule.pk,
        "key": "MSFT",
        "version": 1,
        "state": "inactive",
        "since": None,
        "opening": None,
        "told": {"~feed": naive},
        "memory": {},
    }
    Instance.objects.create(rule=rule, key="MSFT", memory=memory)


@pytest.mark.parametrize("batches", [1, 4, 20])
def test_rule_that_fails_twenty_times_in_a_row_is_turned_off_in_order(
    access: Access, prices: Dataset, batches: int
) -> None:
    failing = create_rule(access=access, definition=definition(), now=NOW)
    other = create_rule(access=access, definition=definition(name="Other"), now=NOW)
    spoil(failing)
    drain(prices)
    for at in range(batches):
        send(prices, *[price(300)] * (20 // batches), at=at)
        drain_lane(lane_id=open_lane(prices).pk)
    send(prices, price(300), at=60)
    drain(prices)

    failing.refresh_from_db()
    other.refresh_from_db()
    last = Batch.objects.filter(origin="rule").latest("pk")
    assert not failing.is_enabled
    assert failing.in_effect is None
    assert failing.error.startswith("Turned off after 20 errors in a row, the last")
    assert last.options == {
        "rule": failing.pk,
        "version": None,
        "reason": "disabled",
        "change": 2,
    }
    assert (other.ran, other.health) == (21, "ok")


def test_rule_that_recovers_begins_to_count_anew(
    access: Access, prices: Dataset
) -> None:
    rule = create_rule(access=access, definition=definition(), now=NOW)
    spoil(rule)
    # A price above the threshold asks for no cool-down, so it is judged.
    for at, amount in enumerate([300] * 19 + [400] + [300] * 19):
        send(prices, price(amount), at=at)
    drain(prices)

    rule.refresh_from_db()
    assert rule.is_enabled
    assert (rule.health, rule.errors_in_a_row) == ("error", 19)


def test_rule_turned_on_again_is_well_until_it_fails(
    access: Access, prices: Dataset
) -> None:
    rule = create_rule(access=access, definition=definition(), now=NOW)
    spoil(rule)
    send(prices, *[price(300)] * 20)
    drain(prices)

    rule.refresh_from_db()
    turn_rule(access=access, rule=rule, on=True, now=NOW)
    drain(prices)
    send(prices, price(300), at=60)
    drain(prices)

    rule.refresh_from_db()
    assert rule.is_enabled
    assert (rule.health, rule.errors_in_a_row) == ("error", 1)


def test_people_read_what_fails_until_it_is_turned_on_again(
    client: Client, access: Access, prices: Dataset
) -> None:
    client.force_login(MembershipFactory(workspace=access.workspace).user)
    rule = create_rule(access=access, definition=definition(), now=NOW)
    create_rule(access=access, definition=definition(name="Other"), now=NOW)
    spoil(rule)
    send(prices, *[price(300)] * 20)
    drain(prices)

    home = client.get("/w/DEMO/").content.decode()
    listed = client.get("/w/DEMO/rules?state=error").content.decode()
    turned = client.post(
        f"/w/DEMO/rules/{rule.uuid}/turn",
        {"on": "true"},
        headers={"HX-Request": "true"},
    ).content.decode()
    drain(prices)
    after = client.get("/w/DEMO/").content.decode()

    assert "In error and not judged: 1 rule." in home
    assert 'href="/w/DEMO/rules?state=error"' in home
    assert "In error" in listed
    assert "Turned off after 20 errors in a row" in listed
    assert "Other" not in listed
    assert "In error" not in turned
    assert f'id="health-{rule.pk}" hx-swap-oob="true"' in turned
    assert "In error" not in after
