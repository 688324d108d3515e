"""Sources that hang stop nobody else's: neither their host's nor their workspace's."""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from datetime import datetime, timedelta
from urllib.parse import urlsplit

import pytest
from django.conf import settings

from config.clock import database_now
from datasets import tasks
from datasets.connectors import ConnectorError, registry
from datasets.models import Run, Source
from datasets.services import (
    create_source,
    fetch_source,
    read_schedule,
    sweep_sources,
)
from datasets.services.fetching import EACH, Fetchers
from outbound.addresses import AddressRules
from outbound.errors import OutboundError
from outbound.http import FETCH_LIMITS, fetch
from tests.factories import DatasetFactory, WorkspaceFactory
from tests.receivers import Handler, Receiver
from tests.story.lane import PATIENCE_SECONDS
from workspaces.access import open_for_system
from workspaces.models import Workspace

pytestmark = pytest.mark.django_db(transaction=True)

#: Sources that hang: more than their share of the threads.
HANGING = EACH + 8


class Page:
    """A connector that gets a page, over a real socket, and gives one event of it."""

    kind = "page"
    label = "Page"

    def validate(self, config: Mapping[str, object]) -> dict[str, object]:
        return dict(config)

    def host(self, config: Mapping[str, object]) -> str:
        return str(config.get("host") or urlsplit(str(config["url"])).netloc)

    def fetch(
        self, *, config: Mapping[str, object], slot: datetime
    ) -> Iterator[dict[str, object]]:
        rules = AddressRules(allowed=settings.BELLWETHER_ALLOWED_NETWORKS)
        seconds = float(str(config.get("patience", PATIENCE_SECONDS)))
        limits = replace(FETCH_LIMITS, total=timedelta(seconds=seconds))
        try:
            found = fetch(str(config["url"]), rules=rules, limits=limits)
        except OutboundError as error:
            raise ConnectorError(str(error)) from error
        yield {"symbol": "MSFT", "price": len(found.body)}

    def history(
        self, *, config: Mapping[str, object], until: datetime
    ) -> Iterator[dict[str, object]]:
        return iter(())


class Slow:
    """A server that takes requests and answers none until it is let."""

    def __init__(self, server: Receiver) -> None:
        self.url = server.url("/slow")
        self.calls = 0
        self._let = threading.Event()
        self._changed = threading.Condition()
        server.streams = {"/slow": self._take, "/quick": answer}

    def _take(self, handler: Handler) -> None:
        with self._changed:
            self.calls += 1
            self._changed.notify_all()
        self._let.wait(PATIENCE_SECONDS)
        answer(handler)

    def came(self, calls: int) -> bool:
        """Wait until so many hang; say whether they do."""
        with self._changed:
            return self._changed.wait_for(lambda: self.calls >= calls, PATIENCE_SECONDS)

    def let_go(self) -> None:
        self._let.set()


def answer(handler: Handler) -> None:
    handler.send_response(200)
    handler.send_header("content-length", "4")
    handler.end_headers()
    handler.wfile.write(b"1234")


class Ended:
    """Notes which sources' fetches have ended."""

    def __init__(self) -> None:
        self.ids: list[int] = []
        self._changed = threading.Condition()

    def fetch(self, source_id: int) -> None:
        fetch_source(source_id=source_id)
        with self._changed:
            self.ids.append(source_id)
            self._changed.notify_all()

    def wait_for(self, *ids: int) -> bool:
        """Wait until these have ended, each as often as it is named."""
        wanted = Counter(ids)
        with self._changed:
            return self._changed.wait_for(
                lambda: wanted <= Counter(self.ids), PATIENCE_SECONDS
            )


@pytest.fixture
def slow(sink: Receiver, monkeypatch: pytest.MonkeyPatch) -> Iterator[Slow]:
    """A host that hangs; its page /quick does not."""
    monkeypatch.setitem(registry._registry._connectors, Page.kind, Page())
    here = Slow(sink)
    yield here
    here.let_go()


@pytest.fixture
def ended() -> Ended:
    return Ended()


@pytest.fixture
def fetchers_of(slow: Slow, ended: Ended) -> Iterator[Callable[[int], Fetchers]]:
    """Make fetchers with so many threads, which end with the story."""
    made: list[Fetchers] = []

    def make(threads: int) -> Fetchers:
        made.append(Fetchers(threads, work=ended.fetch))
        return made[-1]

    yield make
    slow.let_go()
    for one in made:
        one.stop(seconds=PATIENCE_SECONDS)


