"""A dataset that is divided into shards: its alerts are those of an undivided one."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from datetime import timedelta
from random import Random
from threading import Event
from typing import Any

import pytest
from pytest_django.fixtures import Settings

from alerts.models import FeedEntry, Transition
from alerts.pipeline import drain_lane
from alerts.services import check_replay
from datasets.models import Batch, BatchState, Dataset, Fact, Record
from datasets.schemas import Index
from datasets.services import DatasetDraft, count_contents, create_dataset, holding
from rules.models import Rule
from rules.services import (
    RecordPlace,
    RuleInvalid,
    backtest_rule,
    create_rule,
    explain_rule,
)
from tests.datasets.clients import ApiClient, body_of
from tests.factories import NOW, WorkspaceFactory
from tests.story.lane import PATIENCE_SECONDS, at_once, drain_everything, price, send
from workspaces.access import Access, open_for_system
from workspaces.models import Workspace

pytestmark = pytest.mark.django_db

SHARDS = 4
#: Of a past in which every rule has something to say.
SEED = 3
#: Of shards 2, 0, 1, 3, 3 and 0.
KEYS = ("MSFT", "AAPL", "PEP", "SPY", "KO", "SHOP")
SCHEMA = {
    "type": "object",
    "properties": {
        "symbol": {"type": "string"},
        "price": {"type": ["number", "null"]},
        "at": {"type": "string", "format": "date-time"},
    },
    "required": ["symbol"],
}


def made(access: Access, shards: int, **said: Any) -> Dataset:
    """DEMO:PRICES by symbol, divided or not."""
    draft = DatasetDraft(
        slug="PRICES",
        schema=SCHEMA,
        index=Index(key="symbol", date="at"),
        shards=shards,
        **said,
    )
    return create_dataset(access=access, draft=draft, now=NOW)


def fact(key: str) -> str:
    return f"DEMO:PRICES:{key}:price"


def cheap(key: str, **said: object) -> dict[str, object]:
    return {
        "kind": "signal",
        "name": f"Cheap {key}",
        "when": {"fact": fact(key), "op": "lte", "value": 6},
        **said,
    }


ONE_KEY: Sequence[Mapping[str, Any]] = [
    cheap("MSFT"),
    cheap("AAPL", kind="state", hold="5s"),
    cheap("SPY", when={"fact": fact("SPY"), "op": "cross", "value": 6}),
    cheap(
        "SHOP",
        kind="state",
        when={
            "fact": fact("SHOP"),
            "over": {"take": "avg", "window": "sliding", "length": "2m"},
            "op": "lte",
            "value": 5,
        },
    ),
]
SEVERAL_KEYS: Sequence[Mapping[str, Any]] = [
    cheap(
        "PEP", when={"fact": fact("PEP"), "op": "lt", "value": {"fact": fact("MSFT")}}
    ),
    cheap(
        "KO",
        kind="state",
        hold="3s",
        when={
            "any": [
                {
                    "all": [
                        {"fact": fact(key), "op": "lte", "value": 6} for key in KEYS[:2]
                    ]
                },
                {"fact": fact("KO"), "op": "rise", "by": 3},
            ]
        },
    ),
    cheap(
        "SHOP",
        when={
            "sequence": [
                {"fact": fact("SHOP"), "op": "lte", "value": 6},
                {"fact": fact("SPY"), "op": "lte", "value": 6},
            ],
            "within": "10m",
        },
    ),
    cheap("MSFT", include=[fact("SHOP")]),
]

Sent = Sequence[Sequence[tuple[str, int, int]]]
"""Requests of records: a key, a price, and the seconds since the one before."""


def history(seed: int) -> Sent:
    """Requests of one to six records; some come late, some all at one time."""
    draw = Random(seed)
    return [
        [
            (
                draw.choice(KEYS),
                draw.randint(0, 10),
                draw.choice((-90, -3, 0, 9, 9, 25)),
            )
            for _ in range(draw.randint(1, 6))
        ]
        for _ in range(18)
    ]


def play(
    shards: int, rules: Sequence[Mapping[str, Any]], sent: Sent, *, name: str
) -> tuple[list[tuple[object, ...]], list[tuple[object, ...]]]:
    """Tell what came of requests in a workspace of its own: steps, and counters."""
    access = open_for_system(workspace=WorkspaceFactory(slug=name))
    prices = made(access, shards)
    for rule in rules:
        own = json.loads(json.dumps(rule).replace("DEMO:", f"{name}:"))
        create_rule(access=access, definition=own, now=NOW)
    drain_everything()
    seconds = 0
    for request in sent:
        events = []
        for key, amount, later in request:
            seconds += max(later, 0)
            at = NOW + timedelta(seconds=seconds + min(later, 0))
            events.append({**price(amount, of=key), "at": at.isoformat()})
        send(prices, *events, at=seconds)
        drain_everything()
    steps = Transition.objects.filter(rule__workspace=access.workspace)
    counted = Rule.objects.counted().filter(workspace=access.workspace)
    return (
        sorted(
            (
                one.rule.name,
                one.key,
                one.at,
                one.kind,
                [*map(str, one.alert.values.values())],
            )
            for one in steps.select_related("rule", "alert")
        ),
        [(one.name, one.ran, one.passed, one.sent) for one in counted.order_by("pk")],
    )


def check_lanes(name: str) -> None:
    """Every lane's log makes what is stored of it."""
    prices = Dataset.objects.get(workspace__slug=name)
    for shard in range(prices.shards):
        report = check_replay(dataset=prices, shard=shard)
        assert (report.differences, report.misread) == ([], [])


