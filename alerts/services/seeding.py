"""What a new installation finds: the shared market, a workspace, and its owner."""

from __future__ import annotations

from datetime import datetime
from typing import Final

from django.conf import settings

from datasets.services import is_market_off, seed_market, turn_market, writing
from workspaces.access import Access, Need, open_for_system, open_for_user
from workspaces.models import Membership, Role, User, Workspace
from workspaces.services import CORE, create_workspace, set_up, staff_core

DEMO: Final = "DEMO"


def seed_installation(*, now: datetime) -> None:
    """Make CORE with its market, and DEMO; what is there already stays as it is.

    Called at every start: the simulator may run or is held as `BELLWETHER_SIMULATOR`
    says.
    A start that was killed half-way is completed by the next one.
    """
    with writing():
        core = _shared_workspace(now=now)
        if not Workspace.objects.named(DEMO).exists():
            create_workspace(slug=DEMO, title="Demo", now=now)
    seed_market(
        access=open_for_system(workspace=core),
        is_simulated=settings.BELLWETHER_SIMULATOR,
        now=now,
    )


def begin_installation(
    *,
    email: str,
    password: str,
    workspace: str,
    now: datetime,
    code: str | None = None,
    with_market: bool = True,
) -> User:
    """Make the first owner, and let the demo market run or rest as they chose.

    Raises:
        SetupRefused: if somebody was first, or the code is wrong.
        OwnerInvalid: naming the field that is wrong.
    """
    with writing():
        user = set_up(
            email=email, password=password, workspace=workspace, now=now, code=code
        )
        core = _find_core()
        if core is not None and not with_market:
            access = open_for_user(user=user, slug=core.slug, need=Need.MANAGE)
            turn_market(access=access, on=False, now=now)
    return user


def may_start_market(*, access: Access) -> bool:
    """Say whether the market is turned off, and the person may turn it on."""
    core = _find_core()
    if core is None or access.user is None:
        return False
    owners = Membership.objects.filter(workspace=core, role=Role.OWNER)
    return owners.filter(user=access.user).exists() and is_market_off(workspace=core)


def start_market(*, user: User, now: datetime) -> None:
    """Turn the demo market on for the whole installation.

    Raises:
        AccessDenied: if the person does not run the installation.
    """
    access = open_for_user(user=user, slug=CORE, need=Need.MANAGE)
    turn_market(access=access, on=True, now=now)


def _find_core() -> Workspace | None:
    return Workspace.objects.named(CORE).filter(is_shared=True).first()


def _shared_workspace(*, now: datetime) -> Workspace:
    """Return CORE; its members are who is staff by now, wherever that was changed."""
    core = Workspace.objects.named(CORE).first()
    if core is None:
        core = create_workspace(slug=CORE, title="Shared data", is_shared=True, now=now)
    staff_core(now=now)
    return core
