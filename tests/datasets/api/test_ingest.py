"""The short way for records: what it answers, and what it leaves to the views."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from datetime import timedelta
from decimal import Decimal

import pytest
from django.db import OperationalError
from django.test import Client
from pytest_django.fixtures import Settings

from alerts.pipeline import drain_lane
from config.clock import database_now
from datasets.json import decode
from datasets.models import Batch, Dataset, Duplicates, Idempotency, Origin, Record
from datasets.services import (
    Submission,
    open_lane,
    writing,
)
from tests.datasets.api.door import LONG_WAY, Asked, Door, full_lanes
from tests.factories import NOW, LaneFactory, TokenFactory
from tests.story.lane import at_once
from workspaces.models import TokenKind, Workspace

pytestmark = pytest.mark.django_db(transaction=True)

NATIVE = "/api/v1/workspaces/DEMO/datasets/PRICES/records"
APPERATE = "/v1/record/demo/prices"
ONE = b'{"symbol":"MSFT","price":309.20}'


@pytest.fixture
def door() -> Door:
    return Door()


@pytest.fixture
def token(demo: Workspace) -> str:
    """A secret token of DEMO."""
    return TokenFactory.with_text(workspace=demo)[1]


@pytest.fixture
def native(token: str, prices: Dataset) -> Asked:
    """A plain call with one record."""
    headers = {"Authorization": f"Bearer {token}", "Content-Type": "application/json"}
    return Asked(path=NATIVE, body=ONE, headers=headers)


@pytest.fixture
def apperate(token: str, prices: Dataset) -> Asked:
    """Apperate's call with the same record."""
    return Asked(path=APPERATE, body=ONE, query=f"token={token}")


def test_a_record_is_stored_before_it_is_answered(door: Door, native: Asked) -> None:
    (told,) = door.ask(native)

    batch = Batch.objects.get()
    assert told.status == 202
    assert told.body == {"batch": batch.pk, "accepted": 1, "state": "pending"}
    assert told.headers["content-type"] == "application/json"
    assert batch.is_live
    assert Record.objects.get().body == {"symbol": "MSFT", "price": Decimal("309.20")}
    assert door.taken == []


@pytest.mark.usefixtures("unwaited")
def test_apperates_call_says_that_it_is_not_judged_yet(
    door: Door, apperate: Asked
) -> None:
    (told,) = door.ask(apperate)

    assert told.status == 200
    assert told.body == {
        "success": True,
        "message": "wrote 1 messages, which are stored and not judged yet",
    }


@pytest.fixture
def unwaited(settings: Settings) -> None:
    """Answers that do not wait for a drain."""
    settings.BELLWETHER_WAIT_SECONDS = 0


def test_an_answer_waits_for_the_judgement(
    door: Door, native: Asked, apperate: Asked, prices: Dataset, settings: Settings
) -> None:
    settings.BELLWETHER_WAIT_SECONDS = 60
    told = []

    def judge() -> None:
        while Record.objects.count() < 2:
            pass
        drain_lane(lane_id=open_lane(prices).pk)

    waiting = replace(native, query="wait=judged")
    at_once(lambda: told.extend(door.ask(waiting, apperate)), judge)

    assert [(one.status, one.body.get("state")) for one in told] == [
        (200, "judged"),
        (200, None),
    ]
    assert told[1].body["message"] == "wrote 1 messages"


def test_records_that_come_together_are_each_answered(
    door: Door, native: Asked
) -> None:
    asked = [
        replace(native, body=b'[{"symbol":"A%d"},{"symbol":"B%d"}]' % (n, n))
        for n in range(40)
    ]

    told = door.ask(*asked)

    stored = dict(Record.objects.filter(ord=0).values_list("batch_id", "key"))
    assert {one.status for one in told} == {202}
    assert [stored[one.body["batch"]] for one in told] == [f"A{n}" for n in range(40)]


