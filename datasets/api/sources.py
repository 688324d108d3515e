"""The sources of a dataset: when they run, and how they did."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from drf_spectacular.utils import OpenApiExample, extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from config.clock import database_now
from datasets.models import RunState, Source
from datasets.schedules import Schedule
from datasets.services import (
    change_source,
    find_dataset,
    find_source,
    page_of_source,
    pages_of_sources,
    read_schedule,
)
from workspaces.access import Need
from workspaces.api.paging import (
    PAGE_NAMES,
    PAGE_PARAMETERS,
    page_of,
    page_response,
    page_schema,
)
from workspaces.api.parameters import Parameters
from workspaces.api.serializers import StrictSerializer
from workspaces.api.views import WorkspaceAPIView

_SCHEDULE = ("every_seconds", "cron", "zone")
_WEEKDAYS = OpenApiExample(
    "weekdays",
    {"cron": "30 9 * * MON-FRI", "zone": "Asia/Kathmandu"},
    request_only=True,
)
_STEPS = OpenApiExample("steps", {"every_seconds": 300}, request_only=True)


class RunSerializer(serializers.Serializer[Any]):  # any: a model or nothing
    """One fetch."""

    slot = serializers.DateTimeField()
    is_history = serializers.BooleanField()
    state = serializers.ChoiceField(choices=RunState.choices)
    started_at = serializers.DateTimeField()
    ended_at = serializers.DateTimeField(allow_null=True)
    rows = serializers.IntegerField()
    skipped_slots = serializers.IntegerField(
        help_text="Slots before this one that passed while nothing ran."
    )
    error = serializers.CharField()


class SourceSerializer(serializers.Serializer[Any]):  # any: a page of a source
    """A place to fetch events from, and when."""

    id = serializers.IntegerField(source="source.pk")
    dataset = serializers.CharField(source="source.dataset.slug")
    name = serializers.CharField(source="source.name")
    kind = serializers.CharField(source="source.kind")
    every_seconds = serializers.IntegerField(
        source="source.every_seconds", allow_null=True
    )
    cron = serializers.CharField(
        source="source.cron", help_text="Blank if it runs in equal steps."
    )
    zone = serializers.CharField(
        source="source.zone", help_text="Whose clocks `cron` means, else blank."
    )
    schedule = serializers.CharField(
        source="source.schedule_sentence", help_text="When it runs, in words."
    )
    next_slots = serializers.ListField(
        child=serializers.DateTimeField(),
        help_text="The next three; of a source that is off, if it were on.",
    )
    is_enabled = serializers.BooleanField(source="source.is_enabled")
    is_held = serializers.BooleanField(
        source="source.is_held", help_text="Kept from running by the installation."
    )
    last_run = RunSerializer(allow_null=True)
    created_at = serializers.DateTimeField(source="source.created_at")


class SourceChangeSerializer(StrictSerializer):
    """What is to be different: the schedule, the switch, or both."""

    every_seconds = serializers.IntegerField(
        required=False, help_text="Equal steps; instead of cron and zone."
    )
    cron = serializers.CharField(
        required=False,
        max_length=1_000,
        help_text="Minute, hour, day of the month, month, weekday.",
    )
    zone = serializers.CharField(
        required=False, max_length=1_000, help_text="An IANA zone, with cron."
    )
    is_enabled = serializers.BooleanField(required=False)

    def to_schedule(self) -> Schedule | None:
        """Return the schedule that was said; None if none was.

        Raises:
            ScheduleInvalid: if it is not one.
        """
        said = {
            name: self.validated_data[name]
            for name in _SCHEDULE
            if name in self.validated_data
        }
        return read_schedule(**said) if said else None


class SourcesView(WorkspaceAPIView):
    """The sources of one dataset."""

    @extend_schema(
        operation_id="sources_list",
        parameters=PAGE_PARAMETERS,
        responses=page_schema(SourceSerializer, name="SourcePage"),
    )
    def get(self, request: Request, workspace: str, dataset: str) -> Response:
        """List the sources of a dataset in the order in which they were made."""
        found = find_dataset(access=self.access, slug=dataset)
        page = page_of(
            Source.objects.filter(dataset=found).select_related("dataset"),
            parameters=Parameters(request.query_params, known=PAGE_NAMES),
            order=("id",),
        )
        pages = pages_of_sources(page.rows, now=database_now())
        shown = {one.source.pk: dict(SourceSerializer(one).data) for one in pages}
        return page_response(request, page, lambda one: shown[one.pk])


class SourceView(WorkspaceAPIView):
    """One source."""

    needs = {"PATCH": Need.MANAGE}

    @extend_schema(operation_id="sources_read", responses=SourceSerializer)
    def get(
        self, request: Request, workspace: str, dataset: str, source: int
    ) -> Response:
        """Return a source with its schedule, its next slots and its last run."""
        found = find_source(access=self.access, slug=dataset, source_id=source)
        return Response(_show(found, database_now()))

    @extend_schema(
        operation_id="sources_change",
        request=SourceChangeSerializer,
        examples=[_WEEKDAYS, _STEPS],
        responses=SourceSerializer,
    )
    def patch(
        self, request: Request, workspace: str, dataset: str, source: int
    ) -> Response:
        """Say when a source runs, or turn it on or off.

        Say either `every_seconds`, or `cron` and `zone`.
        """
        asked = SourceChangeSerializer(data=request.data)
        asked.is_valid(raise_exception=True)
        found = find_source(access=self.access, slug=dataset, source_id=source)
        now = database_now()
        change_source(
            access=self.access,
            source=found,
            schedule=asked.to_schedule(),
            on=asked.validated_data.get("is_enabled"),
            now=now,
        )
        return Response(_show(found, now))


def _show(source: Source, now: datetime) -> dict[str, object]:
    return dict(SourceSerializer(page_of_source(source, now=now)).data)
