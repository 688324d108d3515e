"""The datasets of a workspace."""

from __future__ import annotations

from drf_spectacular.utils import OpenApiExample, OpenApiResponse, extend_schema
from rest_framework.request import Request
from rest_framework.response import Response

from config.clock import database_now
from datasets.api.serializers import DatasetRequestSerializer, DatasetSerializer
from datasets.models import Dataset
from datasets.services import (
    Answer,
    answer_once,
    create_dataset,
    delete_dataset,
    find_dataset,
    read_key,
)
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

_READINGS = OpenApiExample(
    "readings",
    {
        "slug": "READINGS",
        "schema": {
            "type": "object",
            "properties": {
                "sensor": {"type": "string"},
                "celsius": {"type": "number"},
            },
            "required": ["sensor"],
        },
        "index": {"key": "sensor"},
    },
    request_only=True,
)


def show_dataset(dataset: Dataset) -> dict[str, object]:
    """Return a dataset as it looks outside."""
    return dict(DatasetSerializer(dataset).data)


class DatasetsView(WorkspaceAPIView):
    """All datasets."""

    @extend_schema(
        operation_id="datasets_list",
        parameters=PAGE_PARAMETERS,
        responses=page_schema(DatasetSerializer, name="DatasetPage"),
    )
    def get(self, request: Request, workspace: str) -> Response:
        """List the datasets in the order in which they were made."""
        page = page_of(
            Dataset.objects.alive().filter(workspace=self.access.workspace),
            parameters=Parameters(request.query_params, known=PAGE_NAMES),
            order=("id",),
        )
        return page_response(request, page, show_dataset)

    @extend_schema(
        operation_id="datasets_create",
        parameters=[IDEMPOTENCY_KEY],
        request=DatasetRequestSerializer,
        examples=[_READINGS],
        responses={201: DatasetSerializer},
    )
    def post(self, request: Request, workspace: str) -> Response:
        """Make a dataset."""
        asked = DatasetRequestSerializer(data=request.data)
        asked.is_valid(raise_exception=True)
        now = database_now()

        def create() -> Answer:
            dataset = create_dataset(
                access=self.access, draft=asked.to_draft(), now=now
            )
            return Answer(status=201, body=show_dataset(dataset))

        key = read_key(
            **repeatable(request, access=self.access, body=read_body(request))
        )
        return replayed(answer_once(key=key, act=create, now=now))


class DatasetView(WorkspaceAPIView):
    """One dataset."""

    @extend_schema(operation_id="datasets_read", responses=DatasetSerializer)
    def get(self, request: Request, workspace: str, dataset: str) -> Response:
        """Return the dataset with its schema."""
        return Response(show_dataset(find_dataset(access=self.access, slug=dataset)))

    @extend_schema(
        operation_id="datasets_delete",
        responses={204: OpenApiResponse(description="The dataset is hidden.")},
    )
    def delete(self, request: Request, workspace: str, dataset: str) -> Response:
        """Hide the dataset; its name is free at once."""
        delete_dataset(
            access=self.access,
            dataset=find_dataset(access=self.access, slug=dataset),
            now=database_now(),
        )
        return Response(status=204)
