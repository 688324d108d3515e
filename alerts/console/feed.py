"""The live feed: the newest alerts, and how to follow on from them."""

from __future__ import annotations

import re
import uuid
from collections.abc import Mapping
from dataclasses import asdict
from datetime import UTC, datetime, timedelta

from django.http import HttpRequest, HttpResponse, QueryDict
from django.template.response import TemplateResponse
from django.views.decorators.http import require_safe

from alerts.models import FeedHead, Severity
from alerts.services import Cursor, FeedFilter, Show, browse_feed, read_quiet
from config.clock import utc_now
from datasets.services import is_simulation_running
from workspaces.access import Access, Need
from workspaces.console.views import in_workspace

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_CURSOR = re.compile(r"(?P<micros>\d{1,17})\.(?P<id>[0-9a-f-]{36})")
#: What is longer than this is no search.
_LONGEST_Q = 200


@require_safe
@in_workspace(Need.READ)
def show_feed(request: HttpRequest, access: Access) -> HttpResponse:
    """Show a page of the feed; the first one goes on by itself."""
    wanted = read_filter(request.GET)
    before = read_cursor(request.GET.get("before", ""))
    page = browse_feed(access=access, wanted=wanted, before=before)
    context: dict[str, object] = {
        "title": "Live feed",
        "rows": page.rows,
        "feed_head": head_facts(page.head),
        "filter": wanted,
        "is_live": before is None and wanted.show is not Show.UNDELIVERED,
        "is_older": before is not None,
        "older": write_cursor(page.older) if page.older else "",
        "is_simulated": any(shows_simulated(row) for row in page.rows)
        or is_simulation_running(workspace=access.workspace),
        "has_alerts": True,
    }
    if not page.rows:
        context |= asdict(read_quiet(access=access, now=utc_now()))
    return TemplateResponse(request, "alerts/feed.html", context)


def head_facts(head: FeedHead) -> Mapping[str, object]:
    """Return how far a page's rows reach, for the socket that goes on from there."""
    return {"seq": head.next_seq - 1, "epoch": str(head.epoch)}


def read_filter(query: QueryDict) -> FeedFilter:
    """Read which alerts are asked for; a word that is unknown asks for nothing."""
    show, severity = query.get("show", ""), query.get("severity", "")
    return FeedFilter(
        show=Show(show) if show in list(Show) else Show.OPEN,
        severity=severity if severity in Severity.values else "",
        q=query.get("q", "").strip()[:_LONGEST_Q].replace("\0", ""),
    )


def write_cursor(cursor: Cursor) -> str:
    """Write where a page ended, to the microsecond."""
    return f"{(cursor.at - _EPOCH) // timedelta(microseconds=1)}.{cursor.alert_id}"


def read_cursor(text: str) -> Cursor | None:
    """Read where the page before ended; what is no cursor starts at the newest."""
    found = _CURSOR.fullmatch(text)
    if found is None:
        return None
    try:
        alert_id = uuid.UUID(found["id"])
        at = _EPOCH + timedelta(microseconds=int(found["micros"]))
    except (ValueError, OverflowError):
        return None
    return Cursor(at=at, alert_id=alert_id)


def shows_simulated(row: Mapping[str, object]) -> bool:
    """Say whether a row of the feed is about simulated data."""
    alert = row["alert"]
    return isinstance(alert, Mapping) and bool(alert["simulated"])
