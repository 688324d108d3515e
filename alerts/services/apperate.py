"""Rules as Apperate's clients make them: with their outputs in one body."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime

from django.db import transaction

from alerts.models import Alert
from alerts.services.outputs import Directory, OutputRefused
from rules.engine import (
    ApperateRule,
    DefinitionInvalid,
    InlineOutput,
    render_duration,
)
from rules.models import Rule
from rules.services import (
    RuleInvalid,
    change_rule,
    create_rule,
    find_rule,
    parse_apperate,
)
from workspaces.access import Access, Need
from workspaces.refusals import FieldError

#: The newest alerts that `GET /rules/output/:id` shows.
LOGGED_ALERTS = 100


@transaction.atomic
def save_apperate_rule(*, access: Access, body: object, now: datetime) -> Rule:
    """Create the rule of a body sent to `/rules/create`, or edit the one it names.

    All of it or nothing: a body with a wrong output leaves no rule and no output.

    Raises:
        RuleInvalid: with one error per wrong place of the body.
        RuleNotFound: if it names a rule that is not the workspace's.
    """
    access.require(Need.WRITE)
    asked = _read(access, body)
    definition = {
        **asked.definition,
        "outputs": [
            _use_of(one, place=place, access=access, now=now)
            for place, one in enumerate(asked.outputs)
        ],
    }
    if asked.rule_id is None:
        return create_rule(access=access, definition=definition, now=now)
    rule = find_rule(access=access, identifier=asked.rule_id)
    return change_rule(access=access, rule=rule, definition=definition, now=now)


def logged_alerts(*, rule: Rule) -> list[dict[str, object]]:
    """Return a rule's newest alerts as Apperate logged them: the webhook's `data`."""
    alerts = Alert.objects.filter(rule=rule).order_by("-recorded_at", "-pk")
    return [
        {
            "name": rule.name,
            "set": alert.subject,
            "data": alert.values,
            "timestamp": round(alert.opened_at.timestamp() * 1000),
        }
        for alert in alerts[:LOGGED_ALERTS]
    ]


def _read(access: Access, body: object) -> ApperateRule:
    try:
        return parse_apperate(body, workspace=access.workspace.slug)
    except DefinitionInvalid as error:
        errors = [
            FieldError(pointer=one.pointer, code=one.code, detail=one.detail)
            for one in error.problems
        ]
        raise RuleInvalid(str(error), errors=errors) from error


def _use_of(
    one: InlineOutput, *, place: int, access: Access, now: datetime
) -> Mapping[str, object]:
    """Return how the rule uses an output, which is made if the workspace has none."""
    try:
        slug = Directory().ensure(
            access=access, kind=one.method, address=one.address, now=now
        )
    except OutputRefused as error:
        errors = [
            FieldError(
                pointer=f"/outputs/{place}{wrong.pointer}",
                code=wrong.code,
                detail=wrong.detail,
            )
            for wrong in error.errors
        ]
        raise RuleInvalid(error.detail, errors=errors) from error
    return {
        "output": slug,
        "at_most_every": render_duration(one.cool_down),
        **({"subject": one.subject} if one.subject else {}),
        **({"message": one.message} if one.message else {}),
    }
