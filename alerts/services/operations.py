"""How an installation does, as those who run it look at it."""

from __future__ import annotations

import platform
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

import django
import redis
from django.conf import settings
from django.db import connection

from alerts.models import Heartbeat
from alerts.services.canary import CanaryReport, read_canary
from alerts.services.health import (
    REDIS,
    SILENCE_ALLOWED,
    readiness,
    worker_names,
)
from alerts.services.outbox import Outbox, read_outbox
from config.metrics import lag_spread, open_sockets
from datasets.models import Quarantine
from datasets.services import (
    FailingSource,
    LaneStates,
    QuarantinedEvent,
    dismiss_quarantined,
    failing_sources,
    lane_states,
    newest_quarantined,
    replay_quarantined,
)
from workspaces.access import open_for_staff
from workspaces.models import User
from workspaces.refusals import Missing

LANES_SHOWN: Final = 20
QUARANTINE_SHOWN: Final = 20
#: Whoever was silent for longer, while another of that name lives, is gone for good.
_GONE_AFTER = timedelta(days=1)
_REDIS_SECONDS = 0.5


class QuarantinedNotFound(Missing):
    """The event is not set aside any more."""

    code = "quarantined_not_found"


@dataclass(frozen=True, slots=True, kw_only=True)
class PartState:
    """A part of the program on one host; `problem` is blank while it works."""

    name: str
    host: str
    at: datetime | None
    problem: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Operations:
    """Everything on the page.

    `problems` are of what has no heartbeat: the database's migrations. `queues` holds
    how many messages wait in each, or None where Redis does not answer; it is
    empty where there is none. `lag` and `sockets` are of the host that answers.
    """

    parts: Sequence[PartState]
    problems: Mapping[str, str]
    lanes: LaneStates
    queues: Mapping[str, int] | None
    outbox: Outbox
    sources: Sequence[FailingSource]
    quarantined: Sequence[QuarantinedEvent]
    quarantined_count: int
    canary: CanaryReport
    lag: Mapping[float, int]
    sockets: int
    versions: Mapping[str, str]


def read_operations(*, now: datetime) -> Operations:
    """Look at all that works, waits or fails, whoever's it is."""
    ready = readiness(now=now)
    parts = _parts(now)
    named = {REDIS, *(part.name for part in parts)}
    return Operations(
        parts=parts,
        problems={
            name: problem
            for name, problem in ready.parts.items()
            if problem and name not in named
        },
        lanes=lane_states(now=now, limit=LANES_SHOWN),
        queues=_queue_lengths(),
        outbox=read_outbox(now=now),
        sources=failing_sources(now=now),
        quarantined=newest_quarantined(limit=QUARANTINE_SHOWN),
        quarantined_count=Quarantine.objects.count(),
        canary=read_canary(now=now),
        lag=lag_spread(),
        sockets=open_sockets(),
        versions=_versions(),
    )


def replay_for_staff(*, user: User, quarantined_id: int, now: datetime) -> str:
    """Have an event judged again, at a new place of its lane; return its name.

    Raises:
        QuarantinedNotFound: if it is not set aside any more.
        NothingToReplay: if it cannot be.
        AccessDenied: if the person does not run the installation.
    """
    one = _find_quarantined(quarantined_id)
    access = open_for_staff(user=user, workspace=one.batch.lane.dataset.workspace)
    replay_quarantined(access=access, quarantined=one, now=now)
    return str(one)


def dismiss_for_staff(*, user: User, quarantined_id: int, now: datetime) -> str:
    """Strike an event off the list of those that were set aside; return its name.

    Raises:
        QuarantinedNotFound: if it is not set aside any more.
        AccessDenied: if the person does not run the installation.
    """
    one = _find_quarantined(quarantined_id)
    access = open_for_staff(user=user, workspace=one.batch.lane.dataset.workspace)
    dismiss_quarantined(access=access, quarantined=one, now=now)
    return str(one)


def _find_quarantined(quarantined_id: int) -> Quarantine:
    rows = Quarantine.objects.select_related("batch__lane__dataset__workspace")
    one = rows.filter(pk=quarantined_id).first()
    if one is None:
        raise QuarantinedNotFound("This event is not set aside any more.")
    return one


def _parts(now: datetime) -> list[PartState]:
    """Return each part that is to work, on each host where it showed that it does."""
    heard: dict[str, dict[str, datetime]] = {}
    for part, at in Heartbeat.objects.order_by("part").values_list("part", "at"):
        name, _, host = part.partition("@")
        heard.setdefault(name, {})[host] = at
    found = []
    for name in (*worker_names(), "beat", "runner"):
        hosts = heard.get(name, {})
        newest = max(hosts.values(), default=None)
        if newest is None:
            problem = "has not shown yet that it works"
            found.append(PartState(name=name, host="", at=None, problem=problem))
        found += [
            PartState(name=name, host=host, at=at, problem=_silence(now - at))
            for host, at in hosts.items()
            if at == newest or now - at < _GONE_AFTER
        ]
    return found


def _silence(age: timedelta) -> str:
    return "silent" if age > SILENCE_ALLOWED else ""


def _queue_lengths() -> dict[str, int] | None:
    if not settings.REDIS_URL:
        return {}
    prefix = settings.CELERY_BROKER_TRANSPORT_OPTIONS["global_keyprefix"]
    names = [*worker_names(), "send", "fetch"]
    queues = [name for name in names if name != "calls"]
    try:
        with redis.Redis.from_url(
            settings.REDIS_URL,
            socket_timeout=_REDIS_SECONDS,
            socket_connect_timeout=_REDIS_SECONDS,
        ) as broker:
            asked = broker.pipeline(transaction=False)
            for queue in queues:
                asked.llen(f"{prefix}{queue}")
            return dict(zip(queues, asked.execute(), strict=True))
    except redis.RedisError:
        return None


def _versions() -> dict[str, str]:
    database = "PostgreSQL" if connection.vendor == "postgresql" else "SQLite"
    version = ".".join(map(str, connection.get_database_version()))
    return {
        "Database": f"{database} {version}",
        "Python": platform.python_version(),
        "Django": django.get_version(),
        "Host that answers": platform.node(),
    }
