"""The address that a load answers with: how far it has come."""

from __future__ import annotations

from collections.abc import Mapping

from rest_framework.request import Request
from rest_framework.response import Response

from datasets.models import Job, JobState
from datasets.services import find_job
from workspaces.api.apperate import ApperateView

#: Apperate's words for the states of a job.
_STATUS: Mapping[str, str] = {
    JobState.QUEUED: "VALIDATING",
    JobState.RUNNING: "VALIDATING",
    JobState.DONE: "INGESTED",
    JobState.FAILED: "ERROR",
}


class JobCall(ApperateView):
    """One import."""

    cross_origin = frozenset(("GET",))

    def get(self, request: Request, workspace: str, job: str) -> Response:
        """Return the import with its status."""
        return Response(_shown(find_job(access=self.access, job_id=job)))


def _shown(job: Job) -> dict[str, object]:
    return {
        "jobId": str(job.pk),
        "datasetId": job.dataset.slug,
        "status": _STATUS[job.state],
        "progress": job.percent,
        "ingested": job.rows_done,
        "invalid": job.rows_rejected,
        "message": job.error,
        "date": int(job.created_at.timestamp() * 1000),
    }
