"""Rules in the admin: to look, and to stop one that does harm."""

from __future__ import annotations

from typing import Any

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest

from config.clock import database_now
from rules.models import (
    BacktestRun,
    Forward,
    Instance,
    LaneRule,
    Place,
    Predicate,
    Rule,
    Tally,
    Version,
)
from rules.services import turn_rule
from workspaces.access import open_for_system
from workspaces.admin import ReadOnlyAdmin


@admin.register(Rule)
class RuleAdmin(ReadOnlyAdmin):
    """Rules of all tenants; editing them is the console's."""

    list_display = (
        "name",
        "workspace",
        "kind",
        "is_enabled",
        "health",
        "ran",
        "passed",
        "sent",
        "evaluated_at",
        "last_alert_at",
    )
    list_filter = ("is_enabled", "kind", "health")
    list_select_related = ("workspace", "tally")
    search_fields = ("name", "slug", "uuid", "workspace__slug")
    date_hierarchy = "created_at"
    actions = ("turn_off", "turn_on")

    @admin.action(description="Turn off selected rules")
    def turn_off(self, request: HttpRequest, rules: QuerySet[Rule]) -> None:
        """Turn rules off, in the order of their lanes."""
        self._turn(rules, on=False)

    @admin.action(description="Turn on selected rules")
    def turn_on(self, request: HttpRequest, rules: QuerySet[Rule]) -> None:
        """Turn rules on, in the order of their lanes."""
        self._turn(rules, on=True)

    def _turn(self, rules: QuerySet[Rule], *, on: bool) -> None:
        for rule in rules.select_related("workspace", "latest__lane"):
            access = open_for_system(workspace=rule.workspace)
            turn_rule(access=access, rule=rule, on=on, now=database_now())


@admin.register(Version)
class VersionAdmin(ReadOnlyAdmin):
    """What rules said, and from where on."""

    list_display = ("rule", "number", "sentence", "effective_seq", "created_at")
    list_select_related = ("rule",)
    search_fields = ("rule__name", "sentence")
    date_hierarchy = "created_at"


@admin.register(Instance)
class InstanceAdmin(ReadOnlyAdmin):
    """Where rules stand for keys."""

    list_display = ("rule", "key", "state")
    list_filter = ("state",)
    list_select_related = ("rule",)
    search_fields = ("rule__name", "key")

    def get_queryset(self, request: HttpRequest) -> QuerySet[Any]:
        """Order by what is unique, so that pages hold still."""
        return super().get_queryset(request).order_by("-pk")


@admin.register(Tally)
class TallyAdmin(ReadOnlyAdmin):
    """How often events of keys ran the rules on some of their fields."""

    list_display = ("key", "lane", "interest", "runs", "run_at")
    list_select_related = ("lane__dataset__workspace",)
    search_fields = ("key",)


@admin.register(Place)
class PlaceAdmin(ReadOnlyAdmin):
    """The fields of keys that predicates name."""

    list_display = ("key", "field", "lane")
    list_select_related = ("lane__dataset__workspace",)
    search_fields = ("key", "field")


@admin.register(Predicate)
class PredicateAdmin(ReadOnlyAdmin):
    """What lanes load of plain rules instead of reading their definitions."""

    list_display = ("rule", "place", "operator", "constant", "is_all")
    list_filter = ("operator",)
    list_select_related = ("rule", "place")
    search_fields = ("rule__name",)


@admin.register(Forward)
class ForwardAdmin(ReadOnlyAdmin):
    """Which lanes forward what for versions that others judge."""

    list_display = ("version", "lane", "change")
    list_select_related = ("version__rule", "lane__dataset__workspace")
    search_fields = ("version__rule__name",)


@admin.register(LaneRule)
class LaneRuleAdmin(ReadOnlyAdmin):
    """How rules fared in each of the several lanes that judge them."""

    list_display = ("rule", "lane", "version", "ran", "passed", "sent")
    list_select_related = ("rule", "lane__dataset__workspace", "version")
    search_fields = ("rule__name",)


@admin.register(BacktestRun)
class BacktestRunAdmin(ReadOnlyAdmin):
    """Back-tests that are judged in the background, and how far they are."""

    list_display = ("workspace", "state", "read", "total", "created_by", "created_at")
    list_filter = ("state",)
    list_select_related = ("workspace", "created_by")
    date_hierarchy = "created_at"
