"""Searching the last values of keys; the rule form's fact picker asks here."""

from __future__ import annotations

from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework.request import Request
from rest_framework.response import Response

from datasets.api.serializers import FactSerializer
from datasets.services import FoundFact, search_facts
from workspaces.api.paging import page_schema
from workspaces.api.parameters import Parameters
from workspaces.api.views import WorkspaceAPIView

_DEFAULT_LIMIT = 20
_MOST = 200
_PARAMETERS = [
    OpenApiParameter("q", description="Parts of key, field or dataset: `msft price`."),
    OpenApiParameter(
        "limit",
        {"type": "integer", "minimum": 1, "maximum": _MOST},
        description=f"1 to {_MOST}.",
    ),
]
_FOUND = page_schema(FactSerializer, name="FactPage")


def show_fact(fact: FoundFact) -> dict[str, object]:
    """Return a fact as it looks outside."""
    return {
        "fact": fact.path,
        "workspace": fact.dataset.workspace.slug,
        "dataset": fact.dataset.slug,
        "dataset_title": fact.dataset.title,
        "is_simulated": fact.dataset.is_simulated,
        "key": fact.key,
        "field": fact.field,
        "type": fact.type.value,
        "value": fact.value,
        "event_time": fact.event_time,
    }


class FactsView(WorkspaceAPIView):
    """The facts of the workspace and of the shared ones."""

    @extend_schema(
        operation_id="facts_search",
        parameters=_PARAMETERS,
        responses=_FOUND,
    )
    def get(self, request: Request, workspace: str) -> Response:
        """Return the facts that bear every word of `q`, the nearest first."""
        return self.search(request)

    def search(self, request: Request, *, slug: str | None = None) -> Response:
        """Search all visible datasets, or one of the workspace's."""
        asked = Parameters(request.query_params, known=("q", "limit"))
        limit = asked.number("limit", least=1, most=_MOST) or _DEFAULT_LIMIT
        found = search_facts(
            access=self.access, text=asked.text("q"), limit=limit + 1, slug=slug
        )
        return Response(
            {
                "data": [show_fact(fact) for fact in found[:limit]],
                "next": None,
                "previous": None,
                "has_more": len(found) > limit,
            }
        )


class DatasetFactsView(FactsView):
    """The facts of one dataset."""

    @extend_schema(
        operation_id="dataset_facts_search",
        parameters=_PARAMETERS,
        responses=_FOUND,
    )
    def get(  # type: ignore[override] # the path holds the dataset
        self, request: Request, workspace: str, dataset: str
    ) -> Response:
        """Return the dataset's facts that bear every word of `q`, the nearest first."""
        return self.search(request, slug=dataset)
