"""A bell is heard by whoever said so, at once and once, and else goes the long way."""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Iterator
from queue import SimpleQueue

import pytest
import redis
from django.test import override_settings

from config.bells import bells, hear_here, hear_no_more, listen
from config.celery import Task, answer, ring
from tests.installations import until
from tests.story.lane import messages_of

#: Far longer than anything takes; only what is broken waits so long.
LONG = 30
#: Tells a listener of these tests to listen no more.
END = -1


class Heard(SimpleQueue[int]):
    """What a listener heard, in order."""

    def note(self, *, lane_id: int) -> None:
        if lane_id == END:
            raise SystemExit
        self.put(lane_id)


@pytest.fixture
def shared(redis_url: str) -> Iterator[redis.Redis]:
    with override_settings(REDIS_URL=redis_url):
        bells.cache_clear()
        with redis.Redis.from_url(redis_url) as client:
            yield client
        bells.cache_clear()


def ring_at(queue: str, lane_id: int) -> bool:
    return bells().ring(Task.DRAIN, {"lane_id": lane_id}, queue=queue)


def listening(client: redis.Redis, queue: str) -> bool:
    channels = client.pubsub_channels(f"*{queue}")
    return bool(channels)


@pytest.fixture
def heard(shared: redis.Redis) -> Iterator[Heard]:
    heard = Heard()

    def hear() -> None:
        with contextlib.suppress(SystemExit):
            listen(Task.DRAIN, heard.note, queue="drain.test")

    listener = threading.Thread(target=hear)
    listener.start()
    until(lambda: listening(shared, "drain.test"), seconds=LONG, what="a listener")
    yield heard
    shared.delete(f"bell:{Task.DRAIN}:lane_id={END}")
    until(lambda: not ring_at("drain.test", END), seconds=LONG, what="its end")
    listener.join(LONG)


def test_a_bell_is_heard_in_its_process_without_a_message() -> None:
    heard = Heard()
    hear_here(Task.DRAIN, heard.note)
    with messages_of(Task.DRAIN) as sent:
        ring(Task.DRAIN, {"lane_id": 900_001})
        ring(Task.DRAIN, {"lane_id": 900_001})
        answer(Task.DRAIN, lane_id=900_001)
        ring(Task.DRAIN, {"lane_id": 900_001})
        hear_no_more(Task.DRAIN)
        ring(Task.DRAIN, {"lane_id": 900_002})

    assert [heard.get_nowait(), heard.get_nowait()] == [900_001, 900_001]
    assert heard.empty()
    assert len(sent) == 1


def test_a_bell_is_heard_in_another_process_once_until_it_is_answered(
    heard: Heard,
) -> None:
    needed = [ring_at("drain.test", 900_003) for _ in range(2)]
    answer(Task.DRAIN, lane_id=900_003)
    needed.append(ring_at("drain.test", 900_003))
    needed.append(ring_at("drain.test", 900_004))

    told = [heard.get(timeout=LONG) for _ in range(3)]
    assert told == [900_003, 900_003, 900_004]
    assert needed == [False] * 4


def test_a_message_has_to_tell_of_a_bell_that_nobody_hears(shared: redis.Redis) -> None:
    assert ring_at("drain.nobody", 900_005)
    assert not ring_at("drain.nobody", 900_005)


def test_a_listener_whose_connection_is_cut_listens_anew(
    heard: Heard, shared: redis.Redis
) -> None:
    shared.client_kill_filter(_type="pubsub")
    until(lambda: listening(shared, "drain.test"), seconds=LONG, what="a listener")

    ring_at("drain.test", 900_006)

    assert heard.get(timeout=LONG) == 900_006
