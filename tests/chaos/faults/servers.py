"""What happens to PostgreSQL and to Redis."""

from __future__ import annotations

import signal
import time
from abc import abstractmethod
from statistics import median

import psycopg
import redis

from tests.chaos.arena import POSTGRESQL
from tests.chaos.faults.base import Fault
from tests.chaos.scene import Scene
from tests.services.postgresql import Cluster
from tests.services.proxy import Proxy
from tests.services.redis import Broker

#: What a dead Redis may delay (promise R7). Who waited for Redis itself would do so for
#: a minute or for ever.
PROMISED_SECONDS = 5.0
#: How long somebody's transaction is open, and what that may delay (R3).
_OPEN_SECONDS, _LAG_SECONDS = 30.0, 2.0
#: How long Redis is away: longer than it may delay anything.
_AWAY_SECONDS = (7.0, 10.0)


class StopPostgreSQL(Fault):
    """PostgreSQL is stopped hard, and comes back."""

    name = "postgresql"
    does = (
        "PostgreSQL is stopped without a checkpoint (`pg_ctl -m immediate`), every"
        " other time its postmaster killed with SIGKILL; it is started again after 1 to"
        " 4 s and recovers."
    )
    databases = frozenset({POSTGRESQL})

    def __init__(self) -> None:
        self._turn = 0

    def strike(self, scene: Scene) -> None:
        cluster = _cluster(scene)
        self._turn += 1
        if self._turn % 2:
            cluster.stop_at_once()
        else:
            cluster.kill()
        time.sleep(scene.chance.uniform(1, 4))
        cluster.start()
        scene.say("stopped PostgreSQL and started it again")


class OpenWriter(Fault):
    """Somebody writes, and does not come to an end."""

    name = "open-writer"
    does = (
        "A transaction that has written keeps open for half a minute, as a dump or a"
        " forgotten session does; nothing may wait for it."
    )
    databases = frozenset({POSTGRESQL})

    def strike(self, scene: Scene) -> None:
        began = time.monotonic()
        url = scene.arena.installation.settings["DATABASE_URL"]
        with psycopg.connect(url) as other:
            other.execute("CREATE TABLE IF NOT EXISTS somebodys (n integer)")
            other.commit()
            other.execute("INSERT INTO somebodys VALUES (1)")
            time.sleep(_OPEN_SECONDS)
        oldest = scene.waiting.oldest(began)
        scene.say(f"beside an open transaction the oldest waited {oldest}")
        scene.hold_to(
            _LAG_SECONDS,
            what="waiting beside an open transaction",
            took=oldest.longest,
            since=began,
        )


class _Broken(Fault):
    """Something happens to Redis, and nothing may wait for it."""

    databases = frozenset({POSTGRESQL})

    def __init__(self) -> None:
        self._waits: list[float] = []

    def strike(self, scene: Scene) -> None:
        began = time.monotonic()
        self.break_redis(scene)
        oldest = scene.waiting.oldest(began)
        self._waits.append(oldest.longest)
        scene.say(f"{self.name}: the oldest waited {oldest}")
        scene.hold_to(
            PROMISED_SECONDS,
            what=f"waiting through {self.name}",
            took=oldest.longest,
            since=began,
        )

    def told(self) -> str:
        middle, longest = median(self._waits), max(self._waits)
        return (
            f"\nWhile `{self.name}` struck and some seconds after, the oldest of what"
            f" waited did so for {middle:.1f} s in the middle, {longest:.1f} s at most;"
            f" {PROMISED_SECONDS:.0f} s are promised where Redis alone is what is"
            " missing.\n"
        )

    @abstractmethod
    def break_redis(self, scene: Scene) -> None:
        """Break it, and mend it after a while."""


class FlushRedis(_Broken):
    """Redis forgets everything."""

    name = "redis-flush"
    does = "Redis is emptied (`FLUSHALL`), and all its clients are cut off."

    def break_redis(self, scene: Scene) -> None:
        with redis.Redis.from_url(_broker(scene).url) as client:
            client.flushall()
            client.client_kill_filter(_type="normal", skipme=True)
            client.client_kill_filter(_type="pubsub")
        time.sleep(2)


class KillRedis(_Broken):
    """Redis dies and comes back empty."""

    name = "redis-kill"
    does = "Redis is killed with SIGKILL and started again, empty, after 7 to 10 s."

    def break_redis(self, scene: Scene) -> None:
        server = _broker(scene).server
        server.end(signal.SIGKILL)
        time.sleep(scene.chance.uniform(*_AWAY_SECONDS))
        server.start()


class DeafenRedis(_Broken):
    """Redis swallows what it is told, and closes no connection."""

    name = "redis-deaf"
    does = (
        "What is sent to Redis vanishes for 7 to 10 s without a connection being"
        " closed; those that were open then stay deaf for ever."
    )

    def break_redis(self, scene: Scene) -> None:
        way = _way(scene)
        way.go_deaf()
        time.sleep(scene.chance.uniform(*_AWAY_SECONDS))
        way.hear()


def _cluster(scene: Scene) -> Cluster:
    assert scene.arena.postgresql is not None
    return scene.arena.postgresql


def _broker(scene: Scene) -> Broker:
    assert scene.arena.redis is not None
    return scene.arena.redis


def _way(scene: Scene) -> Proxy:
    assert scene.arena.way is not None
    return scene.arena.way
