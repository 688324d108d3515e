"""The console's pages of rules."""

from django.urls import path

from rules.console import carrying, explaining, pages

app_name = "rules"
urlpatterns = [
    path("w/<str:workspace>/rules", pages.rule_list, name="list"),
    path("w/<str:workspace>/rules/new", pages.new_rule, name="new"),
    path("w/<str:workspace>/rules/preview", pages.preview, name="preview"),
    path("w/<str:workspace>/rules/threshold", pages.threshold, name="threshold"),
    path(
        "w/<str:workspace>/rules/backtests/<str:run>",
        pages.looked_back,
        name="looked-back",
    ),
    path("w/<str:workspace>/rules/suggest", pages.suggest, name="suggest"),
    path("w/<str:workspace>/rules/export", carrying.export, name="export"),
    path("w/<str:workspace>/rules/import", carrying.take_in, name="import"),
    path(
        "w/<str:workspace>/rules/<str:rule>/export",
        carrying.export,
        name="export-one",
    ),
    path("w/<str:workspace>/rules/<str:rule>/edit", pages.edit_rule, name="edit"),
    path(
        "w/<str:workspace>/rules/<str:rule>/explain",
        explaining.explain,
        name="explain",
    ),
    path("w/<str:workspace>/rules/<str:rule>/turn", pages.turn, name="turn"),
    path("w/<str:workspace>/rules/<str:rule>/delete", pages.delete, name="delete"),
]
