"""Rules as a file: to keep, and to be taken from."""

from __future__ import annotations

from collections import Counter

from django import forms
from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.template.response import TemplateResponse
from django.urls import reverse
from django.views.decorators.http import require_http_methods, require_safe

from config.clock import database_now
from rules.services import (
    Carried,
    RulesFileInvalid,
    export_rules,
    find_rule,
    import_rules,
)
from workspaces.access import Access, Need
from workspaces.console.pastes import refusing_long_pastes
from workspaces.console.views import in_workspace

#: So many mistakes of a file are said at once.
_SAID = 20
_MOST_CHARACTERS = 1_000_000
_EXAMPLE = """\
rules:
  - slug: dear-for-an-hour
    definition:
      kind: signal
      name: Dear for an hour
      when:
        fact: CORE:STOCK:*:latestPrice
        over: {take: avg, length: 1h}
        op: gt
        value: 500
"""


class YamlForm(forms.Form):
    """Rules as text."""

    text = forms.CharField(
        label="Rules",
        strip=False,
        max_length=_MOST_CHARACTERS,
        help_text=(
            "As “Export YAML” writes them. A rule is found by its slug; others stay. "
            "Up to 1 MB; send more through the API."
        ),
        error_messages={"required": "Write at least one rule."},
        widget=forms.Textarea(
            attrs={
                "rows": 18,
                "spellcheck": "false",
                "autocapitalize": "off",
                "class": "mono",
                "placeholder": _EXAMPLE,
            }
        ),
    )


@require_safe
@in_workspace(Need.INSPECT)
def export(request: HttpRequest, access: Access, rule: str = "") -> HttpResponse:
    """Hand out a rule, or all of the workspace, as YAML that an import takes."""
    found = find_rule(access=access, identifier=rule) if rule else None
    text = export_rules(access=access, rules=[found] if found else None)
    name = found.slug if found else f"{access.workspace.slug.lower()}-rules"
    headers = {"Content-Disposition": f'attachment; filename="{name}.yaml"'}
    return HttpResponse(text, content_type="application/yaml", headers=headers)


@refusing_long_pastes
@require_http_methods(["GET", "HEAD", "POST"])
@in_workspace(Need.INSPECT)
def take_in(
    request: HttpRequest, access: Access, *, is_too_long: bool = False
) -> HttpResponse:
    """Take rules from YAML: first what would become of each, then all of them or none.

    `?rule=` begins with a rule of the workspace, to be changed.
    """
    if request.method != "POST":
        begun = YamlForm(initial={"text": _begin(request, access)})
        return _page(request, access, begun, is_too_long=is_too_long)
    form = YamlForm(request.POST)
    if not form.is_valid():
        return _page(request, access, form)
    is_agreed = request.POST.get("do") == "import"
    try:
        carried = import_rules(
            access=access,
            text=form.cleaned_data["text"].encode(),
            now=database_now(),
            only_check=not is_agreed,
        )
    except RulesFileInvalid as error:
        for one in error.errors[:_SAID]:
            form.add_error("text", one.detail)
        return _page(request, access, form)
    if not is_agreed:
        return _page(request, access, form, carried)
    messages.success(request, _said(carried))
    return redirect(reverse("rules:list", args=[access.workspace.slug]))


def _begin(request: HttpRequest, access: Access) -> str:
    identifier = request.GET.get("rule", "")
    if not identifier:
        return ""
    rule = find_rule(access=access, identifier=identifier)
    return export_rules(access=access, rules=[rule])


def _page(
    request: HttpRequest,
    access: Access,
    form: YamlForm,
    carried: list[Carried] | None = None,
    *,
    is_too_long: bool = False,
) -> HttpResponse:
    rules = reverse("rules:list", args=[access.workspace.slug])
    context = {
        "title": "Rules from YAML",
        "crumbs": [("Rules", rules)],
        "form": form,
        "carried": carried,
        "is_too_long": is_too_long,
    }
    status = 422 if form.errors else 200
    return TemplateResponse(request, "rules/import.html", context, status=status)


def _said(carried: list[Carried]) -> str:
    """Say what came of an import: 2 rules created, 1 unchanged."""
    counts = Counter(one.action for one in carried)
    parts = [f"{counts[action]:,} {action}" for action in sorted(counts)]
    return f"Rules imported: {', '.join(parts)}."
