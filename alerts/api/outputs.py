"""Outputs and deliveries in the native API."""

from __future__ import annotations

import uuid

from drf_spectacular.utils import OpenApiExample, OpenApiParameter, extend_schema
from rest_framework.request import Request
from rest_framework.response import Response

from alerts.api.serializers import (
    DeliveryDetailSerializer,
    DeliverySerializer,
    OutputDetailSerializer,
    OutputRequestSerializer,
    OutputSecretSerializer,
    OutputSerializer,
)
from alerts.models import Delivery, DeliveryStatus
from alerts.services import (
    create_output,
    delete_output,
    find_delivery,
    find_output,
    list_deliveries,
    list_outputs,
    retry_delivery,
    show_output,
    show_secret,
)
from config.clock import database_now
from datasets.services import Answer, answer_once, read_key
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

_STATUSES = {status.value: status for status in DeliveryStatus}

_WEBHOOK = OpenApiExample(
    "webhook",
    {
        "kind": "webhook",
        "name": "Operations",
        "config": {"url": "https://hooks.example.com/bellwether"},
    },
    request_only=True,
)


class OutputsView(WorkspaceAPIView):
    """The outputs of a workspace."""

    reading = Need.INSPECT

    @extend_schema(
        operation_id="outputs_list",
        parameters=PAGE_PARAMETERS,
        responses=page_schema(OutputSerializer, name="OutputPage"),
    )
    def get(self, request: Request, workspace: str) -> Response:
        """List the outputs, oldest first."""
        page = page_of(
            list_outputs(access=self.access),
            parameters=Parameters(request.query_params, known=PAGE_NAMES),
            order=("pk",),
        )
        return page_response(request, page, lambda one: OutputSerializer(one).data)

    @extend_schema(
        operation_id="outputs_create",
        parameters=[IDEMPOTENCY_KEY],
        request=OutputRequestSerializer,
        examples=[_WEBHOOK],
        responses={201: OutputSerializer},
    )
    def post(self, request: Request, workspace: str) -> Response:
        """Make an output that rules can name by its slug."""
        asked = OutputRequestSerializer(data=request.data)
        asked.is_valid(raise_exception=True)
        now = database_now()

        def create() -> Answer:
            output = create_output(access=self.access, now=now, **asked.validated_data)
            return Answer(status=201, body=OutputSerializer(output).data)

        body = read_body(request)
        key = read_key(**repeatable(request, access=self.access, body=body))
        return replayed(answer_once(key=key, act=create, now=now))


class OutputView(WorkspaceAPIView):
    """One output."""

    reading = Need.INSPECT

    @extend_schema(operation_id="outputs_read", responses=OutputDetailSerializer)
    def get(self, request: Request, workspace: str, output: str) -> Response:
        """Return an output, with the rules of which it is told in summaries now."""
        found = show_output(access=self.access, slug=output, now=database_now())
        return Response(OutputDetailSerializer(found).data)

    @extend_schema(operation_id="outputs_delete", responses={204: None})
    def delete(self, request: Request, workspace: str, output: str) -> Response:
        """Delete an output; what rules still tell it is held back."""
        found = find_output(access=self.access, slug=output)
        delete_output(access=self.access, output=found, now=database_now())
        return Response(status=204)


class OutputSecretView(WorkspaceAPIView):
    """What verifies the signatures of an output."""

    reading = Need.MANAGE

    @extend_schema(operation_id="outputs_secret", responses=OutputSecretSerializer)
    def get(self, request: Request, workspace: str, output: str) -> Response:
        """Return the signing secret of a webhook; that it was shown is noted."""
        found = find_output(access=self.access, slug=output)
        secret = show_secret(access=self.access, output=found, now=database_now())
        return Response({"secret": secret}, headers={"Cache-Control": "no-store"})


class DeliveriesView(WorkspaceAPIView):
    """The deliveries of a workspace."""

    reading = Need.INSPECT

    @extend_schema(
        operation_id="deliveries_list",
        parameters=[
            OpenApiParameter("status", enum=list(_STATUSES)),
            OpenApiParameter("output", description="The output's slug."),
            *PAGE_PARAMETERS,
        ],
        responses=page_schema(DeliverySerializer, name="DeliveryPage"),
    )
    def get(self, request: Request, workspace: str) -> Response:
        """List the deliveries, newest first."""
        asked = Parameters(
            request.query_params, known=("status", "output", *PAGE_NAMES)
        )
        deliveries = list_deliveries(
            access=self.access,
            status=asked.choice("status", _STATUSES, None),
            output=asked.text("output"),
        )
        page = page_of(deliveries, parameters=asked, order=("-created_at", "-id"))
        return page_response(request, page, lambda one: DeliverySerializer(one).data)


class DeliveryView(WorkspaceAPIView):
    """One delivery."""

    reading = Need.INSPECT

    @extend_schema(operation_id="deliveries_read", responses=DeliveryDetailSerializer)
    def get(self, request: Request, workspace: str, delivery: uuid.UUID) -> Response:
        """Return a delivery with each of its tries."""
        return _show(find_delivery(access=self.access, delivery_id=delivery))


class RetryView(WorkspaceAPIView):
    """Sending again."""

    @extend_schema(
        operation_id="deliveries_retry",
        request=None,
        responses=DeliveryDetailSerializer,
    )
    def post(self, request: Request, workspace: str, delivery: uuid.UUID) -> Response:
        """Queue a delivery that was given up, held back, or waits for its next try."""
        found = find_delivery(access=self.access, delivery_id=delivery)
        return _show(
            retry_delivery(access=self.access, delivery=found, now=database_now())
        )


def _show(delivery: Delivery) -> Response:
    return Response(DeliveryDetailSerializer(delivery).data)
