"""Readiness: every part has to have shown lately that it works."""

from datetime import timedelta

import pytest
from django.db.models import F

from alerts.models import Heartbeat
from alerts.services import note_heartbeat, part_of_worker, readiness, worker_names
from alerts.tasks import heartbeat
from config.clock import database_now
from tests.factories import NOW

pytestmark = pytest.mark.django_db

EMBEDDED = {"worker", "beat", "runner"}
FULL = {"drain.0", "drain.1", "calls", "upkeep", "beat", "runner"}


@pytest.fixture
def in_full_mode(settings):
    settings.REDIS_URL = "redis://127.0.0.1:1/0"
    settings.BELLWETHER_DRAIN_SLOTS = 2


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
    silence = timedelta(seconds=61)
    for one in FULL:
        name = one if one in {"beat", "runner"} else part_of_worker(one, host="here")
        ago = silence if one == part else timedelta(0)
        note_heartbeat(part=name, now=database_now() - ago)

    answer = client.get("/readyz")

    assert answer.status_code == 503
    wrong = {name for name, one in answer.json()["parts"].items() if one != "ok"}
    assert wrong == {part}


def test_a_bell_of_beat_shows_that_beat_and_a_worker_work():
    heartbeat.run()

    assert {beat.part for beat in Heartbeat.objects.all()} == {"beat", "worker"}


def test_a_worker_s_bell_to_itself_shows_that_worker():
    heartbeat.run(worker="drain.0@here")

    assert [beat.part for beat in Heartbeat.objects.all()] == ["drain.0@here"]
