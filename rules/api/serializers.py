"""How rules look in the native API."""

from __future__ import annotations

from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from rules.models import Rule, Version


class CountersSerializer(serializers.ModelSerializer[Rule]):
    """How often a rule ran and with what end: `ran = passed + failed`."""

    class Meta:
        model = Rule
        fields = ("ran", "passed", "failed", "unknown", "sent")
        read_only_fields = fields


@extend_schema_field(OpenApiTypes.OBJECT)
class DefinitionField(serializers.JSONField):
    """A native definition; its JSON Schema is published with the engine."""


class RuleSerializer(serializers.ModelSerializer[Rule]):
    """A rule with its newest version and its counters."""

    id = serializers.UUIDField(source="uuid", read_only=True)
    enabled = serializers.BooleanField(source="is_enabled", read_only=True)
    version = serializers.IntegerField(source="latest.number", read_only=True)
    sentence = serializers.CharField(source="latest.sentence", read_only=True)
    definition = DefinitionField(source="latest.definition", read_only=True)
    in_effect = serializers.SerializerMethodField(
        help_text="Whether the newest version, or the switch, is judged by already."
    )
    counters = CountersSerializer(source="*", read_only=True)

    class Meta:
        model = Rule
        fields = (
            "id",
            "slug",
            "name",
            "kind",
            "enabled",
            "version",
            "sentence",
            "definition",
            "in_effect",
            "health",
            "error",
            "counters",
            "evaluated_at",
            "last_alert_at",
            "created_at",
            "updated_at",
        )
        read_only_fields = fields

    def get_in_effect(self, rule: Rule) -> bool:
        """Return whether the lane has reached the rule's last change."""
        return rule.is_in_effect


class VersionSerializer(serializers.ModelSerializer[Version]):
    """One saved definition."""

    definition = DefinitionField(read_only=True)

    class Meta:
        model = Version
        fields = ("number", "sentence", "definition", "effective_seq", "created_at")
        read_only_fields = fields


class PreviewProblemSerializer(serializers.Serializer[object]):
    """One place of a draft that stands in its way."""

    pointer = serializers.CharField()
    code = serializers.CharField()
    detail = serializers.CharField()


class PreviewSerializer(serializers.Serializer[object]):
    """What a draft would be: its sentence, or the problems in its way."""

    sentence = serializers.CharField(allow_blank=True)
    problems = PreviewProblemSerializer(many=True)
