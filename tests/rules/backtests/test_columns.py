"""Back-tests that columns answer, against those that the engine judges."""

from __future__ import annotations

import fcntl
from datetime import timedelta
from decimal import Decimal
from pathlib import Path
from random import Random
from typing import Any

import pytest
from pytest_django.fixtures import Settings

from alerts.pipeline import drain_lane
from datasets.models import Batch, Dataset, Origin, Record
from datasets.services import (
    Ingest,
    accept_batch,
    append_batch,
    forget_expired,
    open_lane,
)
from rules.services import create_rule, keep_segments
from tests.factories import NOW, DatasetFactory
from tests.rules.asked import CONDITIONS, about
from tests.rules.backtests.pasts import (
    HIGH,
    KINDS,
    drain_all,
    judge,
    keep,
    kept,
    look_back,
    send,
    told,
    wander,
)
from workspaces.access import Access

pytestmark = pytest.mark.django_db


@pytest.mark.parametrize("key", ["*", "MSFT"])
@pytest.mark.parametrize(
    "more",
    [
        {"kind": "signal", "raise": {"mode": "on_enter"}},
        {"kind": "state", "active": {"hours": "00:01-23:59", "zone": "UTC"}},
        {"kind": "state", "recover": {"when": {"op": "lt", "value": 310}}},
    ],
    ids=["signal", "state in hours", "recovery"],
)
def test_columns_tell_of_joined_conditions_what_the_engine_does(
    prices: Dataset,
    access: Access,
    settings: Settings,
    key: str,
    more: dict[str, Any],
) -> None:
    random = Random(7)
    for _ in range(30):
        fields = {"price": random.randint(309, 312), "open": random.randint(309, 312)}
        some: list[dict[str, Any]] = [{"price": 311}, {"open": 310}, {"open": None}]
        sent = random.choice([fields, *some])
        symbol = random.choice(("MSFT", "AAPL"))
        accept_batch(
            dataset=prices,
            events=[{"symbol": symbol, **sent}],
            ingest=Ingest(),
            now=NOW,
        )
    drain_all(prices)
    price, opened = (f"DEMO:PRICES:{key}:{name}" for name in ("price", "open"))
    when = {
        "all": [
            {"fact": price, "op": "gt", "value": 310},
            {"not": {"fact": opened, "op": "between", "value": [310, 311]}},
            {"fact": price, "op": "ne", "value": {"fact": opened, "plus": 3}},
        ]
    }
    if "recover" in more:
        more = {
            **more,
            "recover": {"when": {"fact": opened, **more["recover"]["when"]}},
        }
        when["all"].append({"fact": opened, "op": "gte", "value": 310})

    found = look_back(access, when, **more)

    assert told(found) == told(judge(access, when, **more))
    assert found.alerts
    assert [hit.reason for hit in found.hits] != []


@pytest.mark.parametrize("kind", ["signal", "state"])
@pytest.mark.parametrize(
    "asked",
    [
        {"op": "anomaly", "value": 1, "over": {"last": 6, "at_least": 4}},
        {"op": "anomaly", "value": 2, "over": {"length": "1h", "at_least": 4}},
        {"op": "gte", "value": 3, "over": {"take": "distinct", "last": 5}},
        {"op": "lt", "value": 4, "over": {"take": "distinct", "length": "1h"}},
    ],
    ids=["unusual of the last", "unusual", "distinct of the last", "distinct"],
)
def test_columns_tell_of_windows_what_the_engine_does(
    prices: Dataset, access: Access, asked: dict[str, Any], kind: str
) -> None:
    wander(prices, batches=20)
    when = {"fact": HIGH["fact"], **asked}

    found = look_back(access, when, kind=kind)

    assert told(found) == told(judge(access, when, kind=kind))
    assert found.alerts


@pytest.mark.parametrize("is_plain", [True, False], ids=["plain", "quiet"])
def test_what_has_to_last_is_told_of_all_that_is_stored(
    prices: Dataset, access: Access, settings: Settings, is_plain: bool
) -> None:
    """Events that run no rule leave it to the engine, where it was true at all."""
    random = Random(7)
    for place in range(40):
        symbol, least = random.choice([("MSFT", 309), ("AAPL", 309), ("IBM", 300)])
        high = random.choice([2, 3]) if place // 10 % 2 else random.choice([0, 0, 2])
        event = {"symbol": symbol, "price": least + high}
        ingest = Ingest(raises=is_plain or symbol != "IBM")
        later = NOW + timedelta(seconds=random.randrange(3) + 5 * place)
        accept_batch(dataset=prices, events=[event], ingest=ingest, now=later)
    drain_all(prices)
    more = {
        "kind": "state",
        "hold": "20s",
        "recover": {"when": {**HIGH, "op": "lt"}, "hold": "10s"},
    }
    now = NOW + timedelta(hours=1)
    judged = judge(access, HIGH, now=now, **more)
    own = Record.objects.exclude(key="IBM").count()
    settings.BELLWETHER_BACKTEST_EVENTS = own

    found = look_back(access, HIGH, now=now, **more)

    assert told(found) == told(judged)
    assert found.events == 40 > own
    assert {hit.kind for hit in found.hits} >= {"opened", "resolved"}
    assert found.hits[-1].reason == judged.hits[-1].reason.split(" and ")[0]
    settings.BELLWETHER_BACKTEST_EVENTS = own - 1
    assert look_back(access, HIGH, now=now, **more).is_cut is not is_plain


def test_columns_tell_what_the_engine_does(prices: Dataset, access: Access) -> None:
    wander(prices, batches=4)
    keep()
    wander(prices, batches=2, seed=8)

    for condition in CONDITIONS:
        for kind in KINDS:
            for key in ("*", "MSFT"):
                when = about(f"DEMO:PRICES:{key}:price", condition)
                found = look_back(access, when, **kind)
                assert told(found) == told(judge(access, when, **kind))
                assert found.events
                assert all(hit.reason for hit in found.hits)


