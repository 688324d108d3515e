"""A stored rule that cannot be read stops no lane, and its owner is told."""

from __future__ import annotations

import pytest

from alerts.models import Alert
from datasets.models import Dataset
from rules.models import Rule, Version
from rules.services import change_rule, create_rule, programs, turn_rule
from tests.factories import NOW
from tests.story.lane import definition, drain, price, send, states
from workspaces.access import Access

pytestmark = pytest.mark.django_db


@pytest.fixture
def unread(access: Access, prices: Dataset) -> Rule:
    """A state rule with an open alert, in words that this release does not know."""
    rule = create_rule(access=access, definition=definition(kind="state"), now=NOW)
    send(prices, price(300))
    drain(prices)
    _put_down(rule, {"fact": 0, "op": "sings", "value": 310})
    return rule


def _put_down(rule: Rule, when: dict[str, object]) -> None:
    """Store what another release wrote, and start anew as if it were this one."""
    version = Version.objects.get(rule=rule)
    version.definition = {**version.definition, "when": when}
    version.save(update_fields=["definition"])
    programs.forget_programs()


def test_lane_goes_on_and_the_owner_is_told(
    access: Access, prices: Dataset, unread: Rule
) -> None:
    other = create_rule(access=access, definition=definition(name="Other"), now=NOW)
    send(prices, price(300), at=60)
    drain(prices)

    unread.refresh_from_db()
    other.refresh_from_db()
    assert {state for state, _ in states(prices)} == {"judged"}
    assert other.passed == 1
    assert unread.is_enabled
    assert (unread.health, unread.ran) == ("error", 1)
    assert unread.error.startswith("Version 1 of this rule cannot be read, so it is")
    assert "sings" in unread.error


def test_rule_saved_again_begins_anew_and_is_well(
    access: Access, prices: Dataset, unread: Rule
) -> None:
    again = definition(kind="state", when={"fact": 0, "op": "lt", "value": 310})
    send(prices, price(300), at=60)
    drain(prices)
    change_rule(access=access, rule=unread, definition=again, now=NOW)
    send(prices, price(300), at=120)
    drain(prices)

    unread.refresh_from_db()
    assert (unread.health, unread.error, unread.ran) == ("ok", "", 2)
    assert list(
        Alert.objects.order_by("opened_at").values_list("state", flat=True)
    ) == [
        "closed",
        "open",
    ]


def test_rule_turned_off_closes_what_is_open(
    access: Access, prices: Dataset, unread: Rule
) -> None:
    turn_rule(access=access, rule=unread, on=False, now=NOW)
    drain(prices)

    assert Alert.objects.get().state == "closed"


def test_rule_that_comes_into_effect_unread_stops_no_lane(
    access: Access, prices: Dataset
) -> None:
    rule = create_rule(access=access, definition=definition(), now=NOW)
    _put_down(rule, {"fact": 0, "op": "sings", "value": 310})
    send(prices, price(300))
    drain(prices)

    rule.refresh_from_db()
    assert {state for state, _ in states(prices)} == {"judged"}
    assert (rule.health, rule.ran) == ("error", 0)


def test_release_that_can_read_it_judges_it_again(
    prices: Dataset, unread: Rule
) -> None:
    send(prices, price(300), at=60)
    drain(prices)
    _put_down(unread, {"fact": 0, "op": "lte", "value": 310})
    send(prices, price(400), at=120)
    drain(prices)

    unread.refresh_from_db()
    assert (unread.health, unread.error, unread.ran) == ("ok", "", 2)
    assert Alert.objects.get().state == "resolved"