def check_backtests(name: str) -> None:
    """The past of every rule is what was raised."""
    access = open_for_system(workspace=Workspace.objects.get(slug=name))
    for rule in Rule.objects.filter(workspace=access.workspace):
        raised = Transition.objects.filter(rule=rule, kind__in=["raised", "opened"])
        definition = rule.latest.definition if rule.latest else {}
        found = backtest_rule(access=access, definition=definition, now=NOW)
        assert found.alerts == raised.count()


def test_rules_of_one_key_raise_what_they_would_undivided() -> None:
    whole = play(1, ONE_KEY, history(SEED), name="WHOLE")
    divided = play(SHARDS, ONE_KEY, history(SEED), name="DIVIDED")

    assert divided == whole
    assert len({name for name, *_ in whole[0]}) == len(ONE_KEY)
    check_lanes("DIVIDED")


def test_rules_of_several_keys_raise_what_they_would_undivided() -> None:
    # What one request brings of several shards has no order among these.
    sent = [[record] for request in history(SEED) for record in request]

    whole = play(1, SEVERAL_KEYS, sent, name="WHOLE")
    divided = play(SHARDS, SEVERAL_KEYS, sent, name="DIVIDED")

    assert divided == whole
    assert len({name for name, *_ in whole[0]}) == len(SEVERAL_KEYS)
    check_lanes("DIVIDED")
    check_backtests("DIVIDED")


@pytest.fixture
def divided(access: Access) -> Dataset:
    """DEMO:PRICES in four shards."""
    return made(access, SHARDS)


@pytest.fixture
def native(access: Access) -> ApiClient:
    """The native API of DEMO."""
    return ApiClient.of(access.workspace, "/api/v1/workspaces/demo")


def cents(*keys: str) -> list[dict[str, object]]:
    """A price of 1 of each key, at one time."""
    return [{"symbol": key, "price": 1, "at": NOW.isoformat()} for key in keys]


def test_one_request_has_one_answer(native: ApiClient, divided: Dataset) -> None:
    path, records = "/datasets/PRICES/records", cents(*KEYS, KEYS[0])

    answer = native.post(path, records, Idempotency_Key="k")
    again = native.post(path, records, Idempotency_Key="k")

    first = Batch.objects.earliest("pk").pk
    said = {"batch": first, "accepted": 7, "state": "pending"}
    assert (answer.status_code, body_of(answer)) == (202, said)
    assert (again.headers["Idempotent-Replay"], body_of(again)) == ("true", said)
    assert [batch.lane.shard for batch in Batch.objects.order_by("pk")] == [0, 1, 2, 3]
    drain_lane(lane_id=divided.lanes.get(shard=2).pk)
    standing = body_of(native.get(f"/batches/{first}"))
    assert (standing["accepted"], standing["state"]) == (7, "pending")
    drain_everything()
    standing = body_of(native.get(f"/batches/{first}"))
    assert (standing["state"], standing["outcome"]) == ("judged", {"ignored": 1})


