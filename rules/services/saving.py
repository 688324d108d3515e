"""Making and changing rules. Each change has a place in the order of its lane."""

from __future__ import annotations

import uuid
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any

from django.db import transaction
from django.db.models import Q

from datasets.models import Lane
from datasets.services import wait_for_turn
from rules.engine import (
    DefinitionInvalid,
    Specification,
    render_sentence,
    to_definition,
)
from rules.models import Forward, Health, LaneRule, Rule, RuleQuerySet, Version
from rules.ports import ports
from rules.services.changes import begin_version, end_rule
from rules.services.definitions import read_definition, telling_lanes
from rules.services.homes import is_spread
from rules.services.parsing import parse_rule
from rules.services.readers import reads_in
from workspaces.access import Access, Need
from workspaces.refusals import Clash, Missing, Stale, VersionUnsaid
from workspaces.services import free_slug, record_audit


class RuleNotFound(Missing):
    """There is no such rule in the workspace."""

    code = "rule_not_found"


class RuleMoved(Stale):
    """Somebody saved another version meanwhile."""

    code = "rule_moved"


class KindIsFixed(Clash):
    """A signal rule cannot become a state rule, nor the other way round."""

    code = "rule_kind_is_fixed"


@transaction.atomic
def create_rule(
    *,
    access: Access,
    definition: Mapping[str, object],
    now: datetime,
    is_enabled: bool = True,
    slug: str = "",
) -> Rule:
    """Store a new rule; it is judged from the next place in its lane's order on.

    `slug` is one that is free; a blank one is made of the name.

    Raises:
        RuleInvalid: with one error per wrong place.
    """
    access.require(Need.WRITE)
    spec, lane = read_definition(access=access, definition=definition)
    telling = telling_lanes(access=access, spec=spec, home=lane)
    rule = Rule.objects.create(
        uuid=uuid.uuid4(),
        workspace=access.workspace,
        slug=slug
        or free_slug(
            name=spec.name,
            otherwise="rule",
            rows=Rule.objects.alive().filter(workspace=access.workspace),
        ),
        name=spec.name,
        kind=spec.kind.value,
        is_enabled=is_enabled,
        created_by=access.user,
        created_at=now,
        updated_at=now,
    )
    lanes = [lane, *telling]
    _add_version(access=access, rule=rule, spec=spec, lanes=lanes, now=now)
    record_audit(access=access, action="rule.created", target=rule.name, now=now)
    return rule


@transaction.atomic
def change_rule(
    *,
    access: Access,
    rule: Rule,
    definition: Mapping[str, object],
    now: datetime,
    expected: str | None = None,
) -> Rule:
    """Save a new version of a rule; saving without a change does nothing at all.

    `expected` is the mark of the version that the caller saw (`Rule.etag`); None
    where callers have no way to know, as under Apperate's paths.

    Raises:
        RuleInvalid: with one error per wrong place.
        KindIsFixed: if the definition is of the other kind.
        RuleMoved: if somebody saved another version meanwhile.
        VersionUnsaid: if `expected` is blank.
    """
    access.require(Need.WRITE)
    wait_for_turn(rule.pk)
    rule = _locked(rule)
    _check_expected(rule, expected)
    spec, lane = read_definition(access=access, definition=definition)
    telling = telling_lanes(access=access, spec=spec, home=lane)
    if spec.kind.value != rule.kind:
        raise KindIsFixed(
            f"This is a {rule.kind} rule and stays one; make a new rule instead."
        )
    latest = rule.latest
    if latest is not None and latest.definition == to_definition(spec):
        return rule
    rule.name = spec.name
    rule.updated_at = now
    rule.save(update_fields=["name", "updated_at"])
    lanes = [lane, *telling]
    _add_version(access=access, rule=rule, spec=spec, lanes=lanes, now=now)
    record_audit(access=access, action="rule.changed", target=rule.name, now=now)
    return rule


@transaction.atomic
def save_rule(
    *,
    access: Access,
    rule: Rule | None,
    definition: Mapping[str, Any],  # Any: the engine judges it
    new_outputs: Iterable[tuple[str, str]],
    pace: str,
    now: datetime,
) -> Rule:
    """Create or change a rule together with outputs that are made for it.

    `new_outputs` are kinds and addresses; each is told at most once a `pace`. All of
    it or nothing: a wrong address leaves no rule, a wrong rule no output.

    Raises:
        Invalid: with one error per wrong place.
    """
    access.require(Need.WRITE)
    told = list(definition["outputs"])
    for kind, address in new_outputs:
        slug = ports.outputs.ensure(access=access, kind=kind, address=address, now=now)
        if slug not in {use["output"] for use in told}:
            told.append({"output": slug, "at_most_every": pace})
    whole = {**definition, "outputs": told}
    if rule is None:
        return create_rule(access=access, definition=whole, now=now)
    return change_rule(access=access, rule=rule, definition=whole, now=now)


