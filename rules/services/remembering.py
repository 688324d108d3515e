"""What judged at a place of the past, and what it remembered, from the log."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime

from django.db.models import QuerySet

from datasets.models import Batch, BatchState, Lane, Origin
from rules.engine import (
    DefinitionInvalid,
    Event,
    KeyFacts,
    Position,
    Program,
    Slice,
    Specification,
    Subject,
    Tick,
    same_meaning,
    step,
)
from rules.models import Rule, Version
from rules.services.changes import JUDGES
from rules.services.parsing import parse_rule

Remembered = Mapping[str, object]
NOTHING: Remembered = {}


def remembered_after(
    *,
    program: Program,
    rule_id: int,
    key: str,
    facts: Mapping[Subject, KeyFacts],
    events: Iterable[Event],
    until: datetime,
) -> Remembered:
    """Return what a rule remembered of a key once it had seen some events.

    `facts` are those before the first. The rule starts without a memory, as it does
    where it comes into effect. Then its timers fire that were due by an instant.
    """
    state = Slice(facts=facts)
    for event in events:
        state = state.after(step(program, state, event))
    here = Position(seq=0, ord=0)  # no alert is made of this, so any place will do
    tick = Tick(rule_id=rule_id, key=key, at=until, position=here)
    state = state.after(step(program, state, tick))
    instance = state.instances.get((rule_id, key))
    return NOTHING if instance is None else instance.nodes


def version_at(rule: Rule, lane: Lane, seq: int) -> Version | None:
    """Return the version by which a lane judged a rule at a place, if it did."""
    change = _changes_of(rule, lane, seq).first()
    if change is None or change.options["version"] is None:
        return None
    versions = rule.versions.select_related("lane__dataset__workspace")
    return versions.get(pk=change.options["version"])


def meant_since(rule: Rule, lane: Lane, seq: int, spec: Specification) -> int:
    """Return where a version that means `spec` last came into effect before a place.

    One that means the same as the one before it keeps what that remembered. It is 0,
    before all records, where the rule was not in effect.
    """
    since = 0
    for change in _changes_of(rule, lane, seq):
        version_id = change.options["version"]
        if version_id is None or not _means(rule, version_id, spec):
            break
        since = change.seq or 0
    return since


def _means(rule: Rule, version_id: int, spec: Specification) -> bool:
    definition = rule.versions.get(pk=version_id).definition
    try:
        return same_meaning(parse_rule(definition, workspace=rule.workspace.slug), spec)
    except DefinitionInvalid:
        return False


def _changes_of(rule: Rule, lane: Lane, seq: int) -> QuerySet[Batch]:
    """Return the changes of a rule before a place, the newest first.

    They are batches in the order of their lane, and never forgotten.
    """
    return Batch.objects.filter(
        lane=lane,
        origin=Origin.RULE,
        state=BatchState.JUDGED,
        seq__lt=seq,
        options__rule=rule.pk,
        options__has_key=JUDGES,
    ).order_by("-seq")
