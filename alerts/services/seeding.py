"""What a new installation finds: the shared market and a workspace of its own."""

from __future__ import annotations

from datetime import datetime
from typing import Final

from django.conf import settings

from datasets.services import seed_market, writing
from workspaces.access import open_for_system
from workspaces.models import Role, User, Workspace
from workspaces.services import CORE, add_member, create_workspace

DEMO: Final = "DEMO"


def seed_installation(*, now: datetime) -> None:
    """Make CORE with its market, and DEMO; what is there already stays as it is.

    Called at every start: the simulator runs or rests as `BELLWETHER_SIMULATOR` says.
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


def _shared_workspace(*, now: datetime) -> Workspace:
    """Return CORE; its members are the installation's staff."""
    core = Workspace.objects.named(CORE).first()
    if core is not None:
        return core
    core = create_workspace(slug=CORE, title="Shared data", is_shared=True, now=now)
    for person in User.objects.filter(is_staff=True):
        add_member(workspace=core, user=person, role=Role.OWNER, now=now)
    return core
