"""Beat shows by itself that it works, whoever hears what it rings."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from django.db import OperationalError, connection
from django_celery_beat.models import PeriodicTask

from alerts.models import Heartbeat
from alerts.up.workers import new_beat

# Celery closes the connection to the database when it begins, as a new process must.
pytestmark = [
    pytest.mark.django_db(transaction=True),
    pytest.mark.usefixtures("quiet"),
]


@pytest.fixture
def quiet(db: None) -> None:
    """Nothing to ring for, so that no bell is left for other tests."""
    PeriodicTask.objects.update(enabled=False)


def shown() -> list[str]:
    return list(Heartbeat.objects.values_list("part", flat=True))


def test_beat_shows_that_it_ticks_and_of_no_worker() -> None:
    new_beat().scheduler.tick()

    assert shown() == ["beat"]


def test_a_beat_that_could_not_show_itself_does_so_at_its_next_tick() -> None:
    def refuse(run: Callable[..., object], sql: str, *rest: object) -> object:
        if Heartbeat._meta.db_table in sql:
            raise OperationalError("gone away")
        return run(sql, *rest)

    scheduler = new_beat().scheduler
    with connection.execute_wrapper(refuse):
        scheduler.tick()
    assert shown() == []

    scheduler.tick()

    assert shown() == ["beat"]
