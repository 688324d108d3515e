"""Readiness: every part has to have shown lately that it works."""

import socket
from datetime import timedelta

import pytest
from django.db import OperationalError, connection
from django.db.migrations.executor import MigrationExecutor
from django.db.migrations.recorder import MigrationRecorder
from django.db.models import F

from alerts.models import Heartbeat
from alerts.services import note_heartbeat, part_of_worker, readiness, worker_names
from alerts.services.health import stopped_parts
from alerts.tasks import heartbeat
from config.clock import database_now
from tests.factories import NOW

pytestmark = pytest.mark.django_db

EMBEDDED = {"worker", "beat", "runner"}
FULL = {"drain.0", "drain.1", "calls", "upkeep", "beat", "runner"}


@pytest.fixture
def in_full_mode(settings, redis_url):
    settings.REDIS_URL = redis_url
    settings.BELLWETHER_DRAIN_SLOTS = 2


def note_all(parts, *, silent=()):
    """Let parts of the full mode show that they work; some did so too long ago."""
    for one in parts:
        name = one if one in {"beat", "runner"} else part_of_worker(one, host="here")
        ago = timedelta(seconds=61 if one in silent else 0)
        note_heartbeat(part=name, now=database_now() - ago)


def asked(client):
    """Return the status of `/readyz`, and what it says of the parts that fail."""
    answer = client.get("/readyz")
    parts = answer.json()["parts"]
    return answer.status_code, {n: one for n, one in parts.items() if one != "ok"}


def test_a_new_installation_waits_for_every_part():
    parts = readiness(now=NOW).parts

    assert parts["database"] is None
    assert parts["migrations"] is None
    assert {name for name, problem in parts.items() if problem} == EMBEDDED


def test_it_is_ready_once_all_parts_have_shown_that_they_work():
    for part in EMBEDDED:
        note_heartbeat(part=part, now=NOW)

    assert readiness(now=NOW + timedelta(seconds=60)).is_ready


def test_a_part_that_fell_silent_is_named_with_the_time():
    for part in EMBEDDED:
        note_heartbeat(part=part, now=NOW)
    Heartbeat.objects.filter(part="beat").update(at=F("at") - timedelta(minutes=5))

    ready = readiness(now=NOW)

    assert not ready.is_ready
    assert {n: p for n, p in ready.parts.items() if p} == {"beat": "silent for 300 s"}


@pytest.mark.usefixtures("in_full_mode")
def test_full_mode_asks_every_worker_and_is_content_with_one_host():
    for worker in worker_names():
        for host, silent in (("gone", timedelta(days=1)), ("here", timedelta(0))):
            note_heartbeat(part=part_of_worker(worker, host=host), now=NOW - silent)
    for part in ("beat", "runner"):
        note_heartbeat(part=part, now=NOW)

    ready = readiness(now=NOW)

    assert ready.is_ready
    assert ready.parts.keys() >= FULL


@pytest.mark.parametrize("part", sorted(FULL))
@pytest.mark.usefixtures("in_full_mode")
def test_whichever_part_stops_is_named_after_a_minute(client, part):
    note_all(FULL, silent={part})

    status, wrong = asked(client)

    assert status == 503
    assert wrong.keys() == {part}


@pytest.fixture
def deaf_port():
    """A port at which connections are taken, and nobody says anything."""
    with socket.create_server(("127.0.0.1", 0)) as listening:
        yield listening.getsockname()[1]


@pytest.mark.parametrize("is_deaf", [False, True], ids=["away", "deaf"])
@pytest.mark.usefixtures("in_full_mode")
def test_of_a_redis_that_does_not_answer_it_tells_and_of_no_worker(
    client, settings, deaf_port, is_deaf
):
    note_all(FULL, silent=FULL - {"runner"})
    settings.REDIS_URL = f"redis://127.0.0.1:{deaf_port if is_deaf else 1}/0"

    status, wrong = asked(client)

    assert status == 503
    assert wrong.keys() == {"redis"}
    assert wrong["redis"].startswith("does not answer; nothing is lost")


@pytest.mark.usefixtures("in_full_mode")
def test_while_redis_is_away_the_runner_is_still_asked_for(client, settings):
    note_all(FULL, silent={"runner"})
    settings.REDIS_URL = "redis://127.0.0.1:1/0"

    assert asked(client)[1].keys() == {"redis", "runner"}


@pytest.mark.usefixtures("in_full_mode")
def test_operators_hear_of_redis_in_place_of_those_who_miss_it(settings):
    silent = FULL - {"runner"}
    note_all(FULL, silent=silent)

    assert set(stopped_parts(now=database_now())) == silent
    settings.REDIS_URL = "redis://127.0.0.1:1/0"
    assert stopped_parts(now=database_now()) == ["redis"]


def test_a_database_that_is_away_is_named_alone(client):
    def refuse(*_):
        raise OperationalError("connection refused")

    with connection.execute_wrapper(refuse):
        told = asked(client)

    assert told == (503, {"database": "does not answer"})


def test_migrations_that_wait_are_counted(client):
    for part in EMBEDDED:
        note_heartbeat(part=part, now=database_now())
    leaves = MigrationExecutor(connection).loader.graph.leaf_nodes("alerts")
    MigrationRecorder.Migration.objects.filter(app="alerts", name=leaves[0][1]).delete()

    told = asked(client)

    assert told == (503, {"migrations": "waiting: 1; run migrate"})


def test_a_bell_of_beat_shows_that_a_worker_works_and_nothing_of_beat():
    heartbeat.run()

    assert [beat.part for beat in Heartbeat.objects.all()] == ["worker"]


def test_a_worker_s_bell_to_itself_shows_that_worker():
    heartbeat.run(worker="drain.0@here")

    assert [beat.part for beat in Heartbeat.objects.all()] == ["drain.0@here"]
