"""What became of a batch."""

from __future__ import annotations

from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.response import Response

from datasets.api.serializers import BatchSerializer
from datasets.services import find_standing
from workspaces.api.views import WorkspaceAPIView


class BatchView(WorkspaceAPIView):
    """One batch."""

    @extend_schema(operation_id="batches_read", responses=BatchSerializer)
    def get(self, request: Request, workspace: str, batch: int) -> Response:
        """Return the batch with its state."""
        found = find_standing(access=self.access, batch_id=batch)
        return Response(BatchSerializer(found).data)
