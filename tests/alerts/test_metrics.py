"""What Prometheus is told, and who may ask."""

from __future__ import annotations

import os
import re
import subprocess
import uuid
from datetime import timedelta
from pathlib import Path

import pytest
from django.conf import settings
from django.test import Client
from prometheus_client.parser import text_string_to_metric_families
from pytest_django.fixtures import Settings

from alerts.models import Heartbeat, Proof
from alerts.services import Stored
from config.clock import database_now
from config.metrics import exposition, forget_the_dead
from datasets.models import Dataset
from rules.services import create_rule
from tests.factories import NOW, DatasetFactory, WorkspaceFactory
from tests.story.lane import definition, drain, price, send
from workspaces.access import open_for_system

Samples = dict[tuple[str, tuple[tuple[str, str], ...]], float]

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def prices() -> Dataset:
    """DEMO:PRICES with a rule that every price up to 310 passes."""
    workspace = WorkspaceFactory(slug="DEMO")
    dataset = DatasetFactory(workspace=workspace, slug="PRICES")
    access = open_for_system(workspace=workspace)
    create_rule(access=access, definition=definition(), now=NOW)
    drain(dataset)
    return dataset


@pytest.fixture
def at_the_machine(settings: Settings) -> None:
    """A server that listens on loopback alone."""
    settings.BELLWETHER_LISTEN = "127.0.0.1"


def samples(text: str) -> Samples:
    """Read an exposition with Prometheus's own parser."""
    return {
        (one.name, tuple(sorted(one.labels.items()))): one.value
        for family in text_string_to_metric_families(text)
        for one in family.samples
    }


def now_counted() -> Samples:
    return samples(exposition(Stored(now=database_now())).decode())


def grown(before: Samples, name: str, **labels: str) -> float:
    """Return by how much a counter has grown since."""
    place = (name, tuple(sorted(labels.items())))
    return now_counted().get(place, 0) - before.get(place, 0)


def test_an_event_is_counted_on_its_whole_path(prices: Dataset) -> None:
    before = now_counted()

    send(prices, price(300), price(320, of="AAPL"), price(320))
    drain(prices)

    assert grown(before, "bellwether_events_accepted_total", origin="api") == 3
    assert grown(before, "bellwether_events_judged_total", origin="api") == 3
    assert grown(before, "bellwether_evaluations_total", result="passed") == 1
    assert grown(before, "bellwether_evaluations_total", result="error") == 0
    assert grown(before, "bellwether_batches_settled_total", state="judged") == 1
    assert grown(before, "bellwether_transitions_total", kind="raised") == 1
    assert grown(before, "bellwether_lag_seconds_count", origin="api") == 1
    assert grown(before, "bellwether_commit_seconds_count", step="judgement") == 1


def test_what_waits_is_asked_of_the_database(prices: Dataset) -> None:
    send(prices, price(300), price(320))
    Heartbeat.objects.create(part="beat", at=database_now() - timedelta(seconds=30))

    told = now_counted()

    assert told["bellwether_backlog_events", ()] == 2
    assert told["bellwether_backlog_batches", ()] == 1
    assert told["bellwether_oldest_pending_seconds", ()] > 0
    assert told["bellwether_rules_enabled", ()] == 1
    assert told["bellwether_deliveries_waiting", (("status", "queued"),)] == 0
    age = told["bellwether_heartbeat_age_seconds", (("part", "beat"),)]
    assert age >= 30


def test_sockets_of_a_killed_process_are_forgotten(
    settings: Settings, tmp_path: Path
) -> None:
    settings.BELLWETHER_METRICS_DIR = str(tmp_path)
    ended = subprocess.Popen(["true"])
    ended.wait()
    dead, before_us, living = (
        f"gauge_livesum_{pid}.db" for pid in (ended.pid, os.getpid(), os.getppid())
    )
    counted = f"counter_{ended.pid}.db"
    for name in (dead, before_us, living, counted):
        (tmp_path / name).touch()

    forget_the_dead()

    assert {path.name for path in tmp_path.iterdir()} == {living, counted}


def test_every_metric_is_explained() -> None:
    Proof.objects.create(pk=uuid.uuid4(), sent_at=NOW, delivered_at=NOW)
    page = (settings.BASE_DIR / "docs" / "operating.md").read_text()
    told = exposition(Stored(now=database_now())).decode()

    names = re.findall(
        r"^# TYPE (\w+) (?:counter|gauge|histogram)$", told, re.MULTILINE
    )
    ours = {name for name in names if not name.endswith("_created")}

    assert len(ours) > 10
    assert [name for name in sorted(ours) if f"`{name}`" not in page] == []


@pytest.mark.usefixtures("at_the_machine")
def test_somebody_at_the_machine_may_read_them() -> None:
    answer = Client(HTTP_HOST="127.0.0.1").get("/metrics")

    assert answer.status_code == 200
    assert answer["Content-Type"] == "text/plain; version=0.0.4; charset=utf-8"
    assert "bellwether_backlog_events" in answer.content.decode()


@pytest.mark.usefixtures("at_the_machine")
@pytest.mark.parametrize(
    ("said", "status"),
    [("Bearer right", 200), ("bearer right", 200), ("Bearer wrong", 401), ("", 401)],
)
def test_a_token_decides_where_one_is_set(
    settings: Settings, said: str, status: int
) -> None:
    settings.BELLWETHER_METRICS_TOKEN = "right"

    answer = Client(HTTP_HOST="127.0.0.1").get(
        "/metrics", headers={"Authorization": said}
    )

    assert answer.status_code == status


def test_who_asks_from_elsewhere_is_told_how(settings: Settings) -> None:
    settings.BELLWETHER_LISTEN = "0.0.0.0"

    answer = Client(HTTP_HOST="127.0.0.1").get("/metrics")

    assert answer.status_code == 401
    assert "BELLWETHER_METRICS_TOKEN" in answer.content.decode()


def test_runs_are_counted_by_what_came_of_them(prices: Dataset) -> None:
    access = open_for_system(workspace=prices.workspace)
    on_venues = definition(
        name="Venue",
        watch={"facts": ["DEMO:PRICES:MSFT:venue"]},
        when={"fact": 0, "op": "matches", "value": "^N"},
    )
    create_rule(access=access, definition=on_venues, now=NOW)
    drain(prices)
    before = now_counted()

    for venue in ("NYSE", "LSE", None, "NASDAQ"):
        send(prices, {"symbol": "MSFT", "venue": venue})
    drain(prices)

    name = "bellwether_evaluations_total"
    wanted = {"passed": 2, "failed": 1, "unknown": 1, "error": 0}
    found = {result: grown(before, name, result=result) for result in wanted}
    assert found == wanted
