"""`/rules/schema` and `/rules/lookup`: what rules can be made of (API.md 2.1, B 1)."""

from __future__ import annotations

from collections.abc import Iterable
from typing import ClassVar

from rest_framework.request import Request
from rest_framework.response import Response

from alerts.outputs.registry import OUTPUT_KINDS
from datasets.models import Dataset
from datasets.schemas import Field, read_schema
from datasets.services import distinct_values, known_keys, visible_datasets
from rules.engine import OPERATORS, FieldType
from workspaces.access import Need
from workspaces.api.apperate import ApperateView
from workspaces.services import CORE

#: Keys that a schema answer names of a dataset; the console searches all of them.
KEYS_SHOWN = 200
_STOCK = "STOCK"


class RulesSchemaCall(ApperateView):
    """`GET /rules/schema`: Apperate's shape under `/v1`, the flat legacy list else."""

    needs: ClassVar[dict[str, Need]] = {"GET": Need.WRITE}

    def get(self, request: Request) -> Response:
        """List facts, operators by type, and kinds of output."""
        datasets = list(visible_datasets(workspace=self.access.workspace))
        flat = not request.path.startswith("/v1/")
        return Response(
            {
                "schema": _flat_facts(datasets) if flat else _tree(datasets),
                "operators": _operators(),
                "notificationTypes": [
                    {
                        "label": kind.label,
                        "value": kind.kind,
                        "weight": 1,
                        "enabled": True,
                        "schema": {"type": "object"},
                    }
                    for kind in OUTPUT_KINDS.values()
                ],
            }
        )


class RulesLookupCall(ApperateView):
    """`GET /rules/lookup/:value`: the values that a fact of CORE:STOCK has now."""

    needs: ClassVar[dict[str, Need]] = {"GET": Need.WRITE}

    def get(self, request: Request, fact: str) -> Response:
        """List the distinct values; an unknown fact has none."""
        for dataset in visible_datasets(workspace=self.access.workspace):
            if dataset.slug.upper() == _STOCK and dataset.workspace.slug == CORE:
                values = distinct_values(dataset=dataset, field=fact)
                return Response(
                    [{"value": one, "label": one, "type": "string"} for one in values]
                )
        return Response([])


def _tree(datasets: Iterable[Dataset]) -> dict[str, object]:
    workspaces: dict[str, list[dict[str, object]]] = {}
    for dataset in datasets:
        workspaces.setdefault(dataset.workspace.slug, []).append(
            {
                "namespace": dataset.slug,
                "label": dataset.title or dataset.slug,
                "entities": known_keys(dataset=dataset, limit=KEYS_SHOWN),
                "facts": [_fact(field) for field in read_schema(dataset.schema).fields],
            }
        )
    return {
        "workspaces": [
            {"workspace": slug, "namespaces": namespaces}
            for slug, namespaces in workspaces.items()
        ]
    }


def _flat_facts(datasets: Iterable[Dataset]) -> list[dict[str, object]]:
    return [
        {**_fact(field), "scope": "stock", "weight": 1, "weightKey": field.name}
        for dataset in datasets
        if (dataset.workspace.slug, dataset.slug.upper()) == (CORE, _STOCK)
        for field in read_schema(dataset.schema).fields
    ]


def _fact(field: Field) -> dict[str, object]:
    return {
        "label": field.description or field.name,
        "value": field.name,
        "type": "number" if field.type == "integer" else field.type.value,
        "isLookup": field.type == "string",
    }


def _operators() -> dict[str, list[dict[str, str]]]:
    """Return the operators by type, under the words that Apperate's clients know."""
    names = {
        FieldType.NUMBER: "number",
        FieldType.TEXT: "string",
        FieldType.BOOLEAN: "boolean",
    }
    return {
        name: [
            {"label": one.label_for(kind), "value": one.symbol}
            for one in OPERATORS.values()
            if one.symbol and kind in one.types
        ]
        for kind, name in names.items()
    }
