"""Hosts that share the work: each runs some parts, and none of them all.

Here they are data directories of one machine, on one PostgreSQL and Redis.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from tests.installations import Installation, full_settings, installed, until
from tests.up.watching import Watched, canary_is_back, named

PARTS = ("web,drain.0,runner", "drain.1,calls,beat", "upkeep")
KEYS = {
    "BELLWETHER_SECRET_KEY": "one-and-the-same-on-both-hosts-0123456789",
    "BELLWETHER_SEALING_KEYS": "b25lLWFuZC10aGUtc2FtZS1vbi1ib3RoLWhvc3RzLTE",
    "BELLWETHER_CANARY": "on",
}


@pytest.fixture
def hosts(
    prepared_data: Path, tmp_path: Path, postgres_url: str, redis_url: str
) -> Iterator[list[Installation]]:
    with ExitStack() as stack:
        settings = stack.enter_context(full_settings(postgres_url, redis_url))
        found = []
        for number, parts in enumerate(PARTS):
            one = installed(
                tmp_path / f"host{number}",
                prepared=prepared_data,
                settings={**settings, **KEYS},
            )
            host = stack.enter_context(one)
            host.options = ("--parts", parts)
            found.append(host)
        yield found


def test_hosts_are_one_installation_that_names_what_it_lacks(
    hosts: list[Installation],
) -> None:
    serving, other, last = hosts
    other.begin()
    until(lambda: "Waiting until" in other.said, seconds=60, what="its patience")
    assert "Everything is prepared." in serving.manage("prepare")

    serving.start()

    until(lambda: canary_is_back(serving), seconds=150, what="the canary's return")
    until(lambda: named(serving) == {"upkeep"}, seconds=60, what="naming what lacks")
    assert serving.answers("/readyz")[0] == 503
    last.begin()
    until(lambda: serving.answers("/readyz")[0] == 200, seconds=60, what="readiness")
    parts = json.loads(serving.answers("/readyz")[1])["parts"]
    assert {"drain.0", "drain.1", "calls", "upkeep", "beat", "runner"} <= parts.keys()
    for host, mine in zip(hosts, PARTS, strict=True):
        running = set(host.processes().values())
        assert running == {"parent", *mine.split(",")}
    with Watched.by(serving) as watched:
        watched.raise_alert("MSFT")
        until(lambda: "MSFT" in watched.alerted(), seconds=15, what="the alert")
    assert [host.stop() for host in hosts] == [0, 0, 0]
