"""Alerts, outputs and deliveries in the admin."""

from __future__ import annotations

from typing import Any

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest

from alerts.models import (
    Alert,
    Attempt,
    Canary,
    Delivery,
    FeedEntry,
    FeedHead,
    Heartbeat,
    Output,
    Proof,
    Storm,
    Transition,
)
from alerts.services import NothingToRetry, retry_delivery
from config.clock import database_now
from workspaces.access import open_for_system
from workspaces.admin import ReadOnlyAdmin


class TransitionInline(admin.TabularInline):
    """The steps of an alert."""

    model = Transition
    extra = 0
    can_delete = False
    fields = readonly_fields = ("number", "kind", "at", "seq", "ord", "reason")
    ordering = ("number",)

    def has_add_permission(
        self, request: HttpRequest, obj: Any = None
    ) -> bool:  # Any: as Django's
        """Steps are decided by the engine."""
        return False


@admin.register(Alert)
class AlertAdmin(ReadOnlyAdmin):
    """Alerts with their steps."""

    list_display = (
        "recorded_at",
        "workspace",
        "rule",
        "key",
        "state",
        "severity",
        "is_historical",
        "reason",
    )
    list_filter = ("state", "severity", "is_historical", "is_simulated")
    list_select_related = ("workspace", "rule")
    search_fields = ("=id", "key", "rule__name", "reason")
    date_hierarchy = "recorded_at"
    inlines = (TransitionInline,)


@admin.register(Transition)
class TransitionAdmin(ReadOnlyAdmin):
    """Steps by their place in a lane's order."""

    list_display = ("recorded_at", "kind", "rule", "key", "lane", "seq", "ord")
    list_filter = ("kind",)
    list_select_related = ("rule", "lane")
    search_fields = ("key", "rule__name")
    date_hierarchy = "recorded_at"


@admin.register(Output)
class OutputAdmin(admin.ModelAdmin):
    """Outputs; their secrets are sealed and not shown."""

    list_display = (
        "name",
        "workspace",
        "kind",
        "is_enabled",
        "failures",
        "open_until",
        "disabled_reason",
    )
    list_filter = ("kind", "is_enabled")
    list_select_related = ("workspace",)
    search_fields = ("name", "slug", "workspace__slug")
    exclude = ("sealed_secret",)
    readonly_fields = ("workspace", "slug", "kind", "config", "created_at")

    def has_add_permission(self, request: HttpRequest) -> bool:
        """Outputs are made with a secret, by the console and the API."""
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Rules name outputs; deleting one by the API hides it and keeps its row."""
        return False


class AttemptInline(admin.TabularInline):
    """The tries of a delivery."""

    model = Attempt
    extra = 0
    can_delete = False
    fields = readonly_fields = (
        "number",
        "started_at",
        "ended_at",
        "status_code",
        "error",
    )
    ordering = ("number",)

    def has_add_permission(
        self, request: HttpRequest, obj: Any = None
    ) -> bool:  # Any: as Django's
        """Tries are made by sending."""
        return False


@admin.register(Delivery)
class DeliveryAdmin(ReadOnlyAdmin):
    """Deliveries; what was given up can be sent again."""

    list_display = (
        "created_at",
        "workspace",
        "output",
        "status",
        "reason",
        "attempts",
        "due_at",
        "error",
    )
    list_filter = ("status",)
    list_select_related = ("workspace", "output")
    search_fields = ("=id", "output__name", "error")
    date_hierarchy = "created_at"
    inlines = (AttemptInline,)
    actions = ("send_again",)

    @admin.action(description="Send selected deliveries again")
    def send_again(self, request: HttpRequest, deliveries: QuerySet[Delivery]) -> None:
        """Queue what was given up, held back, or waits for its next try."""
        queued = 0
        for delivery in deliveries.select_related("workspace"):
            access = open_for_system(workspace=delivery.workspace)
            try:
                retry_delivery(access=access, delivery=delivery, now=database_now())
            except NothingToRetry:
                continue  # sent ones among those selected are counted out below
            queued += 1
        self.message_user(request, f"{queued} of {len(deliveries)} are queued again.")


@admin.register(Storm)
class StormAdmin(ReadOnlyAdmin):
    """How much each rule has told each output in its newest minute."""

    list_display = ("rule", "output", "minute", "told", "earlier", "next_at")
    list_select_related = ("rule", "output")
    search_fields = ("rule__name", "output__name", "output__workspace__slug")


@admin.register(FeedEntry)
class FeedEntryAdmin(ReadOnlyAdmin):
    """The numbered feed."""

    list_display = ("workspace", "seq", "kind", "alert", "at")
    list_filter = ("kind",)
    list_select_related = ("workspace", "alert")
    search_fields = ("workspace__slug", "=seq")
    date_hierarchy = "at"


@admin.register(FeedHead)
class FeedHeadAdmin(ReadOnlyAdmin):
    """How far each feed has come."""

    list_display = ("workspace", "next_seq", "epoch")
    list_select_related = ("workspace",)
    search_fields = ("workspace__slug",)


@admin.register(Heartbeat)
class HeartbeatAdmin(ReadOnlyAdmin):
    """When each part last showed that it works."""

    list_display = ("part", "at")


@admin.register(Canary)
class CanaryAdmin(ReadOnlyAdmin):
    """When the canary sets out again."""

    list_display = ("dataset", "due_at")
    list_select_related = ("dataset",)


@admin.register(Proof)
class ProofAdmin(ReadOnlyAdmin):
    """What came back of the canary."""

    list_display = ("sent_at", "delivered_at", "length")
    date_hierarchy = "sent_at"
