"""Rules as a file to keep."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse
from django.views.decorators.http import require_safe

from rules.services import export_rules, find_rule
from workspaces.access import Access, Need
from workspaces.console.views import in_workspace


@require_safe
@in_workspace(Need.INSPECT)
def export(request: HttpRequest, access: Access, rule: str = "") -> HttpResponse:
    """Hand out a rule, or all of the workspace, as YAML that an import takes."""
    found = find_rule(access=access, identifier=rule) if rule else None
    text = export_rules(access=access, rules=[found] if found else None)
    name = found.slug if found else f"{access.workspace.slug.lower()}-rules"
    headers = {"Content-Disposition": f'attachment; filename="{name}.yaml"'}
    return HttpResponse(text, content_type="application/yaml", headers=headers)
