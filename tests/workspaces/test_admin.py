"""What staff do to people and workspaces in the admin."""

from __future__ import annotations

import pytest
from django.test import Client

from tests.factories import UserFactory, WorkspaceFactory
from workspaces.models import User, Workspace

pytestmark = pytest.mark.django_db

PEOPLE = "/admin/workspaces/user/"


@pytest.fixture
def client() -> Client:
    """The browser of somebody who runs the installation."""
    client = Client()
    client.force_login(UserFactory(is_staff=True, is_superuser=True))
    return client


@pytest.fixture
def core() -> Workspace:
    return WorkspaceFactory(slug="CORE", is_shared=True)


def write(client: Client, person: User, **said: str) -> None:
    """Send the form of a person, with these boxes ticked."""
    answer = client.post(
        f"{PEOPLE}{person.pk}/change/", {"email": person.email, "name": "Bo", **said}
    )
    assert answer.status_code == 302, answer.context["errors"]


def test_person_joins_core_with_their_rights_and_leaves_it_with_them(
    client: Client, core: Workspace
) -> None:
    bo = UserFactory()

    write(client, bo, is_active="on", is_staff="on")
    assert bo.memberships.get().workspace == core
    write(client, bo, is_active="on")

    assert not bo.memberships.exists()
