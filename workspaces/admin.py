"""The tenant in the admin, for the installation's staff."""

from __future__ import annotations

from typing import Any, ClassVar
from zoneinfo import available_timezones

from django import forms
from django.contrib import admin
from django.contrib.auth.admin import UserAdmin as DjangoUserAdmin
from django.db import models
from django.http import HttpRequest

from config.clock import database_now
from workspaces.models import (
    AuditEntry,
    Installation,
    Membership,
    Token,
    User,
    Workspace,
)
from workspaces.names import NameInvalid, check_name
from workspaces.services import CORE, RESERVED_WORKSPACES, staff_core


class ReadOnlyAdmin(admin.ModelAdmin):
    """For rows that the program alone writes: staff look, and change nothing."""

    show_full_result_count = False

    def has_add_permission(self, request: HttpRequest) -> bool:
        """Rows are made by the work they tell of."""
        return False

    def has_change_permission(
        self, request: HttpRequest, obj: models.Model | None = None
    ) -> bool:
        """Rows say what happened."""
        return False

    def has_delete_permission(
        self, request: HttpRequest, obj: models.Model | None = None
    ) -> bool:
        """Retention removes rows."""
        return False


@admin.register(User)
class UserAdmin(DjangoUserAdmin):
    """People; the e-mail address is the login."""

    ordering = ("email",)
    list_display = ("email", "name", "is_active", "is_staff", "last_login")
    list_filter = ("is_active", "is_staff")
    search_fields = ("email", "name")
    readonly_fields = ("last_login", "created_at")
    fieldsets = (
        (None, {"fields": ("email", "name", "password")}),
        ("Rights", {"fields": ("is_active", "is_staff", "is_superuser")}),
        ("Times", {"fields": ("last_login", "created_at")}),
    )
    add_fieldsets = (
        (None, {"classes": ("wide",), "fields": ("email", "password1", "password2")}),
    )

    def save_model(
        self,
        request: HttpRequest,
        obj: User,
        form: Any,  # Any: the form that the admin made
        change: bool,  # noqa: FBT001 - as Django calls it
    ) -> None:
        """Store the person; who became staff joins CORE, who no longer is leaves it."""
        super().save_model(request, obj, form, change)
        staff_core(now=database_now())


class MembershipInline(admin.TabularInline):
    """The members of a workspace; CORE's are the staff, so there only roles change."""

    model = Membership
    extra = 0
    fields = ("user", "role", "created_at")
    readonly_fields = ("created_at",)
    autocomplete_fields = ("user",)

    def has_add_permission(
        self, request: HttpRequest, obj: Workspace | None = None
    ) -> bool:
        """Who is staff joins CORE by that alone."""
        return not _is_core(obj) and super().has_add_permission(request, obj)

    def has_delete_permission(
        self, request: HttpRequest, obj: Workspace | None = None
    ) -> bool:
        """Who is staff no longer leaves CORE by that alone."""
        return not _is_core(obj) and super().has_delete_permission(request, obj)


def _is_core(workspace: Workspace | None) -> bool:
    return workspace is not None and workspace.is_shared and workspace.slug == CORE


class WorkspaceForm(forms.ModelForm):
    """What staff may say of a workspace."""

    def clean_slug(self) -> str:
        """Let a workspace bear only a name that can stand in a fact path."""
        try:
            return check_name(self.cleaned_data["slug"], reserved=RESERVED_WORKSPACES)
        except NameInvalid as error:
            raise forms.ValidationError(str(error)) from error

    def clean_zone(self) -> str:
        """Know the zone, by whose clocks its days begin."""
        zone: str = self.cleaned_data["zone"]
        if zone not in available_timezones():
            raise forms.ValidationError(
                f"{zone!r} is no time zone; write one like America/New_York or UTC."
            )
        return zone


@admin.register(Workspace)
class WorkspaceAdmin(admin.ModelAdmin):
    """Tenants; a slug stands in fact paths and never changes."""

    form = WorkspaceForm
    list_display = ("slug", "title", "zone", "is_shared", "created_at")
    list_filter = ("is_shared",)
    search_fields = ("slug", "title")
    inlines: ClassVar = [MembershipInline]

    def get_exclude(
        self, request: HttpRequest, obj: Workspace | None = None
    ) -> tuple[str, ...]:
        """Ask for nothing that only a workspace that is there has."""
        return () if obj else ("created_at",)

    def get_readonly_fields(
        self, request: HttpRequest, obj: Workspace | None = None
    ) -> tuple[str, ...]:
        """Let the slug be chosen once."""
        return ("slug", "created_at") if obj else ()

    def save_model(
        self,
        request: HttpRequest,
        obj: Workspace,
        form: Any,  # Any: the form that the admin made
        change: bool,  # noqa: FBT001 - as Django calls it
    ) -> None:
        """Store the workspace; a new one begins now."""
        if not change:
            obj.created_at = database_now()
        super().save_model(request, obj, form, change)

    def save_formset(
        self,
        request: HttpRequest,
        form: Any,  # Any: both as the admin made them
        formset: Any,
        change: bool,  # noqa: FBT001 - as Django calls it
    ) -> None:
        """Store the members; new ones join now."""
        for one in formset.extra_forms:
            one.instance.created_at = database_now()
        super().save_formset(request, form, formset, change)


@admin.register(Token)
class TokenAdmin(ReadOnlyAdmin):
    """Tokens; their texts are nowhere."""

    list_display = (
        "hint",
        "workspace",
        "kind",
        "name",
        "created_at",
        "expires_at",
        "last_used_at",
        "revoked_at",
    )
    list_filter = ("kind",)
    list_select_related = ("workspace",)
    search_fields = ("hint", "name", "workspace__slug")
    exclude = ("digest",)


@admin.register(AuditEntry)
class AuditEntryAdmin(ReadOnlyAdmin):
    """Who changed what."""

    list_display = ("at", "workspace", "actor", "action", "target")
    list_filter = ("action",)
    list_select_related = ("workspace", "user", "token")
    search_fields = ("target", "workspace__slug", "user__email")
    date_hierarchy = "at"


@admin.register(Installation)
class InstallationAdmin(ReadOnlyAdmin):
    """Whether this installation is set up."""

    list_display = ("__str__", "set_up_at")
    exclude = ("setup_code_digest",)