LONG_WAYS = [
    pytest.param({"body": b"{"}, id="not-json"),
    pytest.param({"body": b"[]"}, id="nothing"),
    pytest.param({"body": b'{"symbol":"A","price":"x"}'}, id="wrong-type"),
    pytest.param({"body": b"7"}, id="no-record"),
    pytest.param({"path": NATIVE.replace("PRICES", "NONE")}, id="no-such-dataset"),
    pytest.param({"path": NATIVE.replace("DEMO", "NONE")}, id="no-such-workspace"),
    pytest.param({"path": "/api/v1/workspaces"}, id="another-call"),
    pytest.param({"query": "as=history"}, id="history"),
    pytest.param({"query": "wait=never"}, id="unknown-wish"),
    pytest.param({"headers": {}}, id="no-token"),
    pytest.param({"headers": {"Authorization": "Bearer sk_x"}}, id="unknown-token"),
]


@pytest.mark.parametrize("changes", LONG_WAYS)
def test_what_is_not_plain_takes_the_long_way_untouched(
    door: Door, native: Asked, changes: dict[str, object]
) -> None:
    asked = replace(native, **changes)  # type: ignore[arg-type] # the table's fields

    (told,) = door.ask(asked)

    assert told.status == LONG_WAY
    assert door.taken == [asked.body]
    assert not Batch.objects.exists()


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("Content-Type", "text/csv"),
        ("Content-Encoding", "gzip"),
        ("Cookie", "sessionid=1"),
        ("Origin", "https://example.org"),
        ("Idempotency-Key", ""),
        ("Host", "elsewhere.example"),
    ],
)
def test_some_headers_make_a_call_not_plain(
    door: Door, native: Asked, name: str, text: str
) -> None:
    (told,) = door.ask(replace(native, headers={**native.headers, name: text}))

    assert told.status == LONG_WAY
    assert not Batch.objects.exists()


@pytest.mark.parametrize(("forwarded", "status"), [("http", LONG_WAY), ("https", 202)])
def test_where_tls_is_asked_for_a_call_without_it_is_not_plain(
    door: Door, native: Asked, settings: Settings, forwarded: str, status: int
) -> None:
    settings.SECURE_SSL_REDIRECT = True
    headers = {**native.headers, "X-Forwarded-Proto": forwarded}

    (told,) = door.ask(replace(native, headers=headers))

    assert told.status == status


@pytest.mark.parametrize("query", ["persist=false", "wait=perhaps", "event=true"])
def test_apperates_wishes_take_the_long_way(
    door: Door, apperate: Asked, query: str
) -> None:
    (told,) = door.ask(replace(apperate, query=f"{apperate.query}&{query}"))

    assert told.status == LONG_WAY


def test_a_token_that_may_only_read_takes_the_long_way(
    door: Door, native: Asked, demo: Workspace
) -> None:
    _, text = TokenFactory.with_text(workspace=demo, kind=TokenKind.PUBLISHABLE)

    (told,) = door.ask(replace(native, headers={"Authorization": f"Bearer {text}"}))

    assert told.status == LONG_WAY


def test_a_dataset_that_refuses_repetitions_takes_the_long_way(
    door: Door, native: Asked, prices: Dataset
) -> None:
    Dataset.objects.update(duplicates=Duplicates.REFUSE)

    (told,) = door.ask(native)

    assert told.status == LONG_WAY


def test_a_key_is_claimed_for_both_ways(door: Door, native: Asked) -> None:
    keyed = replace(native, headers={**native.headers, "Idempotency-Key": "k1"})
    first, again = door.ask(keyed)[0], door.ask(keyed)[0]

    by_view = Client().post(
        NATIVE, ONE, content_type="application/json", headers=keyed.headers
    )

    assert (first.status, again.status) == (202, LONG_WAY)
    assert by_view["Idempotent-Replay"] == "true"
    assert decode(by_view.content) == first.body
    assert Batch.objects.count() == 1


def test_of_twenty_equal_calls_at_once_one_is_stored(door: Door, native: Asked) -> None:
    keyed = replace(native, headers={**native.headers, "Idempotency-Key": "k1"})

    told = door.ask(*[keyed] * 20)

    assert sorted(one.status for one in told) == [202, *[LONG_WAY] * 19]
    assert Batch.objects.count() == Idempotency.objects.count() == 1


def test_a_full_lane_refuses_before_anything_is_written(
    door: Door, native: Asked
) -> None:
    with full_lanes():
        (told,) = door.ask(native)

    assert told.status == 429
    assert told.headers["retry-after"] == "2"
    assert told.body["code"] == "overloaded"
    assert not Batch.objects.exists()


