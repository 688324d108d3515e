"""Apperate's rules calls. Every one needs a secret token."""

from __future__ import annotations

from typing import ClassVar

from rest_framework.request import Request
from rest_framework.response import Response

from alerts.services import logged_alerts, save_apperate_rule
from config.clock import database_now
from datasets.services import Answer, answer_once, read_key
from rules.models import Rule
from rules.services import (
    RuleNotFound,
    delete_rule,
    find_rule,
    list_rules,
    turn_rule,
)
from workspaces.access import Need
from workspaces.api.apperate import ApperateView
from workspaces.api.repeats import repeatable
from workspaces.refusals import FieldError, Invalid


class RulesCall(ApperateView):
    """The token of a rules call is secret, and its workspace the rules' own."""

    needs: ClassVar[dict[str, Need]] = {
        "GET": Need.WRITE,
        "POST": Need.WRITE,
        "DELETE": Need.WRITE,
    }


class CreateRuleCall(RulesCall):
    """`POST /rules/create`."""

    def post(self, request: Request) -> Response:
        """Create a rule, or edit the one named by `id`."""
        now = database_now()

        def save() -> Answer:
            body = self.read_json()
            rule = save_apperate_rule(access=self.access, body=body, now=now)
            return Answer(status=200, body={"id": str(rule.uuid), "weight": 1})

        key = read_key(**repeatable(request, access=self.access, body=self.raw_body))
        answer = answer_once(key=key, act=save, now=now)
        headers = {"Idempotent-Replay": "true"} if answer.is_replay else None
        return Response(answer.body, status=answer.status, headers=headers)


class RulesListCall(RulesCall):
    """`GET /rules`."""

    def get(self, request: Request) -> Response:
        """List the rules, oldest first."""
        return Response([rule_object(rule) for rule in list_rules(access=self.access)])


class RuleInfoCall(RulesCall):
    """`GET /rules/info/:id`."""

    def get(self, request: Request, rule: str) -> Response:
        """Answer an array that holds the one rule, as Apperate did."""
        found = find_rule(access=self.access, identifier=rule)
        return Response([rule_object(found)])


class TurnRuleCall(RulesCall):
    """`POST /rules/pause` and `/rules/resume`; the id in the path or as `ruleId`."""

    on: ClassVar[bool]

    def post(self, request: Request, rule: str = "") -> Response:
        """Turn the rule on or off; what is so already stays."""
        identifier = rule or self._named_in_body()
        turned = turn_rule(
            access=self.access,
            rule=find_rule(access=self.access, identifier=identifier),
            on=self.on,
            now=database_now(),
        )
        return Response({"id": str(turned.uuid), "isActive": turned.is_enabled})

    def _named_in_body(self) -> str:
        identifier = self.read_object().get("ruleId")
        if not isinstance(identifier, str) or not identifier:
            detail = "ruleId: name the rule by its id, here or in the path."
            error = FieldError(pointer="/ruleId", code="required", detail=detail)
            raise Invalid(detail, errors=[error])
        return identifier


class PauseRuleCall(TurnRuleCall):
    """`POST /rules/pause`."""

    on = False


class ResumeRuleCall(TurnRuleCall):
    """`POST /rules/resume`."""

    on = True


class DeleteRuleCall(RulesCall):
    """`DELETE /rules/:id`."""

    def delete(self, request: Request, rule: str) -> Response:
        """Delete the rule; its alerts stay."""
        found = find_rule(access=self.access, identifier=rule)
        delete_rule(access=self.access, rule=found, now=database_now())
        return Response({"id": str(found.uuid), "success": True})

    def get(self, request: Request, rule: str) -> Response:
        """Tell that rules are read under `info`."""
        raise RuleNotFound(f"Read a rule at /rules/info/{rule}.")


class RuleOutputCall(RulesCall):
    """`GET /rules/output/:id`."""

    def get(self, request: Request, rule: str) -> Response:
        """List what the rule logged, newest first."""
        found = find_rule(access=self.access, identifier=rule)
        return Response(logged_alerts(rule=found))


def rule_object(rule: Rule) -> dict[str, object]:
    """Return a rule in Apperate's shape: counters whole numbers, `evaluated` a text."""
    evaluated = rule.evaluated_at
    return {
        "id": str(rule.uuid),
        "name": rule.name,
        "dateCreated": f"{rule.created_at:%Y-%m-%d}",
        "dateUpdated": f"{rule.updated_at:%Y-%m-%d}",
        "isActive": rule.is_enabled,
        "ran": rule.ran,
        "passed": rule.passed,
        "sent": rule.sent,
        "failed": rule.failed,
        "evaluated": str(round(evaluated.timestamp() * 1000)) if evaluated else "0",
    }
