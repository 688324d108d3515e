"""The embedded default's broker: whoever waits for a message gets it."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from uuid import uuid4

import pytest
from kombu.connection import Connection
from kombu.entity import Queue
from kombu.message import Message
from kombu.messaging import Consumer

#: Far longer than anything takes; only what is broken waits so long.
LONG = 30


@contextmanager
def consuming(
    queue: Queue, *, prefetch: int
) -> Iterator[tuple[Connection, list[Message]]]:
    taken: list[Message] = []
    with (
        connect() as connection,
        Consumer(
            connection,
            [queue],
            callbacks=[lambda _, message: taken.append(message)],
            prefetch_count=prefetch,
        ),
    ):
        yield connection, taken


def connect() -> Connection:
    return Connection("memory://", transport="config.local_broker:Transport")


def put(queue: Queue, number: int) -> None:
    with connect() as connection:
        connection.Producer().publish(
            number, routing_key=queue.name, declare=[queue], serializer="json"
        )


@pytest.fixture
def queue() -> Queue:
    return Queue(f"test.{uuid4()}")


def test_a_message_ends_the_wait(queue):
    with consuming(queue, prefetch=1) as (connection, taken):
        late = threading.Timer(0.05, put, (queue, 7))
        late.start()

        connection.drain_events(timeout=LONG)

        late.join()
    assert [message.payload for message in taken] == [7]


def test_messages_come_in_their_order(queue):
    with consuming(queue, prefetch=3) as (connection, taken):
        for number in range(3):
            put(queue, number)
        for _ in range(3):
            connection.drain_events(timeout=LONG)

    assert [message.payload for message in taken] == [0, 1, 2]


@pytest.mark.parametrize("settle", ["ack", "reject"])
def test_room_for_a_message_ends_the_wait(queue, settle):
    with consuming(queue, prefetch=1) as (connection, taken):
        for number in range(2):
            put(queue, number)
        connection.drain_events(timeout=LONG)
        with pytest.raises(TimeoutError):
            connection.drain_events(timeout=0.01)
        late = threading.Timer(0.05, getattr(taken[0], settle))
        late.start()

        connection.drain_events(timeout=LONG)

        late.join()
    assert [message.payload for message in taken] == [0, 1]


def test_time_is_up_without_a_message(queue):
    with (
        consuming(queue, prefetch=1) as (connection, taken),
        pytest.raises(TimeoutError),
    ):
        connection.drain_events(timeout=0.01)

    assert taken == []
