"""One alert: what happened, why, who was told, and taking it on."""

from __future__ import annotations

import uuid

from django.contrib import messages
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import redirect
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils.http import url_has_allowed_host_and_scheme
from django.views.decorators.http import require_POST, require_safe

from alerts.models import Alert
from alerts.services import (
    AlreadyAcknowledged,
    NothingToRetry,
    acknowledge_alert,
    alert_facts,
    explain_alert,
    find_alert,
    find_delivery,
    make_rule_test,
    retry_delivery,
)
from config.clock import database_now, utc_now
from rules.engine import key_name
from workspaces.access import Access, Need
from workspaces.console.views import in_workspace
from workspaces.refusals import Clash


@require_safe
@in_workspace(Need.READ)
def show_alert(
    request: HttpRequest, access: Access, alert_id: uuid.UUID
) -> HttpResponse:
    """Show everything that is known of an alert."""
    page = explain_alert(access=access, alert_id=alert_id, now=utc_now())
    slug = access.workspace.slug
    return TemplateResponse(
        request,
        "alerts/alert.html",
        {
            "title": _title_of(page.alert),
            "crumbs": [("Live feed", reverse("alerts:feed", args=[slug]))],
            "is_simulated": page.alert.is_simulated,
            "page": page,
            "alert": page.facts,
        },
    )


@require_safe
@in_workspace(Need.INSPECT)
def show_test(
    request: HttpRequest, access: Access, alert_id: uuid.UUID
) -> HttpResponse:
    """Show a rule test made of an alert, to copy or, with `?download=1`, to keep."""
    alert = find_alert(access=access, alert_id=alert_id)
    text, problem = "", ""
    try:
        text = make_rule_test(access=access, alert_id=alert_id)
    except Clash as error:
        problem = error.detail
    name = f"{alert.rule.slug}.yaml"
    if text and request.GET.get("download"):
        headers = {"Content-Disposition": f'attachment; filename="{name}"'}
        return HttpResponse(text, content_type="application/yaml", headers=headers)
    slug = access.workspace.slug
    alert_url = reverse("alerts:detail", args=[slug, alert_id])
    context = {
        "title": "As a test",
        "crumbs": [
            ("Live feed", reverse("alerts:feed", args=[slug])),
            (_title_of(alert), alert_url),
        ],
        "is_simulated": alert.is_simulated,
        "text": text,
        "problem": problem,
        "name": name,
        "alert_url": alert_url,
    }
    return TemplateResponse(
        request, "alerts/test.html", context, status=409 if problem else 200
    )


@require_POST
@in_workspace(Need.WRITE)
def acknowledge(
    request: HttpRequest, access: Access, alert_id: uuid.UUID
) -> HttpResponse:
    """Take an alert on, and go back to the page on which somebody did."""
    alert = find_alert(access=access, alert_id=alert_id)
    try:
        acknowledge_alert(access=access, alert=alert, now=database_now())
    except AlreadyAcknowledged as error:
        said, level = error.detail, messages.INFO
    else:
        said, level = "Acknowledged.", messages.SUCCESS
    if not request.accepts("text/html"):
        return JsonResponse(alert_facts(alert))
    messages.add_message(request, level, said)
    back = request.POST.get("next", "")
    if url_has_allowed_host_and_scheme(back, allowed_hosts={request.get_host()}):
        return redirect(back)
    return redirect("alerts:detail", access.workspace.slug, alert_id)


@require_POST
@in_workspace(Need.WRITE)
def retry(
    request: HttpRequest, access: Access, alert_id: uuid.UUID, delivery_id: uuid.UUID
) -> HttpResponse:
    """Send a delivery again that failed or was held back."""
    delivery = find_delivery(access=access, delivery_id=delivery_id)
    try:
        retry_delivery(access=access, delivery=delivery, now=database_now())
    except NothingToRetry as error:
        messages.info(request, error.detail)
    else:
        messages.success(request, "On its way.")
    return redirect("alerts:detail", access.workspace.slug, alert_id)


def _title_of(alert: Alert) -> str:
    name, key = alert.rule.name, key_name(alert.key)
    return f"{name} · {key}" if key else name
