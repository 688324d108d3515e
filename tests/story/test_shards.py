"""A dataset that is divided into shards: its alerts are those of an undivided one."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import timedelta
from threading import Event
from typing import Any

import pytest
from pytest_django.fixtures import Settings

from alerts.models import FeedEntry
from alerts.pipeline import drain_lane
from datasets.models import Batch, BatchState, Dataset, Fact, Record
from datasets.services import count_contents, holding
from rules.services import RecordPlace, create_rule, explain_rule
from tests.datasets.clients import ApiClient, body_of
from tests.factories import NOW
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
from tests.story.lane import PATIENCE_SECONDS, at_once, drain_everything, send
from workspaces.access import Access

pytestmark = pytest.mark.django_db

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