def test_records_of_several_shards_are_not_refused_together(
    native: ApiClient, divided: Dataset
) -> None:
    path = "/datasets/PRICES/records?duplicates=refuse"

    refused = native.post(path, cents("MSFT", "AAPL"))
    taken = native.post(path, cents("MSFT", "MSFT"))

    assert (refused.status_code, body_of(refused)["code"]) == (422, "refusal_divided")
    assert "duplicates=replace" in body_of(refused)["detail"]
    assert taken.status_code == 202
    assert Batch.objects.get().size == 2


def test_full_lane_keeps_others_open(
    native: ApiClient, divided: Dataset, settings: Settings
) -> None:
    settings.BELLWETHER_BACKLOG_EVENTS = 1
    path = "/datasets/PRICES/records"

    told = [native.post(path, cents(*keys)) for keys in (["MSFT"], KEYS, ["AAPL"])]

    assert [answer.status_code for answer in told] == [202, 429, 202]
    assert Record.objects.count() == 2


def test_import_has_one_entry_once_its_last_lane_is_through(
    access: Access, divided: Dataset
) -> None:
    for key in KEYS[:3]:
        create_rule(access=access, definition=cheap(key), now=NOW)
    drain_everything()
    send(divided, *cents(*KEYS), is_live=False, import_id="i", closes_import=True)

    *early, last = divided.lanes.order_by("-shard")
    for lane in early:
        drain_lane(lane_id=lane.pk, budget_seconds=PATIENCE_SECONDS)
    assert not FeedEntry.objects.exists()
    drain_lane(lane_id=last.pk, budget_seconds=PATIENCE_SECONDS)

    details = {"dataset": "PRICES", "records": 6, "alerts": 3, "rules": 3}
    assert FeedEntry.objects.get().details == details


def test_home_is_told_of_other_shards_and_shows_none_of_it(
    access: Access, divided: Dataset
) -> None:
    send(divided, *cents("MSFT"))
    drain_everything()
    rule = create_rule(access=access, definition=SEVERAL_KEYS[0], now=NOW)
    drain_everything()

    send(divided, *cents("PEP"), at=1)
    later = {
        "symbol": "MSFT",
        "price": 2,
        "at": (NOW + timedelta(seconds=2)).isoformat(),
    }
    batch = send(divided, later, at=2)
    drain_everything()

    rule.refresh_from_db()
    assert (rule.ran, rule.passed, rule.is_in_effect) == (2, 1, True)
    assert Fact.objects.filter(key="MSFT", is_guest=True).count() == 1
    assert count_contents([divided]) == {divided.pk: (2, 3)}
    explained = explain_rule(
        access=access, rule=rule, place=RecordPlace(batch=batch, ord=0), now=NOW
    )
    assert (explained.verdict.truth, explained.key) == (True, "PEP")
    assert explain_rule(access=access, rule=rule, now=NOW).verdict.truth is True


def test_rule_over_any_key_of_shards_is_refused(
    access: Access, divided: Dataset
) -> None:
    with pytest.raises(RuleInvalid) as refused:
        create_rule(access=access, definition=cheap("*"), now=NOW)

    (error,) = refused.value.errors
    assert (error.pointer, error.code) == ("/watch/facts/0", "any_key_of_shards")
    assert "name a key in place of *" in error.detail


@pytest.mark.django_db(transaction=True)
def test_one_lane_is_judged_while_another_is_held(
    access: Access, divided: Dataset
) -> None:
    send(divided, *cents(*KEYS))
    held, free = divided.lanes.get(shard=0), divided.lanes.get(shard=3)
    is_held, is_judged = Event(), Event()

    def hold() -> None:
        with holding(held.pk):
            is_held.set()
            assert is_judged.wait(PATIENCE_SECONDS)

    def judge() -> None:
        assert is_held.wait(PATIENCE_SECONDS)
        drain_lane(lane_id=free.pk, budget_seconds=PATIENCE_SECONDS)
        is_judged.set()

    at_once(hold, judge)

    states = dict(Batch.objects.values_list("lane__shard", "state"))
    assert (states[0], states[3]) == (BatchState.PENDING, BatchState.JUDGED)
