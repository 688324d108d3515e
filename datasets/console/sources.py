"""The switch of a source, on its dataset's page."""

from __future__ import annotations

import json

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.template.response import TemplateResponse
from django.views.decorators.http import require_POST

from config.clock import database_now
from datasets.services import SourceInvalid, find_source, turn_source
from workspaces.access import Access, Need
from workspaces.console.views import in_workspace


@require_POST
@in_workspace(Need.MANAGE)
def turn(
    request: HttpRequest, access: Access, dataset: str, source_id: int
) -> HttpResponse:
    """Turn a source on or off; answers with its switch, or leads back to the page."""
    found = find_source(access=access, slug=dataset, source_id=source_id)
    on = request.POST.get("on") == "true"
    toast = {"text": f"The source {found.name} is {'on' if on else 'off'}."}
    try:
        turn_source(access=access, source=found, on=on, now=database_now())
    except SourceInvalid as refusal:
        toast = {"text": refusal.detail, "level": "error"}
    else:
        found.is_enabled = on
    if not request.headers.get("HX-Request"):
        say = messages.error if "level" in toast else messages.success
        say(request, toast["text"])
        return redirect("datasets:detail", access.workspace.slug, dataset)
    context = {"source": found, "dataset": found.dataset}
    answer = TemplateResponse(request, "datasets/_source_switch.html", context)
    answer["HX-Trigger"] = json.dumps({"toast": toast})
    return answer
