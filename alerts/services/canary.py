"""The canary: an event a minute that goes the way of all others, to show that it works.

accept        into a dataset of the installation's own workspace, which nobody sees
drain, match  an ordinary rule is true of every one
record        an ordinary alert with an ordinary delivery
deliver       to an output that leads back here and stores a `Proof`

When it was last sent off, and what came back, are rows; so a restart changes nothing.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from django.conf import settings

from alerts.models import Alert, AlertState, Canary, Output, Proof
from alerts.services.outputs import make_loop_back
from datasets.models import Batch, Dataset, Origin
from datasets.services import (
    DatasetDraft,
    Ingest,
    accept_batch,
    create_dataset,
    writing,
)
from rules.services import create_rule
from workspaces.access import open_for_system
from workspaces.models import Workspace
from workspaces.services import SYSTEM, ensure_system_workspace

EVERY: Final = timedelta(minutes=1)
#: What is looked back on for the canary's lengths.
PERIOD: Final = timedelta(hours=1)
#: How long its alerts and records are kept, and its proofs.
KEPT: Final = timedelta(hours=2)
PROOFS_KEPT: Final = timedelta(days=1)
#: So many of its minutes it may miss before something is wrong.
MINUTES_ALLOWED: Final = 3
_SCHEMA = {
    "type": "object",
    "properties": {"number": {"type": "integer"}},
    "required": ["number"],
}


@dataclass(frozen=True, slots=True, kw_only=True)
class CanaryReport:
    """What came back: the newest proof, and of the last hour the lengths, oldest first.

    `sent` counts the events of that hour, the one that is on its way included.
    """

    is_on: bool
    sent: int
    proofs: Sequence[Proof]
    last: Proof | None
    age: timedelta | None

    @property
    def is_late(self) -> bool:
        """Say whether too many of its minutes went by without a proof."""
        if self.age is None:
            return self.is_on and self.sent > MINUTES_ALLOWED
        return self.is_on and self.age > EVERY * MINUTES_ALLOWED

    def length(self, share: float) -> timedelta | None:
        """Return the length that this share of the hour's proofs do not exceed."""
        lengths = sorted(proof.length for proof in self.proofs)
        return lengths[math.ceil(share * len(lengths)) - 1] if lengths else None


def seed_canary(*, now: datetime) -> None:
    """Make all that the canary needs, unless it is there; all of it or nothing."""
    with writing():
        workspace = ensure_system_workspace(now=now)
        # Of two hosts that start at once, one waits here for what the other makes.
        Workspace.objects.select_for_update(no_key=True).get(pk=workspace.pk)
        if not Canary.objects.exists():
            _make(workspace, now)


def send_canary(*, now: datetime) -> None:
    """Accept the canary's event if its minute has come.

    Running it twice is harmless: one claims the minute, in the commit of the event.
    """
    canary = Canary.objects.select_related("dataset").filter(due_at__lte=now).first()
    if canary is None:
        return
    minutes = int(now.timestamp() // EVERY.total_seconds())
    following = now.replace(second=0, microsecond=0) + EVERY
    with writing():
        waiting = Canary.objects.filter(pk=canary.pk, due_at=canary.due_at)
        if waiting.update(due_at=following):
            event = {"number": minutes}
            accept_batch(
                dataset=canary.dataset, events=[event], ingest=Ingest(), now=now
            )


def read_canary(*, now: datetime) -> CanaryReport:
    """Return what came back of the last hour's events, and when the newest did."""
    since = now - PERIOD
    proofs = list(Proof.objects.filter(sent_at__gt=since).order_by("sent_at", "pk"))
    last = proofs[-1] if proofs else Proof.objects.order_by("-sent_at").first()
    sent = Batch.objects.filter(
        lane__dataset__in=Canary.objects.values("dataset"),
        origin=Origin.API,
        received_at__gt=since,
    )
    return CanaryReport(
        is_on=settings.BELLWETHER_CANARY,
        sent=sent.count(),
        proofs=proofs,
        last=last,
        age=None if last is None else max(now - last.sent_at, timedelta()),
    )


def forget_canaries(*, now: datetime) -> None:
    """Remove the alerts and the proofs of the canary that have lived their time."""
    old = Alert.objects.filter(workspace__slug=SYSTEM, recorded_at__lt=now - KEPT)
    old.exclude(state=AlertState.OPEN).delete()
    Proof.objects.filter(sent_at__lt=now - PROOFS_KEPT).delete()


def _make(workspace: Workspace, now: datetime) -> None:
    access = open_for_system(workspace=workspace)
    draft = DatasetDraft(
        slug="CANARY",
        schema=_SCHEMA,
        title="The canary's events",
        retention_seconds=int(KEPT.total_seconds()),
    )
    dataset = create_dataset(access=access, draft=draft, now=now)
    output = make_loop_back(access=access, now=now)
    create_rule(access=access, definition=_definition(dataset, output), now=now)
    Canary.objects.create(pk=1, dataset=dataset, due_at=now)


def _definition(dataset: Dataset, output: Output) -> dict[str, object]:
    return {
        "kind": "signal",
        "name": "The canary has arrived",
        "watch": {"facts": [f"{SYSTEM}:{dataset.slug}:_:number"]},
        "when": {"fact": 0, "op": "gte", "value": 0},
        "severity": "info",
        "outputs": [{"output": output.slug, "at_most_every": "0s"}],
    }
