"""The native endpoints of rules, below a workspace's path."""

from django.urls import path

from rules.api.backtests import BacktestRunView, BacktestView, CompareView
from rules.api.carrying import RuleExportView, RulesExportView, RulesImportView
from rules.api.explaining import ExplainView
from rules.api.rules import (
    DisableView,
    EnableView,
    RulePreviewView,
    RuleSchemaView,
    RulesView,
    RuleView,
    VersionsView,
)

urlpatterns = [
    path("rules", RulesView.as_view()),
    path("rules/preview", RulePreviewView.as_view()),
    path("rules/schema", RuleSchemaView.as_view()),
    path("rules/backtest", BacktestView.as_view()),
    path("rules/backtests/<str:run>", BacktestRunView.as_view(), name="backtest-run"),
    path("rules/export", RulesExportView.as_view()),
    path("rules/import", RulesImportView.as_view()),
    path("rules/<str:rule>", RuleView.as_view()),
    path("rules/<str:rule>/export", RuleExportView.as_view()),
    path("rules/<str:rule>/compare", CompareView.as_view()),
    path("rules/<str:rule>/enable", EnableView.as_view()),
    path("rules/<str:rule>/disable", DisableView.as_view()),
    path("rules/<str:rule>/explain", ExplainView.as_view()),
    path("rules/<str:rule>/versions", VersionsView.as_view()),
]
