"""What changes tenants: workspaces, members, tokens, the set-up and the audit trail."""

from __future__ import annotations

import hmac
import re
import secrets
from datetime import datetime, timedelta
from typing import Any

from django.contrib.auth.password_validation import validate_password
from django.core.exceptions import ValidationError
from django.core.validators import validate_email
from django.db import models, transaction

from workspaces.access import Access
from workspaces.models import (
    AuditEntry,
    Installation,
    Membership,
    Role,
    Token,
    TokenKind,
    User,
    Workspace,
)
from workspaces.names import NameInvalid, check_name
from workspaces.refusals import FieldError, Forbidden, Invalid
from workspaces.tokens import digest_of, hint_of, new_token_text

TOKEN_LIFE = timedelta(days=365)
CORE = "CORE"
#: Where the program watches itself: nobody belongs to it, and nobody may make it.
SYSTEM = "_system"
#: Names that would be read as something else in a path.
RESERVED_WORKSPACES = frozenset({CORE, "DATASET", "API", "WS", "ADMIN"})


class SetupRefused(Forbidden):
    """The installation is set up already, or the code is wrong."""

    code = "setup_refused"


class OwnerInvalid(Invalid):
    """The owner's account or workspace cannot be made; `field` names what to mend."""

    def __init__(self, field: str, detail: str) -> None:
        error = FieldError(pointer=f"/{field}", code="invalid", detail=detail)
        super().__init__(detail, errors=[error])
        self.field = field


def record_audit(
    *, access: Access, action: str, target: str, now: datetime, **details: object
) -> None:
    """Add a line to the workspace's audit trail; details never hold secrets."""
    AuditEntry.objects.create(
        workspace=access.workspace,
        user=access.user,
        token=access.token,
        action=action,
        target=target,
        details=details,
        at=now,
    )


def create_workspace(
    *, slug: str, now: datetime, title: str = "", is_shared: bool = False
) -> Workspace:
    """Store a workspace under a free name."""
    try:
        check_name(slug, reserved=frozenset() if is_shared else RESERVED_WORKSPACES)
    except NameInvalid as error:
        raise OwnerInvalid("workspace", str(error)) from error
    if Workspace.objects.named(slug).exists():
        raise OwnerInvalid("workspace", f"A workspace {slug} exists already.")
    return Workspace.objects.create(
        slug=slug, title=title or slug, is_shared=is_shared, created_at=now
    )


def ensure_system_workspace(*, now: datetime) -> Workspace:
    """Return the workspace in which the program watches itself, made if it is new."""
    workspace, _ = Workspace.objects.get_or_create(
        slug=SYSTEM, defaults={"title": "This installation", "created_at": now}
    )
    return workspace


def add_member(
    *, workspace: Workspace, user: User, role: Role, now: datetime
) -> Membership:
    """Let a user into a workspace; a second time changes the role."""
    membership, _ = Membership.objects.update_or_create(
        workspace=workspace,
        user=user,
        defaults={"role": role},
        create_defaults={"role": role, "created_at": now},
    )
    return membership


@transaction.atomic
def staff_core(*, now: datetime) -> None:
    """Make the members of CORE those who are staff: who is new owns it, others leave.

    A role that somebody on the staff has there already stays. Running it twice, or two
    at once, is harmless; where there is no CORE yet there is nothing to do.
    """
    core = Workspace.objects.named(CORE).filter(is_shared=True).first()
    if core is None:
        return
    core.memberships.filter(user__is_staff=False).delete()
    missing = User.objects.filter(is_staff=True).exclude(memberships__workspace=core)
    Membership.objects.bulk_create(
        [
            Membership(workspace=core, user=user, role=Role.OWNER, created_at=now)
            for user in missing
        ],
        ignore_conflicts=True,
    )


def owners_of(*, slug: str) -> list[User]:
    """Return who is told of a workspace's troubles: its owners, in order of joining.

    Where nobody owns it, as in CORE at times, those who run the installation.
    """
    people = User.objects.filter(is_active=True)
    owning = people.filter(
        memberships__workspace__slug=slug, memberships__role=Role.OWNER
    )
    staff = people.filter(is_staff=True).order_by("pk")
    return list(owning.order_by("memberships__pk")) or list(staff)


