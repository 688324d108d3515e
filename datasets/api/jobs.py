"""How far an import has come."""

from __future__ import annotations

from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.response import Response

from datasets.api.serializers import JobSerializer
from datasets.services import find_job
from workspaces.api.views import WorkspaceAPIView


class JobView(WorkspaceAPIView):
    """One import."""

    @extend_schema(operation_id="jobs_read", responses=JobSerializer)
    def get(self, request: Request, workspace: str, job: str) -> Response:
        """Return the import with its progress and its first rejected rows."""
        return Response(JobSerializer(find_job(access=self.access, job_id=job)).data)
