"""What happens to processes: killed, asked to leave, or stopped in their tracks."""

from __future__ import annotations

import os
import signal
from collections.abc import Sequence
from functools import partial

from tests.chaos.arena import POSTGRESQL
from tests.chaos.faults.base import Fault
from tests.chaos.scene import Scene
from tests.installations import Installation, until

PARTS = {
    "sqlite": ("bellwether",),
    POSTGRESQL: ("web", "drain.0", "drain.1", "calls", "upkeep", "beat", "runner"),
}
_RESTART_SECONDS = 120.0
#: A part that stands still is ended within 60 s, and started again within 5 s more.
_STANDSTILL_SECONDS = 180.0


class _InTurn(Fault):
    """Takes one part after the other."""

    def __init__(self, parts: Sequence[str] = ()) -> None:
        self._parts = parts
        self._turn = 0

    def next_part(self, scene: Scene) -> str:
        """Return whose turn it is."""
        parts = self._parts or PARTS[scene.arena.database]
        part = parts[self._turn % len(parts)]
        self._turn += 1
        self.struck = part
        return part


class Kill(_InTurn):
    """`kill -9` of one part after the other."""

    name = "kill"
    does = "A part is killed with SIGKILL, each kind in turn."

    def strike(self, scene: Scene) -> None:
        part = self.next_part(scene)
        installation = scene.arena.installation
        os.kill(installation.leader_of(part), signal.SIGKILL)
        scene.say(f"killed {part}")
        until(
            lambda: part in installation.leaders(),
            seconds=_RESTART_SECONDS,
            what=f"the restart of {part}",
        )


class KillUp(Fault):
    """`kill -9` of `up` itself, the parent of all parts."""

    name = "kill-up"
    does = (
        "`up` itself is killed with SIGKILL. Every part has to end by itself, and `up`"
        " is started again."
    )

    def strike(self, scene: Scene) -> None:
        installation = scene.arena.installation
        installation.up.kill()
        installation.up.wait()
        until(
            lambda: not installation.processes(),
            seconds=_RESTART_SECONDS,
            what="the end of what a killed `up` had started",
        )
        installation.start()
        scene.say("killed `up` and started it again")


class Restart(_InTurn):
    """A rolling restart: every part in turn is asked to leave."""

    name = "restart"
    does = "Every part in turn gets SIGTERM and is started again, under load."

    def strike(self, scene: Scene) -> None:
        installation = scene.arena.installation
        for part in self._parts or PARTS[scene.arena.database]:
            before = installation.leader_of(part)
            os.kill(before, signal.SIGTERM)
            until(
                partial(_is_another, installation, part, before),
                seconds=_RESTART_SECONDS,
                what=f"the restart of {part}",
            )
        scene.say("restarted every part")


class Standstill(_InTurn):
    """A part lives and does nothing: its worker, or the worker's pool, stands still."""

    name = "standstill"
    does = (
        "A part, or the pool of a worker, gets SIGSTOP: it lives, keeps its connections"
        " and locks, and does nothing. Nobody lets it go on; it has to be found out."
    )

    def __init__(self, parts: Sequence[str] = ()) -> None:
        super().__init__(parts)
        self._stopped: dict[int, str] = {}

    def strike(self, scene: Scene) -> None:
        part = self.next_part(scene)
        installation = scene.arena.installation
        leader = installation.leader_of(part)
        pool = [
            pid
            for pid, name in installation.processes().items()
            if name == part and pid != leader
        ]
        # A worker whose pool stands still hears its bells and has nobody to answer.
        (pid,) = pool[:1] or [leader]
        os.kill(pid, signal.SIGSTOP)
        self._stopped[pid] = part
        scene.say(f"stopped {part} ({'pool' if pool else 'leader'})")

    def finish(self, scene: Scene) -> None:
        installation = scene.arena.installation
        for pid, part in self._stopped.items():
            until(
                partial(_has_ended, installation, pid),
                seconds=_STANDSTILL_SECONDS,
                what=f"the end of {part}, which stood still",
            )


def _is_another(installation: Installation, part: str, before: int) -> bool:
    return installation.leaders().get(part, before) != before


def _has_ended(installation: Installation, pid: int) -> bool:
    return pid not in installation.processes()
