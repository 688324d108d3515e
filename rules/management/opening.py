"""How a command enters the workspace that its caller named."""

from __future__ import annotations

from django.core.management import CommandError

from workspaces.access import Access, open_for_system
from workspaces.models import Workspace


def open_named(slug: str) -> Access:
    """Open a workspace by its name.

    Raises:
        CommandError: there is none of that name.
    """
    workspace = Workspace.objects.named(slug).first()
    if workspace is None:
        raise CommandError(f"There is no workspace {slug}.")
    return open_for_system(workspace=workspace)
