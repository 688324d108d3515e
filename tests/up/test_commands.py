"""Setting up without a browser: `create_owner` and `issue_token`."""

from datetime import timedelta
from platform import node

import pytest
from django.core.management import CommandError, call_command

from alerts.models import Heartbeat
from alerts.services import part_of_worker
from config.clock import database_now, utc_now
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


@pytest.fixture
def full_mode(settings):
    """Settings that name PostgreSQL and Redis; nobody asks Redis."""
    settings.DATABASE_URL = "postgresql://127.0.0.1:1/bw"
    settings.REDIS_URL = "redis://127.0.0.1:1/0"


@pytest.mark.usefixtures("full_mode")
def test_a_supervisor_hears_whether_the_parts_of_its_host_work(capsys):
    now = database_now()
    here, elsewhere = (part_of_worker("calls", host=h) for h in (node(), "elsewhere"))
    Heartbeat.objects.create(part="beat", at=now)
    Heartbeat.objects.create(part=elsewhere, at=now)

    with pytest.raises(CommandError, match=r"^Silent: calls\.$"):
        call_command("working", "beat", "calls")
    Heartbeat.objects.create(part=here, at=now)
    call_command("working", "beat", "calls")

    assert capsys.readouterr().out == "calls, beat: working.\n"
    Heartbeat.objects.filter(part="beat").update(at=now - timedelta(minutes=2))
    with pytest.raises(CommandError, match="Silent: beat"):
        call_command("working", "beat")


@pytest.mark.usefixtures("full_mode")
@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("working", "cook"), "cook is not among the parts"),
        (("working", "web"), "Of web ask /healthz"),
        (("up", "--parts", "cook"), "cook is not among the parts"),
        (("up", "--only", "drain"), "--only is for one part, not drain.0, drain.1"),
    ],
)
def test_what_is_no_part_is_refused(words, said):
    with pytest.raises(CommandError, match=said):
        call_command(*words)
