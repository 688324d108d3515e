"""The rules' pages: the list with its switches, and the one-page form."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
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
    draft_of,
    read_draft,
    rearranged,
)
from rules.console.forms import FormError, form_errors
from rules.console.looking import LookedBack, look_back, show_run
from rules.console.showing import (
    definition_for,
    facts_of,
    show_draft,
)
from rules.console.thresholds import picture_of
from rules.engine import Severity, show
from rules.models import Rule
from rules.ports import ports
from rules.services import (
    SHARES,
    BacktestNotFound,
    Part,
    Suggestion,
    delete_rule,
    drop_backtest,
    find_backtest,
    find_rule,
    list_rules,
    output_names,
    save_rule,
    sentence_of,
    simulation_of,
    suggest_facts,
    turn_rule,
)
from workspaces.access import Access, Need
from workspaces.console.views import in_workspace
from workspaces.refusals import Clash, Invalid

#: Rules of one page of the list, and suggestions under a field.
_PAGE = 50
_SUGGESTIONS = 20
#: The button that stops a back-test in the background; its id follows.
_STOP = "stop-looking:"
#: By what the list is filtered: value and words.
_STATES = (("", "All"), ("on", "On"), ("off", "Off"), ("error", "In error"))


@require_safe
@in_workspace(Need.INSPECT)
def rule_list(request: HttpRequest, access: Access) -> HttpResponse:
    """Show the rules with their switches and counters."""
    text, state = request.GET.get("q", "").strip(), request.GET.get("state", "")
    rules = list_rules(access=access, text=text, state=state).order_by("-pk")
    page = Paginator(rules, _PAGE).get_page(request.GET.get("page"))
    names = output_names(workspace=access.workspace)
    is_simulated = simulation_of(workspace=access.workspace)
    rows = [
        (rule, _sentence(rule, names), any(map(is_simulated, facts_of(rule))))
        for rule in page
    ]
    context = {
        "title": "Rules",
        "page": page,
        "rows": rows,
        "is_simulated": any(simulated for _, _, simulated in rows),
        "query": text,
        "state": state,
        "states": _STATES,
        "is_filtered": bool(text or state),
        "why_no_switch": "why-no-switch" if access.is_read_only else "",
    }
    return TemplateResponse(request, "rules/list.html", context)


@require_http_methods(["GET", "HEAD", "POST"])
@in_workspace(Need.INSPECT)
def new_rule(request: HttpRequest, access: Access) -> HttpResponse:
    """Show the empty form, or one that the address fills in; save what it posts.

    `?fact=` begins a rule about a fact; `?rows=1&c-0-fact=…` gives a whole draft.
    """
    if request.method == "POST":
        return _posted(request, access, rule=None)
    if "rows" in request.GET:
        return _form(request, access, read_draft(request.GET), rule=None)
    fact = request.GET.get("fact", "")
    draft = Draft(rows=(Row(fact=fact),))
    return _form(request, access, draft, rule=None, focus="" if fact else "c-0-fact")


@require_http_methods(["GET", "HEAD", "POST"])
@in_workspace(Need.INSPECT)
def edit_rule(request: HttpRequest, access: Access, rule: str) -> HttpResponse:
    """Show the form of a rule, or its sentence if the form cannot hold it."""
    found = find_rule(access=access, identifier=rule)
    if request.method == "POST":
        return _posted(request, access, rule=found)
    try:
        draft = draft_of(found.latest.definition if found.latest else {})
    except TooRich as error:
        is_simulated = simulation_of(workspace=access.workspace)
        context = {
            "title": found.name,
            "rule": found,
            "is_simulated": any(map(is_simulated, facts_of(found))),
            "crumbs": _crumbs(access),
            "sentence": _sentence(found, output_names(workspace=access.workspace)),
            "reason": str(error),
        }
        return TemplateResponse(request, "rules/rich.html", context)
    return _form(request, access, draft, rule=found)


@require_POST
@in_workspace(Need.WRITE)
def turn(request: HttpRequest, access: Access, rule: str) -> HttpResponse:
    """Turn a rule on or off; leads back to the part of the list it was in."""
    found = find_rule(access=access, identifier=rule)
    on = request.POST.get("on") == "true"
    found = turn_rule(access=access, rule=found, on=on, now=database_now())
    said = f"{found.name} is {'on' if on else 'off'}."
    if not request.headers.get("HX-Request"):
        messages.success(request, said)
        return _to_list(request, access)
    answer = TemplateResponse(request, "rules/_turned.html", {"rule": found})
    answer["HX-Trigger"] = json.dumps({"toast": {"text": said}})
    return answer


@require_POST
@in_workspace(Need.WRITE)
def delete(request: HttpRequest, access: Access, rule: str) -> HttpResponse:
    """Delete a rule; its alerts stay."""
    found = find_rule(access=access, identifier=rule)
    delete_rule(access=access, rule=found, now=database_now())
    messages.success(request, f"{found.name} is deleted. Its alerts stay.")
    return _to_list(request, access)


@require_POST
@in_workspace(Need.INSPECT)
def preview(request: HttpRequest, access: Access) -> HttpResponse:
    """Say the draft in a sentence or what it still needs, and how it stands now."""
    draft = read_draft(request.POST)
    context = {
        "draft": draft,
        "shown": show_draft(access=access, draft=draft, now=database_now()),
    }
    return TemplateResponse(request, "rules/_preview.html", context)


@require_POST
@in_workspace(Need.INSPECT)
def threshold(request: HttpRequest, access: Access) -> HttpResponse:
    """Draw the draft's threshold over the stored history, or a part of the picture."""
    asked = request.POST.get("threshold-part", "")
    share = request.POST.get("threshold-share", "")
    answer = picture_of(
        access=access,
        draft=read_draft(request.POST),
        key=request.POST.get("threshold-key", ""),
        part=Part(asked) if asked in {*Part} else Part.WHOLE,
        share=int(share) if share in map(str, range(SHARES)) else 0,
        now=database_now(),
    )
    return JsonResponse(answer)


