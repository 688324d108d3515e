"""Holding a lane: one at a time; who has left a note waits, all others leave."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import timedelta
from types import SimpleNamespace

import pytest
from django.db import connection

from datasets.models import Lane
from datasets.services import (
    LaneBusy,
    holding,
    lane_held_for,
    note_judged,
    note_judging,
)
from datasets.store import lanes
from tests.factories import DatasetFactory

pytestmark = pytest.mark.django_db(transaction=True)

#: No thread of a test takes longer, unless it hangs.
PATIENCE = 20.0


@pytest.fixture
def lane() -> int:
    return Lane.objects.get(dataset=DatasetFactory()).pk


@contextmanager
def held_elsewhere(lane: int, *, until: threading.Event) -> Iterator[None]:
    """Let another thread hold the lane, from the start of the block on."""
    begun = threading.Event()

    def hold() -> None:
        try:
            with holding(lane):
                begun.set()
                until.wait(PATIENCE)
        finally:
            connection.close()

    thread = threading.Thread(target=hold)
    thread.start()
    assert begun.wait(PATIENCE)
    try:
        yield
    finally:
        until.set()
        thread.join(PATIENCE)


def test_second_leaves(lane: int) -> None:
    with (
        held_elsewhere(lane, until=threading.Event()),
        pytest.raises(LaneBusy),
        holding(lane),
    ):
        pytest.fail("two hold the lane")


def test_one_that_waits_comes_after_the_first(lane: int) -> None:
    done = threading.Event()
    with held_elsewhere(lane, until=done):
        timer = threading.Timer(0.2, done.set)
        timer.start()
        with holding(lane, waits=True):
            assert done.is_set()
        timer.join(PATIENCE)


def test_one_that_waits_does_not_wait_for_ever(
    lane: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(lanes, "PATIENCE_SECONDS", 0.2)
    if connection.vendor == "postgresql":
        with connection.cursor() as cursor:
            cursor.execute("SET lock_timeout = '200ms'")
    try:
        with (
            held_elsewhere(lane, until=threading.Event()),
            pytest.raises(LaneBusy),
            holding(lane, waits=True),
        ):
            pytest.fail("two hold the lane")
    finally:
        connection.close()


class Clock:
    """A monotonic clock that stands until it is moved."""

    def __init__(self) -> None:
        self.now = 1_000.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    stopped = Clock()
    monkeypatch.setattr(lanes, "time", SimpleNamespace(monotonic=stopped))
    return stopped


ALLOWED = timedelta(seconds=20)


def test_lane_is_held_in_vain_once_an_event_is_not_judged(
    lane: int, clock: Clock
) -> None:
    with holding(lane):
        note_judging()
        clock.now += 19
        assert lane_held_for(ALLOWED) is None
        clock.now += 1
        assert lane_held_for(ALLOWED) == lane

    assert lane_held_for(ALLOWED) is None


def test_judge_who_comes_on_is_let_be(lane: int, clock: Clock) -> None:
    with holding(lane):
        for _ in range(3):
            note_judging()
            clock.now += 19
        assert lane_held_for(ALLOWED) is None


@pytest.mark.parametrize(
    "begin",
    [lambda: None, note_judged, Lane.objects.exists],
    ids=["at first", "judged", "statement"],
)
def test_what_is_no_judging_is_allowed_more(
    lane: int, clock: Clock, begin: Callable[[], object]
) -> None:
    with holding(lane):
        begin()
        clock.now += 79
        assert lane_held_for(ALLOWED) is None
        clock.now += 1
        assert lane_held_for(ALLOWED) == lane


def test_who_holds_no_lane_is_not_watched(clock: Clock) -> None:
    note_judging()
    clock.now += 1_000

    assert lane_held_for(ALLOWED) is None
