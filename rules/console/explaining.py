"""Why or why not: what a rule says of a key, now or in the past, as a page."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from django.http import HttpRequest, HttpResponse
from django.template.response import TemplateResponse
from django.urls import reverse
from django.views.decorators.http import require_safe

from config.clock import database_now
from datasets.services import RecordNotFound
from rules.console.showing import facts_of
from rules.engine import FEED, Timer, show
from rules.models import Kind, Rule
from rules.services import (
    Explanation,
    ExplanationInvalid,
    Finding,
    RecordPlace,
    explain_rule,
    find_rule,
    finding_of,
    keys_of_rule,
    output_names,
    sentence_of,
    simulation_of,
)
from workspaces.access import Access, Need
from workspaces.console.views import in_workspace
from workspaces.refusals import Clash, Refusal

_TIMERS = {
    Timer.HOLD: "opens",
    Timer.RECOVER: "resolves",
    Timer.NO_DATA: "is taken for silent",
    Timer.LAPSE: "is judged again as a value leaves its window",
    Timer.WAKE: "is looked at again",
    Timer.REMIND: "is told of once more",
}
_STATES = {
    "inactive": "Nothing is open for this key.",
    "pending": "True, and waiting until that has lasted long enough.",
    "firing": "An alert is open.",
    "recovering": "An alert is open, and ends once recovery has lasted long enough.",
}
#: Of a question that clashes with what is stored, and of one that is wrong.
_STATUS = {True: 409, False: 422}


@dataclass(frozen=True, slots=True, kw_only=True)
class Gate:
    """Something that time will change: what, and when."""

    words: str
    at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """A fact of the nearest miss: what it was, and what would have done."""

    name: str
    found: str
    value: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ShownExplanation:
    """An explanation as the page draws it; `sentence` is that of what judged."""

    found: Explanation
    sentence: str
    tree: Finding
    ladder: Sequence[tuple[str, Finding]]
    changes: Sequence[Change]
    state: str
    gates: Sequence[Gate]


@require_safe
@in_workspace(Need.INSPECT)
def explain(request: HttpRequest, access: Access, rule: str) -> HttpResponse:
    """Say why a rule is true or not: `?key=` and `?at=`, or `?record=12.0`."""
    found = find_rule(access=access, identifier=rule)
    asked = {name: request.GET.get(name, "").strip() for name in ("key", "at")}
    record = request.GET.get("record", "")
    shown, problem = None, None
    try:
        shown = _shown(access, found, record=record, **asked)
    except (ExplanationInvalid, Clash) as error:
        # Of a rule over any key nothing can be said before one is chosen.
        problem = error if record or any(asked.values()) else None
    is_simulated = simulation_of(workspace=access.workspace)
    context = {
        "title": "Why or why not",
        "crumbs": _crumbs(access, found),
        "is_simulated": any(map(is_simulated, facts_of(found))),
        "rule": found,
        "shown": shown,
        "keys": keys_of_rule(rule=found),
        "key": shown.found.key if shown else asked["key"],
        "at": asked["at"],
        "problem": problem,
        "wrong": _wrong_field(problem),
    }
    status = 200 if problem is None else _STATUS[isinstance(problem, Clash)]
    return TemplateResponse(request, "rules/explain.html", context, status=status)


def _shown(
    access: Access, rule: Rule, *, key: str, at: str, record: str
) -> ShownExplanation:
    found = explain_rule(
        access=access,
        rule=rule,
        key=key,
        at=at,
        place=_place(record) if record else None,
        now=database_now(),
    )
    standing = found.standing
    names = output_names(workspace=access.workspace)
    misses = found.miss.misses if found.miss else ()
    return ShownExplanation(
        found=found,
        sentence=sentence_of(found.version, workspace=access.workspace, names=names),
        changes=[
            Change(
                name=one.path.under(one.key),
                found=show(one.found),
                value=show(one.value),
            )
            for one in misses
        ],
        tree=finding_of(found.tree),
        ladder=[(one.severity, finding_of(one.tree)) for one in found.ladder],
        state=_STATES[standing.state] if standing and rule.kind == Kind.STATE else "",
        gates=_gates(found, names),
    )


def _place(text: str) -> RecordPlace:
    batch, _, place = text.partition(".")
    if not all(one.isascii() and one.isdecimal() for one in (batch, place)):
        raise RecordNotFound(f"There is no record {text[:40]} in this workspace.")
    return RecordPlace(batch=int(batch), ord=int(place))


def _gates(found: Explanation, names: Mapping[str, str]) -> list[Gate]:
    """Return what time holds back or brings about, the next first."""
    gates = [
        Gate(
            words=f"{'The feed' if name == FEED else names.get(name, name)} is told "
            "of the next pass",
            at=until,
        )
        for name, until in found.cooling.items()
    ]
    timers = found.standing.timers if found.standing else {}
    gates += [
        Gate(words=f"It {_TIMERS[Timer(name)]}, unless an event changes that", at=at)
        for name, at in timers.items()
    ]
    return sorted(gates, key=lambda gate: gate.at)


def _wrong_field(problem: Refusal | None) -> str:
    """Return the field of the question that mends a problem; blank if none does."""
    pointers = [error.pointer for error in problem.errors] if problem else []
    return pointers[0].removeprefix("/") if pointers else ""


def _crumbs(access: Access, rule: Rule) -> list[tuple[str, str]]:
    slug = access.workspace.slug
    return [
        ("Rules", reverse("rules:list", args=[slug])),
        (rule.name, reverse("rules:edit", args=[slug, rule.uuid])),
    ]
