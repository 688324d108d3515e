"""What happens to a lane in the stories: rules, events, drains, and what they leave."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from datetime import timedelta
from decimal import Decimal
from typing import Any

from celery.signals import before_task_publish
from django.db import connection
from django.test import TestCase

from alerts.models import Alert, Delivery, FeedEntry, Transition
from alerts.pipeline import drain_lane
from config.celery import Task
from datasets.models import Batch, BatchState, Dataset, Fact
from datasets.services import Ingest, accept_batch, open_lane
from rules.models import Instance, Rule
from tests.factories import NOW

#: No thread of a story takes longer, unless it hangs.
PATIENCE_SECONDS = 60.0


def definition(**changes: object) -> dict[str, object]:
    """A rule on one price, unless something else is said."""
    return {
        "kind": "signal",
        "name": "Cheap",
        "watch": {"facts": ["DEMO:PRICES:MSFT:price"]},
        "when": {"fact": 0, "op": "lte", "value": 310},
        **changes,
    }


def price(amount: int | str, *, of: str = "MSFT") -> dict[str, object]:
    """What somebody asked; text where it has a fraction, so that its digits stay."""
    return {"symbol": of, "price": Decimal(amount)}


def send(
    dataset: Dataset,
    *events: dict[str, object],
    at: float = 0,
    **ingest: Any,  # any: the fields of Ingest
) -> int:
    """Store events received `at` seconds after the story began; return the batch."""
    accepted = accept_batch(
        dataset=dataset,
        events=events,
        ingest=Ingest(**ingest),
        now=NOW + timedelta(seconds=at),
    )
    return accepted.batch_id


def drain(dataset: Dataset) -> None:
    """Drain to the end: on a busy machine the usual budget might not do."""
    drain_lane(lane_id=open_lane(dataset).pk, budget_seconds=PATIENCE_SECONDS)


def drain_and_go_on(dataset: Dataset) -> None:
    """Drain as a process does that goes on, and keeps the lane's program."""
    with TestCase.captureOnCommitCallbacks(execute=True):
        drain(dataset)


def judged(dataset: Dataset) -> dict[str, Any]:  # any: rows of any table
    """Everything that a drain commits, without the times at which it did."""
    return {
        "batches": list(
            Batch.objects.order_by("pk").values_list("pk", "state", "seq", "outcome")
        ),
        "lane": open_lane(dataset).next_seq,
        "facts": list(Fact.objects.order_by("key").values_list("key", "fields")),
        "instances": list(
            Instance.objects.order_by("rule", "key").values_list("rule", "key", "state")
        ),
        "rules": [
            (rule.ran, rule.passed, rule.sent, rule.in_effect_id)
            for rule in Rule.objects.counted().order_by("pk")
        ],
        "alerts": list(Alert.objects.order_by("pk").values_list("pk", "state")),
        "transitions": list(
            Transition.objects.order_by("seq", "ord", "rule").values_list(
                "alert", "number", "kind", "seq", "ord"
            )
        ),
        "deliveries": list(Delivery.objects.order_by("pk").values_list("pk", "status")),
        "entries": sorted(FeedEntry.objects.values_list("kind", "alert")),
    }


class Crash(BaseException):
    """The end of a process: nothing in the program may catch it."""


@contextmanager
def crashing_at(write: int) -> Iterator[list[str]]:
    """End the process before its write number so and so; gives the writes till then."""
    writes: list[str] = []

    def execute(run: Callable[..., object], sql: str, *rest: object) -> object:
        if sql.lstrip()[:6].upper() in {"INSERT", "UPDATE", "DELETE"}:
            if len(writes) == write:
                raise Crash
            writes.append(sql)
        return run(sql, *rest)

    with connection.execute_wrapper(execute):
        yield writes


def at_once(*acts: Callable[[], object]) -> None:
    """Do things in threads with connections of their own, and raise what they raise."""
    errors: list[BaseException] = []

    def work(act: Callable[[], object]) -> None:
        try:
            act()
        except BaseException as error:  # noqa: BLE001 - handed to the test
            errors.append(error)
        finally:
            connection.close()

    threads = [threading.Thread(target=work, args=(act,), daemon=True) for act in acts]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(PATIENCE_SECONDS)
        assert not thread.is_alive(), "a thread hangs"
    if errors:
        raise errors[0]


def states(dataset: Dataset) -> Sequence[tuple[str, int | None]]:
    """State and position of the dataset's batches, in the order of their ids."""
    return list(
        Batch.objects.filter(lane__dataset=dataset)
        .order_by("pk")
        .values_list("state", "seq")
    )


@contextmanager
def messages_of(task: Task) -> Iterator[list[str]]:
    """The messages of a task that leave for the broker meanwhile."""
    sent: list[str] = []

    def note(sender: str = "", **_: object) -> None:
        if sender == task.value:
            sent.append(sender)

    before_task_publish.connect(note)
    try:
        yield sent
    finally:
        before_task_publish.disconnect(note)


def drain_everything() -> None:
    """Drain lane after lane until nothing waits in any of them."""
    waiting = Batch.objects.filter(state=BatchState.PENDING).order_by("lane")
    while lane_id := waiting.values_list("lane", flat=True).first():
        drain_lane(lane_id=lane_id, budget_seconds=PATIENCE_SECONDS)
