"""Numbers for Prometheus, for whoever watches the installation."""

from __future__ import annotations

from secrets import compare_digest

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.views.decorators.http import require_safe

from alerts.console.setup import is_at_the_machine
from alerts.services import Stored
from config.clock import database_now
from config.metrics import CONTENT_TYPE, exposition

_HOW = (
    "Metrics are for whoever runs this installation. Set BELLWETHER_METRICS_TOKEN and "
    "send it as Authorization: Bearer <token>; without it they are shown only to "
    "somebody at the machine, where the server listens there alone.\n"
)


@require_safe
def metrics(request: HttpRequest) -> HttpResponse:
    """Answer with all metrics in Prometheus's text form, or 401 saying how to ask."""
    if not _may_read(request):
        headers = {"WWW-Authenticate": 'Bearer realm="Bellwether metrics"'}
        return HttpResponse(
            _HOW, status=401, content_type="text/plain", headers=headers
        )
    return HttpResponse(
        exposition(Stored(now=database_now())), content_type=CONTENT_TYPE
    )


def _may_read(request: HttpRequest) -> bool:
    token = settings.BELLWETHER_METRICS_TOKEN
    if not token:
        return is_at_the_machine(request)
    scheme, _, said = request.headers.get("Authorization", "").partition(" ")
    return scheme.lower() == "bearer" and compare_digest(
        said.strip().encode(), token.encode()
    )