@transaction.atomic
def turn_rule(*, access: Access, rule: Rule, on: bool, now: datetime) -> Rule:
    """Turn a rule on or off; what is so already stays as it is."""
    access.require(Need.WRITE)
    wait_for_turn(rule.pk)
    claimed = Rule.objects.filter(pk=rule.pk, is_enabled=not on).update(
        is_enabled=on, done_at=None, updated_at=now
    )
    rule.refresh_from_db()
    if not claimed or rule.latest is None:
        return rule
    reason = "enabled" if on else "disabled"
    if on:
        begin_version(
            rule=rule,
            version=rule.latest,
            before=rule.latest,
            reason=reason,
            now=now,
        )
    else:
        end_rule(rule=rule, reason=reason, now=now)
    record_audit(access=access, action=f"rule.{reason}", target=rule.name, now=now)
    return rule


@transaction.atomic
def delete_rule(*, access: Access, rule: Rule, now: datetime) -> None:
    """Hide a rule; it is judged no more, and its alerts stay."""
    access.require(Need.WRITE)
    wait_for_turn(rule.pk)
    claimed = (
        Rule.objects.alive()
        .filter(pk=rule.pk)
        .update(deleted_at=now, is_enabled=False, updated_at=now)
    )
    if not claimed:
        raise RuleNotFound("This rule is deleted already.")
    rule.refresh_from_db()
    if rule.latest is not None:
        end_rule(rule=rule, reason="deleted", now=now)
    record_audit(access=access, action="rule.deleted", target=rule.name, now=now)


def find_rule(*, access: Access, identifier: str) -> Rule:
    """Return a rule of the workspace by its uuid or slug.

    Raises:
        RuleNotFound: also for rules of other workspaces.
    """
    rules = Rule.objects.alive().filter(workspace=access.workspace)
    try:
        rules = rules.filter(uuid=uuid.UUID(identifier))
    except ValueError:
        rules = rules.filter(slug=identifier)
    rule = rules.select_related(
        "latest__lane", "in_effect", "workspace", "tally"
    ).first()
    if rule is None:
        raise RuleNotFound(f"There is no rule {identifier} in this workspace.")
    return rule


def list_rules(*, access: Access, text: str = "", state: str = "") -> RuleQuerySet:
    """Return the rules of the workspace, oldest first, that bear `text` if any.

    `state` leaves those that are "on", "off" or in "error"; others leave all.
    """
    rules = Rule.objects.alive().filter(workspace=access.workspace)
    if state in {"on", "off"}:
        rules = rules.filter(is_enabled=state == "on")
    elif state == "error":
        rules = rules.filter(health=Health.ERROR)
    if text:
        rules = rules.filter(
            Q(name__icontains=text) | Q(latest__sentence__icontains=text)
        )
    return rules.select_related("latest", "workspace", "tally").order_by("pk")


def _locked(rule: Rule) -> Rule:
    """Return the rule as it is now, held until the change is stored."""
    return (
        Rule.objects.select_for_update(of=("self",))
        .select_related("latest__lane", "workspace")
        .get(pk=rule.pk)
    )


def _check_expected(rule: Rule, expected: str | None) -> None:
    if expected is None or expected in {rule.etag, "*"}:
        return
    if not expected:
        raise VersionUnsaid(
            "Send the header If-Match with the ETag of the version that you change."
        )
    raise RuleMoved(
        f"The rule is at version {rule.etag} now; read it again, then send your "
        "change with that ETag."
    )


def _add_version(
    *,
    access: Access,
    rule: Rule,
    spec: Specification,
    lanes: Sequence[Lane],
    now: datetime,
) -> None:
    """Store what a rule says from now on.

    `lanes` are its home, then those that tell of what it reads.
    """
    before = rule.latest
    home, *telling = lanes
    rule.expires_at = spec.expires_at
    rule.latest = Version.objects.create(
        rule=rule,
        number=before.number + 1 if before else 1,
        definition=to_definition(spec),
        sentence=render_sentence(spec),
        lane=home,
        is_spread=is_spread(spec, home),
        created_by=access.user,
        created_at=now,
    )
    Forward.objects.bulk_create(
        Forward(version=rule.latest, lane=lane) for lane in telling
    )
    rule.save(update_fields=["latest", "expires_at"])
    if rule.latest.is_spread:
        _divide(rule, rule.latest)
    if rule.is_enabled:
        begin_version(
            rule=rule,
            version=rule.latest,
            before=before,
            reason="edited" if before else "created",
            now=now,
            knows_all=_knows_all(rule, before, spec, lanes),
        )


def _divide(rule: Rule, version: Version) -> None:
    """Let lanes that share a rule keep what each has of it."""
    LaneRule.objects.bulk_create(
        [LaneRule(rule=rule, lane=lane) for lane in version.lanes],
        ignore_conflicts=True,
    )
    rule.is_divided = True
    rule.save(update_fields=["is_divided"])


def _knows_all(
    rule: Rule, before: Version | None, spec: Specification, lanes: Sequence[Lane]
) -> bool:
    """Say whether home is told of all that a new version reads: of the one in effect.

    Every change before this one must have come to its end.
    """
    home, *telling = lanes
    is_settled = rule.changes == rule.judged_change
    if before is None or rule.in_effect_id != before.pk or not is_settled:
        return False
    if before.lane_id != home.pk or before.is_spread != is_spread(spec, home):
        return False
    try:
        old = parse_rule(before.definition, workspace=rule.workspace.slug)
    except DefinitionInvalid:
        return False
    return all(
        reads_in(spec, lane, home=home) <= reads_in(old, lane, home=home)
        for lane in telling
    )
