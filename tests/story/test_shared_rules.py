"""Rules on any key of a dataset that is divided into shards: all lanes judge them."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import timedelta
from functools import partial
from typing import Any

import pytest

from alerts.models import Alert
from alerts.pipeline import drain_lane
from alerts.sweeping import sweep_timers
from datasets.models import Dataset
from rules.models import LaneRule, Rule
from rules.services import (
    RecordPlace,
    RuleInvalid,
    change_rule,
    create_rule,
    delete_rule,
    explain_rule,
    turn_rule,
)
from rules.services.programs import forget_programs
from tests.factories import NOW, DatasetFactory, WorkspaceFactory
from tests.story.divided import (
    KEYS,
    SEED,
    SHARDS,
    cents,
    cheap,
    check_backtests,
    check_lanes,
    fact,
    history,
    made,
    play,
)
from tests.story.lane import PATIENCE_SECONDS, at_once, drain_everything, price, send
from workspaces.access import Access

pytestmark = pytest.mark.django_db

ANY_KEY: Sequence[Mapping[str, Any]] = [
    cheap("*", name="Every"),
    cheap("*", name="Lasting", kind="state", hold="5s"),
    cheap("*", name="Crossing", when={"fact": fact("*"), "op": "cross", "value": 5}),
    cheap(
        "*",
        name="Silent",
        kind="state",
        no_data={"after": "20s", "then": "alert"},
    ),
    cheap("*", name="Once", **{"raise": {"mode": "once_per_key"}}),
    cheap(
        "*",
        name="Under SPY",
        when={"fact": fact("*"), "op": "lt", "value": {"fact": fact("SPY")}},
        include=[fact("MSFT")],
    ),
    cheap("PEP", when={"fact": fact("PEP"), "op": "lt", "value": {"fact": fact("KO")}}),
]


def test_rules_of_any_key_raise_what_they_would_undivided() -> None:
    sent = [[record] for request in history(SEED) for record in request]

    whole = play(1, ANY_KEY, sent, name="WHOLE")
    divided = play(SHARDS, ANY_KEY, sent, name="DIVIDED")

    assert divided == whole
    assert len({name for name, *_ in whole[0]}) == len(ANY_KEY)
    check_lanes("DIVIDED")
    check_backtests("DIVIDED")
    check_backtests("WHOLE")


Act = Callable[[Access], object]


def found(access: Access, name: str) -> Rule:
    return Rule.objects.get(workspace=access.workspace, name=name)


def edit(name: str, **said: object) -> Act:
    """Change a definition."""

    def act(access: Access) -> None:
        rule = found(access, name)
        definition = rule.latest.definition if rule.latest else {}
        change_rule(
            access=access, rule=rule, definition={**definition, **said}, now=NOW
        )

    return act


def turn(name: str, *, on: bool) -> Act:
    """Turn a rule on or off."""
    return lambda access: turn_rule(
        access=access, rule=found(access, name), on=on, now=NOW
    )


def move(name: str, key: str) -> Act:
    """Let a rule watch one key, or any."""

    def act(access: Access) -> None:
        path = f"{access.workspace.slug}:PRICES:{key}:price"
        when = {"fact": 0, "op": "cross", "value": 5}
        edit(name, watch={"facts": [path]}, when=when)(access)

    return act


def wait_a_day(_: Access) -> None:
    """Let the sweep find all timers that are due by tomorrow."""
    sweep_timers(now=NOW + timedelta(days=1))


def restart(_: Access) -> None:
    """Let what lanes keep in memory be read anew."""
    forget_programs()


def delete(name: str) -> Act:
    return lambda access: delete_rule(access=access, rule=found(access, name), now=NOW)


CHANGES: Mapping[int, Act] = {
    9: turn("Every", on=False),
    12: edit("Lasting", hold="9s"),
    13: restart,
    14: turn("Every", on=True),
    16: move("Crossing", "KO"),
    20: wait_a_day,
    25: edit("Under SPY", include=[]),
    30: move("Crossing", "*"),
    35: restart,
    40: wait_a_day,
    45: delete("Silent"),
}


def meddle(access: Access, number: int) -> None:
    """Do what is to be done before a request."""
    if number in CHANGES:
        CHANGES[number](access)


def test_changes_of_rules_of_any_key_are_those_of_an_undivided_dataset() -> None:
    sent = [[record] for request in history(SEED) for record in request]

    whole = play(1, ANY_KEY, sent, name="WHOLE", meddle=meddle)
    divided = play(SHARDS, ANY_KEY, sent, name="DIVIDED", meddle=meddle)

    assert divided == whole
    check_lanes("DIVIDED")
    for rule in Rule.objects.alive():
        assert rule.is_in_effect
        assert rule.changes == rule.judged_change


@pytest.fixture
def divided(access: Access) -> Dataset:
    """DEMO:PRICES in four shards."""
    return made(access, SHARDS)


def test_each_lane_counts_its_own_keys(access: Access, divided: Dataset) -> None:
    rule = create_rule(access=access, definition=cheap("*"), now=NOW)
    drain_everything()

    send(divided, *cents(*KEYS))
    drain_everything()

    rule.refresh_from_db()
    assert (rule.ran, rule.passed, rule.failed, rule.unknown) == (6, 6, 0, 0)
    assert rule.evaluated_at is not None
    rows = LaneRule.objects.order_by("lane__shard")
    assert list(rows.values_list("ran", flat=True)) == [2, 1, 1, 2]
    assert (rule.ran_apart, rule.passed_apart) == (0, 0)


def is_in_effect(rule: Rule) -> bool:
    """As its lanes have left it."""
    rule.refresh_from_db()
    return rule.is_in_effect


def test_rule_is_in_effect_once_all_lanes_have_it(
    access: Access, divided: Dataset
) -> None:
    rule = create_rule(access=access, definition=cheap("*"), now=NOW)
    *early, last = divided.lanes.order_by("shard")

    for lane in early:
        drain_lane(lane_id=lane.pk, budget_seconds=PATIENCE_SECONDS)
    assert not is_in_effect(rule)
    drain_lane(lane_id=last.pk, budget_seconds=PATIENCE_SECONDS)
    assert is_in_effect(rule)

    turn_rule(access=access, rule=rule, on=False, now=NOW)
    drain_lane(lane_id=last.pk, budget_seconds=PATIENCE_SECONDS)
    assert not is_in_effect(rule)
    drain_everything()
    assert is_in_effect(rule)


@pytest.mark.parametrize("shards", [1, 2])
def test_key_of_another_dataset_is_told_to_the_lane_of_the_key(
    access: Access, divided: Dataset, shards: int
) -> None:
    limits = made(access, shards, "LIMITS")
    limit = {"fact": "DEMO:LIMITS:*:price", "times": 2}
    when = {"fact": fact("*"), "op": "lt", "value": limit}
    send(limits, *cents(*KEYS[:3]))
    drain_everything()
    rule = create_rule(access=access, definition=cheap("*", when=when), now=NOW)
    drain_everything()

    later = {"at": (NOW + timedelta(seconds=9)).isoformat()}
    send(divided, *cents(*KEYS), at=1)
    drain_everything()
    batch = send(limits, *({**price(0, of=key), **later} for key in KEYS), at=2)
    drain_everything()

    rule.refresh_from_db()
    assert (rule.ran, rule.passed, rule.unknown) == (12, 3, 3)
    explained = explain_rule(
        access=access, rule=rule, place=RecordPlace(batch=batch, ord=0), now=NOW
    )
    assert (explained.verdict.truth, explained.key in KEYS) == (False, True)


@pytest.mark.django_db(transaction=True)
def test_lanes_judge_a_rule_side_by_side(access: Access, divided: Dataset) -> None:
    definitions = [cheap("*", name=name) for name in ("Cheap", "Low", "Small")]
    for definition in [
        *definitions,
        *({**one, "kind": "state"} for one in ANY_KEY[1:2]),
    ]:
        create_rule(access=access, definition=definition, now=NOW)
    lanes = list(divided.lanes.values_list("pk", flat=True))

    def drain(lane_id: int) -> Callable[[], None]:
        return partial(drain_lane, lane_id=lane_id, budget_seconds=PATIENCE_SECONDS)

    send(divided, *cents(*KEYS))
    at_once(*map(drain, lanes))
    for lane_id in lanes:  # as a sweep does, if one gave way to the others for long
        drain(lane_id)()

    counted = [(rule.ran, rule.passed) for rule in Rule.objects.order_by("pk")]
    assert counted == [(6, 6)] * 4
    assert all(rule.is_in_effect for rule in Rule.objects.all())
    assert Alert.objects.count() == 18


REFUSED = [
    pytest.param({"raise": {"mode": "once"}}, "once_of_shards", id="once"),
    pytest.param(
        {
            "when": {
                "fact": fact("*"),
                "op": "lt",
                "value": {"fact": "DEMO:CAPS:*:price"},
            }
        },
        "keys_of_shards_differ",
        id="other-form-of-keys",
    ),
]


@pytest.mark.parametrize(("said", "code"), REFUSED)
def test_rule_that_no_lane_could_judge_exactly_is_refused(
    access: Access, divided: Dataset, said: Mapping[str, Any], code: str
) -> None:
    DatasetFactory(workspace=access.workspace, slug="CAPS", key_form="upper")

    with pytest.raises(RuleInvalid) as refused:
        create_rule(access=access, definition=cheap("*", **said), now=NOW)

    assert [error.code for error in refused.value.errors] == [code]
    assert "divided into shards" in str(refused.value)


def test_shards_of_others_are_not_told_of_own_data(access: Access) -> None:
    core = WorkspaceFactory(slug="CORE", is_shared=True)
    DatasetFactory(workspace=core, slug="STOCK", shards=SHARDS)
    DatasetFactory(workspace=access.workspace, slug="LIMITS", shards=SHARDS)
    when = {
        "fact": "CORE:STOCK:*:price",
        "op": "lt",
        "value": {"fact": "DEMO:LIMITS:ALL:price"},
    }

    with pytest.raises(RuleInvalid) as refused:
        create_rule(access=access, definition=cheap("*", when=when), now=NOW)

    assert [one.code for one in refused.value.errors] == ["any_key_elsewhere"]
    assert "name a key in place of *" in str(refused.value)


def test_rule_is_explained_in_the_lane_of_its_key(
    access: Access, divided: Dataset
) -> None:
    rule = create_rule(access=access, definition=cheap("*"), now=NOW)
    drain_everything()
    batch = send(divided, *cents("KO"))
    drain_everything()
    rule.refresh_from_db()

    of_record = explain_rule(
        access=access, rule=rule, place=RecordPlace(batch=batch, ord=0), now=NOW
    )
    of_now = explain_rule(access=access, rule=rule, key="KO", now=NOW)
    of_then = explain_rule(
        access=access, rule=rule, key="KO", at=NOW.isoformat(), now=NOW
    )

    for explained in (of_record, of_now, of_then):
        assert (explained.verdict.truth, explained.key) == (True, "KO")
        assert explained.is_in_effect