@require_safe
@in_workspace(Need.INSPECT)
def looked_back(request: HttpRequest, access: Access, run: str) -> HttpResponse:
    """Show what a back-test in the background found so far."""
    try:
        looked = show_run(find_backtest(access=access, run_id=run))
    except BacktestNotFound:
        # Asked for once a second until it ends, also after somebody stopped it.
        looked = LookedBack(is_dropped=True)
    return TemplateResponse(request, "rules/_looked_back.html", {"looked": looked})


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


def _sentence(rule: Rule, names: Mapping[str, str]) -> str:
    if rule.latest is None:
        return ""
    return sentence_of(rule.latest, workspace=rule.workspace, names=names)


def _crumbs(access: Access) -> list[tuple[str, str]]:
    return [("Rules", reverse("rules:list", args=[access.workspace.slug]))]


def _to_list(request: HttpRequest, access: Access) -> HttpResponse:
    """Lead back to the list, filtered and paged as the address of the post says."""
    url = reverse("rules:list", args=[access.workspace.slug])
    asked = request.GET.urlencode()
    return redirect(f"{url}?{asked}" if asked else url)


def _option(one: Suggestion) -> dict[str, str | None]:
    key = "Any key" if one.is_any_key else one.key
    return {
        "value": one.path,
        "label": f"{key} · {one.field}",
        "detail": one.path,
        "note": "" if one.value is None else show(one.value),
        "at": one.event_time.isoformat() if one.event_time else None,
        "group": f"{one.series}{' · simulated' if one.is_simulated else ''}",
    }


def _posted(request: HttpRequest, access: Access, *, rule: Rule | None) -> HttpResponse:
    draft = read_draft(request.POST)
    action = request.POST.get("action", "save")
    if action == "look-back":
        looked = look_back(access=access, draft=draft, rule=rule, now=database_now())
        return _form(request, access, draft, rule=rule, focus=action, looked=looked)
    if action.startswith(_STOP):
        run_id = action.removeprefix(_STOP)
        drop_backtest(run=find_backtest(access=access, run_id=run_id))
        looked = LookedBack(is_dropped=True)
        return _form(
            request, access, draft, rule=rule, focus="look-back", looked=looked
        )
    if action != "save":
        draft, focus = rearranged(draft, action)
        return _form(request, access, draft, rule=rule, focus=focus)
    access.require(Need.WRITE)
    if rule is not None and rule.latest is not None:
        # What came by the API beside what the form shows is kept.
        draft = replace(draft, texts=_texts_of(rule))
    try:
        saved = save_rule(
            access=access,
            rule=rule,
            definition=definition_for(access, draft),
            new_outputs=draft.new_outputs,
            pace=draft.pace,
            now=database_now(),
        )
    except Clash as error:
        wrong = FormError(control="telling", label="Tell me", detail=error.detail)
        return _form(request, access, draft, rule=rule, errors=[wrong])
    except Invalid as error:
        # What stands first in the way hides the rest; people want to know it all.
        also = show_draft(access=access, draft=draft, now=database_now()).problems
        errors = list(dict.fromkeys([*also, *form_errors(error.errors, draft)]))
        return _form(request, access, draft, rule=rule, errors=errors)
    words = "saved" if rule else "on"
    messages.success(request, f"{saved.name} is {words}.")
    return redirect("rules:list", access.workspace.slug)


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


def _form(
    request: HttpRequest,
    access: Access,
    draft: Draft,
    *,
    rule: Rule | None,
    errors: Sequence[FormError] = (),
    focus: str = "",
    looked: LookedBack | None = None,
) -> HttpResponse:
    """Draw the form; `focus` is the control with which the person goes on."""
    workspace = access.workspace
    shown = show_draft(access=access, draft=draft, now=database_now(), errors=errors)
    context = {
        "title": rule.name if rule else "New rule",
        "crumbs": _crumbs(access),
        "rule": rule,
        "draft": draft,
        "shown": shown,
        "is_simulated": shown.is_simulated,
        "errors": errors,
        "focus": focus,
        "looked": looked,
        "outputs": ports.outputs.choices(workspace_id=workspace.pk),
        "severities": [severity.value for severity in Severity],
        "tellings": _tellings(rule),
        "units": UNITS.items(),
        "my_email": getattr(request.user, "email", ""),
    }
    status = 422 if errors else 200
    return TemplateResponse(request, "rules/form.html", context, status=status)


def _tellings(rule: Rule | None) -> list[tuple[str, str]]:
    """Return how a rule can tell; a saved one keeps its kind."""
    return [
        (choice, words)
        for choice, (kind, _, words) in TELLINGS.items()
        if rule is None or kind == rule.kind
    ]
