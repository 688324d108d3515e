"""The line before SQLite's one writer."""

from __future__ import annotations

import threading

import pytest
from django.db import connection, transaction

from datasets.store.sqlite.lock import WRITER, FairLock
from workspaces.models import Workspace

#: A thread that has not come by then has died.
PATIENCE = 10.0


def start_waiting(lock: FairLock, name: str, order: list[str]) -> threading.Thread:
    """Start a thread that takes the lock, and return once it stands in line."""
    before = len(lock._waiting)

    def take() -> None:
        with lock:
            order.append(name)

    thread = threading.Thread(target=take)
    thread.start()
    while len(lock._waiting) == before and thread.is_alive():
        thread.join(timeout=0.001)
    return thread


def test_who_asks_first_goes_first() -> None:
    lock, order = FairLock(), list[str]()
    lock.acquire()
    threads = [start_waiting(lock, name, order) for name in ("a", "b", "c", "d")]

    lock.release()
    for thread in threads:
        thread.join(timeout=PATIENCE)

    assert order == ["a", "b", "c", "d"]


def test_holder_may_take_it_again_and_keeps_it_until_the_last_release() -> None:
    lock, order = FairLock(), list[str]()
    lock.acquire()
    lock.acquire()
    thread = start_waiting(lock, "other", order)

    lock.release()
    assert order == []
    lock.release()
    thread.join(timeout=PATIENCE)

    assert order == ["other"]


def test_another_thread_cannot_release_it() -> None:
    lock, raised = FairLock(), list[Exception]()
    lock.acquire()

    def release() -> None:
        try:
            lock.release()
        except RuntimeError as error:
            raised.append(error)

    thread = threading.Thread(target=release)
    thread.start()
    thread.join(timeout=PATIENCE)

    assert len(raised) == 1


def test_many_threads_never_hold_it_at_once() -> None:
    lock, held = FairLock(), [0, 0]

    def work() -> None:
        for _ in range(200):
            with lock:
                held[0] += 1
                held[1] = max(held[1], held[0])
                held[0] -= 1

    threads = [threading.Thread(target=work) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(timeout=PATIENCE)

    assert held == [0, 1]


@pytest.mark.django_db(transaction=True)
@pytest.mark.skipif(
    connection.vendor != "sqlite", reason="only SQLite's writers wait in line"
)
def test_single_write_outside_a_transaction_waits_for_the_transaction_before_it() -> (
    None
):
    """Sessions, beat and the like write without knowing of the line."""
    order = list[str]()

    def write() -> None:
        try:
            Workspace.objects.filter(slug="NONE").update(title="")
            order.append("single write")
        finally:
            connection.close()

    with transaction.atomic():
        Workspace.objects.filter(slug="NONE").update(title="")
        waiting = len(WRITER._waiting)
        thread = threading.Thread(target=write)
        thread.start()
        while len(WRITER._waiting) == waiting and thread.is_alive():
            thread.join(timeout=0.001)
        order.append("transaction")
    thread.join(timeout=PATIENCE)

    assert order == ["transaction", "single write"]
