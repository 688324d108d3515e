"""Tags of the console's templates: icons, chips, navigation, times, assets.

They draw what they are given and decide nothing. `templates/base.html` names the
context that pages pass.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import datetime
from pathlib import Path

from django import template
from django.conf import settings
from django.http import HttpRequest
from django.template.context import Context
from django.templatetags.static import static
from django.utils import timezone
from django.utils.dateparse import parse_datetime
from django.utils.html import format_html
from django.utils.safestring import SafeString

from config.frontend import is_built

register = template.Library()

# Colour, icon and word of everything that has a state: (label, tone, icon).
_SEVERITIES = {
    "critical": ("Critical", "critical", "octagon-alert"),
    "warning": ("Warning", "warning", "triangle-alert"),
    "info": ("Info", "info", "info"),
}
_STATES = {
    # alerts and their steps
    "open": ("Open", "open", "circle-dot"),
    "opened": ("Opened", "open", "circle-dot"),
    "raised": ("Raised", "open", "bell-ring"),
    "acknowledged": ("Acknowledged", "info", "check"),
    "resolved": ("Resolved", "ok", "circle-check"),
    "closed": ("Closed", "quiet", "circle-x"),
    "no_data": ("Went silent", "warning", "clock"),
    "reminded": ("Reminded", "open", "bell-ring"),
    "escalated": ("Escalated", "critical", "octagon-alert"),
    "eased": ("Eased", "info", "info"),
    "snoozed": ("Snoozed", "quiet", "bell-off"),
    # deliveries
    "queued": ("Queued", "quiet", "clock"),
    "sending": ("Sending", "info", "clock"),
    "sent": ("Sent", "ok", "check"),
    "failed": ("Failed", "critical", "circle-x"),
    "dead": ("Given up", "critical", "octagon-x"),
    "suppressed": ("Held back", "quiet", "ban"),
    # rules
    "on": ("On", "ok", "circle-dot"),
    "off": ("Off", "quiet", "circle"),
    "error": ("Error", "critical", "octagon-alert"),
    # batches of data on their way in
    "pending": ("Waiting", "quiet", "clock"),
    "running": ("Running", "info", "clock"),
    "judged": ("Done", "ok", "circle-check"),
    "done": ("Done", "ok", "circle-check"),
    "refused": ("Refused", "warning", "triangle-alert"),
    "quarantined": ("Quarantined", "critical", "octagon-alert"),
    "cancelled": ("Cancelled", "quiet", "circle-x"),
    # marks
    "simulated": ("Simulated", "test", "flask-conical"),
    "historical": ("History", "quiet", "clock"),
    "test": ("Test", "test", "flask-conical"),
}
_THEMES = ("light", "dark")


@register.simple_tag
def asset(path: str) -> str:
    """Return the URL of a built file, or nothing while it has not been built."""
    if not is_built(settings.BASE_DIR):
        return ""
    try:
        return static(path)
    except ValueError:  # built, but not yet among the collected static files
        return ""


@register.simple_tag
def icon(name: str, size: str = "") -> SafeString:
    """Draw an icon of the sprite; it is decoration, the words beside it speak."""
    sprite = asset("build/icons.svg")
    if not sprite:
        return SafeString("")
    return format_html(
        '<svg class="icon{}" aria-hidden="true" focusable="false">'
        '<use href="{}#{}"></use></svg>',
        f" icon-{size}" if size else "",
        sprite,
        name,
    )


@register.simple_tag
def severity(value: str) -> SafeString:
    """Draw a severity: shape, word and colour."""
    return _chip(str(value), *_SEVERITIES[str(value)])


@register.simple_tag
def state(value: str, label: str = "") -> SafeString:
    """Draw the state of an alert, delivery, rule or import; `label` says it closer."""
    word, tone, shape = _STATES[str(value)]
    return _chip(str(value), label or word, tone, shape)


@register.simple_tag
def alert_state(alert: Mapping[str, object]) -> SafeString:
    """Draw the state of an alert's facts; feed-row.js says the same of arrivals."""
    running = alert["state"] in {"open", "raised"}
    if not (running and alert["acknowledged_at"]):
        return state(str(alert["state"]))
    by = alert["acknowledged_by"]
    return state("acknowledged", f"Acknowledged by {by}" if by else "")


def _chip(name: str, label: str, tone: str, shape: str) -> SafeString:
    return format_html(
        '<span class="chip tone-{}" data-chip="{}">{}<span>{}</span></span>',
        tone,
        name,
        icon(shape),
        label,
    )


@register.simple_tag
def timestamp(value: datetime | str | None, missing: str = "never") -> SafeString:
    """Draw an instant; time.js turns it into "12 s ago" and keeps it current.

    `value` may be the ISO text of an instant, as frames carry it. With neither instant
    nor words it is the pattern of one that script fills in.
    """
    instant = parse_datetime(value) if isinstance(value, str) else value
    if instant is None:
        muted = SafeString(' class="text-muted"' if missing else "")
        return format_html("<time{} data-relative>{}</time>", muted, missing)
    local = timezone.localtime(instant)
    return format_html(
        '<time datetime="{}" title="{}" data-relative>{}</time>',
        instant.isoformat(),
        f"{local:%Y-%m-%d %H:%M:%S %Z}",
        f"{local.day} {local:%b %H:%M}",
    )


@register.inclusion_tag("_nav_item.html", takes_context=True)
def nav_item(
    context: Context, view: str, label: str, icon: str, **options: str
) -> Mapping[str, object]:
    """Link a page of the workspace.

    Options: `also`, prefixes of views that belong to it; `key`, the shortcut that
    follows it; `shape`, the class when it is not a link of the rail.
    """
    match = getattr(context.get("request"), "resolver_match", None)
    here = match.view_name if match else ""
    prefixes = tuple(options.get("also", "").split())
    return {
        "view": view,
        "workspace": context.get("workspace"),
        "label": label,
        "icon": icon,
        "shape": options.get("shape", "rail-link"),
        "key": options.get("key", ""),
        "is_current": here == view or bool(prefixes and here.startswith(prefixes)),
        "is_feed": view == "alerts:feed",
        "unread": context.get("unread_alerts"),
    }


@register.simple_tag(takes_context=True)
def remembered_look(context: Context) -> SafeString:
    """Return the attributes of <html> for the look this browser chose."""
    request = context.get("request")
    cookies = request.COOKIES if isinstance(request, HttpRequest) else {}
    theme = cookies.get("theme", "")
    return format_html(
        "{}{}{}",
        format_html(' data-theme="{}"', theme) if theme in _THEMES else "",
        SafeString(' data-rail="narrow"') if cookies.get("rail") == "narrow" else "",
        SafeString(' data-density="compact"') if cookies.get("density") else "",
    )


@register.simple_tag(takes_context=True)
def import_map(context: Context) -> SafeString:
    """Name our modules and the chart library for `import`; carries the CSP nonce."""
    modules = sorted(Path(settings.BASE_DIR, "static/js").glob("*.js"))
    names = {f"bellwether/{m.name}": static(f"js/{m.name}") for m in modules}
    chart = asset("build/uplot.js")
    if chart:
        names["uplot"] = chart
    nonce = getattr(context.get("request"), "csp_nonce", "")
    body = json.dumps({"imports": names}).replace("<", "\\u003C")
    return format_html(
        '<script type="importmap" nonce="{}">{}</script>', nonce, SafeString(body)
    )