def test_segments_follow_the_log_and_are_put_together(
    prices: Dataset, access: Access, directory: Path
) -> None:
    for _ in range(3):
        send(prices, 309, 311)
        keep()

    (segment,) = kept(prices, directory)
    assert (segment.rows, segment.first, segment.last) == (6, 1, 3)
    assert segment.fields == ("price", "open", "volume", "halted", "venue")
    assert look_back(access, HIGH).alerts == 1


def test_few_events_make_no_segment(
    prices: Dataset, access: Access, directory: Path
) -> None:
    send(prices, 309, 311)

    keep(least_events=3)

    assert not kept(prices, directory)
    assert look_back(access, HIGH).passes == 1


def test_what_was_not_reached_in_time_is_written_later(
    prices: Dataset, directory: Path
) -> None:
    send(prices, 311)

    keep(most_seconds=0)

    assert not kept(prices, directory)
    keep()
    assert kept(prices, directory)


@pytest.mark.parametrize("file", ["0.value", "manifest.json", "keys.json"])
@pytest.mark.parametrize("content", [b"", b"12345678"], ids=["cut", "other"])
def test_damaged_segment_is_made_anew(
    prices: Dataset, access: Access, directory: Path, file: str, content: bytes
) -> None:
    send(prices, 311)
    keep()
    damaged = kept(prices, directory)[0].path
    # Moved, so that a process that has not looked into it yet comes by.
    moved = damaged.rename(f"{damaged}x")
    (moved / file).write_bytes(content)

    keep()

    (anew,) = kept(prices, directory)
    assert anew.path not in (damaged, moved)
    anew.check()
    assert look_back(access, HIGH).passes == 1


def test_what_a_dying_writer_left_is_removed(prices: Dataset, directory: Path) -> None:
    send(prices, 311)
    lane = open_lane(prices)
    left = directory / f"{lane.pk}-{lane.epoch.hex}" / "unfinished-1"
    left.mkdir(parents=True)

    keep()

    assert not left.exists()
    assert kept(prices, directory)


def test_new_field_has_a_column_soon(prices: Dataset, directory: Path) -> None:
    send(prices, 311)
    keep()
    prices.schema["properties"]["bid"] = {"type": "number"}
    prices.save()

    keep()

    (segment,) = kept(prices, directory)
    assert "bid" in segment.fields


def test_expired_records_leave_segments_and_answers(
    prices: Dataset, access: Access, directory: Path
) -> None:
    send(prices, 311, 312)
    keep()
    prices.retention_seconds = 60
    prices.save()
    later = NOW + timedelta(hours=2)

    forget_expired(now=later)
    found = look_back(access, HIGH, now=later)
    keep_segments(now=later, least_events=1)

    assert (found.events, found.passes) == (0, 0)
    assert [one.rows for one in kept(prices, directory)] == [0]


def test_deleted_records_void_what_was_read_before(
    prices: Dataset, access: Access, directory: Path
) -> None:
    send(prices, 311)
    keep()
    (before,) = kept(prices, directory)
    append_batch(lane=open_lane(prices), origin=Origin.DELETE, now=NOW, options={})
    Record.objects.filter(dataset=prices).delete()
    drain_lane(lane_id=open_lane(prices).pk)

    found = look_back(access, HIGH)
    keep()

    assert found.events == 0
    assert not before.path.exists()


def test_segments_go_with_their_lane(prices: Dataset, directory: Path) -> None:
    send(prices, 311)
    keep()
    folder = kept(prices, directory)[0].path.parent

    prices.delete()
    keep()

    assert not folder.exists()


def test_of_two_sweeps_at_once_one_works(prices: Dataset, directory: Path) -> None:
    send(prices, 311)
    with (directory / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        keep()

    assert not kept(prices, directory)


def test_numbers_of_many_digits_are_decided_to_the_last(
    prices: Dataset, access: Access, directory: Path
) -> None:
    send(prices, Decimal("310.00000000000000000001"), 310)
    send(prices, Decimal("309.99999999999999999999"))
    keep()
    when = {"fact": "DEMO:PRICES:MSFT:price", "op": "gt", "value": 310}

    found = look_back(access, when)

    assert kept(prices, directory)
    assert [hit.value for hit in found.hits] == [Decimal("310.00000000000000000001")]
    assert found.passes == 1


def test_rule_that_was_never_true_says_how_near_it_came(
    prices: Dataset, access: Access
) -> None:
    send(prices, 311, Decimal("308.5"), 309)
    when = {"fact": "DEMO:PRICES:MSFT:price", "op": "lt", "value": 308}

    closest = look_back(access, when).closest

    assert closest is not None
    assert (closest.key, closest.value) == ("MSFT", Decimal("308.5"))
    assert closest.margin == Decimal("0.5")


def test_what_other_lanes_forward_is_no_history_of_this_one(
    prices: Dataset, access: Access
) -> None:
    other = DatasetFactory(workspace=prices.workspace, slug="OTHER")
    here, there = ("DEMO:PRICES:MSFT:price", "DEMO:OTHER:MSFT:price")
    both = [{"fact": one, "op": "gt", "value": 310} for one in (here, there)]
    create_rule(
        access=access, definition={"name": "Both", "when": {"all": both}}, now=NOW
    )
    drain_all(prices, other)
    send(other, 311, 312)
    send(prices, 311)

    drain_all(prices)

    assert Batch.objects.filter(origin=Origin.FORWARD, size=2).exists()
    assert (look_back(access, HIGH).events, judge(access, HIGH).events) == (1, 1)
