"""How the installation does: for those who run it, wherever they come from."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from functools import wraps
from itertools import accumulate
from typing import Concatenate, ParamSpec

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.template.response import TemplateResponse
from django.views.decorators.http import require_POST, require_safe

from alerts.console import plots
from alerts.console.operations_words import in_words, lane_row, source_row, tiles_of
from alerts.services import (
    Operations,
    QuarantinedNotFound,
    dismiss_for_staff,
    read_operations,
    replay_for_staff,
)
from config.clock import database_now
from datasets.services import NothingToReplay
from workspaces.access import Need, open_for_user
from workspaces.models import User, Workspace

Parameters = ParamSpec("Parameters")
StaffPage = Callable[Concatenate[HttpRequest, User, Parameters], HttpResponse]


def for_staff(page: StaffPage[Parameters]) -> Callable[..., HttpResponse]:
    """Give a page the person, who runs the installation; others are refused."""

    @login_required
    @wraps(page)
    def opened(
        request: HttpRequest, *args: Parameters.args, **kwargs: Parameters.kwargs
    ) -> HttpResponse:
        user = request.user
        if not isinstance(user, User) or not user.is_staff:
            raise PermissionDenied("This page is for those who run the installation.")
        return page(request, user, *args, **kwargs)

    return opened


@require_safe
@for_staff
def show_operations(request: HttpRequest, user: User) -> HttpResponse:
    """Show what works, waits or fails; the page reads itself again as time goes."""
    found = read_operations(now=database_now())
    return TemplateResponse(
        request,
        "alerts/operations.html",
        {
            **_frame(user),
            "title": "Operations",
            "troubles": list(_troubles(found)),
            "tiles": list(tiles_of(found)),
            "found": found,
            "lanes": [lane_row(one) for one in found.lanes.shown],
            "is_simulated": any(one.is_simulated for one in found.lanes.shown),
            "sources": [source_row(one) for one in found.sources],
            "canary": _canary(found),
            "outbox": _outbox(found),
            "lag": _lag(found.lag),
        },
    )


@require_POST
@for_staff
def replay(request: HttpRequest, user: User, quarantined: int) -> HttpResponse:
    """Have an event that was set aside judged again."""
    done = "The {} is on its way through its lane again."
    return _decide(request, user, quarantined, decide=replay_for_staff, done=done)


@require_POST
@for_staff
def dismiss(request: HttpRequest, user: User, quarantined: int) -> HttpResponse:
    """Strike an event off the list."""
    done = "The {} is off the list. Its record is kept."
    return _decide(request, user, quarantined, decide=dismiss_for_staff, done=done)


def _decide(
    request: HttpRequest,
    user: User,
    quarantined: int,
    *,
    decide: Callable[..., str],
    done: str,
) -> HttpResponse:
    """Decide what becomes of an event that was set aside, and go back to the list."""
    try:
        name = decide(user=user, quarantined_id=quarantined, now=database_now())
    except (NothingToReplay, QuarantinedNotFound) as refusal:
        messages.error(request, refusal.detail)
    else:
        messages.success(request, done.format(name))
    return redirect("alerts:operations")


def _frame(user: User) -> Mapping[str, object]:
    """Return whose pages the navigation beside the page leads to."""
    home = (
        Workspace.objects.home_of(user).first()
        or Workspace.objects.visible_to(user).first()
    )
    if home is None:
        raise Http404("There is no workspace yet. Open /setup to make the first one.")
    access = open_for_user(user=user, slug=home.slug, need=Need.READ)
    return {"workspace": home, "access": access}


def _troubles(found: Operations) -> Iterator[str]:
    for part in found.parts:
        if part.problem:
            where = f" on {part.host}" if part.host else ""
            yield f"{part.name}{where}: {part.problem}."
    for name, problem in found.problems.items():
        yield f"{name}: {problem}"
    if found.queues is None:
        yield (
            "Redis does not answer. Nothing is lost: the runner finds what is due in"
            " the database."
        )
    if found.canary.is_late:
        yield "The canary does not come back: events are not carried all the way."


def _canary(found: Operations) -> Mapping[str, object]:
    canary = found.canary
    lengths = [proof.length.total_seconds() for proof in canary.proofs]
    return {
        "is_on": canary.is_on,
        "last": canary.last,
        "length": in_words(canary.last.length) if canary.last else "",
        "median": in_words(canary.length(0.5)),
        "p99": in_words(canary.length(0.99)),
        "came": len(canary.proofs),
        "sent": canary.sent,
        "line": plots.line(lengths) if len(lengths) > 1 else "",
        "longest": in_words(canary.length(1)),
    }


def _outbox(found: Operations) -> Mapping[str, object]:
    outbox = found.outbox
    stacks = [[("ok", one.sent), ("bad", one.failed)] for one in outbox.by_minute]
    return {
        "by_kind": sorted(outbox.by_kind.items()),
        "bars": plots.bars(stacks),
        "sent": sum(one.sent for one in outbox.by_minute),
        "failed": sum(one.failed for one in outbox.by_minute),
        "waiting": outbox.waiting,
        "oldest": in_words(outbox.oldest),
        "held": outbox.held,
        "storms": outbox.storms,
    }


def _lag(spread: Mapping[float, int]) -> Mapping[str, object]:
    """Describe how long live batches waited, by the bounds under which they fell."""
    total = sum(spread.values())
    upto = list(accumulate(spread.values()))

    def bound(share: float) -> str:
        reached = (
            limit
            for limit, count in zip(spread, upto, strict=True)
            if count >= share * total
        )
        limit = next(reached, float("inf"))
        longest = max((one for one in spread if one != float("inf")), default=0)
        if limit == float("inf"):
            return f"over {in_words(longest)}"
        return f"at most {in_words(limit)}"

    return {
        "total": total,
        "median": bound(0.5) if total else "",
        "p95": bound(0.95) if total else "",
        "bars": plots.bars([[("info", count)] for count in spread.values()]),
        "rows": [
            (
                "longer" if limit == float("inf") else f"up to {in_words(limit)}",
                count,
            )
            for limit, count in spread.items()
        ],
    }
