"""Serializers of request bodies: what they do not know is an error, not ignored."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from rest_framework import serializers


class StrictSerializer(serializers.Serializer[Any]):  # any: it makes no instances
    """Refuses fields that it does not declare, naming them and what there is."""

    def to_internal_value(self, data: Any) -> dict[str, object]:  # any: what was sent
        """Return the validated fields."""
        if isinstance(data, Mapping):
            known = [name for name, field in self.fields.items() if not field.read_only]
            unknown = [str(name) for name in data if name not in known]
            if unknown:
                detail = f"There is no such field here; there are {', '.join(known)}."
                raise serializers.ValidationError(
                    {name: [detail] for name in unknown}, code="unknown_field"
                )
        validated: dict[str, object] = super().to_internal_value(data)
        return validated
