"""`up` on PostgreSQL and Redis: a process for each kind of work.

The tests share one installation and a Redis of their own, which the last one stops.
"""

import json
import os
import signal

import pytest
import redis

from tests.installations import full_settings, installed, until
from tests.services.redis import redis_server
from tests.up.watching import (
    COUNTED,
    Watched,
    canary_is_back,
    counted,
    named,
    read,
    read_until,
)

PARTS = {"web", "drain.0", "drain.1", "calls", "upkeep", "beat", "runner"}


@pytest.fixture(scope="module")
def own_redis():
    with redis_server() as url:
        yield url


@pytest.fixture(scope="module")
def serving(prepared_data, tmp_path_factory, postgres_url, own_redis):
    data_dir = tmp_path_factory.mktemp("full") / "data"
    with (
        full_settings(postgres_url, own_redis) as settings,
        installed(
            data_dir,
            prepared=prepared_data,
            settings={**settings, "BELLWETHER_CANARY": "on"},
        ) as installation,
    ):
        installation.start()
        yield installation


@pytest.fixture(scope="module")
def watched(serving):
    with Watched.by(serving) as watched:
        yield watched


def test_each_kind_of_work_is_a_process_under_one_parent(serving):
    until(
        lambda: set(serving.processes().values()) == {"parent", *PARTS},
        seconds=30,
        what="starting every part",
    )


def test_up_is_ready_once_every_part_has_shown_that_it_works(serving):
    until(lambda: serving.answers("/readyz")[0] == 200, seconds=150, what="readiness")

    parts = json.loads(serving.answers("/readyz")[1])["parts"]
    assert parts.keys() == {"database", "migrations", "redis", *PARTS} - {"web"}
    assert set(parts.values()) == {"ok"}


def test_the_canary_comes_back(serving):
    until(lambda: canary_is_back(serving), seconds=60, what="the canary's return")


def test_a_socket_that_idles_is_not_cut_and_hears_what_comes_then(watched):
    with watched.socket() as socket:
        with pytest.raises(TimeoutError):
            # Longer than the five seconds after which redis-py cuts a blocking read.
            read(socket, seconds=6)
        watched.raise_alert("AFTER-A-WHILE")

        frame = read(socket)

    assert (frame["type"], frame["alert"]["key"]) == ("alert.changed", "AFTER-A-WHILE")


def test_metrics_add_up_what_every_process_has_counted(serving, watched):
    with watched.socket():
        watched.raise_alert("COUNTED")

        # The web server has stored the event, and workers have judged and told it.
        until(lambda: counted(serving) >= COUNTED, seconds=30, what="all counting")


def test_a_killed_worker_starts_again(serving, watched):
    first = serving.leader_of("drain.0")

    os.kill(first, signal.SIGKILL)

    until(lambda: first not in serving.processes(), seconds=10, what="its end")
    until(
        lambda: serving.leaders().get("drain.0", first) != first,
        seconds=60,
        what="the start of the next worker",
    )
    assert "drain.0 was ended by signal 9; it starts again at once." in serving.said


def test_a_killed_pool_is_replaced_by_its_worker(serving, watched):
    worker, first = serving.leader_of("drain.1"), serving.pool_of("drain.1")

    for pid in first:
        os.kill(pid, signal.SIGKILL)

    until(
        lambda: set(serving.pool_of("drain.1")) - set(first),
        seconds=60,
        what="the next pool",
    )
    assert serving.leader_of("drain.1") == worker
    watched.raise_alert("AFTER-THE-POOL")
    until(lambda: "AFTER-THE-POOL" in watched.alerted(), seconds=15, what="the alert")


def test_a_socket_goes_on_hearing_from_a_redis_that_forgot_everything(serving, watched):
    url = serving.settings["REDIS_URL"]
    with watched.socket() as socket, redis.Redis.from_url(url) as broker:
        broker.flushall()
        broker.client_kill_filter(_type="normal", skipme=True)

        until(
            lambda: broker.keys("*bellwether-live:group:*"),
            seconds=60,
            what="joining the group again",
        )
        watched.raise_alert("AFTER-THE-FLOOD")
        # What a worker was killed over may come first, told by a sweep.
        assert "AFTER-THE-FLOOD" in read_until(socket, "AFTER-THE-FLOOD")


def test_without_redis_alerts_come_all_the_same_and_up_still_stops(
    serving, watched, own_redis
):
    with watched.socket() as open_before:
        with redis.Redis.from_url(own_redis) as broker:
            broker.shutdown(nosave=True)

        watched.raise_alert("WITHOUT-REDIS")

        until(
            lambda: "WITHOUT-REDIS" in watched.alerted(), seconds=15, what="the alert"
        )
        assert named(serving) == {"redis"}
        with watched.socket() as open_since:
            watched.raise_alert("AND-SEEN")
            assert read_until(open_before, "AND-SEEN")[-1] == "AND-SEEN"
            assert read_until(open_since, "AND-SEEN")[-1] == "AND-SEEN"

    assert serving.stop() == 0
    assert serving.processes() == {}
