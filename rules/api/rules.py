"""Rules in the native API."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiExample, OpenApiParameter, extend_schema
from rest_framework.request import Request
from rest_framework.response import Response

from config.clock import database_now
from datasets.services import Answer, answer_once, read_key
from rules.api.serializers import (
    PreviewSerializer,
    RuleSerializer,
    VersionSerializer,
)
from rules.engine import definition_schema
from rules.models import Rule
from rules.services import (
    RuleInvalid,
    change_rule,
    create_rule,
    delete_rule,
    find_rule,
    list_rules,
    preview_rule,
    turn_rule,
)
from workspaces.access import Need
from workspaces.api.bodies import read_body
from workspaces.api.paging import (
    PAGE_NAMES,
    PAGE_PARAMETERS,
    page_of,
    page_response,
    page_schema,
)
from workspaces.api.parameters import Parameters
from workspaces.api.repeats import IDEMPOTENCY_KEY, repeatable, replayed
from workspaces.api.views import WorkspaceAPIView
from workspaces.refusals import NoObject

_DEFINITION = {"application/json": OpenApiTypes.OBJECT}
_FROST = OpenApiExample(
    "frost",
    {
        "name": "Frost in the cellar",
        "watch": {"facts": ["DEMO:READINGS:cellar:celsius"]},
        "when": {"fact": 0, "op": "lte", "value": 0},
    },
    request_only=True,
)
_IF_MATCH = OpenApiParameter(
    "If-Match",
    OpenApiTypes.STR,
    OpenApiParameter.HEADER,
    required=True,
    description="The `ETag` of the version that you change.",
)


class RulesView(WorkspaceAPIView):
    """The rules of a workspace."""

    reading = Need.INSPECT

    @extend_schema(
        operation_id="rules_list",
        parameters=PAGE_PARAMETERS,
        responses=page_schema(RuleSerializer, name="RulePage"),
    )
    def get(self, request: Request, workspace: str) -> Response:
        """List the rules, oldest first."""
        page = page_of(
            list_rules(access=self.access),
            parameters=Parameters(request.query_params, known=PAGE_NAMES),
            order=("pk",),
        )
        return page_response(request, page, lambda rule: RuleSerializer(rule).data)

    @extend_schema(
        operation_id="rules_create",
        parameters=[IDEMPOTENCY_KEY],
        request=_DEFINITION,
        examples=[_FROST],
        responses={201: RuleSerializer},
    )
    def post(self, request: Request, workspace: str) -> Response:
        """Create a rule from a definition (`rules/schema`); it is judged at once."""
        now = database_now()
        definition = read_definition_of(request)

        def create() -> Answer:
            rule = create_rule(access=self.access, definition=definition, now=now)
            return Answer(status=201, body=RuleSerializer(rule).data)

        body = read_body(request)
        key = read_key(**repeatable(request, access=self.access, body=body))
        return replayed(answer_once(key=key, act=create, now=now))


class RulePreviewView(WorkspaceAPIView):
    """What a draft would be."""

    @extend_schema(
        operation_id="rules_preview",
        request=_DEFINITION,
        examples=[_FROST],
        responses=PreviewSerializer,
    )
    def post(self, request: Request, workspace: str) -> Response:
        """Return the sentence of a draft, or the problems in its way; store nothing."""
        preview = preview_rule(
            access=self.access,
            definition=read_definition_of(request),
            now=database_now(),
        )
        return Response(PreviewSerializer(preview).data)


class RuleSchemaView(WorkspaceAPIView):
    """What a definition may say."""

    @extend_schema(operation_id="rules_schema", responses=OpenApiTypes.OBJECT)
    def get(self, request: Request, workspace: str) -> Response:
        """Return the JSON Schema of definitions, for editors and generators."""
        return Response(definition_schema())


class RuleView(WorkspaceAPIView):
    """One rule."""

    reading = Need.INSPECT

    @extend_schema(operation_id="rules_read", responses=RuleSerializer)
    def get(self, request: Request, workspace: str, rule: str) -> Response:
        """Return a rule by id or slug."""
        return _show(find_rule(access=self.access, identifier=rule))

    @extend_schema(
        operation_id="rules_change",
        request=_DEFINITION,
        examples=[_FROST],
        responses=RuleSerializer,
        parameters=[_IF_MATCH],
    )
    def put(self, request: Request, workspace: str, rule: str) -> Response:
        """Save a new version; saving without a change does nothing at all."""
        changed = change_rule(
            access=self.access,
            rule=find_rule(access=self.access, identifier=rule),
            definition=read_definition_of(request),
            expected=request.headers.get("If-Match", ""),
            now=database_now(),
        )
        return _show(changed)

    @extend_schema(operation_id="rules_delete", responses={204: None})
    def delete(self, request: Request, workspace: str, rule: str) -> Response:
        """Delete the rule; its alerts stay."""
        found = find_rule(access=self.access, identifier=rule)
        delete_rule(access=self.access, rule=found, now=database_now())
        return Response(status=204)


class EnableView(WorkspaceAPIView):
    """Turning a rule on."""

    @extend_schema(operation_id="rules_enable", request=None, responses=RuleSerializer)
    def post(self, request: Request, workspace: str, rule: str) -> Response:
        """Turn the rule on; one that is on stays so."""
        found = find_rule(access=self.access, identifier=rule)
        now = database_now()
        return _show(turn_rule(access=self.access, rule=found, on=True, now=now))


class DisableView(WorkspaceAPIView):
    """Turning a rule off."""

    @extend_schema(operation_id="rules_disable", request=None, responses=RuleSerializer)
    def post(self, request: Request, workspace: str, rule: str) -> Response:
        """Turn the rule off; what it has open closes, and nobody is told."""
        found = find_rule(access=self.access, identifier=rule)
        now = database_now()
        return _show(turn_rule(access=self.access, rule=found, on=False, now=now))


class VersionsView(WorkspaceAPIView):
    """The versions of a rule."""

    reading = Need.INSPECT

    @extend_schema(
        operation_id="versions_list",
        parameters=PAGE_PARAMETERS,
        responses=page_schema(VersionSerializer, name="VersionPage"),
    )
    def get(self, request: Request, workspace: str, rule: str) -> Response:
        """List the versions, newest first."""
        found = find_rule(access=self.access, identifier=rule)
        page = page_of(
            found.versions.all(),
            parameters=Parameters(request.query_params, known=PAGE_NAMES),
            order=("-number",),
        )
        return page_response(request, page, lambda one: VersionSerializer(one).data)


def read_definition_of(request: Request) -> dict[str, Any]:
    """Return the body as an object; what is in it the engine will judge.

    Raises:
        NoObject: if it is JSON of another kind.
    """
    if not isinstance(request.data, dict):
        raise NoObject("A rule is one JSON object.")
    return request.data


def inside_definition(error: RuleInvalid) -> RuleInvalid:
    """Return a refusal whose pointers lead into the member of the body."""
    errors = [replace(one, pointer=f"/definition{one.pointer}") for one in error.errors]
    return RuleInvalid(error.detail, errors=errors)


def _show(rule: Rule) -> Response:
    return Response(
        RuleSerializer(rule).data,
        headers={"ETag": rule.etag},
    )
