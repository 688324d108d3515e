"""`/rules/schema` and `/rules/lookup`: what rules can be made of."""

from __future__ import annotations

from collections.abc import Iterable
from typing import ClassVar

from rest_framework.request import Request
from rest_framework.response import Response

from alerts.outputs.base import OutputKind
from alerts.outputs.registry import OUTPUT_KINDS
from datasets.schemas import Field
from datasets.services import Vocabulary, find_values, list_vocabulary
from rules.engine import OPERATORS, OUTPUT_FIELDS, FieldType
from workspaces.access import Need
from workspaces.api.apperate import ApperateView
from workspaces.services import CORE

_STOCK = "STOCK"


class RulesSchemaCall(ApperateView):
    """`GET /rules/schema`: Apperate's shape under `/v1`, the flat legacy list else."""

    needs: ClassVar[dict[str, Need]] = {"GET": Need.WRITE}

    def get(self, request: Request) -> Response:
        """List facts, operators by type, and kinds of output."""
        words = list_vocabulary(workspace=self.access.workspace)
        flat = not request.path.startswith("/v1/")
        return Response(
            {
                "schema": _flat_facts(words) if flat else _tree(words),
                "operators": _operators(),
                "notificationTypes": [
                    _notification_type(kind) for kind in OUTPUT_KINDS.values()
                ],
            }
        )


class RulesLookupCall(ApperateView):
    """`GET /rules/lookup/:value`: the values that a fact has now, in any dataset."""

    needs: ClassVar[dict[str, Need]] = {"GET": Need.WRITE}

    def get(self, request: Request, fact: str) -> Response:
        """List the different values; a fact that is no lookup has none."""
        values = find_values(workspace=self.access.workspace, field=fact)
        return Response(
            [{"value": one, "label": one, "type": "string"} for one in values]
        )


def _notification_type(kind: OutputKind) -> dict[str, object]:
    return {
        "label": kind.label,
        "value": kind.kind,
        "weight": 1,
        "enabled": True,
        "schema": {
            "type": "object",
            "properties": {kind.address_field: kind.address_schema, **OUTPUT_FIELDS},
            "required": [kind.address_field],
        },
    }


def _tree(words: Iterable[Vocabulary]) -> dict[str, object]:
    workspaces: dict[str, list[dict[str, object]]] = {}
    for one in words:
        workspaces.setdefault(one.dataset.workspace.slug, []).append(
            {
                "namespace": one.dataset.slug,
                "label": one.dataset.title or one.dataset.slug,
                "entities": one.keys,
                "facts": [_fact(field, one) for field in one.fields],
            }
        )
    return {
        "workspaces": [
            {"workspace": slug, "namespaces": namespaces}
            for slug, namespaces in workspaces.items()
        ]
    }


def _flat_facts(words: Iterable[Vocabulary]) -> list[dict[str, object]]:
    return [
        {**_fact(field, one), "scope": "stock", "weight": 1, "weightKey": field.name}
        for one in words
        if (one.dataset.workspace.slug, one.dataset.slug.upper()) == (CORE, _STOCK)
        for field in one.fields
    ]


def _fact(field: Field, words: Vocabulary) -> dict[str, object]:
    return {
        "label": field.description or field.name,
        "value": field.name,
        "type": "number" if field.type == "integer" else field.type.value,
        "isLookup": field.name in words.lookups,
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
