"""Which parts run where, which worker reads which queue, and beat's schedule."""

import re

import pytest
from django_celery_beat.models import PeriodicTask

from alerts.up import plan
from config import env
from config.celery import Task, queue_of


@pytest.fixture
def mode(settings):
    """Give a function that says what DATABASE_URL and REDIS_URL are set to."""

    def choose(*, postgres: bool, redis: bool) -> None:
        settings.DATABASE_URL = "postgresql://127.0.0.1:1/bw" if postgres else ""
        settings.REDIS_URL = "redis://127.0.0.1:1/0" if redis else ""
        settings.BELLWETHER_DRAIN_SLOTS = 3

    return choose


def test_the_embedded_default_is_one_part(mode):
    mode(postgres=False, redis=False)

    assert plan.part_names() == ["bellwether"]


def test_the_full_mode_has_a_part_for_each_kind_of_work(mode):
    mode(postgres=True, redis=True)

    assert plan.part_names() == [
        "web",
        *("drain.0", "drain.1", "drain.2"),
        *("calls", "upkeep", "beat", "runner"),
    ]


@pytest.mark.parametrize(
    ("postgres", "redis", "missing"),
    [
        pytest.param(True, False, "REDIS_URL", id="without redis"),
        pytest.param(False, True, "DATABASE_URL", id="without postgresql"),
    ],
)
def test_half_of_the_full_mode_is_refused_by_name(mode, postgres, redis, missing):
    mode(postgres=postgres, redis=redis)

    with pytest.raises(plan.HalfConfigured, match=f"but {missing} is not"):
        plan.part_names()


@pytest.mark.parametrize(
    ("words", "parts"),
    [
        ("web", ["web"]),
        ("beat, web", ["web", "beat"]),
        ("drain", ["drain.0", "drain.1", "drain.2"]),
        ("drain,drain.1", ["drain.0", "drain.1", "drain.2"]),
        ("runner,drain.2", ["drain.2", "runner"]),
    ],
)
def test_a_host_runs_the_parts_that_it_is_told(mode, words, parts):
    mode(postgres=True, redis=True)

    assert plan.chosen_parts(words) == parts


@pytest.mark.parametrize(
    ("is_full", "words", "said"),
    [
        (True, "web,drain.3", "drain.3 is not among the parts web, drain.0,"),
        (True, ",", "nothing is not among"),
        (False, "web", "web is not among the parts bellwether."),
        (False, "drain", "nothing is not among the parts bellwether."),
    ],
)
def test_a_part_that_does_not_exist_is_refused_by_name(mode, is_full, words, said):
    mode(postgres=is_full, redis=is_full)

    with pytest.raises(plan.UnknownPart, match=re.escape(said)):
        plan.chosen_parts(words)


@pytest.mark.parametrize("is_full", [False, True], ids=["embedded", "full"])
def test_every_task_s_queue_is_read_by_one_worker(mode, is_full):
    mode(postgres=is_full, redis=is_full)
    read = [queue for worker in plan.workers().values() for queue in worker.queues]

    asked = {queue_of(task, {"lane_id": n}) for task in Task for n in range(50)}

    assert len(read) == len(set(read))
    assert asked == set(read)


@pytest.mark.parametrize(
    ("host", "address"),
    [
        ("127.0.0.1", "http://127.0.0.1:8000"),
        ("0.0.0.0", "http://127.0.0.1:8000"),
        ("::1", "http://[::1]:8000"),
        ("::", "http://127.0.0.1:8000"),
        ("localhost", "http://localhost:8000"),
    ],
)
def test_the_address_is_one_at_which_this_machine_reaches_it(host, address):
    assert env.address(host, 8000) == address


@pytest.mark.django_db
def test_beat_rings_every_sweep_and_knows_no_other():
    rung = PeriodicTask.objects.filter(enabled=True, expire_seconds=30)

    assert set(rung.values_list("task", flat=True)) == {
        task.value for task in Task if "sweep" in task.value
    } | {Task.HEARTBEAT.value}
