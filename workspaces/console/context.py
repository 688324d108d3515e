"""What every page's frame shows; see templates/base.html."""

from __future__ import annotations

from django.conf import settings
from django.http import HttpRequest

from config.frontend import is_built
from workspaces.models import User, Workspace


def frame(request: HttpRequest) -> dict[str, object]:
    """Return the workspaces to switch between and the bands to show.

    `workspace` itself is set by the page, which opened it through `access`.
    """
    user = getattr(request, "user", None)
    return {
        "my_workspaces": Workspace.objects.visible_to(user).order_by("slug")
        if isinstance(user, User)
        else (),
        "frontend_missing": not is_built(settings.BASE_DIR),
        "mail_is_kept": settings.BELLWETHER_MAIL_IS_KEPT,
    }
