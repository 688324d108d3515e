"""Why a rule is true, false or unknown, in the native API."""

from __future__ import annotations

from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework.request import Request
from rest_framework.response import Response

from config.clock import database_now
from rules.api.serializers import ExplanationSerializer
from rules.services import (
    Explanation,
    InstanceNow,
    RecordPlace,
    explain_rule,
    find_rule,
)
from workspaces.access import Need
from workspaces.api.parameters import ParameterInvalid, Parameters
from workspaces.api.views import WorkspaceAPIView

_MOST_BATCH = 2**63 - 1
_MOST_ORD = 2**31 - 1


class ExplainView(WorkspaceAPIView):
    """The verdict of a rule with its reasons."""

    reading = Need.INSPECT

    @extend_schema(
        operation_id="rules_explain",
        parameters=[
            OpenApiParameter("key", description="Judge the facts of this key."),
            OpenApiParameter(
                "at",
                description="Judge the key's last event by this time, without a zone "
                "in the dataset's; left out, the facts of now.",
            ),
            OpenApiParameter(
                "batch",
                OpenApiTypes.INT64,
                description="Judge a record: its batch, the first part of its id.",
            ),
            OpenApiParameter(
                "ord",
                OpenApiTypes.INT32,
                description="Its place in the batch, the second part of its id.",
            ),
        ],
        responses=ExplanationSerializer,
    )
    def get(self, request: Request, workspace: str, rule: str) -> Response:
        """Say why a rule is true, false or unknown, now or at a record."""
        asked = Parameters(request.query_params, known=("key", "at", "batch", "ord"))
        explained = explain_rule(
            access=self.access,
            rule=find_rule(access=self.access, identifier=rule),
            key=asked.text("key"),
            at=asked.text("at"),
            place=_place(asked),
            now=database_now(),
        )
        return Response(_show(explained))


def _place(asked: Parameters) -> RecordPlace | None:
    """Return the record that is asked about; None asks about now."""
    batch = asked.number("batch", least=1, most=_MOST_BATCH)
    place = asked.number("ord", least=0, most=_MOST_ORD)
    if batch is None and place is None:
        return None
    if batch is None or place is None:
        missing = "batch" if batch is None else "ord"
        raise ParameterInvalid(missing, "A record has a batch and an ord; send both.")
    for name, what in (("key", "key"), ("at", "time")):
        if asked.text(name):
            detail = f"A record has its own {what}; leave this out."
            raise ParameterInvalid(name, detail)
    return RecordPlace(batch=batch, ord=place)


def _show(explained: Explanation) -> dict[str, object]:
    miss = explained.miss
    return {
        "rule": explained.rule.uuid,
        "version": explained.version.number,
        "in_effect": explained.is_in_effect,
        "key": explained.key,
        "record": explained.record,
        "at": explained.at,
        "truth": explained.verdict.truth,
        "reason": explained.verdict.reason,
        "verdict": explained.tree,
        "ladder": [
            {
                "severity": rung.severity,
                "truth": rung.verdict.truth,
                "reason": rung.verdict.reason,
                "verdict": rung.tree,
            }
            for rung in explained.ladder
        ],
        "nearest_miss": miss.to_json() if miss else None,
        "held": explained.held,
        "alerts": [{"id": step.alert, "step": step.kind} for step in explained.steps],
        "standing": _show_standing(explained.standing),
        "cooling": [
            {"output": output, "until": until}
            for output, until in explained.cooling.items()
        ],
        "earlier": str(explained.earlier or ""),
        "later": str(explained.later or ""),
        "notes": explained.notes,
    }


def _show_standing(standing: InstanceNow | None) -> dict[str, object] | None:
    if standing is None:
        return None
    return {
        "state": standing.state.value,
        "since": standing.since,
        "timers": [
            {"timer": name, "due_at": at} for name, at in standing.timers.items()
        ],
    }
