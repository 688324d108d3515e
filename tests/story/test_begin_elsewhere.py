"""How a rule over several datasets begins, changes and ends, lane by lane."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from typing import Any

import pytest

from alerts.models import Alert, Transition
from datasets.models import Batch, Dataset, Fact, Origin, Record
from datasets.services import open_lane
from rules.models import Forward, Rule
from rules.services import (
    change_rule,
    create_rule,
    delete_rule,
    expire_rules,
    turn_rule,
)
from rules.services.programs import forget_programs
from tests.factories import NOW, DatasetFactory
from tests.story.lane import drain, drain_everything, price, send
from workspaces.access import Access

pytestmark = pytest.mark.django_db

LEFT, RIGHT = "DEMO:LEFT:*:price", "DEMO:RIGHT:*:price"
ABOVE: Mapping[str, Any] = {
    "kind": "signal",
    "name": "Above",
    "when": {"fact": LEFT, "op": "gt", "value": {"fact": RIGHT}},
}


@pytest.fixture
def left(access: Access) -> Dataset:
    """DEMO:LEFT, the home of what reads it first."""
    return DatasetFactory(workspace=access.workspace, slug="LEFT")


@pytest.fixture
def right(access: Access) -> Dataset:
    """DEMO:RIGHT, of which home is told."""
    return DatasetFactory(workspace=access.workspace, slug="RIGHT")


def create(access: Access, **changes: object) -> Rule:
    return create_rule(access=access, definition={**ABOVE, **changes}, now=NOW)


def edit(access: Access, rule: Rule, **changes: object) -> None:
    rule.refresh_from_db()
    change_rule(access=access, rule=rule, definition={**ABOVE, **changes}, now=NOW)


def turn(access: Access, rule: Rule, *, on: bool) -> None:
    turn_rule(access=access, rule=rule, on=on, now=NOW)


def say(dataset: Dataset, amount: int, *, at: float, of: str = "MSFT") -> None:
    """Send a price, and let every lane judge what comes of it."""
    send(dataset, price(amount, of=of), at=at)
    drain_everything()


def told_of(home: Dataset) -> list[tuple[bool, list[dict[str, Any]]]]:
    """What home was told, batch by batch: whether as facts that stand; the bodies."""
    told = []
    for batch in Batch.objects.filter(lane=open_lane(home), origin="forward"):
        records = Record.objects.filter(batch_id=batch.pk).order_by("ord")
        is_snapshot = batch.options.get("snapshot", False)
        told.append((is_snapshot, list(records.values_list("body", flat=True))))
    return told


def is_in_effect(rule: Rule) -> bool:
    rule.refresh_from_db()
    return rule.in_effect is not None


def values_of_alerts() -> list[list[object]]:
    alerts = Alert.objects.order_by("recorded_at", "opened_at", "pk")
    return [list(alert.values.values()) for alert in alerts]


def test_rule_begins_with_the_facts_as_they_are(
    access: Access, left: Dataset, right: Dataset
) -> None:
    say(right, 4, at=0)
    create(access)
    drain_everything()

    say(left, 5, at=1)

    assert values_of_alerts() == [[5, 4]]


def test_facts_are_those_of_its_place_in_the_other_lane(
    access: Access, left: Dataset, right: Dataset
) -> None:
    send(right, price(3), at=0)
    send(right, price(4, of="AAPL"), at=0)
    send(right, price(2), at=1)
    create(access, when={**ABOVE["when"], "op": "cross_up"})
    send(right, price(9), at=2)
    drain_everything()

    (as_stands, facts), (is_snapshot, events) = told_of(left)
    assert as_stands
    assert [one["price"][:2] for one in facts] == [[4, None], [2, 3]]
    assert (is_snapshot, events) == (False, [{"price": 9}])
    home = Fact.objects.get(lane=open_lane(left), dataset=right, key="MSFT")
    away = Fact.objects.get(lane=open_lane(right), key="MSFT")
    assert home.fields["price"] == away.fields["price"]
    assert home.watermark == away.watermark


def test_what_home_is_told_already_is_not_told_again(
    access: Access, left: Dataset, right: Dataset
) -> None:
    say(right, 4, at=0)
    create(access)
    drain_everything()

    named = "DEMO:RIGHT:MSFT:price"
    when = {"fact": "DEMO:LEFT:MSFT:price", "op": "lt", "value": {"fact": named}}
    create(access, name="Below", when=when, include=["DEMO:RIGHT:MSFT:volume"])
    drain_everything()
    say(right, 7, at=1)

    assert [is_snapshot for is_snapshot, _ in told_of(left)] == [True, False]


def test_rule_is_not_in_effect_before_all_lanes_have_told_of_it(
    access: Access, left: Dataset, right: Dataset
) -> None:
    rule = create(access)

    drain(left)
    assert not is_in_effect(rule)
    drain(right)
    assert not is_in_effect(rule)
    drain(left)

    assert is_in_effect(rule)


def test_edit_that_reads_nothing_new_takes_its_place_at_once(
    access: Access, left: Dataset, right: Dataset
) -> None:
    say(right, 4, at=0)
    rule = create(access)
    drain_everything()

    edit(access, rule, when={**ABOVE["when"], "op": "lt"})
    drain(left)
    assert is_in_effect(rule)
    assert rule.in_effect == rule.latest
    say(left, 3, at=1)
    say(right, 5, at=70)

    assert values_of_alerts() == [[3, 4], [3, 5]]
    assert Forward.objects.in_effect().get().version == rule.latest


def test_edit_that_reads_more_waits_for_it_and_is_judged_as_before_until_then(
    access: Access, left: Dataset, right: Dataset
) -> None:
    send(right, {**price(4), "volume": 9}, at=0)
    rule = create(access)
    drain_everything()

    volume = {"fact": LEFT, "op": "gt", "value": {"fact": "DEMO:RIGHT:*:volume"}}
    edit(access, rule, when=volume)
    send(left, price(5), at=1)
    drain(left)
    assert values_of_alerts() == [[5, 4]]
    drain_everything()
    say(left, 10, at=70)

    assert values_of_alerts() == [[5, 4], [10, 9]]


@pytest.mark.parametrize("forgets", [False, True], ids=["in memory", "loaded anew"])
def test_rule_turned_off_is_forwarded_nothing_and_begins_anew_with_what_is(
    access: Access, left: Dataset, right: Dataset, *, forgets: bool
) -> None:
    rule = create(access)
    drain_everything()
    turn(access, rule, on=False)
    drain_everything()
    if forgets:
        forget_programs()
    say(right, 4, at=1)
    assert told_of(left) == []

    turn(access, rule, on=True)
    drain_everything()
    if forgets:
        forget_programs()
    say(left, 5, at=2)
    say(right, 3, at=70)

    assert values_of_alerts() == [[5, 4], [5, 3]]
    assert [is_snapshot for is_snapshot, _ in told_of(left)] == [True, False]


@pytest.mark.parametrize("first", ["left", "right"])
@pytest.mark.parametrize("end", ["off", "deleted"])
def test_rule_that_ends_on_its_way_never_begins(
    access: Access, left: Dataset, right: Dataset, first: str, end: str
) -> None:
    rule = create(access)
    if first == "right":
        drain(right)
    if end == "off":
        turn(access, rule, on=False)
    else:
        delete_rule(access=access, rule=rule, now=NOW)
    drain({"left": left, "right": right}[first])
    drain_everything()
    say(right, 4, at=1)
    say(left, 5, at=2)

    assert not is_in_effect(rule)
    assert not Alert.objects.exists()
    assert not Forward.objects.in_effect().exists()
    assert told_of(left) == []


def test_newer_edit_overtakes_one_on_its_way(
    access: Access, left: Dataset, right: Dataset
) -> None:
    rule = create(access)
    edit(access, rule, when={**ABOVE["when"], "op": "lt"})
    edit(access, rule, when={"fact": LEFT, "op": "gt", "value": 1})
    drain_everything()
    say(left, 5, at=1)
    say(right, 4, at=2)

    assert is_in_effect(rule)
    assert rule.in_effect == rule.latest
    assert values_of_alerts() == [[5]]
    assert not Forward.objects.in_effect().exists()
    assert told_of(left) == []


def test_rule_that_moves_ends_in_its_old_home_before_the_new_one_begins(
    access: Access, left: Dataset, right: Dataset
) -> None:
    rule = create(access, kind="state")
    drain_everything()
    say(right, 1, at=0)
    say(left, 2, at=1)

    turned = {"fact": RIGHT, "op": "lt", "value": {"fact": LEFT}}
    edit(access, rule, kind="state", when=turned)
    say(left, 3, at=2)
    say(right, 2, at=3)

    steps = Transition.objects.order_by("pk").values_list("kind", "lane")
    assert list(steps) == [
        ("opened", open_lane(left).pk),
        ("closed", open_lane(left).pk),
        ("opened", open_lane(right).pk),
    ]
    assert Forward.objects.in_effect().get().lane == open_lane(left)


def test_rule_turned_off_while_it_moves_is_judged_nowhere(
    access: Access, left: Dataset, right: Dataset
) -> None:
    rule = create(access)
    drain_everything()
    turned = {"fact": RIGHT, "op": "lt", "value": {"fact": LEFT}}
    edit(access, rule, when=turned)

    turn(access, rule, on=False)
    drain_everything()
    say(right, 1, at=0)
    say(left, 2, at=1)

    assert not is_in_effect(rule)
    assert not Alert.objects.exists()


def test_many_facts_arrive_in_batches_of_which_one_drain_takes_one(
    access: Access, left: Dataset, right: Dataset
) -> None:
    keys = [f"K{number:04}" for number in range(600)]
    send(right, *(price(4, of=key) for key in keys))
    create(access)
    drain_everything()

    assert Fact.objects.filter(lane=open_lane(left), dataset=right).count() == 600
    assert all(size <= 5_000 for size in sizes_of(left))


def sizes_of(home: Dataset) -> list[int]:
    batches = Batch.objects.filter(lane=open_lane(home), origin=Origin.FORWARD)
    return list(batches.values_list("size", flat=True))


def test_expired_rule_is_forwarded_nothing(
    access: Access, left: Dataset, right: Dataset
) -> None:
    end = NOW + timedelta(seconds=5)
    create(access, expires_at=end.isoformat())
    drain_everything()

    expire_rules(now=end)
    drain_everything()
    say(right, 1, at=10)

    assert told_of(left) == []
