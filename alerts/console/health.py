"""Whether the program lives, and whether it works; without a login."""

from django.db import DatabaseError
from django.http import HttpRequest, JsonResponse
from django.views.decorators.http import require_safe

from alerts.services import readiness
from config.clock import database_now


@require_safe
def healthz(request: HttpRequest) -> JsonResponse:
    """Answer that the process lives."""
    return JsonResponse({"status": "alive"})


@require_safe
def readyz(request: HttpRequest) -> JsonResponse:
    """Answer 200 if every part works, else 503 naming the parts that do not."""
    try:
        ready = readiness(now=database_now())
    except DatabaseError:
        return JsonResponse(
            {"status": "not ready", "parts": {"database": "does not answer"}},
            status=503,
        )
    return JsonResponse(
        {
            "status": "ready" if ready.is_ready else "not ready",
            "parts": {name: problem or "ok" for name, problem in ready.parts.items()},
        },
        status=200 if ready.is_ready else 503,
    )
