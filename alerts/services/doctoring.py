"""What is wrong with an installation, and how to mend it (`manage.py doctor`)."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from urllib.parse import urlsplit

import redis
from django.conf import settings
from django.db import DatabaseError, connection

from alerts.models import Delivery, DeliveryStatus, Output
from alerts.services.canary import read_canary
from alerts.services.health import REDIS, readiness
from config import frontend
from config.clock import database_now
from datasets.models import Batch, BatchState, Quarantine
from rules.models import Health, Rule

_FREE_BYTES = 1_000_000_000
_SKEW_ALLOWED = timedelta(seconds=2)
_WAIT_ALLOWED = timedelta(seconds=60)
_TRANSACTION_ALLOWED = timedelta(minutes=5)
_OLDEST_POSTGRESQL = (15,)
_RECENTLY = timedelta(days=1)
#: What Redis is to do with what it holds when its memory is full: keep it.
_KEEPS_ALL = "noeviction"


class Verdict(StrEnum):
    """How bad a finding is."""

    OK = "ok"
    LOOK = "look"
    BROKEN = "broken"


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """What was looked at and seen, and how to mend it; nothing to mend is fine.

    `is_broken` says of what is to be mended that the program does not work so.
    """

    subject: str
    seen: str
    mend: str = ""
    is_broken: bool = False

    @property
    def verdict(self) -> Verdict:
        """Return how bad it is."""
        if not self.mend:
            return Verdict.OK
        return Verdict.BROKEN if self.is_broken else Verdict.LOOK


def examine(*, now: datetime) -> Iterator[Finding]:
    """Look at settings, disk, database, broker, parts and work, one after the other.

    `now` is the process's time. Without a database nothing behind it is looked at.
    """
    yield from _examine_settings()
    yield _examine_disk()
    yield _examine_pages()
    if settings.REDIS_URL:
        yield from _examine_redis()
    try:
        there = database_now()
    except DatabaseError as error:
        yield Finding(
            subject="database",
            seen=f"does not answer: {str(error).strip()}",
            mend="Start it, or correct DATABASE_URL.",
            is_broken=True,
        )
        return
    yield from _examine_database(now, there)
    for examine_work in _WORK:
        yield examine_work(there)


def _examine_settings() -> Iterator[Finding]:
    public = urlsplit(settings.BELLWETHER_URL)
    is_at_home = public.hostname in ("localhost", "127.0.0.1", "::1")
    yield Finding(
        subject="address",
        seen=settings.BELLWETHER_URL,
        mend=""
        if is_at_home or public.scheme == "https"
        else "Put a proxy with TLS before it and set BELLWETHER_URL to its https "
        "address: tokens and passwords travel unprotected.",
    )
    yield Finding(
        subject="debug pages",
        seen="on" if settings.DEBUG else "off",
        mend="Unset BELLWETHER_DEBUG: its pages show settings to strangers."
        if settings.DEBUG
        else "",
        is_broken=settings.DEBUG and not is_at_home,
    )
    yield Finding(
        subject="mail",
        seen="kept in the built-in mailbox"
        if settings.BELLWETHER_MAIL_IS_KEPT
        else "sent",
        mend="Set EMAIL_URL if alerts are to leave by e-mail."
        if settings.BELLWETHER_MAIL_IS_KEPT
        else "",
    )


def _examine_disk() -> Finding:
    free = shutil.disk_usage(settings.DATA_DIR).free
    return Finding(
        subject="disk",
        seen=f"{free / 1e9:,.1f} GB free in {settings.DATA_DIR}",
        mend="Make room: nothing can be accepted on a full disk."
        if free < _FREE_BYTES
        else "",
    )


def _examine_pages() -> Finding:
    is_built = frontend.is_built(settings.BASE_DIR)
    return Finding(
        subject="pages",
        seen="built" if is_built else "not built",
        mend=""
        if is_built
        else "Run `manage.py up` where npm reaches its registry; pages are plain.",
    )


def _examine_redis() -> Iterator[Finding]:
    try:
        with redis.Redis.from_url(settings.REDIS_URL, socket_timeout=3) as broker:
            version = broker.info("server")["redis_version"]
            # Asked so because CONFIG is forbidden where Redis is rented.
            policy = broker.info("memory")["maxmemory_policy"]
    except redis.RedisError as error:
        yield Finding(
            subject="Redis",
            seen=f"does not answer: {error}",
            mend="Start it, or correct REDIS_URL. Nothing is lost meanwhile: sweeps "
            "find what is due every second.",
            is_broken=True,
        )
        return
    yield Finding(subject="Redis", seen=f"version {version} answers")
    yield Finding(
        subject="Redis when it is full",
        seen=f"maxmemory-policy is {policy}",
        mend=""
        if policy == _KEEPS_ALL
        else f"Set maxmemory-policy {_KEEPS_ALL} in its configuration: what it throws "
        "away else are queues that workers listen at, and they hear no more bells.",
        is_broken=True,
    )


def _examine_database(now: datetime, there: datetime) -> Iterator[Finding]:
    yield _examine_version()
    skew = abs(there - now)
    yield Finding(
        subject="clocks",
        seen=f"{skew.total_seconds():.1f} s between this host and the database",
        mend="Run a time service on both: links, tokens and sessions expire by the "
        "host's clock."
        if skew > _SKEW_ALLOWED
        else "",
    )
    if connection.vendor == "postgresql":
        yield _examine_transactions()
    for part, problem in readiness(now=there).parts.items():
        if part == REDIS:
            continue  # was examined already, with more patience
        yield Finding(
            subject=part,
            seen=problem or "in order",
            mend="Run `manage.py up`, and read what it logs." if problem else "",
            is_broken=True,
        )


def _examine_version() -> Finding:
    version = connection.get_database_version()
    is_postgresql = connection.vendor == "postgresql"
    is_too_old = is_postgresql and version < _OLDEST_POSTGRESQL
    name = "PostgreSQL" if is_postgresql else "SQLite"
    return Finding(
        subject="database",
        seen=f"{name} {'.'.join(map(str, version))} answers",
        mend="Upgrade it to PostgreSQL 15 or later." if is_too_old else "",
        is_broken=is_too_old,
    )


def _examine_transactions() -> Finding:
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT coalesce(max(clock_timestamp() - xact_start), interval '0')"
            " FROM pg_stat_activity WHERE datname = current_database()"
        )
        (oldest,) = cursor.fetchone()
    return Finding(
        subject="transactions",
        seen=f"the oldest is {oldest.total_seconds():.0f} s old",
        mend="End it: dead rows cannot be cleared away while it is open, and the "
        "queue of batches grows slow."
        if oldest > _TRANSACTION_ALLOWED
        else "",
    )


def _examine_backlog(now: datetime) -> Finding:
    pending = Batch.objects.filter(state=BatchState.PENDING)
    oldest = pending.order_by("received_at").values_list("received_at").first()
    waited = timedelta() if oldest is None else now - oldest[0]
    return Finding(
        subject="backlog",
        seen=f"{pending.count():,} batches wait, the oldest for "
        f"{max(waited, timedelta()).total_seconds():.0f} s",
        mend="See whether a worker drains: `/readyz` names who is silent."
        if waited > _WAIT_ALLOWED
        else "",
    )


def _examine_quarantine(now: datetime) -> Finding:
    count = Quarantine.objects.count()
    return Finding(
        subject="quarantine",
        seen=f"{count:,} events could not be judged",
        mend="Look at them in the admin, mend their rule, and replay them."
        if count
        else "",
    )


def _examine_rules(now: datetime) -> Finding:
    failing = Rule.objects.filter(is_enabled=True, health=Health.ERROR)
    names = sorted(f"{one.workspace.slug}/{one.slug}" for one in failing[:3])
    return Finding(
        subject="rules",
        seen=f"{failing.count():,} fail" + (f": {', '.join(names)}" if names else ""),
        mend="Read what is wrong on the page of each, and change it." if names else "",
    )


def _examine_outputs(now: datetime) -> Finding:
    count = Output.objects.filter(is_enabled=False).exclude(disabled_reason="").count()
    return Finding(
        subject="outputs",
        seen=f"{count:,} were turned off because their receiver refused",
        mend="Read why in the admin, mend the receiver, and turn them on again."
        if count
        else "",
    )


def _examine_deliveries(now: datetime) -> Finding:
    dead = Delivery.objects.filter(
        status=DeliveryStatus.DEAD, due_at__gt=now - _RECENTLY
    )
    count = dead.count()
    return Finding(
        subject="deliveries",
        seen=f"{count:,} were given up within a day",
        mend="Read their attempts on the pages of their alerts." if count else "",
    )


def _examine_canary(now: datetime) -> Finding:
    canary = read_canary(now=now)
    if not canary.is_on:
        return Finding(subject="canary", seen="off")
    seen = "none came back yet"
    if canary.last is not None and canary.age is not None:
        seen = (
            f"the newest that came back left {canary.age.total_seconds():.0f} s ago "
            f"and took {canary.last.length.total_seconds():.2f} s"
        )
    return Finding(
        subject="canary",
        seen=seen,
        mend="Events do not come all the way: `/readyz` names who is silent."
        if canary.is_late
        else "",
    )


_WORK: tuple[Callable[[datetime], Finding], ...] = (
    _examine_backlog,
    _examine_quarantine,
    _examine_rules,
    _examine_outputs,
    _examine_deliveries,
    _examine_canary,
)
