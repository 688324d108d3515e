"""Every address of the program; each app owns its own below these prefixes."""

from django.contrib import admin
from django.urls import URLPattern, URLResolver, include, path, re_path
from drf_spectacular.views import SpectacularAPIView

from alerts.console.health import healthz, readyz
from alerts.console.metrics import metrics
from workspaces.api.apperate import UnknownCallView
from workspaces.api.problem_page import problem_list
from workspaces.api.views import UnknownAddressView
from workspaces.console.reference.pages import api_reference

_apperate: list[URLPattern | URLResolver] = [
    path("", include("datasets.api.apperate.urls")),
    path("", include("alerts.api.apperate.urls")),
    re_path("", UnknownCallView.as_view()),
]

urlpatterns = [
    path("healthz", healthz),
    path("readyz", readyz),
    path("metrics", metrics),
    path("admin/", admin.site.urls),
    path("api/schema", SpectacularAPIView.as_view(), name="schema"),
    path("api/docs", api_reference, name="api-docs"),
    path("docs/problems", problem_list, name="problems"),
    path("api/v1/", include("workspaces.api.urls")),
    path("api/v1/workspaces/<str:workspace>/", include("datasets.api.urls")),
    path("api/v1/workspaces/<str:workspace>/", include("rules.api.urls")),
    path("api/v1/workspaces/<str:workspace>/", include("alerts.api.urls")),
    re_path("^api/v1/", UnknownAddressView.as_view()),
    *[path(f"{version}/", include(_apperate)) for version in ("v1", "stable", "beta")],
    path("", include("workspaces.console.urls")),
    path("", include("datasets.console.urls")),
    path("", include("rules.console.urls")),
    path("", include("alerts.console.urls")),
]

handler403 = "workspaces.console.errors.forbidden"
handler404 = "workspaces.console.errors.missing"
handler500 = "config.errors.broken"
