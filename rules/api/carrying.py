"""Rules as YAML in the native API: out of a workspace, and into one."""

from __future__ import annotations

from django.http import HttpResponse
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework.request import Request
from rest_framework.response import Response

from config.clock import database_now
from datasets.services import Answer, answer_once, read_key
from rules.api.serializers import CarriedSerializer
from rules.services import export_rules, find_rule, import_rules
from workspaces.access import Need
from workspaces.api.bodies import read_body
from workspaces.api.parameters import Parameters
from workspaces.api.repeats import IDEMPOTENCY_KEY, repeatable, replayed
from workspaces.api.views import WorkspaceAPIView

_YAML = "application/yaml"
_WRITTEN = {(200, _YAML): OpenApiTypes.STR}


class RulesExportView(WorkspaceAPIView):
    """All rules of a workspace, to be kept or carried elsewhere."""

    reading = Need.INSPECT

    @extend_schema(operation_id="rules_export", responses=_WRITTEN)
    def get(self, request: Request, workspace: str) -> HttpResponse:
        """Return the rules as YAML, as an import takes them."""
        return HttpResponse(export_rules(access=self.access), content_type=_YAML)


class RuleExportView(WorkspaceAPIView):
    """One rule, to be kept or carried elsewhere."""

    reading = Need.INSPECT

    @extend_schema(operation_id="rules_export_one", responses=_WRITTEN)
    def get(self, request: Request, workspace: str, rule: str) -> HttpResponse:
        """Return a rule as YAML, as an import takes it."""
        found = find_rule(access=self.access, identifier=rule)
        text = export_rules(access=self.access, rules=[found])
        return HttpResponse(text, content_type=_YAML)


class RulesImportView(WorkspaceAPIView):
    """Rules from a file."""

    @extend_schema(
        operation_id="rules_import",
        parameters=[
            IDEMPOTENCY_KEY,
            OpenApiParameter(
                "check",
                OpenApiTypes.BOOL,
                description="Only say what would become of each rule; store nothing.",
            ),
        ],
        request={_YAML: OpenApiTypes.STR},
        responses=CarriedSerializer(many=True),
    )
    def post(self, request: Request, workspace: str) -> Response:
        """Make or change the rules of a file, by their slugs; all of them or none."""
        now, body = database_now(), read_body(request)
        asked = Parameters(request.query_params, known=("check",))
        only_check = asked.flag("check", default=False)

        def carry() -> Answer:
            carried = import_rules(
                access=self.access, text=body, now=now, only_check=only_check
            )
            return Answer(status=200, body=CarriedSerializer(carried, many=True).data)

        key = read_key(**repeatable(request, access=self.access, body=body))
        return replayed(answer_once(key=key, act=carry, now=now))
