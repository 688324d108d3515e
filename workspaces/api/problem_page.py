"""The page to which a problem's `type` leads: every code, and how to mend it."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse
from django.template.response import TemplateResponse
from django.views.decorators.http import require_safe

from workspaces.api.problem_kinds import problem_kinds


@require_safe
def problem_list(request: HttpRequest) -> HttpResponse:
    """Show what each code means; everybody may read it."""
    context = {"title": "Problems", "kinds": problem_kinds()}
    return TemplateResponse(request, "workspaces/problems.html", context)
