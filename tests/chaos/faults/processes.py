"""What happens to processes: killed, asked to leave, or stopped in their tracks."""

from __future__ import annotations

import os
import signal
import threading
import time
from collections.abc import Mapping, Sequence
from functools import partial
from typing import ClassVar

from websockets.frames import CloseCode

from tests.chaos.arena import POSTGRESQL
from tests.chaos.faults.base import Fault
from tests.chaos.scene import Scene
from tests.installations import DidNotHappen, Installation, until

PARTS = {
    "sqlite": ("bellwether",),
    POSTGRESQL: ("web", "drain.0", "drain.1", "calls", "upkeep", "beat", "runner"),
}
#: Said behind the name of a worker, it means the process in which its tasks run.
_POOL = " pool"
_RESTART_SECONDS = 120.0
#: Within which a client of the feed is back (promise R18).
_BACK_SECONDS = 5.0
#: A part that stands still is found out after a minute, to which somebody looks every
#: five seconds (promise R7); and for how long it is waited for.
_FOUND_OUT_SECONDS = 65.0
_STANDSTILL_SECONDS = 600.0


class _InTurn(Fault):
    """Takes one part after the other."""

    #: What is struck beside the parts, by database.
    also: ClassVar[Mapping[str, tuple[str, ...]]] = {}

    def __init__(self, parts: Sequence[str] = ()) -> None:
        self._parts = parts
        self._turn = 0

    def next_part(self, scene: Scene) -> str:
        """Return whose turn it is."""
        database = scene.arena.database
        parts = self._parts or (*PARTS[database], *self.also.get(database, ()))
        part = parts[self._turn % len(parts)]
        self._turn += 1
        self.struck = part
        return part


class Kill(_InTurn):
    """`kill -9` of one part after the other."""

    name = "kill"
    does = "A part, or the pool of a worker, is killed with SIGKILL, each kind in turn."
    also = {POSTGRESQL: (f"drain.0{_POOL}", f"drain.1{_POOL}")}

    def strike(self, scene: Scene) -> None:
        part = self.next_part(scene)
        installation = scene.arena.installation
        before = _lives_as(installation, part)
        for pid in before:
            os.kill(pid, signal.SIGKILL)
        scene.say(f"killed {part}")
        until(
            lambda: _lives_as(installation, part) - before,
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
    does = (
        "Every part in turn gets SIGTERM and is started again, under load. Whoever"
        " follows the feed has to be told so, by the code 1012, and to be back within"
        " 5 s."
    )

    def strike(self, scene: Scene) -> None:
        installation = scene.arena.installation
        _await_readers(scene)
        began = time.monotonic()
        for part in self._parts or PARTS[scene.arena.database]:
            before = installation.leader_of(part)
            os.kill(before, signal.SIGTERM)
            until(
                partial(_is_another, installation, part, before),
                seconds=_RESTART_SECONDS,
                what=f"the restart of {part}",
            )
        _await_readers(scene)
        scene.say("restarted every part")
        self._compare_absences(scene, began)

    def _compare_absences(self, scene: Scene, began: float) -> None:
        """Look how the readers of the feed were sent away, and when they were back."""
        for reader in scene.readers:
            absences = [one for one in reader.absences if one.since >= began]
            if not absences:
                scene.differences.append("a reader of the feed heard of no restart")
            for one in absences:
                if one.code != CloseCode.SERVICE_RESTART:
                    scene.differences.append(f"a restart closed a feed with {one.code}")
                scene.hold_to(
                    _BACK_SECONDS,
                    what="coming back to the feed after a restart",
                    took=(one.until or time.monotonic()) - one.since,
                    since=one.since,
                )


class Standstill(_InTurn):
    """A part lives and does nothing: its worker, or the worker's pool, stands still."""

    name = "standstill"
    does = (
        "A part, or the pool of a worker, gets SIGSTOP: it lives, keeps its connections"
        " and locks, and does nothing. Nobody lets it go on; it has to be found out."
    )

    def __init__(self, parts: Sequence[str] = ()) -> None:
        super().__init__(parts)
        self._watching: list[threading.Thread] = []

    def strike(self, scene: Scene) -> None:
        part = self.next_part(scene)
        installation = scene.arena.installation
        pool = installation.pool_of(part)
        # A worker whose pool stands still hears its bells and has nobody to answer.
        (pid,) = pool[:1] or [installation.leader_of(part)]
        os.kill(pid, signal.SIGSTOP)
        scene.say(f"stopped {part} ({'pool' if pool else 'leader'})")
        watching = threading.Thread(
            target=_watch_end, args=(scene, part, pid), daemon=True
        )
        watching.start()
        self._watching.append(watching)

    def finish(self, scene: Scene) -> None:
        for one in self._watching:
            one.join()


def _lives_as(installation: Installation, part: str) -> set[int]:
    """Return the process that the parent started for a part, or those of a pool."""
    if part.endswith(_POOL):
        return {*installation.pool_of(part.removesuffix(_POOL))}
    leader = installation.leaders().get(part)
    return {leader} if leader else set()


def _await_readers(scene: Scene) -> None:
    """Wait until everybody follows the feed."""
    until(
        lambda: all(reader.is_there for reader in scene.readers),
        seconds=_RESTART_SECONDS,
        what="coming back to the feed",
    )


def _watch_end(scene: Scene, part: str, pid: int) -> None:
    """Wait until a process that stands still has been ended, which takes a while."""
    began = time.monotonic()
    what = f"ending {part}, which stood still,"
    try:
        until(
            partial(_has_ended, scene.arena.installation, pid),
            seconds=_STANDSTILL_SECONDS,
            what=what,
        )
    except DidNotHappen as never:
        scene.differences.append(str(never))
        return
    took = time.monotonic() - began
    scene.say(f"{what} took {took:.1f} s")
    scene.hold_to(_FOUND_OUT_SECONDS, what=what, took=took, since=began)


def _is_another(installation: Installation, part: str, before: int) -> bool:
    return installation.leaders().get(part, before) != before


def _has_ended(installation: Installation, pid: int) -> bool:
    return pid not in installation.processes()
