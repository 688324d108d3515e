"""Alerts and the feed in the native API."""

from __future__ import annotations

import uuid

from django.http import HttpResponse
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework.request import Request
from rest_framework.response import Response

from alerts.api.serializers import (
    AlertDetailSerializer,
    AlertSerializer,
    FeedSerializer,
)
from alerts.models import Alert, AlertState, Severity
from alerts.services import (
    acknowledge_alert,
    find_alert,
    list_alerts,
    make_rule_test,
    read_feed,
)
from config.clock import database_now
from workspaces.access import Need
from workspaces.api.paging import (
    PAGE_NAMES,
    PAGE_PARAMETERS,
    page_of,
    page_response,
    page_schema,
)
from workspaces.api.parameters import Parameters
from workspaces.api.views import WorkspaceAPIView

_STATES = {state.value: state for state in AlertState}
_SEVERITIES = {severity.value: severity for severity in Severity}
_FILTERS = ("state", "severity", "rule", "key")


class AlertsView(WorkspaceAPIView):
    """The alerts of a workspace."""

    @extend_schema(
        operation_id="alerts_list",
        parameters=[
            OpenApiParameter("state", enum=list(_STATES)),
            OpenApiParameter("severity", enum=list(_SEVERITIES)),
            OpenApiParameter("rule", description="The rule's id."),
            OpenApiParameter("key", description="The key it is about."),
            *PAGE_PARAMETERS,
        ],
        responses=page_schema(AlertSerializer, name="AlertPage"),
    )
    def get(self, request: Request, workspace: str) -> Response:
        """List the alerts, newest first."""
        asked = Parameters(request.query_params, known=(*_FILTERS, *PAGE_NAMES))
        alerts = list_alerts(
            access=self.access,
            state=asked.choice("state", _STATES, None),
            severity=asked.choice("severity", _SEVERITIES, None),
            rule=asked.text("rule"),
            key=asked.text("key"),
        )
        page = page_of(alerts, parameters=asked, order=("-recorded_at", "-id"))
        return page_response(request, page, lambda one: AlertSerializer(one).data)


class AlertView(WorkspaceAPIView):
    """One alert."""

    @extend_schema(operation_id="alerts_read", responses=AlertDetailSerializer)
    def get(self, request: Request, workspace: str, alert: uuid.UUID) -> Response:
        """Return an alert with its steps and their verdicts."""
        return _show(find_alert(access=self.access, alert_id=alert))


class RuleTestView(WorkspaceAPIView):
    """An alert as a test of its rule."""

    reading = Need.INSPECT

    @extend_schema(
        operation_id="alerts_test",
        responses={(200, "application/yaml"): OpenApiTypes.STR},
    )
    def get(self, request: Request, workspace: str, alert: uuid.UUID) -> HttpResponse:
        """Return a file for `manage.py test_rules` in which the alert comes again."""
        text = make_rule_test(access=self.access, alert_id=alert)
        return HttpResponse(text, content_type="application/yaml")


class AcknowledgeView(WorkspaceAPIView):
    """Taking an alert on."""

    @extend_schema(
        operation_id="alerts_acknowledge",
        request=None,
        responses=AlertDetailSerializer,
    )
    def post(self, request: Request, workspace: str, alert: uuid.UUID) -> Response:
        """Acknowledge the alert; its resolve is still announced."""
        found = find_alert(access=self.access, alert_id=alert)
        return _show(
            acknowledge_alert(access=self.access, alert=found, now=database_now())
        )


class FeedView(WorkspaceAPIView):
    """The numbered feed, for programs that do not hold a socket open."""

    @extend_schema(
        operation_id="feed_read",
        parameters=[
            OpenApiParameter(
                "since",
                {"type": "integer", "minimum": 0},
                description="The last number that you know; 0 at first.",
            ),
            OpenApiParameter("epoch", description="The epoch that you know it from."),
        ],
        responses=FeedSerializer,
    )
    def get(self, request: Request, workspace: str) -> Response:
        """Return what happened since a number, as the WebSocket would send it."""
        asked = Parameters(request.query_params, known=("since", "epoch"))
        page = read_feed(
            workspace_id=self.access.workspace.pk,
            since=asked.number("since", least=0, most=2**62),
            epoch=asked.text("epoch"),
        )
        return Response({"frames": page.frames, "last": page.last})


def _show(alert: Alert) -> Response:
    return Response(AlertDetailSerializer(alert).data)
