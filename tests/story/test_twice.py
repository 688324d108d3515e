"""An event, a request and a task that come twice."""

from __future__ import annotations

from contextlib import suppress
from datetime import timedelta

import pytest
from django.db import OperationalError
from psycopg.errors import LockNotAvailable

from alerts.models import Alert
from alerts.sweeping import sweep_upkeep
from alerts.tasks import drain as drain_task
from datasets.models import Batch, Dataset, Record
from datasets.services import (
    Answer,
    IdempotencyKey,
    Ingest,
    accept_batch,
    answer_once,
    open_lane,
)
from datasets.services.idempotency import KeyInProgress, KeyReused
from rules.services import create_rule
from tests.factories import NOW, DatasetFactory
from tests.story.lane import (
    at_once,
    definition,
    drain,
    judged,
    price,
    send,
)
from workspaces.access import Access


def key_of(body: str = "same") -> IdempotencyKey:
    return IdempotencyKey(scope="token:route", key="k-1", body_hash=body)


def post(dataset: Dataset, key: IdempotencyKey) -> Answer:
    def act() -> Answer:
        accepted = accept_batch(
            dataset=dataset, events=[price(300)], ingest=Ingest(), now=NOW
        )
        return Answer(status=202, body={"batch": accepted.batch_id})

    return answer_once(key=key, act=act, now=NOW)


@pytest.mark.django_db
def test_event_sent_twice_under_one_key_is_stored_and_told_once(
    access: Access, prices: Dataset
) -> None:
    create_rule(access=access, definition=definition(), now=NOW)

    first, second = (post(prices, key_of()) for _ in range(2))
    drain(prices)

    assert (first.is_replay, second.is_replay) == (False, True)
    assert first.body == second.body
    assert Record.objects.count() == 1
    assert Alert.objects.count() == 1


@pytest.mark.django_db
def test_key_sent_again_with_another_body_stores_nothing(prices: Dataset) -> None:
    post(prices, key_of())

    with pytest.raises(KeyReused):
        post(prices, key_of("other"))

    assert Record.objects.count() == 1


@pytest.mark.django_db
@pytest.mark.parametrize(("hours", "stored"), [(71, 1), (73, 2)])
def test_key_is_known_for_three_days_and_then_forgotten(
    prices: Dataset, hours: int, stored: int
) -> None:
    post(prices, key_of())

    sweep_upkeep(now=NOW + timedelta(hours=hours))
    again = post(prices, key_of())

    assert again.is_replay == (stored == 1)
    assert Record.objects.count() == stored


@pytest.mark.django_db(transaction=True)
def test_twenty_equal_requests_at_once_store_one_event(prices: Dataset) -> None:
    answers: list[Answer] = []

    def ask() -> None:
        # Who waits long for the first, on a busy machine, is told to ask again.
        while True:
            with suppress(KeyInProgress):
                answers.append(post(prices, key_of()))
                return

    at_once(*[ask] * 20)

    assert Record.objects.count() == 1
    assert sum(not answer.is_replay for answer in answers) == 1
    assert len({str(answer.body) for answer in answers}) == 1


@pytest.mark.django_db
def test_repeat_whose_first_still_goes_on_is_told_so_in_any_language(
    prices: Dataset,
) -> None:
    german = LockNotAvailable("storniere Anfrage wegen Zeitüberschreitung einer Sperre")

    def act() -> Answer:
        raise OperationalError(*german.args) from german

    with pytest.raises(KeyInProgress):
        answer_once(key=key_of(), act=act, now=NOW)


@pytest.mark.django_db
def test_same_record_twice_is_judged_once(access: Access) -> None:
    dated = DatasetFactory(workspace=access.workspace, slug="PRICES")
    dated.schema["properties"]["day"] = {"type": "string", "format": "date"}
    dated.date_field = "day"
    dated.save(update_fields=["schema", "date_field"])
    rule = create_rule(access=access, definition=definition(), now=NOW)

    for _ in range(2):
        send(dated, {**price(300), "day": "2026-03-02"})
        drain(dated)

    rule.refresh_from_db()
    assert rule.ran == 1
    assert Record.objects.current().count() == 1
    assert Batch.objects.order_by("-pk")[0].outcome == {"ignored": 1}


@pytest.mark.django_db
def test_event_that_is_not_kept_repeats_and_replaces_nothing(access: Access) -> None:
    keyed = DatasetFactory(
        workspace=access.workspace,
        slug="PRICES",
        subkey_field="venue",
        duplicates="replace",
    )
    rule = create_rule(access=access, definition=definition(), now=NOW)

    send(keyed, {**price(300), "venue": "X"})
    for at in (100, 200):
        send(keyed, {**price(299), "venue": "X"}, at=at, persists=False)
    drain(keyed)

    rule.refresh_from_db()
    assert rule.ran == 3
    assert Record.objects.current().get().body["price"] == 300


@pytest.mark.django_db
def test_task_twice_changes_nothing(access: Access, prices: Dataset) -> None:
    create_rule(access=access, definition=definition(), now=NOW)
    send(prices, price(300))
    drain_task.run(lane_id=open_lane(prices).pk)
    before = judged(prices)

    drain_task.run(lane_id=open_lane(prices).pk)

    assert judged(prices) == before
