"""Back-tests of which time alone brings something about, after the last event."""

from __future__ import annotations

from datetime import timedelta

import pytest

from datasets.models import Dataset
from datasets.services import Ingest, accept_batch
from tests.factories import NOW
from tests.rules.backtests.pasts import (
    HIGH,
    drain_all,
    judge,
    look_back,
    send,
    told,
)
from workspaces.access import Access

pytestmark = pytest.mark.django_db


def test_values_have_left_a_window_by_now(prices: Dataset, access: Access) -> None:
    send(prices, 311)
    when = {**HIGH, "op": "gte", "value": 1, "over": {"take": "count", "length": "10m"}}
    for seconds, kinds in ((540, ["opened"]), (660, ["opened", "resolved"])):
        now = NOW + timedelta(seconds=seconds)
        found = look_back(access, when, kind="state", now=now)
        assert told(found) == told(judge(access, when, kind="state", now=now))
        assert [hit.kind for hit in found.hits] == kinds


def test_key_is_silent_by_now_until_it_is_heard_of(
    prices: Dataset, access: Access
) -> None:
    send(prices, 311)
    when = {"fact": HIGH["fact"], "op": "silent", "value": "10m"}
    for seconds, kinds in (
        (599, []),
        (600, ["opened"]),
        (1200, ["opened", "resolved"]),
    ):
        now = NOW + timedelta(seconds=seconds)
        if seconds == 1200:
            heard = [{"symbol": "MSFT", "volume": 1}]
            accept_batch(dataset=prices, events=heard, ingest=Ingest(), now=now)
            drain_all(prices)
        found = look_back(access, when, kind="state", now=now)
        assert told(found) == told(judge(access, when, kind="state", now=now))
        assert [hit.kind for hit in found.hits] == kinds


def test_alert_resolves_where_nothing_is_heard_of_its_key(
    prices: Dataset, access: Access
) -> None:
    send(prices, 309, 311)
    more = {"kind": "state", "no_data": {"after": "10m", "then": "resolve"}}
    early, late = (NOW + timedelta(seconds=one) for one in (599, 600))

    before, after = (look_back(access, HIGH, now=one, **more) for one in (early, late))

    judged = judge(access, HIGH, now=late, **more)
    assert [hit.kind for hit in before.hits] == ["opened"]
    assert [hit.kind for hit in after.hits] == ["opened", "resolved"]
    assert told(after) == told(judged)
    assert after.hits[-1].reason == judged.hits[-1].reason
    heard = [{"symbol": "MSFT", "price": 312}]
    accept_batch(dataset=prices, events=heard, ingest=Ingest(), now=late)
    drain_all(prices)
    found, judged = (one(access, HIGH, now=late, **more) for one in (look_back, judge))
    assert told(found) == told(judged)
    assert found.alerts == 2
