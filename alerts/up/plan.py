"""Which parts run: one that is everything, or one process for each kind of work."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from django.conf import settings

from alerts.services import ONLY_WORKER, drain_queues, worker_names

#: The embedded default's only part.
EVERYTHING = "bellwether"
WEB = "web"
BEAT = "beat"
RUNNER = "runner"


@dataclass(frozen=True, slots=True, kw_only=True)
class Worker:
    """A worker: its name, its queues, and how and how many tasks it runs at once."""

    name: str
    queues: Sequence[str]
    pool: Literal["prefork", "threads"]
    concurrency: int


class HalfConfigured(Exception):
    """Only one of the two addresses of the full mode is set."""


class UnknownPart(Exception):
    """There is no part of this name where the settings lead; the text says which."""


def is_full() -> bool:
    """Say whether PostgreSQL and Redis are given, so that parts are processes.

    Raises:
        HalfConfigured: if only one of them is.
    """
    has_postgres = bool(settings.DATABASE_URL)
    if has_postgres == bool(settings.REDIS_URL):
        return has_postgres
    given, missing = ("DATABASE_URL", "REDIS_URL")[:: 1 if has_postgres else -1]
    raise HalfConfigured(
        f"{given} is set, but {missing} is not. Set both to run on PostgreSQL and"
        " Redis, or neither to run on SQLite in one process."
    )


def workers() -> dict[str, Worker]:
    """Return the workers by name: one in the embedded default, else one a kind.

    A slot's lanes keep their programs in the one process of its pool, which the worker
    replaces if judging kills it. Calls to the outside have a worker of their own, so
    that slow receivers hold up nobody else; its threads wait more than they work.
    """
    return {name: _worker(name) for name in worker_names()}


def _worker(name: str) -> Worker:
    if name == ONLY_WORKER:
        queues = (*drain_queues(), "send", "fetch", "upkeep")
        return Worker(name=name, queues=queues, pool="threads", concurrency=8)
    if name == "calls":
        queues = ("send", "fetch")
        return Worker(name=name, queues=queues, pool="threads", concurrency=16)
    if name == "upkeep":
        return Worker(name=name, queues=(name,), pool="threads", concurrency=4)
    return Worker(name=name, queues=(name,), pool="prefork", concurrency=1)


def part_names() -> list[str]:
    """Return the parts of the way to run that the settings choose."""
    return [WEB, *workers(), BEAT, RUNNER] if is_full() else [EVERYTHING]


def chosen_parts(words: str) -> list[str]:
    """Return the parts that are named with commas; `drain` names every slot.

    Raises:
        UnknownPart: if one of them is none.
    """
    known = part_names()
    wanted = {word.strip() for word in words.split(",")} - {""}
    if "drain" in wanted:
        wanted = wanted - {"drain"} | {*drain_queues()} & {*known}
    unknown = sorted(wanted - {*known})
    if unknown or not wanted:
        named = ", ".join(unknown) or "nothing"
        raise UnknownPart(f"{named} is not among the parts {', '.join(known)}.")
    return [name for name in known if name in wanted]
