"""Nothing at all, for as long as it takes to see whether something grows."""

from __future__ import annotations

import time
from collections.abc import Sequence
from pathlib import Path
from statistics import mean
from typing import ClassVar, NamedTuple

import redis

from tests.chaos.arena import POSTGRESQL
from tests.chaos.faults.base import Fault
from tests.chaos.memory import share_of
from tests.chaos.scene import Scene

_CONNECTIONS = (
    "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database()"
)
#: By whether it is PostgreSQL.
_SIZE = {
    True: "SELECT pg_database_size(current_database())",
    False: "SELECT page_count * page_size FROM pragma_page_count, pragma_page_size",
}
#: What is overwritten all the time, and would grow if nobody cleaned up behind it.
_STATE = """
SELECT sum(pg_total_relation_size(c)) FROM unnest(ARRAY[
  'datasets_lane', 'datasets_fact', 'rules_instance', 'rules_tally', 'rules_rule',
  'alerts_feedhead', 'alerts_heartbeat']::regclass[]) AS c
"""


class Sample(NamedTuple):
    """What an installation holds after so many minutes."""

    minute: int
    #: Grows with what is kept of the past, as it is to.
    database_mb: float
    memory_mb: float
    open_files: int
    connections: int
    redis_keys: int
    state_mb: float


_TITLES = {
    "minute": "minute",
    "database_mb": "database, MB",
    "memory_mb": "memory, MB",
    "open_files": "open files",
    "connections": "connections",
    "redis_keys": "Redis keys",
    "state_mb": "tables of state, MB",
}
#: What may not grow, and by how much it may: a page, or a bell under way, is no growth.
_LEAST = {
    "memory_mb": 0,
    "open_files": 10,
    "connections": 3,
    "redis_keys": 10,
    "state_mb": 1,
}


class Calm(Fault):
    """A minute of ordinary load; at its end it is seen what the installation holds."""

    name = "calm"
    does = (
        "Nothing, for a minute; then memory (`Pss` of all processes), their open files,"
        " connections to PostgreSQL, keys in Redis, the size of the database and that"
        " of its tables of state are noted. No message may come twice."
    )
    #: The first minutes warm up; after them nothing may grow by a larger share.
    warm_minutes: ClassVar[int] = 15
    most: ClassVar[float] = 0.05

    def __init__(self) -> None:
        self.samples: list[Sample] = []

    def strike(self, scene: Scene) -> None:
        time.sleep(60)
        sample = self._sample(scene)
        self.samples.append(sample)
        scene.say(str(sample))

    def finish(self, scene: Scene) -> None:
        for what, before, after in self._grown():
            if after - before > max(self.most * before, _LEAST[what]):
                scene.differences.append(
                    f"{what} grew from {before:.1f} to {after:.1f}"
                )
        twice = [one for one, times in scene.arena.sink.received.items() if times > 1]
        if twice:
            scene.differences.append(f"messages came twice: {len(twice)}")

    def told(self) -> str:
        """Return the samples of every fifth minute, and by how much each grew."""
        names = [name for name in Sample._fields if self._has(name)]
        rows = [one for one in self.samples if one.minute % 5 == 0 or one.minute == 1]
        lines = "".join(
            f"| {' | '.join(f'{getattr(one, name):.0f}' for name in names)} |\n"
            for one in rows
        )
        grown = "; ".join(
            f"{_TITLES[what]} {100 * (after / before - 1):+.1f} %"
            for what, before, after in self._grown()
            if before
        )
        return (
            f"\n| {' | '.join(_TITLES[name] for name in names)} |\n"
            f"|{'--:|' * len(names)}\n{lines}\n"
            f"After the first {self.warm_minutes} minutes: {grown or 'too short'}.\n"
        )

    def _has(self, name: str) -> bool:
        return any(getattr(one, name) for one in self.samples)

    def _sample(self, scene: Scene) -> Sample:
        is_full = scene.arena.database == POSTGRESQL
        processes = scene.arena.installation.processes()
        return Sample(
            minute=len(self.samples) + 1,
            database_mb=float(scene.query(_SIZE[is_full])[0][0]) / 2**20,
            memory_mb=sum(map(share_of, processes)),
            open_files=sum(map(_open_files, processes)),
            connections=scene.query(_CONNECTIONS)[0][0] if is_full else 0,
            redis_keys=_keys(scene) if is_full else 0,
            state_mb=float(scene.query(_STATE)[0][0]) / 2**20 if is_full else 0,
        )

    def _grown(self) -> list[tuple[str, float, float]]:
        """Return what there was once all was warm, and what at the end."""
        warm = [one for one in self.samples if one.minute > self.warm_minutes]
        if len(warm) < 2:
            return []
        few = max(1, len(warm) // 9)
        return [
            (what, _mean(warm[:few], what), _mean(warm[-few:], what)) for what in _LEAST
        ]


def _open_files(pid: int) -> int:
    try:
        return len(list(Path(f"/proc/{pid}/fd").iterdir()))
    except OSError:  # it has just ended
        return 0


def _mean(samples: Sequence[Sample], what: str) -> float:
    return float(mean(getattr(one, what) for one in samples))


def _keys(scene: Scene) -> int:
    url = scene.arena.installation.environment["REDIS_URL"]
    with redis.Redis.from_url(url) as client:
        return int(client.dbsize())
