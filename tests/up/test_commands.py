"""Setting up without a browser: `create_owner` and `issue_token`."""

import pytest
from django.core.management import CommandError, call_command

from config.clock import utc_now
from tests.factories import WorkspaceFactory
from workspaces.access import find_token
from workspaces.models import Membership, TokenKind, User
from workspaces.services import is_set_up

pytestmark = pytest.mark.django_db

PASSWORD = "correct horse battery"


@pytest.mark.parametrize("kind", TokenKind.values)
def test_issue_token_prints_the_token_and_nothing_else(capsys, kind):
    workspace = WorkspaceFactory(slug="DEMO")

    call_command("issue_token", "demo", "--kind", kind)

    printed = capsys.readouterr().out
    token = find_token(text=printed.removesuffix("\n"), now=utc_now())
    assert (token.workspace, token.kind) == (workspace, kind)


def test_issue_token_names_the_workspaces_there_are():
    WorkspaceFactory(slug="DEMO")

    with pytest.raises(CommandError, match=r"no workspace NOPE; there are: DEMO\."):
        call_command("issue_token", "NOPE")


def test_create_owner_makes_an_account_and_its_workspace(capsys):
    call_command(
        "create_owner",
        *("--email", "ana@example.com"),
        *("--password", PASSWORD),
        *("--workspace", "ACME"),
    )

    assert User.objects.get().check_password(PASSWORD)
    assert Membership.objects.get().workspace.slug == "ACME"
    assert is_set_up()
    assert capsys.readouterr().out == "ana@example.com owns workspace ACME.\n"


def test_create_owner_says_which_option_is_wrong():
    with pytest.raises(CommandError, match="--password: This password is too short"):
        call_command("create_owner", "--email", "ana@example.com", "--password", "x")

    assert not User.objects.exists()
