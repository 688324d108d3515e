"""Setting up, workspaces, tokens and the audit trail."""

from __future__ import annotations

import pytest

from tests.factories import NOW, MembershipFactory, UserFactory, WorkspaceFactory
from workspaces.access import open_for_system
from workspaces.models import (
    AuditEntry,
    Membership,
    Role,
    Token,
    TokenKind,
    User,
    Workspace,
)
from workspaces.services import (
    OwnerInvalid,
    SetupRefused,
    check_setup_code,
    create_owner,
    create_workspace,
    free_slug,
    is_set_up,
    issue_token,
    new_setup_code,
    set_up,
    staff_core,
)

pytestmark = pytest.mark.django_db
PASSWORD = "a long and quiet river"


def test_owner_belongs_to_the_new_workspace_and_to_core() -> None:
    WorkspaceFactory(slug="CORE", is_shared=True)

    user, home = create_owner(
        email="Ana@Example.com", password=PASSWORD, workspace="ACME", now=NOW
    )

    joined = Membership.objects.filter(user=user).values_list("workspace__slug", "role")
    assert user.email == "ana@example.com"
    assert user.is_staff
    assert home.slug == "ACME"
    assert sorted(joined) == [("ACME", "owner"), ("CORE", "owner")]
    assert is_set_up()


@pytest.mark.parametrize(
    ("is_staff", "role", "afterwards"),
    [
        (True, None, "owner"),
        (True, "viewer", "viewer"),
        (False, "owner", None),
        (False, None, None),
    ],
    ids=["came", "stays-as-they-are", "left", "stranger"],
)
def test_core_s_members_are_the_staff(
    is_staff: bool, role: Role | None, afterwards: str | None
) -> None:
    core = WorkspaceFactory(slug="CORE", is_shared=True)
    user = UserFactory(is_staff=is_staff)
    MembershipFactory(user=user)
    if role:
        MembershipFactory(workspace=core, user=user, role=role)

    staff_core(now=NOW)
    staff_core(now=NOW)

    found = Membership.objects.filter(workspace=core).values_list("user", "role")
    assert list(found) == ([(user.pk, afterwards)] if afterwards else [])
    assert Membership.objects.exclude(workspace=core).count() == 1


def test_workspace_that_only_bears_the_name_of_core_keeps_its_members() -> None:
    member = MembershipFactory(workspace__slug="CORE")

    staff_core(now=NOW)

    assert list(Membership.objects.all()) == [member]


def test_owner_joins_a_workspace_that_exists_in_any_case() -> None:
    WorkspaceFactory(slug="DEMO")

    _, home = create_owner(
        email="ana@example.com", password=PASSWORD, workspace="demo", now=NOW
    )

    assert home.slug == "DEMO"
    assert Workspace.objects.count() == 1


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"email": "nobody"}, "email"),
        ({"email": "taken@example.com"}, "email"),
        ({"password": "short"}, "password"),
        ({"password": "12345678901"}, "password"),
        ({"workspace": "my-shop"}, "workspace"),
        ({"workspace": ""}, "workspace"),
        ({"workspace": "_system"}, "workspace"),
        ({"workspace": "dataset"}, "workspace"),
    ],
    ids=str,
)
def test_wrong_owner_is_refused_by_field_and_leaves_nothing(
    changes: dict[str, str], field: str
) -> None:
    UserFactory(email="taken@example.com")
    asked = {"email": "ana@example.com", "password": PASSWORD, "workspace": "ACME"}

    with pytest.raises(OwnerInvalid) as refused:
        create_owner(**{**asked, **changes}, now=NOW)

    assert refused.value.field == field
    assert User.objects.count() == 1
    assert not Workspace.objects.exists()
    assert not is_set_up()


def test_second_set_up_is_refused() -> None:
    set_up(email="ana@example.com", password=PASSWORD, workspace="ACME", now=NOW)

    with pytest.raises(SetupRefused):
        set_up(email="eve@example.com", password=PASSWORD, workspace="EVE", now=NOW)

    assert User.objects.count() == 1


def test_only_the_code_that_was_printed_last_opens() -> None:
    old, new = new_setup_code(), new_setup_code()

    check_setup_code(code=new)
    for wrong in (old, "", "x"):
        with pytest.raises(SetupRefused):
            check_setup_code(code=wrong)


def test_no_code_opens_before_one_was_made() -> None:
    with pytest.raises(SetupRefused):
        check_setup_code(code="")


def test_names_of_workspaces_are_one_without_regard_to_case() -> None:
    create_workspace(slug="ACME", now=NOW)

    with pytest.raises(OwnerInvalid):
        create_workspace(slug="acme", now=NOW)


def test_text_of_a_token_is_stored_nowhere() -> None:
    access = open_for_system(workspace=WorkspaceFactory())

    token, text = issue_token(access=access, kind=TokenKind.SECRET, now=NOW)

    stored = [str(value) for value in Token.objects.values().get().values()]
    stored += [str(value) for value in AuditEntry.objects.values().get().values()]
    assert not any(text in value for value in stored)
    assert token.hint.startswith("sk_")


@pytest.mark.parametrize(
    ("taken", "free"),
    [
        pytest.param([], "cheap", id="nobody has it"),
        pytest.param(["cheaper", "cheap-2"], "cheap", id="others begin alike"),
        pytest.param(["cheap", "cheap-2", "cheap-4"], "cheap-3", id="the first free"),
        pytest.param(
            ["cheap", *(f"cheap-{n}" for n in range(2, 12))], "cheap-12", id="many"
        ),
    ],
)
def test_slug_is_the_name_or_the_first_number_that_is_free(
    taken: list[str], free: str
) -> None:
    for slug in taken:
        WorkspaceFactory(slug=slug)

    rows = Workspace.objects.all()
    assert free_slug(name="Cheap!", otherwise="x", rows=rows) == free
