"""A new source writes its past first: in chunks, as history, and once."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta

import pytest
from pytest_django.fixtures import Settings

from datasets.connectors import registry
from datasets.models import Batch, BatchState, Dataset, Record, Run, RunState, Source
from datasets.schedules import Every
from datasets.services import (
    create_source,
    fetch_source,
    source_states,
    sweep_sources,
    turn_source,
)
from datasets.services.pasts import PAST_CHUNK, PAST_LEASE, begin_past
from tests.datasets.pasts import PAST, Chronicle, Clock, Killed
from tests.factories import NOW, DatasetFactory, WorkspaceFactory
from workspaces.access import Access, open_for_system

MINUTE = timedelta(minutes=1)


@pytest.fixture
def access(db: None, monkeypatch: pytest.MonkeyPatch) -> Access:
    monkeypatch.setitem(registry._registry._connectors, Chronicle.kind, Chronicle())
    return open_for_system(workspace=WorkspaceFactory(slug="DEMO"))


@pytest.fixture
def prices(access: Access) -> Dataset:
    return DatasetFactory(workspace=access.workspace, slug="PRICES")


def new_source(access: Access, dataset: Dataset, **config: object) -> Source:
    source = create_source(
        access=access,
        dataset=dataset,
        name="Exchange",
        kind=Chronicle.kind,
        config=config,
        schedule=Every(MINUTE),
        now=NOW,
    )
    begin_past(source=source, now=NOW)
    return source


def sweep(clock: Callable[[], datetime], *, now: datetime) -> None:
    """Sweep, and fetch at once, by that clock, what nobody answered."""
    sweep_sources(
        now=now, fetch=lambda source_id: fetch_source(source_id=source_id, clock=clock)
    )


def numbers() -> list[int]:
    """Return what is stored of the past, in lane order."""
    rows = Record.objects.filter(key="PAST").order_by("batch_id", "ord")
    return [body["price"] for body in rows.values_list("body", flat=True)]


def kill(source: Source, *, at_look: int) -> None:
    """Let a worker fetch, and kill it when it looks at the clock the nth time."""

    def die() -> None:
        raise Killed

    clock = Clock()
    clock.at_look[at_look] = die
    with pytest.raises(Killed):
        fetch_source(source_id=source.pk, clock=clock)


def test_past_is_stored_as_history_before_the_first_slot(
    access: Access, prices: Dataset
) -> None:
    source = new_source(access, prices)

    fetch_source(source_id=source.pk, clock=Clock())

    batches = Batch.objects.order_by("pk")
    assert [batch.size for batch in batches] == [PAST_CHUNK, PAST_CHUNK, 100]
    assert {batch.is_live for batch in batches} == {False}
    assert numbers() == list(range(PAST))
    run = Run.objects.get()
    assert (run.is_history, run.state, run.rows) == (True, RunState.DONE, PAST)
    source.refresh_from_db()
    assert (source.past_until, source.next_run_at) == (None, NOW + MINUTE)


def test_slots_begin_when_the_past_is_written(access: Access, prices: Dataset) -> None:
    source = new_source(access, prices)
    fetch_source(source_id=source.pk, clock=Clock())

    fetch_source(source_id=source.pk, clock=Clock(NOW + MINUTE))

    assert Run.objects.filter(is_history=False).get().slot == NOW + MINUTE
    assert [batch.is_live for batch in Batch.objects.order_by("pk")][3:] == [True]


@pytest.mark.parametrize("look", range(2, 7))
def test_killed_anywhere_it_goes_on_and_writes_nothing_twice(
    access: Access, prices: Dataset, look: int
) -> None:
    source = new_source(access, prices)
    kill(source, at_look=look)

    sweep(Clock(NOW + MINUTE / 6), now=NOW + MINUTE / 6)
    assert Run.objects.get().state == RunState.RUNNING, "its lease has not ended"
    later = NOW + 2 * PAST_LEASE
    sweep(Clock(later), now=later)

    assert numbers() == list(range(PAST))
    assert Run.objects.filter(is_history=True).get().state == RunState.DONE


def test_worker_whose_past_was_taken_over_stores_nothing_more(
    access: Access, prices: Dataset
) -> None:
    source = new_source(access, prices)
    later = NOW + 2 * PAST_LEASE
    slow = Clock()
    # After its first chunk this worker sleeps so long that another takes over.
    slow.at_look[4] = lambda: sweep(Clock(later), now=later)

    fetch_source(source_id=source.pk, clock=slow)

    assert numbers() == list(range(PAST))
    assert Run.objects.filter(is_history=True).get().state == RunState.DONE


def test_source_goes_on_without_a_past_that_it_cannot_bring(
    access: Access, prices: Dataset
) -> None:
    source = new_source(access, prices, breaks_at=PAST_CHUNK)

    fetch_source(source_id=source.pk, clock=Clock())
    fetch_source(source_id=source.pk, clock=Clock(NOW + MINUTE))

    past, slot = Run.objects.order_by("slot")
    assert (past.state, past.rows) == (RunState.FAILED, PAST_CHUNK)
    assert "answered 503" in past.error
    assert (slot.state, slot.rows) == (RunState.DONE, 1)


def test_past_steps_aside_while_the_lane_has_much_to_judge(
    access: Access, prices: Dataset, settings: Settings
) -> None:
    settings.BELLWETHER_BACKLOG_EVENTS = 2 * PAST_CHUNK
    source = new_source(access, prices)

    fetch_source(source_id=source.pk, clock=Clock())
    assert numbers() == list(range(PAST_CHUNK))
    Batch.objects.update(state=BatchState.JUDGED)
    later = NOW + MINUTE / 6
    sweep(Clock(later), now=later)

    assert numbers() == list(range(2 * PAST_CHUNK))


def test_source_that_is_off_writes_no_past(access: Access, prices: Dataset) -> None:
    source = new_source(access, prices)
    turn_source(access=access, source=source, on=False, now=NOW)

    fetch_source(source_id=source.pk, clock=Clock(NOW + MINUTE))
    assert not Run.objects.exists()
    turn_source(access=access, source=source, on=True, now=NOW + MINUTE)
    fetch_source(source_id=source.pk, clock=Clock(NOW + 2 * MINUTE))

    assert numbers() == list(range(PAST))


def test_past_that_was_interrupted_goes_on_at_once_when_its_source_is_turned_on(
    access: Access, prices: Dataset
) -> None:
    source = new_source(access, prices)
    Source.objects.update(every_seconds=7 * 24 * 3600)
    kill(source, at_look=4)
    turn_source(access=access, source=source, on=False, now=NOW + MINUTE)
    source.refresh_from_db()

    turn_source(access=access, source=source, on=True, now=NOW + 2 * MINUTE)
    sweep(Clock(NOW + 3 * MINUTE), now=NOW + 3 * MINUTE)

    assert numbers() == list(range(PAST))
    source.refresh_from_db()
    assert source.past_until is None


def test_source_that_is_turned_on_after_its_past_begins_at_a_slot(
    access: Access, prices: Dataset
) -> None:
    seen_before = new_source(access, prices)
    fetch_source(source_id=seen_before.pk, clock=Clock())
    turn_source(access=access, source=seen_before, on=False, now=NOW)

    turn_source(access=access, source=seen_before, on=True, now=NOW + MINUTE / 2)

    source = Source.objects.get()
    assert source.next_run_at == NOW + MINUTE


def test_records_of_the_past_are_none_of_the_last_minute(
    access: Access, prices: Dataset
) -> None:
    source = new_source(access, prices)
    (before,) = source_states(workspace=access.workspace, now=NOW)

    fetch_source(source_id=source.pk, clock=Clock())

    (after,) = source_states(workspace=access.workspace, now=NOW)
    assert (before.is_writing_past, after.is_writing_past) == (True, False)
    assert after.records_last_minute == 0
