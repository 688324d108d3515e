"""Sources run their slots once, late rather than never, and survive what they meet."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from datetime import datetime, timedelta
from functools import partial
from itertools import count, repeat

import pytest
from pytest_django.fixtures import Settings

from datasets.connectors import ConnectorError, registry
from datasets.models import (
    Batch,
    BatchState,
    Dataset,
    Origin,
    Record,
    Run,
    RunState,
    Source,
)
from datasets.schedules import Every
from datasets.services import SourceInvalid, create_source, fetch_source, sweep_sources
from datasets.services.sources import claim_run, in_time
from tests.factories import NOW, DatasetFactory, WorkspaceFactory
from tests.logged import Log
from tests.story.lane import at_once
from workspaces.access import Access, AccessDenied, Need, open_for_system

SECOND = timedelta(seconds=1)
MINUTE = timedelta(minutes=1)


class Scripted:
    """A connector that gives what the test put in, and breaks where it says so."""

    kind = "scripted"
    label = "Scripted"

    def validate(self, config: Mapping[str, object]) -> dict[str, object]:
        return dict(config)

    def host(self, config: Mapping[str, object]) -> str:
        return ""

    def fetch(
        self, *, config: Mapping[str, object], slot: datetime
    ) -> Iterator[dict[str, object]]:
        for number in range(int(str(config.get("count", 1)))):
            if number == config.get("breaks_at"):
                raise ConnectorError("The exchange answered 503; try again later.")
            if number == config.get("bursts_at"):
                raise ZeroDivisionError
            yield {"symbol": "MSFT", "price": number}

    def history(
        self, *, config: Mapping[str, object], until: datetime
    ) -> Iterator[dict[str, object]]:
        return self.fetch(config=config, slot=until)


@pytest.fixture
def scripted(monkeypatch: pytest.MonkeyPatch) -> None:
    """Enter the scripted connector beside the known ones."""
    monkeypatch.setitem(registry._registry._connectors, Scripted.kind, Scripted())


@pytest.fixture
def access(db: None, scripted: None) -> Access:
    return open_for_system(workspace=WorkspaceFactory(slug="DEMO"))


@pytest.fixture
def prices(access: Access) -> Dataset:
    return DatasetFactory(workspace=access.workspace, slug="PRICES")


def new_source(access: Access, dataset: Dataset, **config: object) -> Source:
    return create_source(
        access=access,
        dataset=dataset,
        name="Exchange",
        kind=Scripted.kind,
        config=config,
        schedule=Every(MINUTE),
        now=NOW,
    )


def at(moment: datetime) -> Callable[[], datetime]:
    """Return a clock that moves a little at every look."""
    looks = count()
    return lambda: moment + next(looks) * timedelta(milliseconds=1)


def sweep(clock: Callable[[], datetime], *, now: datetime) -> None:
    """Sweep, and fetch at once, by that clock, what nobody answered."""
    sweep_sources(
        now=now, fetch=lambda source_id: fetch_source(source_id=source_id, clock=clock)
    )


def runs(source: Source) -> list[tuple[str, int, int]]:
    found = Run.objects.filter(source=source).order_by("slot")
    return [(run.state, run.rows, run.skipped_slots) for run in found]


def test_due_slot_is_fetched_stored_live_and_recorded(
    access: Access, prices: Dataset
) -> None:
    source = new_source(access, prices, count=3)

    fetch_source(source_id=source.pk, clock=at(NOW))

    assert runs(source) == [("done", 3, 0)]
    batch = Batch.objects.get()
    assert (batch.origin, batch.is_live, batch.size) == (Origin.SOURCE, True, 3)
    source.refresh_from_db()
    assert source.next_run_at == NOW + MINUTE


def test_fetching_twice_stores_once(access: Access, prices: Dataset) -> None:
    source = new_source(access, prices, count=3)

    fetch_source(source_id=source.pk, clock=at(NOW))
    fetch_source(source_id=source.pk, clock=at(NOW))

    assert runs(source) == [("done", 3, 0)]
    assert Record.objects.count() == 3


def test_slot_that_was_claimed_cannot_be_claimed_again(
    access: Access, prices: Dataset
) -> None:
    source = new_source(access, prices)

    assert claim_run(source_id=source.pk, now=NOW) is not None
    assert claim_run(source_id=source.pk, now=NOW) is None
    Source.objects.update(next_run_at=NOW)
    assert claim_run(source_id=source.pk, now=NOW) is None
    assert Run.objects.count() == 1


def test_fetch_that_breaks_is_logged_with_what_it_was_for(
    log: Log, access: Access, prices: Dataset
) -> None:
    source = new_source(access, prices, bursts_at=0)

    fetch_source(source_id=source.pk, clock=at(NOW))

    assert log.ids_of("fetch failed") == {
        "workspace": str(access.workspace.pk),
        "source": str(source.pk),
        "run": str(Run.objects.get().pk),
    }


@pytest.mark.django_db(transaction=True)
def test_three_schedulers_at_once_make_one_run_of_each_slot(access: Access) -> None:
    sources = [
        new_source(
            access,
            DatasetFactory(workspace=access.workspace, slug=f"PRICES{number}"),
            count=2,
        )
        for number in range(3)
    ]
    slots = [NOW + number * MINUTE for number in range(1, 4)]

    for slot in slots:
        late = slot + 10 * SECOND  # too late for a bell: each would fetch itself
        scheduler = partial(sweep, at(late), now=late)
        at_once(scheduler, scheduler, scheduler)

    for source in sources:
        assert runs(source) == [("done", 2, 1), ("done", 2, 0), ("done", 2, 0)]
        assert {run.slot for run in source.runs.all()} == {*slots}
    assert Record.objects.count() == 2 * len(slots) * len(sources)


def test_slots_that_passed_while_nothing_ran_are_counted_and_the_last_one_runs(
    access: Access, prices: Dataset
) -> None:
    source = new_source(access, prices)
    late = NOW + timedelta(hours=3, seconds=20)

    fetch_source(source_id=source.pk, clock=at(late))

    run = Run.objects.get()
    assert (run.slot, run.skipped_slots) == (NOW + timedelta(hours=3), 180)
    assert run.started_at - run.slot >= timedelta(seconds=20)
    source.refresh_from_db()
    assert source.next_run_at == NOW + timedelta(hours=3, minutes=1)


@pytest.mark.parametrize(
    ("config", "words"),
    [
        ({"breaks_at": 0}, "answered 503"),
        ({"bursts_at": 0}, "failed unexpectedly"),
    ],
    ids=["connector error", "unexpected"],
)
def test_broken_source_says_so_on_the_run_and_goes_on(
    access: Access, prices: Dataset, config: dict[str, object], words: str
) -> None:
    source = new_source(access, prices, **config)

    fetch_source(source_id=source.pk, clock=at(NOW))
    Source.objects.update(config={"count": 2})
    fetch_source(source_id=source.pk, clock=at(NOW + MINUTE))

    assert runs(source) == [("failed", 0, 0), ("done", 2, 0)]
    assert words in Run.objects.order_by("slot")[0].error


def test_source_of_unknown_kind_names_the_known_ones(
    access: Access, prices: Dataset
) -> None:
    source = new_source(access, prices)
    Source.objects.update(kind="telex")

    fetch_source(source_id=source.pk, clock=at(NOW))

    assert "simulator" in Run.objects.get().error


def test_records_that_do_not_fit_are_left_out_and_told(
    access: Access, prices: Dataset
) -> None:
    prices.schema["properties"]["price"] = {"type": "string"}
    prices.save()
    source = new_source(access, prices, count=4)

    fetch_source(source_id=source.pk, clock=at(NOW))

    run = Run.objects.get()
    assert (run.state, run.rows) == (RunState.DONE, 0)
    assert run.error.startswith("4 records do not fit the schema")
    assert not Batch.objects.exists()


@pytest.mark.parametrize("stored", [0, 1_000, 2_000])
def test_run_of_a_dead_worker_is_taken_up_without_doubles(
    access: Access, prices: Dataset, stored: int
) -> None:
    source = new_source(access, prices, count=stored + 1, bursts_at=stored)
    fetch_source(source_id=source.pk, clock=at(NOW))
    # As a kill would have left it: some chunks stored, the run still running.
    Run.objects.update(state=RunState.RUNNING, ended_at=None, error="")
    kept = Record.objects.count()
    Source.objects.update(config={"count": 2_500}, next_run_at=NOW + timedelta(days=1))

    sweep(at(NOW + MINUTE), now=NOW + MINUTE)
    assert runs(source) == [("running", kept, 0)], "its lease has not ended"
    later = NOW + 3 * MINUTE
    sweep(at(later), now=later)

    assert runs(source) == [("done", 2_500, 0)]
    numbers = [body["price"] for body in Record.objects.values_list("body", flat=True)]
    assert sorted(numbers) == list(range(2_500))


def test_run_that_fills_its_dataset_steps_aside_and_goes_on_when_there_is_room(
    access: Access, prices: Dataset, settings: Settings
) -> None:
    settings.BELLWETHER_BACKLOG_EVENTS = 1_500
    source = new_source(access, prices, count=2_500)
    fetch_source(source_id=source.pk, clock=at(NOW))

    for minutes in (1, 3):
        sweep(at(NOW + minutes * MINUTE), now=NOW + minutes * MINUTE)
        assert runs(source) == [("running", 2_000, 0)], "no slot begins meanwhile"
    Batch.objects.update(state=BatchState.JUDGED)
    Source.objects.filter(pk=source.pk).update(is_enabled=False)
    sweep(at(NOW + 4 * MINUTE), now=NOW + 4 * MINUTE)

    assert runs(source) == [("done", 2_500, 0)]
    numbers = [body["price"] for body in Record.objects.values_list("body", flat=True)]
    assert sorted(numbers) == list(range(2_500))


def test_slots_that_passed_while_the_dataset_was_full_run_as_the_last_of_them(
    access: Access, prices: Dataset, settings: Settings
) -> None:
    settings.BELLWETHER_BACKLOG_EVENTS = 1
    source = new_source(access, prices)
    for minutes in range(4):
        fetch_source(source_id=source.pk, clock=at(NOW + minutes * MINUTE))
    Batch.objects.update(state=BatchState.JUDGED)

    fetch_source(source_id=source.pk, clock=at(NOW + 4 * MINUTE))

    assert runs(source) == [("done", 1, 0), ("done", 1, 3)]


def test_worker_whose_run_was_taken_stores_nothing_more(
    access: Access, prices: Dataset
) -> None:
    source = new_source(access, prices, count=2_500)
    looks = count()
    slow = at(NOW)

    def slow_clock() -> datetime:
        # After its first chunk this worker sleeps so long that another takes over.
        if next(looks) == 4:
            later = NOW + 3 * MINUTE
            Source.objects.update(next_run_at=later + MINUTE)
            sweep(at(later), now=later)
        return slow()

    fetch_source(source_id=source.pk, clock=slow_clock)

    assert runs(source) == [("done", 2_500, 0)]
    numbers = [body["price"] for body in Record.objects.values_list("body", flat=True)]
    assert sorted(numbers) == list(range(2_500))


def test_sweep_fetches_itself_what_no_bell_brought(
    access: Access, prices: Dataset
) -> None:
    source = new_source(access, prices)

    sweep(at(NOW + 2 * SECOND), now=NOW + 2 * SECOND)
    assert runs(source) == [], "the bell has rung; a worker will answer"
    sweep(at(NOW + 6 * SECOND), now=NOW + 6 * SECOND)

    assert runs(source) == [("done", 1, 0)]


def test_source_that_sends_for_ever_is_ended_and_told_so(
    access: Access, prices: Dataset
) -> None:
    event: dict[str, object] = {"symbol": "MSFT"}
    seconds = count()

    brought = in_time(repeat(event), limit=5 * SECOND, tick=lambda: next(seconds))

    with pytest.raises(ConnectorError, match="still sent after 5 s"):
        assert len(list(brought)) == 5


@pytest.mark.parametrize("off", ["source", "dataset"])
def test_source_that_is_off_does_not_run(
    access: Access, prices: Dataset, off: str
) -> None:
    source = new_source(access, prices)
    if off == "source":
        Source.objects.update(is_enabled=False)
    else:
        Dataset.objects.update(deleted_at=NOW)

    fetch_source(source_id=source.pk, clock=at(NOW))

    assert not Run.objects.exists()


@pytest.mark.parametrize(
    ("kind", "config", "pointer"),
    [
        ("telex", {}, "/kind"),
        ("simulator", {"seed": -1}, "/config/seed"),
    ],
    ids=["kind", "setting"],
)
def test_source_that_cannot_be_is_refused_by_setting(
    access: Access,
    prices: Dataset,
    kind: str,
    config: dict[str, object],
    pointer: str,
) -> None:
    with pytest.raises(SourceInvalid) as refused:
        create_source(
            access=access,
            dataset=prices,
            name="Exchange",
            kind=kind,
            config=config,
            schedule=Every(MINUTE),
            now=NOW,
        )

    assert [error.pointer for error in refused.value.errors] == [pointer]
    assert not Source.objects.exists()


def test_only_who_manages_a_workspace_makes_sources(
    access: Access, prices: Dataset
) -> None:
    writer = Access(workspace=access.workspace, gives=Need.WRITE)

    with pytest.raises(AccessDenied):
        new_source(writer, prices)
