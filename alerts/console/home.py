"""Home: tiles, latest alerts, where to start, rules to try, data coming in."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from urllib.parse import urlencode

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.template.response import TemplateResponse
from django.urls import reverse
from django.views.decorators.http import require_POST, require_safe

from alerts.console.feed import head_facts, shows_simulated
from alerts.models import Severity
from alerts.services import (
    Card,
    Home,
    Numbers,
    read_home,
    start_market,
    turn_on_example,
)
from config.clock import database_now, utc_now
from datasets.services import SourceState
from workspaces.access import Access, Need
from workspaces.console.views import in_workspace
from workspaces.models import User, Workspace
from workspaces.refusals import Invalid


@dataclass(frozen=True, slots=True, kw_only=True)
class Tile:
    """One number that matters; see templates/_tile.html."""

    label: str
    icon: str
    number: int
    note: str
    url: str
    is_bad: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """A line of the checklist."""

    text: str
    url: str
    is_done: bool


@login_required
@require_safe
def start(request: HttpRequest) -> HttpResponse:
    """Go to the workspace in which somebody is at home."""
    user = request.user
    home = Workspace.objects.home_of(user).first() if isinstance(user, User) else None
    if home is None:
        raise Http404("You belong to no workspace yet; ask an owner to invite you.")
    return redirect("alerts:home", home.slug)


@require_safe
@in_workspace(Need.READ)
def show_home(request: HttpRequest, access: Access) -> HttpResponse:
    """Show how the workspace does; the page reads itself again as things happen."""
    home = read_home(access=access, now=utc_now())
    slug = access.workspace.slug
    steps = list(_steps(home, slug))
    is_simulated = any(source.is_simulated for source in home.sources) or any(
        shows_simulated(row) for row in home.rows
    )
    return TemplateResponse(
        request,
        "alerts/home.html",
        {
            "title": "Home",
            "is_simulated": is_simulated,
            "feed_head": head_facts(home.head),
            "troubles": list(_troubles(home, slug)),
            "tiles": list(_tiles(home, slug)),
            "rows": home.rows,
            "has_data": bool(home.examples) or home.progress.has_dataset,
            "steps": [] if all(step.is_done for step in steps) else steps,
            "may_start_market": home.may_start_market,
            "is_market_beginning": any(
                one.is_writing_past and one.is_simulated for one in home.sources
            ),
            "leads_with_examples": not all(step.is_done for step in steps)
            and not all(card.is_on for card in home.examples),
            "examples": [_example(card, slug) for card in home.examples],
            "sources": [_source(one) for one in home.sources],
        },
    )


@require_POST
@in_workspace(Need.WRITE)
def turn_on(request: HttpRequest, access: Access, example: str) -> HttpResponse:
    """Turn on an example rule; Home then shows what it finds."""
    try:
        rule = turn_on_example(access=access, slug=example, now=database_now())
    except Invalid as error:
        # The market is fed by a source that lacks what the example reads.
        messages.error(request, error.detail)
    else:
        messages.success(request, f"{rule.name} is on. Its alerts appear here.")
    return redirect("alerts:home", access.workspace.slug)


@require_POST
@in_workspace(Need.WRITE)
def turn_on_market(request: HttpRequest, access: Access) -> HttpResponse:
    """Turn on the demo market; Home then offers rules to try."""
    if access.user is not None:
        start_market(user=access.user, now=database_now())
        messages.success(request, "The demo market is on. Here are rules to try.")
    return redirect("alerts:home", access.workspace.slug)


def _tiles(home: Home, slug: str) -> Iterator[Tile]:
    numbers = home.numbers
    feed = reverse("alerts:feed", args=[slug])
    yield Tile(
        label="Alerts today",
        icon="activity",
        number=numbers.alerts_today,
        note=f"since midnight {home.zone}",
        url=f"{feed}?show=all",
    )
    yield Tile(
        label="Rules on",
        icon="list-checks",
        number=numbers.rules_on,
        note=_off_and_in_error(numbers),
        url=reverse("rules:list", args=[slug]),
        is_bad=bool(numbers.rules_in_error),
    )
    yield Tile(
        label="Events a minute",
        icon="zap",
        number=numbers.events_last_minute,
        note="received in the last 60 s",
        url=reverse("datasets:list", args=[slug]),
    )
    yield Tile(
        label="Failed deliveries",
        icon="send",
        number=numbers.failed_deliveries,
        note="in the last 24 hours",
        url=f"{feed}?show=undelivered",
        is_bad=bool(numbers.failed_deliveries),
    )


def _steps(home: Home, slug: str) -> Iterator[Step]:
    done = home.progress
    feed = reverse("alerts:feed", args=[slug])
    own_data = Step(
        text="Bring data of your own",
        url=reverse("datasets:list", args=[slug]),
        is_done=done.has_dataset,
    )
    if home.examples:
        yield Step(text="Turn on a rule", url="#examples", is_done=done.has_rule)
    else:
        yield own_data
        new_rule = reverse("rules:new", args=[slug])
        yield Step(text="Create a rule", url=new_rule, is_done=done.has_rule)
    yield Step(text="See an alert arrive", url=feed, is_done=done.has_alert)
    yield Step(text="Acknowledge an alert", url=feed, is_done=done.has_acknowledged)
    yield Step(
        text="Send alerts by e-mail or to a webhook",
        url=reverse("rules:new", args=[slug]),
        is_done=done.has_output,
    )
    if home.examples:
        yield own_data


def _troubles(home: Home, slug: str) -> Iterator[Mapping[str, str]]:
    numbers = home.numbers
    if numbers.rules_in_error:
        yield {
            "text": "In error and not judged: "
            f"{_counted(numbers.rules_in_error, 'rule')}.",
            "url": reverse("rules:list", args=[slug]) + "?state=error",
            "action": "See why",
        }
    if numbers.outputs_off:
        yield {
            "text": f"{_counted(numbers.outputs_off, 'output')} turned off after"
            " failures; what is sent there is held back.",
            "url": reverse("alerts:feed", args=[slug]) + "?show=undelivered",
            "action": "Look at what was not delivered",
        }


def _example(card: Card, slug: str) -> Mapping[str, object]:
    watched = card.definition["watch"]
    fact = watched["facts"][0] if isinstance(watched, Mapping) else ""
    return {
        "name": card.title,
        "sentence": card.sentence,
        "severity": card.definition.get("severity", Severity.WARNING),
        "is_on": card.is_on,
        "turn_on_url": reverse("alerts:turn-on-example", args=[slug, card.slug]),
        "look_url": reverse("rules:edit", args=[slug, card.rule.uuid])
        if card.rule
        else f"{reverse('rules:new', args=[slug])}?{urlencode({'fact': fact})}",
        "look": "Open the rule" if card.rule else "Write my own",
    }


def _source(state: SourceState) -> Mapping[str, object]:
    return {
        "name": f"{state.workspace}:{state.dataset}",
        "url": reverse("datasets:detail", args=[state.workspace, state.dataset]),
        "last_at": state.last_at,
        "rate": f"{state.records_last_minute:,} records a minute",
        "is_stale": state.is_stale,
        "has_failed": state.has_failed,
        "is_simulated": state.is_simulated,
        "is_beginning": state.is_writing_past,
    }


def _off_and_in_error(numbers: Numbers) -> str:
    off = f"{numbers.rules_off} off"
    wrong = numbers.rules_in_error
    return f"{off}, {wrong} in error" if wrong else off


def _counted(number: int, noun: str) -> str:
    return f"1 {noun}" if number == 1 else f"{number} {noun}s"
