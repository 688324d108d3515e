"""A host whose clock is wrong."""

from __future__ import annotations

import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress
from pathlib import Path

from tests.chaos.arena import POSTGRESQL
from tests.chaos.client import Client
from tests.chaos.faults.base import Fault
from tests.chaos.proof import lane_of
from tests.chaos.scene import Scene
from tests.installations import ROOT
from tests.services.process import free_port

_SOURCE = Path(__file__).parent.parent / "moved_clock.c"
_DATASET = "CLOCKS"
_PARTS = ("web", "drain.0", "runner", "drain.1", "calls", "upkeep", "beat")
_WRONG_SECONDS = 3_600
_WORKS_SECONDS = 12.0
_STOP_SECONDS = 12.0
#: Times of receipt are the database's; a batch may have waited for its commit.
_NEAR_SECONDS = 120
_RECEIVED_FAR = """
SELECT count(*) FROM datasets_batch WHERE lane_id = {lane} AND size > 0
AND abs(extract(epoch FROM received_at - clock_timestamp())) > {seconds}
"""


class WrongClock(Fault):
    """One more part of each kind in turn, whose clock is an hour fast or slow."""

    name = "clock"
    does = (
        "One more process of each kind in turn, as on another host, works for 12 s with"
        " a clock that is an hour fast, every other time an hour slow. (A library of"
        " ours, loaded before libc, moves the time of day and leaves steady clocks.)"
    )
    databases = frozenset({POSTGRESQL})

    def __init__(self) -> None:
        self._turn = 0

    def set_up(self, scene: Scene) -> None:
        scene.make_dataset(_DATASET, level="number")
        rule = {
            "kind": "signal",
            "name": "Clock is read",
            "when": {"fact": f"DEMO:{_DATASET}:*:level", "op": "gt", "value": 0},
        }
        scene.client.post("rules", rule, key="rule clocks")
        library = _library(scene)
        subprocess.run(
            ["gcc", "-shared", "-fPIC", "-O1", "-o", library, _SOURCE, "-ldl"],
            check=True,
        )

    def strike(self, scene: Scene) -> None:
        part = _PARTS[self._turn % len(_PARTS)]
        # After a round of all, each has the other sign.
        seconds = _WRONG_SECONDS * (1 if self._turn % 2 == 0 else -1)
        self._turn += 1
        with _beside(scene, part, seconds) as port:
            ends_at = time.monotonic() + _WORKS_SECONDS
            while time.monotonic() < ends_at:
                self._send(scene, port if part == "web" else None)
                time.sleep(0.2)
        scene.say(f"had one more {part} work, {seconds:+,} s wrong")
        self._compare_receipts(scene)

    def _send(self, scene: Scene, port: int | None) -> None:
        event: dict[str, object] = {"key": "K", "level": 1}
        if port is None:
            scene.send(_DATASET, event)
            return
        with closing(Client(port, scene.client.token)) as client:
            scene.send(_DATASET, event, client=client)
            scene.note_client(client)

    def _compare_receipts(self, scene: Scene) -> None:
        """Look whether a wrong clock has told when something was received."""
        far = time.monotonic() - scene.load.began_at + _NEAR_SECONDS
        lane = lane_of(scene.query, _DATASET)
        if scene.query(_RECEIVED_FAR.format(lane=lane, seconds=far)) != [(0,)]:
            scene.differences.append("a wrong clock told a time of receipt")


@contextmanager
def _beside(scene: Scene, part: str, seconds: int) -> Iterator[int]:
    """Run one more process of a part, and give the port at which it would serve."""
    installation = scene.arena.installation
    port = free_port()
    environment = {
        **installation.environment,
        "LD_PRELOAD": str(_library(scene)),
        "MOVED_CLOCK_SECONDS": str(seconds),
    }
    with installation.data_dir.with_suffix(".log").open("ab") as log:
        process = subprocess.Popen(
            [
                *(sys.executable, "manage.py", "up", "--only", part),
                *("--port", str(port)),
            ],
            cwd=ROOT,
            env=environment,
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
    try:
        yield port
    finally:
        process.send_signal(signal.SIGTERM)
        with suppress(subprocess.TimeoutExpired):
            process.wait(_STOP_SECONDS)
        process.kill()
        process.wait()


def _library(scene: Scene) -> Path:
    return scene.arena.installation.data_dir.with_name("moved_clock.so")
