"""Making and changing rules. Each change has a place in the order of its lane."""

from __future__ import annotations

import re
import uuid
from collections.abc import Mapping, Sequence
from datetime import datetime

from django.db import transaction

from datasets.models import Dataset, Lane, Origin
from datasets.schemas import FieldType as DeclaredType
from datasets.schemas import read_schema
from datasets.services import append_batch, open_lane
from rules.engine import (
    DefinitionInvalid,
    FactPath,
    FieldType,
    Problem,
    Specification,
    check_types,
    parse_definition,
    render_sentence,
    to_definition,
)
from rules.models import Rule, RuleQuerySet, Version
from rules.ports import ports
from rules.services.facts import dataset_of
from workspaces.access import Access, Need
from workspaces.refusals import Clash, FieldError, Invalid, Missing
from workspaces.services import record_audit

_ENGINE_TYPES = {
    DeclaredType.STRING: FieldType.TEXT,
    DeclaredType.INTEGER: FieldType.NUMBER,
    DeclaredType.NUMBER: FieldType.NUMBER,
    DeclaredType.BOOLEAN: FieldType.BOOLEAN,
    DeclaredType.DATE: FieldType.DATE,
    DeclaredType.OBJECT: FieldType.OBJECT,
    DeclaredType.ARRAY: FieldType.ARRAY,
    DeclaredType.ANY: FieldType.ANY,
}


class RuleInvalid(Invalid):
    """A definition that cannot become a rule; `errors` name each place."""

    code = "rule_invalid"


class RuleNotFound(Missing):
    """There is no such rule in the workspace."""

    code = "rule_not_found"


class KindIsFixed(Clash):
    """A signal rule cannot become a state rule, nor the other way round."""

    code = "rule_kind_is_fixed"


def read_definition(
    *, access: Access, definition: Mapping[str, object]
) -> tuple[Specification, Lane]:
    """Parse and check a definition; return it with the lane that would judge it.

    Raises:
        RuleInvalid: with one error per wrong place.
    """
    try:
        spec = parse_definition(definition, workspace=access.workspace.slug)
    except DefinitionInvalid as error:
        raise _invalid(error.problems) from error
    watched = _watched_datasets(access, spec)
    problems = _type_problems(spec, watched) + _output_problems(access, spec)
    if problems:
        raise _invalid(problems)
    return spec, _home_lane(access, spec, watched)


@transaction.atomic
def create_rule(
    *,
    access: Access,
    definition: Mapping[str, object],
    now: datetime,
    is_enabled: bool = True,
) -> Rule:
    """Store a new rule; it is judged from the next place in its lane's order on.

    Raises:
        RuleInvalid: with one error per wrong place.
    """
    access.require(Need.WRITE)
    spec, lane = read_definition(access=access, definition=definition)
    rule = Rule.objects.create(
        uuid=uuid.uuid4(),
        workspace=access.workspace,
        slug=_free_slug(access, spec.name),
        name=spec.name,
        kind=spec.kind.value,
        is_enabled=is_enabled,
        created_by=access.user,
        created_at=now,
        updated_at=now,
    )
    _add_version(access=access, rule=rule, spec=spec, lane=lane, now=now)
    record_audit(access=access, action="rule.created", target=rule.name, now=now)
    return rule


@transaction.atomic
def change_rule(
    *, access: Access, rule: Rule, definition: Mapping[str, object], now: datetime
) -> Rule:
    """Save a new version of a rule; saving without a change does nothing at all.

    Raises:
        RuleInvalid: with one error per wrong place.
        KindIsFixed: if the definition is of the other kind.
    """
    access.require(Need.WRITE)
    spec, lane = read_definition(access=access, definition=definition)
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
    if latest is not None and latest.lane_id != lane.pk and rule.is_enabled:
        _append_change(rule, latest.lane, version=None, reason="edited", now=now)
    _add_version(access=access, rule=rule, spec=spec, lane=lane, now=now)
    record_audit(access=access, action="rule.changed", target=rule.name, now=now)
    return rule


@transaction.atomic
def turn_rule(*, access: Access, rule: Rule, on: bool, now: datetime) -> Rule:
    """Turn a rule on or off; what is so already stays as it is."""
    access.require(Need.WRITE)
    claimed = Rule.objects.filter(pk=rule.pk, is_enabled=not on).update(
        is_enabled=on, updated_at=now
    )
    rule.refresh_from_db()
    if not claimed or rule.latest is None:
        return rule
    version = rule.latest if on else None
    reason = "enabled" if on else "disabled"
    _append_change(rule, rule.latest.lane, version=version, reason=reason, now=now)
    record_audit(access=access, action=f"rule.{reason}", target=rule.name, now=now)
    return rule


