"""Serializers of request bodies: what they do not know is an error, not ignored."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from rest_framework import serializers

#: The only JSON types that fields of these classes take; not their subclasses.
_TYPES: Mapping[type[serializers.Field[Any, Any, Any, Any]], tuple[type, str]] = {
    serializers.CharField: (str, "text"),
    serializers.ChoiceField: (str, "text"),
    serializers.IntegerField: (int, "a whole number"),
    serializers.BooleanField: (bool, "true or false"),
}


class StrictSerializer(serializers.Serializer[Any]):  # any: it makes no instances
    """Refuses what it does not declare, naming it and what there is.

    Types do not convert: a number is no text, and a text no number.
    """

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
            self._refuse_other_types(data)
        validated: dict[str, object] = super().to_internal_value(data)
        return validated

    def _refuse_other_types(self, data: Mapping[Any, Any]) -> None:  # any: as above
        wrong = {
            name: [f"This must be {_TYPES[type(field)][1]}."]
            for name, field in self.fields.items()
            if type(field) in _TYPES
            and data.get(name) is not None
            and not _is_of(data[name], _TYPES[type(field)][0])
        }
        if wrong:
            raise serializers.ValidationError(wrong, code="wrong_type")


def _is_of(value: object, wanted: type) -> bool:
    """Compare types as JSON does; in Python a truth value is an integer besides."""
    return isinstance(value, wanted) and (wanted is bool or not isinstance(value, bool))
