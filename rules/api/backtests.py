"""Back-tests in the native API: at once, or in the background."""

from __future__ import annotations

from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.response import Response

from config.clock import database_now
from rules.api.rules import inside_definition
from rules.api.serializers import (
    BacktestRequestSerializer,
    BacktestRunSerializer,
    BacktestSerializer,
    CompareRequestSerializer,
    ComparisonSerializer,
)
from rules.models import BacktestRun
from rules.services import (
    RuleInvalid,
    drop_backtest,
    find_backtest,
    find_rule,
    start_backtest,
    start_comparison,
)
from workspaces.access import Need
from workspaces.api.views import WorkspaceAPIView


class BacktestView(WorkspaceAPIView):
    """What a draft would have done."""

    @extend_schema(
        operation_id="rules_backtest",
        request=BacktestRequestSerializer,
        responses={200: BacktestSerializer, 202: BacktestRunSerializer},
    )
    def post(self, request: Request, workspace: str) -> Response:
        """Judge the stored history by a draft, as live would have; store no rule.

        Of a history that takes longer than a few seconds to judge the answer is 202:
        the back-test goes on in the background, and `Location` says where to ask.
        """
        asked = BacktestRequestSerializer(data=request.data)
        asked.is_valid(raise_exception=True)
        try:
            found = start_backtest(
                access=self.access, now=database_now(), **asked.validated_data
            )
        except RuleInvalid as error:
            raise inside_definition(error) from error
        if not isinstance(found, BacktestRun):
            return Response(BacktestSerializer(found).data)
        return _show_run(found)


class CompareView(WorkspaceAPIView):
    """What an edit would change."""

    @extend_schema(
        operation_id="rules_compare",
        request=CompareRequestSerializer,
        responses={200: ComparisonSerializer, 202: BacktestRunSerializer},
    )
    def post(self, request: Request, workspace: str, rule: str) -> Response:
        """Say which alerts an edit would have added and removed; store no rule.

        Of a history that takes longer than a few seconds to judge the answer is 202:
        it is compared in the background, and `Location` says where to ask.
        """
        asked = CompareRequestSerializer(data=request.data)
        asked.is_valid(raise_exception=True)
        try:
            compared = start_comparison(
                access=self.access,
                rule=find_rule(access=self.access, identifier=rule),
                now=database_now(),
                **asked.validated_data,
            )
        except RuleInvalid as error:
            raise inside_definition(error) from error
        if not isinstance(compared, BacktestRun):
            return Response(ComparisonSerializer(compared).data)
        return _show_run(compared)


class BacktestRunView(WorkspaceAPIView):
    """A back-test in the background."""

    reading = Need.INSPECT

    @extend_schema(operation_id="backtests_read", responses=BacktestRunSerializer)
    def get(self, request: Request, workspace: str, run: str) -> Response:
        """Return how far it is, and what it found so far; it is kept for a day."""
        found = find_backtest(access=self.access, run_id=run)
        return Response(BacktestRunSerializer(found).data)

    @extend_schema(operation_id="backtests_drop", responses={204: None})
    def delete(self, request: Request, workspace: str, run: str) -> Response:
        """Stop it if it still goes on, and forget what it found."""
        drop_backtest(run=find_backtest(access=self.access, run_id=run))
        return Response(status=204)


def _show_run(found: BacktestRun) -> Response:
    run = BacktestRunSerializer(found).data
    headers = {"Location": run["url"], "Retry-After": "1"}
    return Response(run, status=202, headers=headers)