@transaction.atomic
def delete_rule(*, access: Access, rule: Rule, now: datetime) -> None:
    """Hide a rule; it is judged no more, and its alerts stay."""
    access.require(Need.WRITE)
    claimed = (
        Rule.objects.alive()
        .filter(pk=rule.pk)
        .update(deleted_at=now, is_enabled=False, updated_at=now)
    )
    if not claimed:
        raise RuleNotFound("This rule is deleted already.")
    if rule.latest is not None:
        lane = rule.latest.lane
        _append_change(rule, lane, version=None, reason="deleted", now=now)
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
    rule = rules.select_related("latest__lane", "in_effect", "workspace").first()
    if rule is None:
        raise RuleNotFound(f"There is no rule {identifier} in this workspace.")
    return rule


def list_rules(*, access: Access) -> RuleQuerySet:
    """Return the rules of the workspace, oldest first."""
    return (
        Rule.objects.alive()
        .filter(workspace=access.workspace)
        .select_related("latest")
        .order_by("pk")
    )


def _add_version(
    *, access: Access, rule: Rule, spec: Specification, lane: Lane, now: datetime
) -> None:
    number = rule.latest.number + 1 if rule.latest else 1
    rule.latest = Version.objects.create(
        rule=rule,
        number=number,
        definition=to_definition(spec),
        sentence=render_sentence(spec),
        lane=lane,
        created_by=access.user,
        created_at=now,
    )
    rule.save(update_fields=["latest"])
    if rule.is_enabled:
        reason = "edited" if number > 1 else "created"
        _append_change(rule, lane, version=rule.latest, reason=reason, now=now)


def _append_change(
    rule: Rule, lane: Lane, *, version: Version | None, reason: str, now: datetime
) -> None:
    """Give the change its place: events before it see the old rule, later ones this."""
    append_batch(
        lane=lane,
        origin=Origin.RULE,
        now=now,
        options={
            "rule": rule.pk,
            "version": version.pk if version else None,
            "reason": reason,
        },
    )


def _watched_datasets(access: Access, spec: Specification) -> dict[str, Dataset]:
    """Return the datasets of the facts by series; unknown ones are errors."""
    watched: dict[str, Dataset] = {}
    problems = []
    places = [(f"/watch/facts/{n}", fact) for n, fact in enumerate(spec.facts)]
    places += [(f"/include/{n}", fact) for n, fact in enumerate(spec.include)]
    for pointer, fact in places:
        if fact.series in watched:
            continue
        dataset = dataset_of(fact, own=access.workspace)
        if dataset is None:
            problems.append(
                Problem(
                    pointer=pointer,
                    code="unknown_dataset",
                    detail=f"There is no dataset {fact.workspace}:{fact.dataset}; "
                    "make it first, or mend the fact's path.",
                )
            )
            continue
        watched[fact.series] = dataset
    if problems:
        raise _invalid(problems)
    return watched


def _type_problems(
    spec: Specification, watched: Mapping[str, Dataset]
) -> list[Problem]:
    schemas = {series: read_schema(one.schema) for series, one in watched.items()}

    def type_of(fact: FactPath) -> FieldType | None:
        field = schemas[fact.series].field(fact.root)
        if field is None:
            return None
        # What lies inside an object is not declared; only events will tell.
        return FieldType.ANY if fact.steps else _ENGINE_TYPES[field.type]

    return check_types(spec, type_of)


def _output_problems(access: Access, spec: Specification) -> list[Problem]:
    known = {
        choice.slug
        for choice in ports.outputs.choices(workspace_id=access.workspace.pk)
    }
    return [
        Problem(
            pointer=f"/outputs/{place}/output",
            code="unknown_output",
            detail=f"There is no output {one.output!r} in this workspace; "
            "make it first, or choose one of the existing ones.",
        )
        for place, one in enumerate(spec.outputs)
        if one.output not in known
    ]


def _home_lane(
    access: Access, spec: Specification, watched: Mapping[str, Dataset]
) -> Lane:
    """Choose the lane that judges the rule (DESIGN.md 2.1).

    The first fact of the rule's own workspace decides, else the first fact. Facts of
    a second dataset have to wait for lanes that forward to each other.
    """
    if len(watched) > 1:
        raise _invalid(
            [
                Problem(
                    pointer="/watch/facts",
                    code="several_datasets",
                    detail="All facts of a rule have to lie in one dataset; "
                    f"these lie in {', '.join(sorted(watched))}.",
                )
            ]
        )
    (dataset,) = watched.values()
    return open_lane(dataset)


def _free_slug(access: Access, name: str) -> str:
    """Derive a slug from the name that no other rule of the workspace bears."""
    base = re.sub(r"[^a-z0-9]+", "-", name.lower()).strip("-")[:60] or "rule"
    taken = set(
        Rule.objects.alive()
        .filter(workspace=access.workspace, slug__startswith=base)
        .values_list("slug", flat=True)
    )
    slug, number = base, 1
    while slug in taken:
        number += 1
        slug = f"{base}-{number}"
    return slug


def _invalid(problems: Sequence[Problem]) -> RuleInvalid:
    errors = [
        FieldError(pointer=one.pointer, code=one.code, detail=one.detail)
        for one in problems
    ]
    return RuleInvalid(" ".join(one.detail for one in errors), errors=errors)
