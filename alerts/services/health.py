"""Whether the parts of the program work: heartbeats written by the work itself."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db import connection
from django.db.migrations.executor import MigrationExecutor

from alerts.models import Heartbeat

#: A part that was silent for longer is not working, even if its process lives.
SILENCE_ALLOWED = timedelta(seconds=60)
#: Who has to show that they work: a bell that was answered, a beat that rang it.
PARTS = ("worker", "beat")


@dataclass(frozen=True, slots=True, kw_only=True)
class Readiness:
    """What `/readyz` tells: each part with None, or the sentence that says why not."""

    parts: dict[str, str | None]

    @property
    def is_ready(self) -> bool:
        """Say whether no part fails."""
        return not any(self.parts.values())


def note_heartbeat(*, part: str, now: datetime) -> None:
    """Write that a part has just done its work."""
    Heartbeat.objects.update_or_create(part=part, defaults={"at": now})


def readiness(*, now: datetime) -> Readiness:
    """Look at database, migrations and heartbeats."""
    parts: dict[str, str | None] = {"database": None}
    executor = MigrationExecutor(connection)
    plan = executor.migration_plan(executor.loader.graph.leaf_nodes())
    parts["migrations"] = f"{len(plan)} migrations wait; run migrate." if plan else None
    beats = dict(Heartbeat.objects.values_list("part", "at"))
    for part in PARTS:
        parts[part] = _silence(beats.get(part), now)
    return Readiness(parts=parts)


def _silence(at: datetime | None, now: datetime) -> str | None:
    if at is None:
        return "has not shown yet that it works"
    if now - at > SILENCE_ALLOWED:
        return f"silent for {int((now - at).total_seconds())} s"
    return None
