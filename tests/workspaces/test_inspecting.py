"""Whom a workspace tells is for its people, not for everybody who may read its data."""

from __future__ import annotations

import pytest
from django.test import Client

from alerts.models import Alert
from alerts.pipeline import drain_lane
from alerts.services import create_output
from datasets.services import Ingest, accept_batch, open_lane
from rules.models import Rule
from rules.services import create_rule
from tests.factories import (
    NOW,
    DatasetFactory,
    MembershipFactory,
    TokenFactory,
    UserFactory,
    WorkspaceFactory,
)
from workspaces.access import open_for_system
from workspaces.models import Role, TokenKind, User, Workspace

pytestmark = pytest.mark.django_db

ADDRESS = "ana@example.com"
HERE = "/api/v1/workspaces/CORE"


@pytest.fixture
def core(db: None) -> Workspace:
    """The shared workspace, of which a rule mailed somebody."""
    core = WorkspaceFactory(slug="CORE", is_shared=True)
    stock = DatasetFactory(workspace=core, slug="STOCK")
    access = open_for_system(workspace=core)
    config = {"to": ADDRESS}
    mail = create_output(access=access, kind="email", config=config, now=NOW)
    when = {"fact": "CORE:STOCK:MSFT:price", "op": "gt", "value": 1}
    outputs = [{"output": mail.slug}]
    definition = {"name": "Dear", "when": when, "outputs": outputs}
    create_rule(access=access, definition=definition, now=NOW)
    event = {"symbol": "MSFT", "price": 2}
    accept_batch(dataset=stock, events=[event], ingest=Ingest(), now=NOW)
    drain_lane(lane_id=open_lane(stock).pk)
    return core


def signed_in(user: User) -> Client:
    client = Client()
    client.force_login(user)
    return client


def setting_up() -> list[str]:
    """The addresses that tell how the workspace is set up."""
    rule = Rule.objects.get()
    return [
        f"{HERE}/rules",
        f"{HERE}/rules/{rule.uuid}",
        f"{HERE}/rules/{rule.uuid}/versions",
        f"{HERE}/outputs",
        f"{HERE}/outputs/e-mail-to-ana-example-com",
        f"{HERE}/deliveries",
        "/w/CORE/rules",
        "/w/CORE/rules/new",
        f"/w/CORE/rules/{rule.uuid}/edit",
        "/w/CORE/mailbox",
    ]


def reading() -> list[str]:
    """The addresses that tell what happened."""
    return [
        f"{HERE}/alerts",
        f"{HERE}/feed",
        "/w/CORE/",
        "/w/CORE/feed",
        f"/w/CORE/alerts/{Alert.objects.get().pk}",
    ]


def test_others_read_a_shared_workspace_and_learn_nothing_of_whom_it_tells(
    core: Workspace,
) -> None:
    other = signed_in(UserFactory())

    assert [other.get(path).status_code for path in reading()] == [200] * 5
    for path in reading():
        assert ADDRESS not in other.get(path).content.decode(), path
        assert "ana-example" not in other.get(path).content.decode(), path
    assert {other.get(path).status_code for path in setting_up()} == {403}


def test_publishable_token_learns_nothing_of_whom_its_workspace_tells(
    core: Workspace,
) -> None:
    _, text = TokenFactory.with_text(workspace=core, kind=TokenKind.PUBLISHABLE)
    page = Client(headers={"Authorization": f"Bearer {text}"})
    calls = [path for path in setting_up() if path.startswith(HERE)]

    assert page.get(f"{HERE}/alerts").status_code == 200
    assert {page.get(path).status_code for path in calls} == {403}


def test_viewer_sees_how_the_workspace_is_set_up(core: Workspace) -> None:
    viewer = signed_in(
        User.objects.get(pk=MembershipFactory(workspace=core, role=Role.VIEWER).user_id)
    )

    assert {viewer.get(path).status_code for path in setting_up()} == {200}
    assert "e-mail to ana@example.com" in viewer.get(reading()[-1]).content.decode()
