"""What staff do to people and workspaces in the admin."""

from __future__ import annotations

from collections.abc import Mapping

import pytest
from django.test import Client

from config.clock import database_now
from tests.factories import MembershipFactory, UserFactory, WorkspaceFactory
from workspaces.models import User, Workspace

pytestmark = pytest.mark.django_db

PEOPLE = "/admin/workspaces/user/"
PLACES = "/admin/workspaces/workspace/"
PASSWORD = "a long and quiet river"


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


def new_workspace(*, members: int = 0, said: Mapping[str, str]) -> dict[str, str]:
    """Return the form of a workspace, with room for so many new members."""
    inline = {"TOTAL_FORMS": str(members), "INITIAL_FORMS": "0"}
    return {
        "slug": "ACME",
        "title": "Acme",
        "zone": "Europe/Berlin",
        **{f"memberships-{name}": value for name, value in inline.items()},
        **said,
    }


def test_workspace_and_its_members_begin_when_they_are_made(client: Client) -> None:
    bo = UserFactory()
    member = {"memberships-0-user": str(bo.pk), "memberships-0-role": "editor"}
    before = database_now()

    answer = client.post(f"{PLACES}add/", new_workspace(members=1, said=member))

    assert answer.status_code == 302
    made = Workspace.objects.get()
    assert (made.slug, made.zone) == ("ACME", "Europe/Berlin")
    assert (bo.memberships.get().workspace, bo.memberships.get().role) == (
        made,
        "editor",
    )
    assert made.created_at >= before
    assert bo.memberships.get().created_at >= before


@pytest.mark.parametrize(
    ("said", "told"),
    [
        ({"slug": "my-shop"}, "is not a name"),
        ({"slug": "API"}, "is reserved"),
        ({"zone": "Berlin"}, "is no time zone; write one like"),
    ],
    ids=["name", "reserved", "zone"],
)
def test_workspace_that_cannot_be_is_refused(
    client: Client, said: dict[str, str], told: str
) -> None:
    page = client.post(f"{PLACES}add/", new_workspace(said=said))

    assert told in page.content.decode()
    assert not Workspace.objects.exists()


def test_members_of_core_come_and_go_with_their_rights_alone(
    client: Client, core: Workspace
) -> None:
    MembershipFactory(workspace=core)

    page = client.get(f"{PLACES}{core.pk}/change/").content.decode()

    assert "memberships-0-role" in page
    assert "memberships-0-DELETE" not in page
    assert 'name="memberships-MAX_NUM_FORMS" value="0"' in page


def test_address_of_a_person_is_written_as_the_login_reads_it(client: Client) -> None:
    answer = client.post(
        f"{PEOPLE}add/",
        {
            "email": "Bo@Example.com",
            "usable_password": "true",
            "password1": PASSWORD,
            "password2": PASSWORD,
        },
    )

    assert answer.status_code == 302
    assert client.login(username="Bo@Example.com", password=PASSWORD)
    assert client.login(username="bo@example.com", password=PASSWORD)