@transaction.atomic
def create_owner(
    *, email: str, password: str, workspace: str, now: datetime
) -> tuple[User, Workspace]:
    """Make the account of a person who runs this installation, and open a workspace.

    The owner is staff and so belongs to CORE. An existing workspace is joined; an
    unknown name makes a new one.

    Raises:
        OwnerInvalid: naming the field that is wrong.
    """
    user = _create_staff(email=email, password=password)
    home = Workspace.objects.named(workspace).exclude(slug=SYSTEM).first()
    if home is None:
        home = create_workspace(slug=workspace, now=now)
    add_member(workspace=home, user=user, role=Role.OWNER, now=now)
    staff_core(now=now)
    Installation.objects.update_or_create(
        pk=1, defaults={"set_up_at": now, "setup_code_digest": ""}
    )
    return user, home


def _create_staff(*, email: str, password: str) -> User:
    try:
        validate_email(email)
    except ValidationError as error:
        raise OwnerInvalid("email", "Write an address like ana@example.com.") from error
    if User.objects.filter(email=email.lower()).exists():
        raise OwnerInvalid("email", f"{email} has an account; sign in instead.")
    try:
        validate_password(password, User(email=email))
    except ValidationError as error:
        raise OwnerInvalid("password", " ".join(error.messages)) from error
    return User.objects.create_user(email, password, is_staff=True, is_superuser=True)


def is_set_up() -> bool:
    """Say whether an owner exists."""
    return Installation.objects.filter(set_up_at__isnull=False).exists()


def new_setup_code() -> str:
    """Replace the one-time code of `/setup` and return its text.

    Each start prints a new one, so that an old terminal opens nothing.
    """
    code = secrets.token_urlsafe(16)
    Installation.objects.update_or_create(
        pk=1, defaults={"setup_code_digest": digest_of(code)}
    )
    return code


def check_setup_code(*, code: str) -> None:
    """Raise `SetupRefused` unless this is the code that was printed last."""
    installation = Installation.objects.filter(pk=1).first()
    wanted = installation.setup_code_digest if installation else ""
    if not wanted or not hmac.compare_digest(wanted, digest_of(code)):
        raise SetupRefused(
            "This code is not valid. Use the link that `up` printed when it started."
        )


@transaction.atomic
def set_up(
    *,
    email: str,
    password: str,
    workspace: str,
    now: datetime,
    code: str | None = None,
) -> User:
    """Make the first owner; a second call is refused.

    `code` None means that nobody but the person at this machine can be asking.

    Raises:
        SetupRefused: if somebody was first, or the code is wrong.
        OwnerInvalid: naming the field that is wrong.
    """
    if code is not None:
        check_setup_code(code=code)
    Installation.objects.get_or_create(pk=1)
    locked = Installation.objects.select_for_update().get(pk=1)
    if locked.set_up_at is not None:
        raise SetupRefused("This installation is set up already; sign in instead.")
    user, _ = create_owner(email=email, password=password, workspace=workspace, now=now)
    return user


@transaction.atomic
def issue_token(
    *, access: Access, kind: TokenKind, now: datetime, name: str = ""
) -> tuple[Token, str]:
    """Store a new token and return it with its text, which is never shown again."""
    text = new_token_text(kind)
    token = Token.objects.create(
        workspace=access.workspace,
        name=name,
        kind=kind,
        digest=digest_of(text),
        hint=hint_of(text),
        created_by=access.user,
        created_at=now,
        expires_at=now + TOKEN_LIFE,
    )
    record_audit(access=access, action="token.issued", target=token.hint, now=now)
    return token, text


def free_slug(*, name: str, otherwise: str, rows: models.QuerySet[Any]) -> str:
    """Derive a slug from a name that none of these rows bears yet.

    `otherwise` stands in for a name without a single letter or digit.
    """
    base = re.sub(r"[^a-z0-9]+", "-", name.lower()).strip("-")[:60] or otherwise
    # Asked for by name, and by more at a time: what begins alike has no index.
    wanted, number = [base], 1
    while True:
        alike = rows.filter(slug__in=wanted)
        taken = set(alike.values_list("slug", flat=True))
        free = next((slug for slug in wanted if slug not in taken), None)
        if free is not None:
            return free
        following = range(number + 1, number + 1 + min(2 * len(wanted), 500))
        wanted = [f"{base}-{one}" for one in following]
        number = following[-1]
