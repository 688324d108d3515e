"""What the page of a rule says of its storms; it asks for this by the URL's name."""

from __future__ import annotations

import uuid

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.template.response import TemplateResponse
from django.views.decorators.http import require_safe

from alerts.services import storms_of
from config.clock import database_now
from workspaces.access import Access, Need
from workspaces.console.views import in_workspace


@require_safe
@in_workspace(Need.INSPECT)
def show_storms(request: HttpRequest, access: Access, rule: uuid.UUID) -> HttpResponse:
    """Say which outputs are told of a rule in summaries now; nothing if none is."""
    storms = storms_of(access=access, rule=rule, now=database_now())
    measure = settings.BELLWETHER_STORM_MESSAGES
    return TemplateResponse(
        request, "alerts/_storms.html", {"storms": storms, "measure": measure}
    )
