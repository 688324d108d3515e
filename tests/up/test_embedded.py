"""`up` on SQLite: one process under a small parent."""

import json
import os
import signal
import subprocess
import sys
import urllib.request

import pytest
from websockets.exceptions import ConnectionClosed
from websockets.frames import CloseCode

from tests.installations import ROOT, Installation, installed, until
from tests.up.watching import COUNTED, Watched, canary_is_back, counted, read


@pytest.fixture(scope="module")
def serving(prepared_data, tmp_path_factory):
    """Give an installation that serves, to all tests that leave it so."""
    data_dir = tmp_path_factory.mktemp("serving") / "data"
    settings = {"BELLWETHER_CANARY": "on"}
    with installed(data_dir, prepared=prepared_data, settings=settings) as installation:
        installation.start()
        yield installation


@pytest.fixture(scope="module")
def watched(serving):
    with Watched.by(serving) as watched:
        yield watched


def restarted(installation: Installation, *, times: int) -> bool:
    return installation.said.count("Bellwether serves at") == times


def test_up_serves_and_says_where(serving):
    assert serving.answers("/healthz") == (200, '{"status": "alive"}')
    assert f"Bellwether serves at {serving.url}" in serving.said


def test_up_is_ready_once_every_part_has_shown_that_it_works(serving):
    until(lambda: serving.answers("/readyz")[0] == 200, seconds=30, what="readiness")

    parts = json.loads(serving.answers("/readyz")[1])["parts"]
    assert parts == dict.fromkeys(
        ["database", "migrations", "worker", "beat", "runner"], "ok"
    )


def test_the_canary_comes_back(serving):
    until(lambda: canary_is_back(serving), seconds=60, what="the canary's return")


def test_an_alert_reaches_an_open_socket(serving, watched):
    with watched.socket() as socket:
        watched.raise_alert("MSFT")

        frame = read(socket)

        assert (frame["type"], frame["alert"]["key"]) == ("alert.changed", "MSFT")
        until(lambda: counted(serving) >= COUNTED, seconds=15, what="all counting")


def test_who_waits_for_a_load_is_told_once_it_is_judged(serving, watched):
    token = watched.client.token
    load = urllib.request.Request(
        f"{serving.url}/v1/data/DEMO/PRICES?wait=true&token={token}",
        b"symbol,price\nKO,60.50\n",
        {"Content-Type": "text/csv", "Idempotency-Key": "load"},
    )

    def told():
        with urllib.request.urlopen(load, timeout=30) as answer:
            return json.load(answer)["message"]

    # However busy the machine is: asked again under its key, the same load is told of.
    until(lambda: " completed, " in told(), seconds=60, what="the judgement of a load")
    assert serving.answers("/v1/data/DEMO/PRICES/KO", token=token) == (
        200,
        '[{"symbol":"KO","price":60.50}]',
    )


def test_a_second_up_in_the_same_directory_is_refused(serving):
    second = subprocess.run(
        [sys.executable, "manage.py", "up", "--port", "1"],
        cwd=ROOT,
        env=serving.environment,
        capture_output=True,
        text=True,
        check=False,
    )

    assert second.returncode == 1
    assert f"Bellwether already runs in {serving.data_dir}" in second.stderr
    assert serving.answers("/healthz")[0] == 200


def test_a_port_that_is_taken_ends_up_with_a_sentence(serving, prepared_data, tmp_path):
    with installed(tmp_path / "other", prepared=prepared_data) as other:
        other.port = serving.port
        other.begin()

        assert other.up.wait(150) == 1

    assert f"Cannot listen on 127.0.0.1:{serving.port}" in other.said


def test_a_killed_process_is_started_again(serving):
    first = serving.leader_of("bellwether")

    os.kill(first, signal.SIGKILL)

    until(lambda: restarted(serving, times=2), seconds=150, what="the restart")
    assert serving.leader_of("bellwether") != first
    assert "bellwether was ended by signal 9; it starts again at once." in serving.said
    assert serving.answers("/healthz")[0] == 200


def test_sockets_are_told_of_a_restart_and_go_on_after_it(serving, watched):
    times = serving.said.count("Bellwether serves at") + 1
    with watched.socket() as socket:
        watched.raise_alert("OLD")
        last = read(socket)["seq"]
        os.kill(serving.leader_of("bellwether"), signal.SIGTERM)
        with pytest.raises(ConnectionClosed) as closed:
            read(socket)
    until(lambda: restarted(serving, times=times), seconds=150, what="the restart")
    watched.raise_alert("NEW")

    with watched.socket(since=last) as socket:
        frame = read(socket)

    assert closed.value.rcvd is not None
    assert closed.value.rcvd.code == CloseCode.SERVICE_RESTART
    assert (frame["seq"], frame["alert"]["key"]) == (last + 1, "NEW")


def test_children_of_a_killed_parent_leave_and_the_next_up_waits_for_them(embedded):
    embedded.start()
    children = embedded.processes().keys() - {embedded.up.pid}
    embedded.up.kill()
    embedded.up.wait()

    embedded.begin()

    until(lambda: restarted(embedded, times=2), seconds=150, what="the next start")
    assert children.isdisjoint(embedded.processes())


def test_the_set_up_link_is_printed_until_there_is_an_owner(embedded):
    embedded.start()
    embedded.manage(
        *("create_owner", "--email", "ana@example.com"),
        *("--password", "correct horse battery"),
    )
    embedded.stop()
    before = embedded.said

    embedded.start()

    assert f"Set it up at {embedded.url}/setup?code=" in before
    assert "Set it up" not in embedded.said.removeprefix(before)


@pytest.mark.parametrize("asked", [signal.SIGTERM, signal.SIGINT], ids=str)
def test_up_stops_cleanly_when_asked(embedded, asked):
    embedded.start()

    embedded.up.send_signal(asked)

    assert embedded.up.wait(20) == 0
    assert embedded.processes() == {}
    assert "Traceback" not in embedded.said


def test_only_one_of_the_two_addresses_is_refused(tmp_path):
    half = Installation(
        data_dir=tmp_path / "data", settings={"REDIS_URL": "redis://127.0.0.1:1/0"}
    )

    half.begin()
    try:
        assert half.up.wait(30) == 1
    finally:
        half.end()

    assert "REDIS_URL is set, but DATABASE_URL is not." in half.said
