"""The only road from a request to a workspace.

Another workspace's name answers as a missing one does: `WorkspaceNotFound`.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import IntEnum

from config.about import note
from workspaces.models import Membership, Role, Token, TokenKind, User, Workspace
from workspaces.refusals import Forbidden, Missing, Unauthenticated
from workspaces.tokens import digest_of, is_well_formed


class Need(IntEnum):
    """What the caller wants to do; a greater need includes the smaller ones.

    READ is for data and what came of them, which everybody may of a shared workspace,
    and whoever finds a publishable token in a page. INSPECT is for how a workspace is
    set up: its rules, and whom they tell.
    """

    READ = 1
    INSPECT = 2
    WRITE = 3
    MANAGE = 4


class WorkspaceNotFound(Missing):
    """There is no such workspace, or it is not the caller's."""

    code = "workspace_not_found"

    def __init__(self, slug: str) -> None:
        super().__init__(f"There is no workspace {slug}.")


class AccessDenied(Forbidden):
    """The workspace is the caller's, but not this act; the text says what is needed."""


class TokenUnknown(Unauthenticated):
    """The token is missing, malformed, unknown, expired or revoked."""

    code = "token_unknown"


_ROLE_GIVES = {
    Role.VIEWER: Need.INSPECT,
    Role.EDITOR: Need.WRITE,
    Role.OWNER: Need.MANAGE,
}
_KIND_GIVES = {TokenKind.PUBLISHABLE: Need.READ, TokenKind.SECRET: Need.MANAGE}
_LAST_USED_GRAIN = timedelta(minutes=1)


@dataclass(frozen=True, slots=True, kw_only=True)
class Access:
    """A workspace opened for somebody: a person, a token, or the system itself."""

    workspace: Workspace
    gives: Need
    user: User | None = None
    token: Token | None = None

    @property
    def is_read_only(self) -> bool:
        """Say whether the caller may look and not change anything."""
        return self.gives < Need.WRITE

    @property
    def may_inspect(self) -> bool:
        """Say whether the caller may see how the workspace is set up."""
        return self.gives >= Need.INSPECT

    @property
    def reason_read_only(self) -> str:
        """Return why controls are switched off, or nothing if they are not."""
        if not self.is_read_only:
            return ""
        return f"You may look at {self.workspace.slug}; its editors may change it."

    def require(self, need: Need) -> Access:
        """Return self if `need` is given, else raise `AccessDenied`."""
        if self.gives < need:
            raise AccessDenied(
                f"This needs the right to {need.name.lower()} in workspace "
                f"{self.workspace.slug}; ask one of its owners."
                if self.token is None
                else f"This needs a secret token of workspace {self.workspace.slug}."
            )
        return self


def open_for_user(*, user: User, slug: str, need: Need) -> Access:
    """Open a workspace for a person who signed in."""
    workspace = Workspace.objects.named(slug).first()
    if workspace is None:
        raise WorkspaceNotFound(slug)
    membership = Membership.objects.filter(workspace=workspace, user=user).first()
    if membership is not None:
        gives = _ROLE_GIVES[Role(membership.role)]
    elif workspace.is_shared:
        gives = Need.READ
    else:
        raise WorkspaceNotFound(slug)
    access = Access(workspace=workspace, gives=gives, user=user)
    return note_access(access).require(need)


def open_for_token(*, token: Token, slug: str | None, need: Need) -> Access:
    """Open a workspace for a token: its own one, or a shared one for reading.

    `slug` None means the token's own workspace.
    """
    own = token.workspace
    if slug is None or slug.upper() == own.slug.upper():
        gives = _KIND_GIVES[TokenKind(token.kind)]
        access = Access(workspace=own, gives=gives, token=token)
        return note_access(access).require(need)
    shared = Workspace.objects.named(slug).filter(is_shared=True).first()
    if shared is None:
        raise WorkspaceNotFound(slug)
    access = Access(workspace=shared, gives=Need.READ, token=token)
    return note_access(access).require(need)


def note_access(access: Access) -> Access:
    """Have the log lines of a request say whose it is; return the same access."""
    if access.user is not None:
        note(workspace=access.workspace.pk, user=access.user.pk)
    elif access.token is not None:
        note(workspace=access.workspace.pk, token=access.token.name or access.token.pk)
    return access


def open_for_system(*, workspace: Workspace) -> Access:
    """Open a workspace for the program itself: seeding, sources and commands."""
    return Access(workspace=workspace, gives=Need.MANAGE)


def open_for_staff(*, user: User, workspace: Workspace) -> Access:
    """Open any workspace for somebody who runs the installation, to mend what is there.

    Raises:
        AccessDenied: if they do not run it.
    """
    if not user.is_staff:
        raise AccessDenied("This is for those who run the installation.")
    return note_access(Access(workspace=workspace, gives=Need.MANAGE, user=user))


def find_token(*, text: str, now: datetime) -> Token:
    """Return the valid token with this text, noting its use once a minute.

    Raises:
        TokenUnknown: with one sentence that does not tell which check failed.
    """
    token = None
    if is_well_formed(text):
        token = (
            Token.objects.select_related("workspace")
            .filter(digest=digest_of(text))
            .first()
        )
    if token is None or not token.is_valid(now):
        raise TokenUnknown("The API key provided is not valid.")
    if token.last_used_at is None or now - token.last_used_at > _LAST_USED_GRAIN:
        Token.objects.filter(pk=token.pk).update(last_used_at=now)
    return token
