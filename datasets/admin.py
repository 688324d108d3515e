"""Datasets and the queue of their lanes in the admin.

`Record` and its composite key have no page of their own, which the admin cannot give
them: a batch shows its records.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django import forms
from django.contrib import admin, messages
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils.html import format_html_join
from django.utils.safestring import SafeString

from config.clock import database_now
from datasets.connectors import known_connectors
from datasets.json import encode
from datasets.models import (
    Batch,
    Dataset,
    Duplicates,
    Fact,
    Idempotency,
    Job,
    Lane,
    Quarantine,
    Record,
    Run,
    Source,
)
from datasets.services import (
    NothingToReplay,
    ScheduleInvalid,
    SourceInvalid,
    is_held_here,
    read_schedule,
    replay_quarantined,
    save_dataset,
)
from datasets.services.configuring import check_config
from workspaces.access import open_for_system
from workspaces.admin import ReadOnlyAdmin

#: Records of a batch that its page shows.
_RECORDS_SHOWN = 50


class DatasetForm(forms.ModelForm):
    """What staff may change of a dataset."""

    def clean_duplicates(self) -> str:
        """Keep a divided dataset from refusing what its lanes judge apart."""
        duplicates: str = self.cleaned_data["duplicates"]
        if self.instance.shards > 1 and duplicates == Duplicates.REFUSE:
            raise forms.ValidationError(
                "Its shards are judged apart, so a record that repeats one cannot void "
                "those of other shards; keep the first or the last."
            )
        return duplicates


@admin.register(Dataset)
class DatasetAdmin(admin.ModelAdmin):
    """Datasets of all tenants; what gives their records a place stays as it is."""

    list_display = (
        "slug",
        "workspace",
        "title",
        "key_field",
        "date_field",
        "is_simulated",
        "retention_seconds",
        "deleted_at",
    )
    form = DatasetForm
    list_filter = ("is_simulated", "duplicates")
    list_select_related = ("workspace",)
    search_fields = ("slug", "title", "workspace__slug")
    readonly_fields = (
        "workspace",
        "slug",
        "schema",
        "key_field",
        "subkey_field",
        "date_field",
        "key_form",
        "shards",
        "created_at",
        "updated_at",
    )

    def save_model(
        self,
        request: HttpRequest,
        obj: Dataset,
        form: Any,  # Any: the form that the admin made
        change: bool,  # noqa: FBT001 - as Django calls it
    ) -> None:
        """Store the dataset; what changes verdicts takes its place among the events."""
        save_dataset(dataset=obj, now=database_now())

    def has_add_permission(self, request: HttpRequest) -> bool:
        """Datasets come with a lane, which the console and the API make."""
        return False


@admin.register(Lane)
class LaneAdmin(ReadOnlyAdmin):
    """Lanes; pausing one stops its judging, not its accepting.

    There is no form: saving one would write back the position at which it was opened.
    """

    list_display = ("id", "dataset", "shard", "next_seq", "is_paused", "crash_batch")
    list_filter = ("is_paused",)
    list_select_related = ("dataset",)
    search_fields = ("dataset__slug",)
    actions = ("pause", "resume")

    @admin.action(description="Pause the judging of selected lanes")
    def pause(self, request: HttpRequest, lanes: QuerySet[Lane]) -> None:
        """Stop draining; what arrives waits."""
        lanes.update(is_paused=True)

    @admin.action(description="Resume the judging of selected lanes")
    def resume(self, request: HttpRequest, lanes: QuerySet[Lane]) -> None:
        """Drain again; the next sweep begins with what waited."""
        lanes.update(is_paused=False)


@admin.register(Batch)
class BatchAdmin(ReadOnlyAdmin):
    """Batches with their records."""

    list_display = ("id", "lane", "origin", "is_live", "size", "state", "seq")
    list_filter = ("state", "origin", "is_live")
    list_select_related = ("lane__dataset",)
    search_fields = ("=id", "lane__dataset__slug")
    date_hierarchy = "received_at"
    readonly_fields = ("records",)

    @admin.display(description="First records")
    def records(self, batch: Batch) -> SafeString:
        """Show the first records as JSON."""
        rows = Record.objects.filter(batch_id=batch.pk).order_by("ord")
        return format_html_join(
            "",
            "<p>{} · {} · <code>{}</code></p>",
            (
                (row.ord, row.key, encode(row.body).decode())
                for row in rows[:_RECORDS_SHOWN]
            ),
        )


@admin.register(Fact)
class FactAdmin(ReadOnlyAdmin):
    """The last values of keys."""

    list_display = ("key", "dataset", "watermark")
    list_select_related = ("dataset",)
    search_fields = ("key", "dataset__slug")


@admin.register(Idempotency)
class IdempotencyAdmin(ReadOnlyAdmin):
    """Answers that repeats would get."""

    list_display = ("key", "scope", "status", "created_at")
    search_fields = ("key",)


def _kinds() -> list[tuple[str, str]]:
    return [(one.kind, one.label) for one in known_connectors()]


class SourceForm(forms.ModelForm):
    """What staff may say of a source."""

    kind = forms.ChoiceField(choices=_kinds)

    def clean_config(self) -> dict[str, object]:
        """Take nothing for no settings, and settings by their names alone."""
        config = self.cleaned_data["config"] or {}
        if not isinstance(config, dict):
            raise forms.ValidationError(
                'Write the settings as an object, like {"seed": 1}.'
            )
        return config

    def clean(self) -> dict[str, Any]:  # Any: as Django has it
        """Check the settings and when it runs; a new schedule begins from now on."""
        said = super().clean() or self.cleaned_data
        return {**said, **self._settings(said), **self._schedule(said)}

    def _settings(self, said: Mapping[str, Any]) -> Mapping[str, object]:
        """Return the settings with what the kind adds to them."""
        if not {"kind", "config"} <= said.keys():
            return {}
        try:
            return {"config": check_config(kind=said["kind"], config=said["config"])}
        except SourceInvalid as refusal:
            for error in refusal.errors:
                self.add_error("config", error.detail)
            return {}

    def _schedule(self, said: Mapping[str, Any]) -> Mapping[str, object]:
        try:
            schedule = read_schedule(
                every_seconds=said.get("every_seconds"),
                cron=said.get("cron", ""),
                zone=said.get("zone", ""),
            )
        except ScheduleInvalid as refusal:
            for error in refusal.errors:
                self.add_error(error.pointer.lstrip("/"), error.detail)
            return {}
        is_new = {"every_seconds", "cron", "zone"} & {*self.changed_data}
        first = {"next_run_at": schedule.first_slot(database_now())}
        begins = first if is_new and self.instance.past_until is None else {}
        return {**begins, **Source.columns_of(schedule)}


@admin.register(Source)
class SourceAdmin(admin.ModelAdmin):
    """Sources and when they run next."""

    form = SourceForm
    list_display = (
        "name",
        "dataset",
        "kind",
        "every_seconds",
        "cron",
        "zone",
        "is_enabled",
        "is_held",
        "next_run_at",
        "past_until",
    )
    list_filter = ("kind", "is_enabled", "is_held")
    list_select_related = ("dataset",)
    search_fields = ("name", "dataset__slug")
    autocomplete_fields = ("dataset",)

    def get_exclude(
        self, request: HttpRequest, obj: Source | None = None
    ) -> tuple[str, ...]:
        """Ask for nothing that only a source that is there has."""
        return () if obj else ("is_held", "past_until", "next_run_at", "created_at")

    def get_readonly_fields(
        self, request: HttpRequest, obj: Source | None = None
    ) -> tuple[str, ...]:
        """Show what the program alone writes."""
        return ("is_held", "past_until", "created_at") if obj else ()

    def save_model(
        self,
        request: HttpRequest,
        obj: Source,
        form: Any,  # Any: the form that the admin made
        change: bool,  # noqa: FBT001 - as Django calls it
    ) -> None:
        """Store the source; a new one begins with its first slot from now on."""
        if not change:
            obj.created_at = database_now()
            obj.is_held = is_held_here(obj.kind)
            obj.next_run_at = obj.schedule.first_slot(obj.created_at)
        super().save_model(request, obj, form, change)


@admin.register(Run)
class RunAdmin(ReadOnlyAdmin):
    """Fetches, newest first."""

    list_display = (
        "id",
        "source",
        "slot",
        "is_history",
        "state",
        "rows",
        "skipped_slots",
        "error",
    )
    list_filter = ("state", "is_history")
    list_select_related = ("source",)
    search_fields = ("source__name", "error")
    date_hierarchy = "slot"


@admin.register(Job)
class JobAdmin(ReadOnlyAdmin):
    """Imports and how far they have come."""

    list_display = (
        "id",
        "dataset",
        "file_name",
        "state",
        "rows_done",
        "rows_rejected",
        "created_at",
        "error",
    )
    list_filter = ("state", "is_live")
    list_select_related = ("dataset",)
    search_fields = ("file_name", "dataset__slug")
    date_hierarchy = "created_at"


@admin.register(Quarantine)
class QuarantineAdmin(ReadOnlyAdmin):
    """Events that could not be judged; once the reason is mended they can be."""

    list_display = ("id", "batch", "ord", "tries", "reason", "created_at")
    search_fields = ("reason",)
    actions = ("replay",)

    def get_queryset(self, request: HttpRequest) -> QuerySet[Any]:
        """Fetch what the list names in one query."""
        return super().get_queryset(request).select_related("batch")

    @admin.action(description="Judge selected events again")
    def replay(self, request: HttpRequest, events: QuerySet[Quarantine]) -> None:
        """Give events a new place at the end of their lanes."""
        for one in events.select_related("batch__lane__dataset__workspace"):
            access = open_for_system(workspace=one.batch.lane.dataset.workspace)
            try:
                replay_quarantined(access=access, quarantined=one, now=database_now())
            except NothingToReplay as refusal:
                self.message_user(request, f"{one}: {refusal}", messages.WARNING)
