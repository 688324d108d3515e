"""The records of a dataset: newest first out, one or many in."""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from functools import partial
from zoneinfo import ZoneInfo

from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiExample, OpenApiParameter, extend_schema
from rest_framework.request import Request
from rest_framework.response import Response

from config.clock import database_now
from datasets.api.serializers import AcceptedSerializer, RecordSerializer
from datasets.models import BatchState, Dataset, Duplicates, Record
from datasets.services import (
    BodyKind,
    EventBody,
    Ingest,
    Publication,
    Published,
    find_dataset,
    newest_records,
    publish_events,
    read_key,
    read_period,
    shown_fields,
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
from workspaces.api.repeats import IDEMPOTENCY_KEY, repeatable, replay_header
from workspaces.api.views import WorkspaceAPIView
from workspaces.refusals import WrongType

_NEWEST = ("-event_time", "-batch_id", "-ord")
_KINDS: Mapping[str, BodyKind] = {
    "": BodyKind.JSON,
    "application/json": BodyKind.JSON,
    "application/x-ndjson": BodyKind.LINES,
    "application/ndjson": BodyKind.LINES,
    "application/jsonl": BodyKind.LINES,
    "application/x-jsonl": BodyKind.LINES,
    "text/csv": BodyKind.CSV,
}
_LIVES: Mapping[str, bool] = {"live": True, "history": False}
_DUPLICATES: Mapping[str, Duplicates | None] = {one.value: one for one in Duplicates}
_WAITS: Mapping[str, bool] = {"judged": True}
_EVENT = {"type": "object", "additionalProperties": {}}
_EVENTS = {"oneOf": [_EVENT, {"type": "array", "items": _EVENT}]}
_READINGS = [
    OpenApiExample("readings", body, media_type=media_type, request_only=True)
    for media_type, body in (
        ("application/json", [{"sensor": "cellar", "celsius": 4.5}]),
        ("application/x-ndjson", '{"sensor": "cellar", "celsius": 4.5}\n'),
        ("text/csv", "sensor,celsius\ncellar,4.5\n"),
    )
]


def show_record(dataset: Dataset, record: Record) -> dict[str, object]:
    """Return a record as it looks outside."""
    return {
        "id": f"{record.batch_id}.{record.ord}",
        "key": record.key,
        "subkey": record.subkey,
        "event_time": record.event_time,
        "is_late": record.is_late,
        "fields": shown_fields(dataset, record),
    }


class RecordsView(WorkspaceAPIView):
    """The records of one dataset."""

    @extend_schema(
        operation_id="records_list",
        parameters=[
            OpenApiParameter("key", description="Only records of this key."),
            OpenApiParameter(
                "from", description="Not before this time, or the first of this day."
            ),
            OpenApiParameter(
                "to", description="Not after this time, or the last of this day."
            ),
            *PAGE_PARAMETERS,
        ],
        responses=page_schema(RecordSerializer, name="RecordPage"),
    )
    def get(self, request: Request, workspace: str, dataset: str) -> Response:
        """List the records, newest first."""
        found = find_dataset(access=self.access, slug=dataset)
        asked = Parameters(
            request.query_params, known=("key", "from", "to", *PAGE_NAMES)
        )
        period = read_period(
            since=asked.text("from"),
            until=asked.text("to"),
            zone=ZoneInfo(found.zone),
        )
        records = newest_records(
            dataset=found, key=asked.text("key") or None, period=period
        )
        page = page_of(records, parameters=asked, order=_NEWEST)
        return page_response(request, page, partial(show_record, found))

    @extend_schema(
        operation_id="records_create",
        parameters=[
            OpenApiParameter(
                "as", enum=list(_LIVES), description="History tells nobody."
            ),
            OpenApiParameter(
                "wait", enum=list(_WAITS), description="Answer once judged."
            ),
            OpenApiParameter(
                "duplicates",
                enum=list(_DUPLICATES),
                description="Instead of what the dataset says.",
            ),
            IDEMPOTENCY_KEY,
        ],
        request={
            "application/json": _EVENTS,
            "application/x-ndjson": OpenApiTypes.STR,
            "text/csv": OpenApiTypes.STR,
        },
        examples=_READINGS,
        responses={200: AcceptedSerializer, 202: AcceptedSerializer},
    )
    def post(self, request: Request, workspace: str, dataset: str) -> Response:
        """Store one record, or many at once: all of them or none."""
        asked = Parameters(request.query_params, known=("as", "wait", "duplicates"))
        body = read_body(request)
        publication = Publication(
            slug=dataset,
            body=EventBody(
                content=body, kind=kind_of(request.headers.get("Content-Type", ""))
            ),
            ingest=_ingest(
                is_live=asked.choice("as", _LIVES, default=True),
                duplicates=asked.choice("duplicates", _DUPLICATES, default=None),
            ),
            waits=asked.choice("wait", _WAITS, default=False),
        )
        published = publish_events(
            access=self.access,
            publication=publication,
            key=read_key(**repeatable(request, access=self.access, body=body)),
            now=database_now(),
        )
        status, told = tell_accepted(published)
        headers = replay_header(is_replay=published.is_replay)
        return Response(told, status=status, headers=headers)


def tell_accepted(published: Published) -> tuple[int, dict[str, object]]:
    """Return status and body of the answer to records that were stored."""
    told: dict[str, object] = {
        "batch": published.batch_id,
        "accepted": published.size,
        "state": published.state.value,
    }
    return 202 if published.state is BatchState.PENDING else 200, told


def kind_of(content_type: str) -> BodyKind:
    """Return how a body of this `Content-Type` is written.

    Raises:
        WrongType: if it is not understood.
    """
    said = content_type.partition(";")[0].strip().lower()
    if said not in _KINDS:
        raise WrongType(
            f"Content-Type {said[:60]} is not understood; send application/json, "
            "application/x-ndjson or text/csv."
        )
    return _KINDS[said]


def _ingest(*, is_live: bool, duplicates: Duplicates | None) -> Ingest:
    """Return how to treat a request; each one of history is an import of its own."""
    if is_live:
        return Ingest(duplicates=duplicates)
    return Ingest(
        is_live=False,
        duplicates=duplicates,
        import_id=uuid.uuid4().hex,
        closes_import=True,
    )
