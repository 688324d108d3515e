"""Whether the parts of the program work: heartbeats written by the work itself."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta

import redis
from django.conf import settings
from django.db import connection
from django.db.migrations.executor import MigrationExecutor

from alerts.models import Heartbeat

#: A part that was silent for longer is not working, even if its process lives.
SILENCE_ALLOWED = timedelta(seconds=60)
#: The embedded default's worker.
ONLY_WORKER = "worker"
#: Under this name Redis is told of among the parts.
REDIS = "redis"
#: Whoever asks how it is waits no longer for its answer.
_REDIS_PATIENCE_SECONDS = 0.5


@dataclass(frozen=True, slots=True, kw_only=True)
class Readiness:
    """What `/readyz` tells: each part with None, or the sentence that says why not."""

    parts: dict[str, str | None]

    @property
    def is_ready(self) -> bool:
        """Say whether no part fails."""
        return not any(self.parts.values())


def drain_queues() -> list[str]:
    """Return the queues of the drain slots; a lane always rings at the same one."""
    return [f"drain.{slot}" for slot in range(settings.BELLWETHER_DRAIN_SLOTS)]


def worker_names() -> list[str]:
    """Return the workers of the way to run that the settings choose.

    In the embedded default one worker does everything; in the full mode each drain
    slot, the calls to the outside and the upkeep have a worker of their own.
    """
    if not settings.REDIS_URL:
        return [ONLY_WORKER]
    return [*drain_queues(), "calls", "upkeep"]


def part_of_worker(worker: str, *, host: str) -> str:
    """Return the name under which the worker of one host notes its heartbeat."""
    return f"{worker}@{host[:40]}"


def silent_parts(names: Iterable[str], *, host: str, now: datetime) -> list[str]:
    """Return those of these parts that have not shown of late that they work here.

    Beat and runner show it for all hosts at once.
    """
    since = now - SILENCE_ALLOWED
    heard = set(Heartbeat.objects.filter(at__gte=since).values_list("part", flat=True))
    return [
        name for name in names if not heard & {name, part_of_worker(name, host=host)}
    ]


def note_heartbeat(*, part: str, now: datetime) -> None:
    """Write that a part has just done its work."""
    Heartbeat.objects.update_or_create(part=part, defaults={"at": now})


def readiness(*, now: datetime) -> Readiness:
    """Look at database, migrations, Redis and heartbeats.

    Workers of one name may run on several hosts; one of them that works is enough.
    While Redis is away those that hear only through it are left out.
    """
    parts: dict[str, str | None] = {"database": None}
    executor = MigrationExecutor(connection)
    plan = executor.migration_plan(executor.loader.graph.leaf_nodes())
    parts["migrations"] = f"waiting: {len(plan)}; run migrate" if plan else None
    if settings.REDIS_URL:
        parts[REDIS] = _redis_problem()
    heard = _last_heard()
    for part in _parts_to_hear(without_redis=bool(parts.get(REDIS))):
        parts[part] = _silence(heard.get(part), now)
    return Readiness(parts=parts)


def stopped_parts(*, now: datetime) -> list[str]:
    """Return the parts that worked once and have stopped; those that start are none.

    A Redis that does not answer is one, in place of those that hear only through it.
    """
    heard = _last_heard()
    is_away = bool(settings.REDIS_URL) and _redis_problem() is not None
    silent = [
        part
        for part in _parts_to_hear(without_redis=is_away)
        if part in heard and now - heard[part] > SILENCE_ALLOWED
    ]
    return [REDIS, *silent] if is_away else silent


def _redis_problem() -> str | None:
    try:
        with redis.Redis.from_url(
            settings.REDIS_URL,
            socket_timeout=_REDIS_PATIENCE_SECONDS,
            socket_connect_timeout=_REDIS_PATIENCE_SECONDS,
            retry=None,
        ) as broker:
            broker.ping()
    except redis.RedisError:
        # Without its address: this is told to whoever asks.
        return "does not answer; nothing is lost, but all happens up to 5 s later"
    return None


def _parts_to_hear(*, without_redis: bool) -> list[str]:
    """Name the parts of which silence tells something.

    Workers show themselves by answering bells, and beat by ringing them. Without Redis
    all of them fall silent, whether they are well or not.
    """
    return ["runner"] if without_redis else [*worker_names(), "beat", "runner"]


def _last_heard() -> dict[str, datetime]:
    heard: dict[str, datetime] = {}
    for part, at in Heartbeat.objects.order_by("at").values_list("part", "at"):
        heard[part.partition("@")[0]] = at
    return heard


def _silence(at: datetime | None, now: datetime) -> str | None:
    if at is None:
        return "has not shown yet that it works"
    if now - at > SILENCE_ALLOWED:
        return f"silent for {int((now - at).total_seconds())} s"
    return None