def test_a_lane_that_lags_refuses_before_anything_is_written(
    door: Door, native: Asked
) -> None:
    door.ask(native)
    Batch.objects.update(received_at=database_now() - timedelta(seconds=75))

    (told,) = door.ask(native)

    assert told.status == 429
    assert told.headers["retry-after"] == "2"
    assert "and 60 s are the most" in told.body["detail"]
    assert Batch.objects.count() == 1


def test_a_full_lane_has_room_for_a_repeat(door: Door, native: Asked) -> None:
    keyed, new = (
        replace(native, headers={**native.headers, "Idempotency-Key": key})
        for key in ("k1", "k2")
    )
    door.ask(keyed)

    with full_lanes():
        again, other = door.ask(keyed, new)

    assert (again.status, other.status) == (LONG_WAY, 429)
    assert Batch.objects.count() == 1


def test_apperate_is_told_of_a_full_lane_in_its_own_form(
    door: Door, apperate: Asked
) -> None:
    with full_lanes():
        (told,) = door.ask(apperate)

    assert told.status == 429
    assert set(told.body) == {"error", "message"}


def test_too_much_in_memory_is_refused(
    door: Door, native: Asked, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("datasets.services.grouping.WAITING_EVENTS", 0)

    (told,) = door.ask(native)

    assert told.status == 429
    assert not Batch.objects.exists()


def test_records_of_several_shards_share_an_answer(
    door: Door, native: Asked, prices: Dataset
) -> None:
    Dataset.objects.filter(pk=prices.pk).update(shards=2)
    LaneFactory(dataset=prices, shard=1)
    body = b'[{"symbol":"MSFT"},{"symbol":"PEP"},{"symbol":"MSFT"}]'

    (told,) = door.ask(replace(native, body=body))

    of_msft, of_pep = Batch.objects.order_by("pk")
    assert (of_msft.lane.shard, of_msft.size, of_pep.size) == (0, 2, 1)
    assert of_msft.options == {"parts": [of_pep.pk]}
    said = {"batch": of_msft.pk, "accepted": 3, "state": "pending"}
    assert (told.status, told.body) == (202, said)
    assert [*Record.objects.values_list("key", flat=True).order_by("batch_id")] == [
        "MSFT",
        "MSFT",
        "PEP",
    ]


def orphan() -> None:
    """Store a batch of a lane that is not there, which the commit finds out."""
    Batch.objects.create(lane_id=-1, size=1, received_at=NOW, origin=Origin.API)


def mistake() -> None:
    raise RuntimeError("a mistake of ours")


@pytest.mark.parametrize("fault", [orphan, mistake])
def test_what_fails_together_goes_alone(
    door: Door,
    native: Asked,
    monkeypatch: pytest.MonkeyPatch,
    fault: Callable[[], None],
) -> None:
    def faulty(group: Sequence[Submission]) -> list[int]:
        fault()
        return list(range(len(group)))

    monkeypatch.setattr("datasets.services.grouping._still_as_opened", faulty)

    (told,) = door.ask(native)

    assert told.status == LONG_WAY
    assert not Batch.objects.exists()


def test_a_commit_of_which_the_end_is_not_known_is_not_tried_again(
    door: Door, native: Asked, monkeypatch: pytest.MonkeyPatch
) -> None:
    @contextmanager
    def cut_off() -> Iterator[None]:
        with writing():
            yield
        raise OperationalError("the server closed the connection")

    monkeypatch.setattr("datasets.services.grouping.writing", cut_off)

    (told,) = door.ask(native)

    assert (told.status, told.body["code"]) == (503, "outcome_unknown")
    assert door.taken == []
    assert Batch.objects.count() == 1


def test_a_commit_for_which_there_is_no_room_has_stored_nothing(
    door: Door, native: Asked, monkeypatch: pytest.MonkeyPatch
) -> None:
    class NoRoom(Exception):
        sqlite_errorname = "SQLITE_IOERR_WRITE"

    @contextmanager
    def full() -> Iterator[None]:
        with writing():
            yield
            raise OperationalError("disk I/O error") from NoRoom()

    monkeypatch.setattr("datasets.services.grouping.writing", full)

    (told,) = door.ask(native)

    assert told.status == LONG_WAY
    assert not Batch.objects.exists()
