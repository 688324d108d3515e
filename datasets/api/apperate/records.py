"""`POST /record`: how own events reach the rules."""

from __future__ import annotations

from rest_framework.request import Request
from rest_framework.response import Response

from config.clock import database_now
from datasets.api.apperate.loading import DUPLICATES
from datasets.models import BatchState
from datasets.services import (
    EventBody,
    Ingest,
    Publication,
    Published,
    publish_events,
    read_key,
)
from workspaces.api.apperate import ApperateView
from workspaces.api.repeats import repeatable, replay_header


class RecordCall(ApperateView):
    """Records written one by one or many at once."""

    cross_origin = frozenset(("POST",))
    token_in_body = False

    def post(self, request: Request, workspace: str, dataset: str) -> Response:
        """Store the records in the body and let the rules judge them."""
        asked = self.parameters
        publication = Publication(
            slug=dataset,
            body=EventBody(content=self.raw_body),
            ingest=Ingest(
                duplicates=asked.choice(
                    "duplicateKeyHandling", DUPLICATES, default=None
                ),
                raises=asked.flag("event", default=True),
                moves_facts=asked.flag("updateState", default=True),
                persists=asked.flag("persist", default=True),
            ),
            makes_dataset=asked.flag("createDatasetOnDemand", default=True),
            waits=asked.flag("wait", default=True),
        )
        told = repeatable(request, access=self.access, body=self.raw_body)
        published = publish_events(
            access=self.access,
            publication=publication,
            key=read_key(**told),
            now=database_now(),
        )
        return Response(
            tell_written(published, waits=publication.waits),
            headers=replay_header(is_replay=published.is_replay),
        )


def tell_written(published: Published, *, waits: bool) -> dict[str, object]:
    """Return the answer to records that were stored; `waits` for the judgement."""
    message = f"wrote {published.size} messages"
    if waits and published.state is BatchState.PENDING:
        message += ", which are stored and not judged yet"
    return {"success": True, "message": message}
