"""Which bells have rung, and who hears one without a message of Celery's.

A message costs the one who rings and the one who answers some milliseconds of the
processor. Where people wait for what a bell leads to, its hearer is called: at once
where it is in the same process, else through a channel of Redis that the answering
process listens to. A bell that nobody hears so goes the long way.
"""

from __future__ import annotations

import json
import logging
import threading
import time
from collections.abc import Callable, Mapping
from functools import lru_cache
from typing import NoReturn, Protocol

import redis
from django.conf import settings

logger = logging.getLogger(__name__)

#: How long a bell that was rung but not answered keeps others from ringing, seconds.
BELL_LIFE_SECONDS = 5
#: After a broker failed, publishing pauses so that ingest never waits for it.
BROKER_PAUSE_SECONDS = 5.0
#: Where nothing came for so long a listener asks Redis whether it is still there, and
#: gives its connection up when twice nothing came.
_ASKS_AFTER_SECONDS = 5.0
_SILENCES = 2
_ANEW_AFTER_SECONDS = 0.5

#: What a bell is about, as in `{"lane_id": 7}`.
Ids = Mapping[str, int | str]
Hearer = Callable[..., None]


class Pause:
    """Remembers for a few seconds that the broker is away."""

    def __init__(self) -> None:
        self._until = 0.0

    def is_on(self) -> bool:
        """Say whether the broker failed a moment ago."""
        return time.monotonic() < self._until

    def begin(self) -> None:
        """Have everybody leave it alone from now on."""
        self._until = time.monotonic() + BROKER_PAUSE_SECONDS


pause = Pause()


class Bells(Protocol):
    """Which bells have rung and were not answered."""

    def ring(self, task: str, ids: Ids, *, queue: str) -> bool:
        """Ring unless it rang already; say whether a message has to tell of it."""
        ...

    def answer(self, task: str, ids: Ids) -> None:
        """Let the bell ring again."""
        ...


class _LocalBells:
    """Bells of one process, for the embedded default."""

    def __init__(self) -> None:
        self.hearers: dict[str, Hearer] = {}
        self._rung: dict[str, float] = {}
        self._lock = threading.Lock()

    def ring(self, task: str, ids: Ids, *, queue: str) -> bool:
        if not self._add(_key(task, ids)):
            return False
        hearer = self.hearers.get(task)
        if hearer is not None:
            hearer(**ids)
        return hearer is None

    def answer(self, task: str, ids: Ids) -> None:
        with self._lock:
            self._rung.pop(_key(task, ids), None)

    def _add(self, key: str) -> bool:
        now = time.monotonic()
        with self._lock:
            if self._rung.get(key, 0) > now:
                return False
            self._rung[key] = now + BELL_LIFE_SECONDS
            return True


class _RedisBells:
    """Bells shared by all processes.

    Without an answer from Redis none rings for a while; sweeps take over.
    """

    def __init__(self, url: str) -> None:
        self._redis = redis.Redis.from_url(
            url, socket_timeout=0.2, socket_connect_timeout=0.2
        )
        self._ring = self._redis.register_script(_RING)

    def ring(self, task: str, ids: Ids, *, queue: str) -> bool:
        channel = _channel(self._redis, task, queue)
        try:
            heard = self._ring(
                keys=[f"bell:{_key(task, ids)}"],
                args=[BELL_LIFE_SECONDS, channel, json.dumps(ids)],
            )
        except redis.RedisError:
            pause.begin()
            return False
        return int(heard) == 0

    def answer(self, task: str, ids: Ids) -> None:
        try:
            self._redis.delete(f"bell:{_key(task, ids)}")
        except redis.RedisError:
            # The key dies by itself after its life; the sweep covers the meantime.
            pause.begin()


#: Sets a bell's key and tells its channel; how many heard it, or -1 if it rang already.
_RING = """
if not redis.call('SET', KEYS[1], '1', 'NX', 'EX', ARGV[1]) then return -1 end
return redis.call('PUBLISH', ARGV[2], ARGV[3])
"""


@lru_cache(maxsize=1)
def bells() -> Bells:
    """Return the bells of this process, or those that it shares through Redis."""
    return _RedisBells(settings.REDIS_URL) if settings.REDIS_URL else _local()


def hear_here(task: str, hearer: Hearer) -> None:
    """Have `hearer` called for each bell of a task that rings in this process.

    It is called by whoever rings, so it hands the work to a thread of its own.
    """
    _local().hearers[task] = hearer


def hear_no_more(task: str) -> None:
    """Let the bells of a task go the long way again."""
    _local().hearers.pop(task, None)


def listen(task: str, hearer: Hearer, *, queue: str) -> NoReturn:
    """Call `hearer` for each bell of a task at a queue, one by one, for ever.

    What rings while nothing can be heard is made up for by the sweeps.
    """
    while True:
        try:
            _listen(task, hearer, queue)
        except redis.RedisError:
            logger.warning("bells are not heard, listening anew", exc_info=True)
            time.sleep(_ANEW_AFTER_SECONDS)


@lru_cache(maxsize=1)
def _local() -> _LocalBells:
    return _LocalBells()


def _listen(task: str, hearer: Hearer, queue: str) -> None:
    """Listen until the connection is broken, or silent also when it is asked."""
    client = redis.Redis.from_url(
        settings.REDIS_URL, socket_connect_timeout=3, socket_keepalive=True
    )
    with client, client.pubsub() as heard:  # type: ignore[no-untyped-call] # redis-py's
        heard.subscribe(_channel(client, task, queue))
        silences = 0
        while silences < _SILENCES:
            said = heard.get_message(timeout=_ASKS_AFTER_SECONDS)
            silences = 0 if said else silences + 1
            if not said:
                heard.ping()
            elif said["type"] == "message":
                hearer(**json.loads(said["data"]))


def _key(task: str, ids: Ids) -> str:
    return ":".join([task, *(f"{name}={ids[name]}" for name in sorted(ids))])


def _channel(client: redis.Redis, task: str, queue: str) -> str:
    """Name the channel of a queue; those of all a Redis's databases are one space."""
    database = client.get_connection_kwargs().get("db", 0)
    return f"bellwether:{database}:{task}:{queue}"
