"""Troubles: what has stopped working is an event, and an ordinary rule tells of it.

Every workspace that ever had a trouble has a dataset `_system_health`, whose keys are
what can fail in it; `problem` is a sentence while it fails and null once it is well. A
rule over it, which its owners may change or turn off as any other, mails the owners
when something fails and again when that is over. Of the parts of the program the
installation's own workspace hears, and so those who run it.
"""

from __future__ import annotations

import logging
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from django.db.models import Q

from alerts.models import Output
from alerts.services.health import stopped_parts
from alerts.services.outputs import make_mail_to_owners
from datasets.models import Batch, BatchState, Dataset, Fact, Lane
from datasets.schemas import Index
from datasets.services import (
    DatasetDraft,
    FailingSource,
    Ingest,
    accept_batch,
    create_dataset,
    failing_sources,
    writing,
)
from rules.models import Health, Rule
from rules.services import create_rule
from workspaces.access import open_for_system
from workspaces.models import Workspace
from workspaces.services import SYSTEM, ensure_system_workspace

logger = logging.getLogger(__name__)

HEALTH: Final = "_system_health"
#: An output whose circuit stays open for so long is a trouble.
OPEN_TOO_LONG: Final = timedelta(hours=1)
#: A lane whose oldest event waits for longer is behind.
BEHIND: Final = timedelta(seconds=60)
#: What mends itself so soon is told to nobody.
_HOLD = "30s"
#: What fails again and again is told so often.
_AT_MOST_EVERY = "10m"
_SCHEMA = {
    "type": "object",
    "properties": {
        "subject": {"type": "string"},
        "about": {"type": "string"},
        "name": {"type": "string"},
        "problem": {"type": ["string", "null"]},
    },
    "required": ["subject"],
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Trouble:
    """Something that fails: what it is, the slug or name that tells it, a sentence."""

    about: str
    name: str
    problem: str

    @property
    def subject(self) -> str:
        """Return the key under which it is reported."""
        return f"{self.about} {self.name}"


def report_troubles(*, now: datetime) -> None:
    """Store an event for each thing that began to fail, or is well again.

    What was reported is what the facts say, so running it twice is harmless: the same
    report once more opens nothing. While a report waits to be judged no other is made.
    """
    troubles = find_troubles(now=now)
    reported = _reported()
    waiting = Batch.objects.filter(
        state=BatchState.PENDING, lane__dataset__slug=HEALTH
    ).values_list("lane__dataset__workspace", flat=True)
    for workspace_id in sorted({*troubles, *reported} - set(waiting)):
        here = troubles.get(workspace_id, {})
        before = reported.get(workspace_id, set())
        try:
            _report(workspace_id, here, before, now)
        except Exception:
            # The troubles of one workspace must not hide those of the others.
            logger.exception("not reported", extra={"workspace": workspace_id})


def find_troubles(*, now: datetime) -> dict[int, dict[str, Trouble]]:
    """Return what fails now, by workspace and by subject."""
    found: dict[int, dict[str, Trouble]] = {}
    for workspace_id, trouble in _all_troubles(now):
        found.setdefault(workspace_id, {})[trouble.subject] = trouble
    return found


def _all_troubles(now: datetime) -> Iterator[tuple[int, Trouble]]:
    yield from _outputs(now)
    yield from _sources(now)
    yield from _rules()
    yield from _lanes(now)
    yield from _parts(now)


def _outputs(now: datetime) -> Iterator[tuple[int, Trouble]]:
    is_off = Q(is_enabled=False) & ~Q(disabled_reason="")
    is_open = Q(is_enabled=True, opened_at__lte=now - OPEN_TOO_LONG)
    for one in Output.objects.alive().filter(is_off | is_open).order_by("pk"):
        problem = (
            f"{one.name} has failed for over an hour. What it was not told is tried"
            " again for three days."
            if one.is_enabled
            else f"{one.name} was turned off. {one.disabled_reason}"
        )
        trouble = Trouble(about="output", name=one.slug, problem=problem)
        yield one.workspace_id, trouble


def _sources(now: datetime) -> Iterator[tuple[int, Trouble]]:
    for one in failing_sources(now=now):
        if one.state.is_stale and not one.state.is_writing_past:
            name = f"{one.state.dataset} {one.state.name}"
            trouble = Trouble(about="source", name=name, problem=_of_source(one))
            yield one.workspace_id, trouble


def _of_source(one: FailingSource) -> str:
    what = "cannot run" if one.state.problem else "has brought nothing for too long"
    named = f"The source {one.state.name} of {one.state.dataset}"
    return f"{named} {what}. {one.error}".strip()


def _rules() -> Iterator[tuple[int, Trouble]]:
    for one in Rule.objects.alive().filter(health=Health.ERROR).order_by("pk"):
        problem = f"The rule {one.name} could not be judged. {one.error}"
        yield one.workspace_id, Trouble(about="rule", name=one.slug, problem=problem)


def _lanes(now: datetime) -> Iterator[tuple[int, Trouble]]:
    pending = Batch.objects.filter(
        state=BatchState.PENDING,
        lane__is_paused=False,
        lane__dataset__deleted_at=None,
    ).exclude(lane__dataset__slug=HEALTH)
    behind = pending.filter(received_at__lt=now - BEHIND).order_by("lane__dataset")
    for workspace_id, slug in behind.values_list(
        "lane__dataset__workspace", "lane__dataset__slug"
    ).distinct():
        problem = (
            f"{slug} is more than a minute behind: its events are stored and wait to be"
            " judged."
        )
        yield workspace_id, Trouble(about="dataset", name=slug, problem=problem)


def _parts(now: datetime) -> Iterator[tuple[int, Trouble]]:
    stopped = stopped_parts(now=now)
    if not stopped:
        return
    workspace = ensure_system_workspace(now=now)
    for part in stopped:
        problem = f"The part {part} of this installation has stopped working."
        yield workspace.pk, Trouble(about="part", name=part, problem=problem)


def _reported() -> dict[int, set[str]]:
    """Return what is reported as failing: subjects by workspace."""
    alive = Lane.objects.filter(dataset__slug=HEALTH, dataset__deleted_at=None)
    lanes = dict(alive.values_list("pk", "dataset__workspace"))
    reported: dict[int, set[str]] = {}
    facts = Fact.objects.filter(lane__in=list(lanes))
    for lane_id, key, fields in facts.values_list("lane", "key", "fields"):
        if fields["problem"][0] is not None:
            reported.setdefault(lanes[lane_id], set()).add(key)
    return reported


def _report(
    workspace_id: int,
    troubles: Mapping[str, Trouble],
    reported: Collection[str],
    now: datetime,
) -> None:
    begun = [
        {
            "subject": one.subject,
            "about": one.about,
            "name": one.name,
            "problem": one.problem,
        }
        for one in troubles.values()
        if one.subject not in reported
    ]
    over = [
        {"subject": subject, "problem": None}
        for subject in sorted(set(reported) - set(troubles))
    ]
    if not begun and not over:
        return
    dataset = _ensure_dataset(workspace_id, now)
    accept_batch(dataset=dataset, events=[*begun, *over], ingest=Ingest(), now=now)


def _ensure_dataset(workspace_id: int, now: datetime) -> Dataset:
    """Return a workspace's dataset of troubles, made with its rule when it is new.

    A rule that its owners have deleted is not made again.
    """
    with writing():
        # Of two that come at once, one waits here for what the other makes.
        workspace = Workspace.objects.select_for_update(no_key=True).get(
            pk=workspace_id
        )
        alive = Dataset.objects.alive().select_related("workspace")
        found = alive.filter(workspace=workspace, slug=HEALTH).first()
        return found or _make(workspace, now)


def _make(workspace: Workspace, now: datetime) -> Dataset:
    access = open_for_system(workspace=workspace)
    draft = DatasetDraft(
        slug=HEALTH,
        schema=_SCHEMA,
        title="What fails in this workspace",
        index=Index(key="subject"),
        is_system=True,
    )
    dataset = create_dataset(access=access, draft=draft, now=now)
    output = make_mail_to_owners(access=access, now=now)
    create_rule(access=access, definition=_definition(workspace, output), now=now)
    return dataset


def _definition(workspace: Workspace, output: Output) -> dict[str, object]:
    facts = f"{workspace.slug}:{HEALTH}:*"
    whose = "this installation" if workspace.slug == SYSTEM else workspace.slug
    return {
        "kind": "state",
        "name": f"Something in {whose} has stopped working",
        "watch": {"facts": [f"{facts}:problem"]},
        "when": {"fact": 0, "op": "is_present"},
        "hold": _HOLD,
        "severity": "warning",
        "outputs": [
            {
                "output": output.slug,
                "at_most_every": _AT_MOST_EVERY,
                "subject": "{{ problem }}",
                "message": "{{ problem }}",
            }
        ],
    }
