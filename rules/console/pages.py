"""The rules' pages: the list with its switches, and the one-page form."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from django.contrib import messages
from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import redirect
from django.template.response import TemplateResponse
from django.urls import reverse
from django.views.decorators.http import (
    require_http_methods,
    require_POST,
    require_safe,
)

from config.clock import database_now
from rules.console.drafts import (
    TELLINGS,
    UNITS,
    Draft,
    Row,
    TooRich,
    definition_of,
    draft_of,
    operator_choices,
    read_draft,
    rearranged,
)
from rules.console.forms import FormError, form_errors
from rules.engine import Severity, show
from rules.models import Rule
from rules.ports import ports
from rules.services import (
    Suggestion,
    delete_rule,
    find_rule,
    list_rules,
    preview_rule,
    save_rule,
    suggest_facts,
    turn_rule,
    type_of_fact,
)
from workspaces.access import Access, Need
from workspaces.console.views import in_workspace
from workspaces.refusals import Clash, Invalid

#: Rules of one page of the list, and suggestions under a field.
_PAGE = 50
_SUGGESTIONS = 20


@require_safe
@in_workspace(Need.READ)
def rule_list(request: HttpRequest, access: Access) -> HttpResponse:
    """Show the rules with their switches and counters."""
    rules = list_rules(access=access, text=request.GET.get("q", "")).order_by("-pk")
    page = Paginator(rules, _PAGE).get_page(request.GET.get("page"))
    return TemplateResponse(
        request,
        "rules/list.html",
        {"title": "Rules", "page": page, "query": request.GET.get("q", "")},
    )


@require_http_methods(["GET", "HEAD", "POST"])
@in_workspace(Need.READ)
def new_rule(request: HttpRequest, access: Access) -> HttpResponse:
    """Show the empty form, or one filled in for a fact; save what it posts."""
    if request.method == "POST":
        return _posted(request, access, rule=None)
    fact = request.GET.get("fact", "")
    return _form(request, access, Draft(rows=(Row(fact=fact),)), rule=None)


@require_http_methods(["GET", "HEAD", "POST"])
@in_workspace(Need.READ)
def edit_rule(request: HttpRequest, access: Access, rule: str) -> HttpResponse:
    """Show the form of a rule, or its sentence if the form cannot hold it."""
    found = find_rule(access=access, identifier=rule)
    if request.method == "POST":
        return _posted(request, access, rule=found)
    try:
        draft = draft_of(found.latest.definition if found.latest else {})
    except TooRich as error:
        context = {"title": found.name, "rule": found, "reason": str(error)}
        return TemplateResponse(request, "rules/rich.html", context)
    return _form(request, access, draft, rule=found)


@require_POST
@in_workspace(Need.WRITE)
def turn(request: HttpRequest, access: Access, rule: str) -> HttpResponse:
    """Turn a rule on or off."""
    found = find_rule(access=access, identifier=rule)
    on = request.POST.get("on") == "true"
    turn_rule(access=access, rule=found, on=on, now=database_now())
    messages.success(request, f"{found.name} is {'on' if on else 'off'}.")
    return redirect("rules:list", access.workspace.slug)


@require_POST
@in_workspace(Need.WRITE)
def delete(request: HttpRequest, access: Access, rule: str) -> HttpResponse:
    """Delete a rule; its alerts stay."""
    found = find_rule(access=access, identifier=rule)
    delete_rule(access=access, rule=found, now=database_now())
    messages.success(request, f"{found.name} is deleted. Its alerts stay.")
    return redirect("rules:list", access.workspace.slug)


@require_POST
@in_workspace(Need.READ)
def preview(request: HttpRequest, access: Access) -> HttpResponse:
    """Say the draft in a sentence, or what it still needs."""
    draft = read_draft(request.POST)
    seen = preview_rule(access=access, definition=_definition(access, draft))
    return TemplateResponse(
        request,
        "rules/_sentence.html",
        {
            "sentence": seen.sentence,
            "errors": form_errors(seen.problems, draft),
            "is_untouched": all(row.is_blank for row in draft.rows),
        },
    )


@require_safe
@in_workspace(Need.READ)
def suggest(request: HttpRequest, access: Access) -> HttpResponse:
    """Suggest facts while somebody types one."""
    text = request.GET.get("q", "")
    found = suggest_facts(access=access, text=text, limit=_SUGGESTIONS)
    return JsonResponse(
        {
            "options": [_option(one) for one in found],
            "empty": f"No fact called “{text[:60]}”. Try a key or a field, like MSFT "
            "price.",
        }
    )


def _option(one: Suggestion) -> dict[str, str]:
    key = "Any key" if one.is_any_key else one.key
    return {
        "value": one.path,
        "label": f"{key} · {one.field}",
        "detail": one.path,
        "note": "" if one.value is None else show(one.value),
        "group": f"{one.series}{' · simulated' if one.is_simulated else ''}",
    }


def _posted(request: HttpRequest, access: Access, *, rule: Rule | None) -> HttpResponse:
    draft = read_draft(request.POST)
    action = request.POST.get("action", "save")
    if action != "save":
        return _form(request, access, rearranged(draft, action), rule=rule)
    access.require(Need.WRITE)
    if rule is not None and rule.latest is not None:
        # What came by the API beside what the form shows is kept.
        draft = replace(draft, texts=_texts_of(rule))
    try:
        saved = save_rule(
            access=access,
            rule=rule,
            definition=_definition(access, draft),
            new_outputs=_new_outputs(draft),
            pace=f"{draft.every}{draft.unit}",
            now=database_now(),
        )
    except Clash as error:
        wrong = FormError(control="telling", label="Tell me", detail=error.detail)
        return _form(request, access, draft, rule=rule, errors=[wrong])
    except Invalid as error:
        errors = form_errors(error.errors, draft)
        return _form(request, access, draft, rule=rule, errors=errors)
    words = "saved" if rule else "on"
    messages.success(request, f"{saved.name} is {words}.")
    return redirect("rules:list", access.workspace.slug)


def _definition(access: Access, draft: Draft) -> dict[str, object]:
    """Return the draft's definition; a blank name is taken from its first condition."""
    first = draft.rows[0]
    return definition_of(
        draft,
        outputs=draft.outputs,
        type_of=lambda text: type_of_fact(workspace=access.workspace, text=text),
        name=f"{' '.join(first.fact.split(':')[2:])} alert".strip() or "Rule",
    )


