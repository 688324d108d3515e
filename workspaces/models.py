"""The tenant: people, workspaces, memberships, tokens and the audit trail."""

from __future__ import annotations

from datetime import datetime
from typing import ClassVar

from django.contrib.auth.base_user import AbstractBaseUser, BaseUserManager
from django.contrib.auth.models import PermissionsMixin
from django.db import models
from django.db.models.functions import Upper
from django.utils.functional import cached_property


class UserManager(BaseUserManager["User"]):
    """Makes users; the e-mail address is the login."""

    def create_user(
        self, email: str, password: str | None = None, **fields: object
    ) -> User:
        """Store a user with a hashed password."""
        user = self.model(email=self.normalize_email(email).lower(), **fields)
        user.set_password(password)
        user.save(using=self._db)
        return user

    def create_superuser(
        self, email: str, password: str | None = None, **fields: object
    ) -> User:
        """Store a user who may do everything; used by Django's own command."""
        return self.create_user(
            email, password, **{"is_staff": True, "is_superuser": True} | fields
        )

    def get_by_natural_key(self, username: str | None) -> User:
        """Find a user by address, whatever the case in which it was typed."""
        return self.get(email=(username or "").lower())


class User(AbstractBaseUser, PermissionsMixin):
    """A person who signs in."""

    email = models.EmailField(unique=True)
    name = models.CharField(max_length=120, blank=True)
    is_active = models.BooleanField(default=True)
    is_staff = models.BooleanField(
        default=False, help_text="May use the admin and belongs to CORE."
    )
    created_at = models.DateTimeField(auto_now_add=True)

    objects: ClassVar[UserManager] = UserManager()

    USERNAME_FIELD = "email"
    REQUIRED_FIELDS: ClassVar[list[str]] = []

    def __str__(self) -> str:
        return self.email

    def clean(self) -> None:
        """Write the address as the login looks for it."""
        super().clean()
        self.email = self.email.lower()


class Role(models.TextChoices):
    """What a member may do; each role includes those after it."""

    OWNER = "owner", "Owner"
    EDITOR = "editor", "Editor"
    VIEWER = "viewer", "Viewer"


class WorkspaceQuerySet(models.QuerySet["Workspace"]):
    """Workspaces by name and by who may see them."""

    def named(self, slug: str) -> WorkspaceQuerySet:
        """Match the name without regard to case."""
        return self.alias(upper=Upper("slug")).filter(upper=slug.upper())

    def visible_to(self, user: User) -> WorkspaceQuerySet:
        """Those the user belongs to, and those everyone reads."""
        return self.filter(
            models.Q(memberships__user=user) | models.Q(is_shared=True)
        ).distinct()

    def home_of(self, user: User) -> WorkspaceQuerySet:
        """Those the user belongs to, in which order they are at home there."""
        mine = self.filter(memberships__user=user)
        return mine.order_by("is_shared", "memberships__created_at", "pk")


class Workspace(models.Model):
    """A tenant. Its slug is the first part of every fact path and never changes."""

    slug = models.CharField(max_length=64)
    title = models.CharField(max_length=120, blank=True)
    zone = models.CharField(max_length=64, default="UTC")
    is_shared = models.BooleanField(
        default=False, help_text="Everyone reads it and may watch it; CORE is shared."
    )
    created_at = models.DateTimeField()

    objects: ClassVar[models.Manager[Workspace]] = WorkspaceQuerySet.as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint(Upper("slug"), name="workspace_slug_unique")
        ]

    def __str__(self) -> str:
        return self.slug


class Membership(models.Model):
    """A user in a workspace."""

    workspace = models.ForeignKey(
        Workspace, on_delete=models.CASCADE, related_name="memberships"
    )
    user = models.ForeignKey(User, on_delete=models.CASCADE, related_name="memberships")
    role = models.CharField(max_length=10, choices=Role, default=Role.EDITOR)
    created_at = models.DateTimeField()

    class Meta:
        constraints = [
            models.UniqueConstraint("workspace", "user", name="membership_unique")
        ]

    def __str__(self) -> str:
        return f"{self.role} {self.user_id} of {self.workspace_id}"


class TokenKind(models.TextChoices):
    """What a token may do."""

    SECRET = "secret", "Secret: may do everything in its workspace"
    PUBLISHABLE = "publishable", "Publishable: may only read"


class Token(models.Model):
    """An API token; only the digest of its text is kept."""

    workspace = models.ForeignKey(
        Workspace, on_delete=models.CASCADE, related_name="tokens"
    )
    name = models.CharField(max_length=120, blank=True)
    kind = models.CharField(max_length=12, choices=TokenKind)
    digest = models.CharField(max_length=64, unique=True)
    hint = models.CharField(max_length=16, help_text="First and last letters.")
    created_by = models.ForeignKey(
        User, on_delete=models.SET_NULL, null=True, blank=True, related_name="+"
    )
    created_at = models.DateTimeField()
    expires_at = models.DateTimeField()
    last_used_at = models.DateTimeField(null=True, blank=True)
    revoked_at = models.DateTimeField(null=True, blank=True)

    def __str__(self) -> str:
        return self.hint

    def is_valid(self, now: datetime) -> bool:
        """Say whether the token is neither revoked nor expired."""
        return self.revoked_at is None and now < self.expires_at


class Installation(models.Model):
    """The one row about this installation: who set it up, and with which code."""

    setup_code_digest = models.CharField(max_length=64, blank=True)
    set_up_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=models.Q(pk=1), name="installation_is_single"
            )
        ]

    def __str__(self) -> str:
        return "This installation"


class AuditEntry(models.Model):
    """Who changed what; rows are only ever added."""

    workspace = models.ForeignKey(
        Workspace, on_delete=models.CASCADE, related_name="audit_entries"
    )
    user = models.ForeignKey(
        User, on_delete=models.SET_NULL, null=True, blank=True, related_name="+"
    )
    token = models.ForeignKey(
        Token, on_delete=models.SET_NULL, null=True, blank=True, related_name="+"
    )
    action = models.CharField(max_length=60)
    target = models.CharField(max_length=200)
    details = models.JSONField(default=dict, blank=True)
    at = models.DateTimeField()

    class Meta:
        verbose_name_plural = "audit entries"
        # The audit page reads a workspace's entries newest first.
        indexes = [models.Index(fields=["workspace", "-id"], name="audit_newest")]

    def __str__(self) -> str:
        return f"{self.action} {self.target}"

    @cached_property
    def actor(self) -> str:
        """Name the person or the token that acted."""
        if self.user is not None:
            return self.user.email
        return f"token {self.token.hint}" if self.token else "the system"
