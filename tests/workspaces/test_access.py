"""The only road from a request to a workspace."""

from __future__ import annotations

from datetime import timedelta

import pytest

from tests.factories import (
    NOW,
    MembershipFactory,
    TokenFactory,
    UserFactory,
    WorkspaceFactory,
)
from workspaces.access import (
    AccessDenied,
    Need,
    TokenUnknown,
    WorkspaceNotFound,
    find_token,
    open_for_token,
    open_for_user,
)
from workspaces.models import Role, Token, TokenKind

pytestmark = pytest.mark.django_db


@pytest.mark.parametrize(
    ("role", "need", "is_open"),
    [
        (Role.VIEWER, Need.READ, True),
        (Role.VIEWER, Need.WRITE, False),
        (Role.EDITOR, Need.WRITE, True),
        (Role.EDITOR, Need.MANAGE, False),
        (Role.OWNER, Need.MANAGE, True),
    ],
    ids=str,
)
def test_role_gives_what_it_includes(role: Role, need: Need, is_open: bool) -> None:
    member = MembershipFactory(workspace__slug="ACME", role=role)

    if is_open:
        opened = open_for_user(user=member.user, slug="acme", need=need)
        assert opened.workspace == member.workspace
    else:
        with pytest.raises(AccessDenied):
            open_for_user(user=member.user, slug="acme", need=need)


def test_strangers_workspace_reads_as_a_missing_one() -> None:
    WorkspaceFactory(slug="ACME")
    stranger = UserFactory()

    with pytest.raises(WorkspaceNotFound) as theirs:
        open_for_user(user=stranger, slug="ACME", need=Need.READ)
    with pytest.raises(WorkspaceNotFound) as nobodys:
        open_for_user(user=stranger, slug="NONE", need=Need.READ)

    assert str(theirs.value).replace("ACME", "NONE") == str(nobodys.value)


def test_shared_workspace_is_read_by_everybody_and_written_by_members() -> None:
    WorkspaceFactory(slug="CORE", is_shared=True)
    anybody = UserFactory()

    assert open_for_user(user=anybody, slug="CORE", need=Need.READ).is_read_only
    with pytest.raises(AccessDenied):
        open_for_user(user=anybody, slug="CORE", need=Need.WRITE)


@pytest.mark.parametrize(
    ("kind", "need", "is_open"),
    [
        (TokenKind.PUBLISHABLE, Need.READ, True),
        (TokenKind.PUBLISHABLE, Need.WRITE, False),
        (TokenKind.SECRET, Need.MANAGE, True),
    ],
    ids=str,
)
def test_token_opens_its_own_workspace(
    kind: TokenKind, need: Need, is_open: bool
) -> None:
    token = TokenFactory(kind=kind)

    if is_open:
        opened = open_for_token(token=token, slug=None, need=need)
        assert opened.workspace == token.workspace
    else:
        with pytest.raises(AccessDenied):
            open_for_token(token=token, slug=None, need=need)


def test_token_reads_shared_workspaces_and_no_other() -> None:
    token = TokenFactory()
    WorkspaceFactory(slug="CORE", is_shared=True)
    WorkspaceFactory(slug="ACME")

    assert open_for_token(token=token, slug="core", need=Need.READ).is_read_only
    with pytest.raises(AccessDenied):
        open_for_token(token=token, slug="CORE", need=Need.WRITE)
    with pytest.raises(WorkspaceNotFound):
        open_for_token(token=token, slug="ACME", need=Need.READ)


@pytest.mark.parametrize(
    "changes",
    [
        {"revoked_at": NOW - timedelta(seconds=1)},
        {"expires_at": NOW},
    ],
    ids=["revoked", "expired"],
)
def test_token_that_ended_is_unknown(changes: dict[str, object]) -> None:
    _, text = TokenFactory.with_text(**changes)

    with pytest.raises(TokenUnknown):
        find_token(text=text, now=NOW)


def test_use_of_a_token_is_noted_once_a_minute() -> None:
    token, text = TokenFactory.with_text()
    for seconds in (0, 30, 59):
        find_token(text=text, now=NOW + timedelta(seconds=seconds))
    first = Token.objects.get(pk=token.pk).last_used_at

    find_token(text=text, now=NOW + timedelta(seconds=61))

    assert first == NOW
    assert Token.objects.get(pk=token.pk).last_used_at == NOW + timedelta(seconds=61)