def due(workspace: str, url: str, **config: object) -> int:
    """Make a source of a workspace that is due now; return its id."""
    found = Workspace.objects.filter(slug=workspace).first()
    home = found or WorkspaceFactory(slug=workspace)
    source = create_source(
        access=open_for_system(workspace=home),
        dataset=home.datasets.first() or DatasetFactory(workspace=home),
        name=url,
        kind=Page.kind,
        config={"url": url, **config},
        schedule=read_schedule(every_seconds=3_600),
        now=database_now(),
    )
    Source.objects.filter(pk=source.pk).update(next_run_at=database_now())
    return source.pk


def runs() -> Counter[str]:
    return Counter(Run.objects.values_list("state", flat=True))


@pytest.mark.parametrize(
    "is_one_workspace", [True, False], ids=["one workspace", "one host"]
)
def test_others_are_fetched_while_many_of_one_hang(
    slow: Slow,
    sink: Receiver,
    ended: Ended,
    fetchers_of: Callable[[int], Fetchers],
    is_one_workspace: bool,
) -> None:
    hanging = [
        due("A", slow.url, host=f"host-{number}")
        if is_one_workspace
        else due(f"A{number}", slow.url)
        for number in range(HANGING)
    ]
    other = due("B" if is_one_workspace else "A0", sink.url("/quick"), host="other")
    fetchers = fetchers_of(2 * EACH + 2)

    for source_id in hanging:
        fetchers.fetch(source_id)
    assert slow.came(EACH)
    fetchers.fetch(other)

    assert ended.wait_for(other)
    assert (slow.calls, ended.ids) == (EACH, [other])
    slow.let_go()
    assert ended.wait_for(*hanging), "those that waited had their turn"
    assert runs() == {"done": HANGING + 1}


def test_once_half_of_the_threads_are_taken_each_workspace_has_one(
    slow: Slow, ended: Ended, fetchers_of: Callable[[int], Fetchers]
) -> None:
    first, second, third = (
        [due(name, slow.url, host=f"{name}{number}") for number in range(3)]
        for name in ("A", "B", "C")
    )
    fetchers = fetchers_of(5)

    for source_id in (*first, *second, *third):
        fetchers.fetch(source_id)
    assert slow.came(4)

    claimed = Run.objects.values_list("source_id", flat=True)
    assert {*claimed} == {*first[:2], second[0], third[0]}
    slow.let_go()
    assert ended.wait_for(*first, *second, *third)
    assert runs() == {"done": 9}


def test_tasks_return_while_what_they_found_hangs(
    slow: Slow,
    ended: Ended,
    fetchers_of: Callable[[int], Fetchers],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(tasks, "fetchers", fetchers_of(4))
    hanging = [due("A", slow.url), due("A", slow.url)]
    Source.objects.update(next_run_at=database_now() - timedelta(minutes=1))

    tasks.sources()
    assert not Run.objects.exists(), "the sweep of a worker only rings"
    for source_id in hanging:
        tasks.fetch(source_id=source_id)

    assert slow.came(2)
    assert ended.ids == []


def test_source_is_fetched_once_at_a_time_however_often_it_is_found(
    slow: Slow, ended: Ended, fetchers_of: Callable[[int], Fetchers]
) -> None:
    source_id = due("A", slow.url)
    fetchers = fetchers_of(4)
    later = database_now() + timedelta(seconds=10)

    for _ in range(3):
        sweep_sources(now=later, fetch=fetchers.fetch)
    assert slow.came(1)
    for _ in range(3):
        fetchers.fetch(source_id)
    Source.objects.update(next_run_at=database_now())
    slow.let_go()

    # What became due meanwhile waits for no sweep.
    assert ended.wait_for(source_id, source_id)
    assert slow.calls == 2
    assert runs() == {"done": 2}


def test_source_that_hangs_ends_by_its_limit_and_leaves_its_thread(
    slow: Slow, sink: Receiver, ended: Ended, fetchers_of: Callable[[int], Fetchers]
) -> None:
    hanging = due("A", slow.url, patience=0.2)
    waiting = due("A", sink.url("/quick"))
    fetchers = fetchers_of(1)

    fetchers.fetch(hanging)
    fetchers.fetch(waiting)

    assert ended.wait_for(hanging, waiting)
    assert runs() == {"failed": 1, "done": 1}
    assert Run.objects.get(source_id=hanging).error