def _texts_of(rule: Rule) -> dict[str, dict[str, str]]:
    uses: list[dict[str, Any]] = (
        rule.latest.definition["outputs"] if rule.latest else []
    )
    return {
        use["output"]: {
            name: use[name] for name in ("subject", "message") if use.get(name)
        }
        for use in uses
    }


def _new_outputs(draft: Draft) -> list[tuple[str, str]]:
    typed = (("email", draft.new_email), ("webhook", draft.new_webhook))
    return [(kind, address) for kind, address in typed if address]


def _form(
    request: HttpRequest,
    access: Access,
    draft: Draft,
    *,
    rule: Rule | None,
    errors: list[FormError] | None = None,
) -> HttpResponse:
    workspace = access.workspace
    shown = errors or []
    by_control: dict[str, list[str]] = {}
    for error in shown:
        by_control.setdefault(error.control, []).append(error.detail)
    rows = [
        {
            "place": place,
            "row": row,
            "operators": operator_choices(
                type_of_fact(workspace=workspace, text=row.fact)
            ),
            "fact_errors": by_control.get(f"c-{place}-fact", []),
            "value_errors": by_control.get(f"c-{place}-value", [])
            + by_control.get(f"c-{place}-op", []),
        }
        for place, row in enumerate(draft.rows)
    ]
    context = {
        "title": rule.name if rule else "New rule",
        "crumbs": [("Rules", reverse("rules:list", args=[workspace.slug]))],
        "rule": rule,
        "draft": draft,
        "rows": rows,
        "errors": shown,
        "by_control": by_control,
        "outputs": ports.outputs.choices(workspace_id=workspace.pk),
        "severities": [(one.value, one.value.capitalize()) for one in Severity],
        "tellings": _tellings(rule),
        "units": UNITS.items(),
        "my_email": getattr(request.user, "email", ""),
    }
    status = 422 if shown else 200
    return TemplateResponse(request, "rules/form.html", context, status=status)


def _tellings(rule: Rule | None) -> list[tuple[str, str]]:
    """Return how a rule can tell; a saved one keeps its kind."""
    return [
        (choice, words)
        for choice, (kind, _, words) in TELLINGS.items()
        if rule is None or kind == rule.kind
    ]
