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


class ChangeSerializer(serializers.Serializer[object]):
    """A number that kept a rule from being true, and the nearest that would do."""

    fact = serializers.CharField()
    found = serializers.DecimalField(max_digits=None, decimal_places=None)
    value = serializers.DecimalField(max_digits=None, decimal_places=None)
    margin = serializers.DecimalField(max_digits=None, decimal_places=None)
    reason = serializers.CharField()


class MissSerializer(serializers.Serializer[object]):
    """What all had to change for the rule to be true, or why no number would do."""

    changes = ChangeSerializer(many=True)
    sentence = serializers.CharField()


class AlertStepSerializer(serializers.Serializer[object]):
    """What became of an alert at a record, as `raised`, `opened` or `resolved`."""

    id = serializers.UUIDField()
    step = serializers.CharField()


class CoolingSerializer(serializers.Serializer[object]):
    """An output that is not told of a pass yet, and until when; `~feed` is the feed."""

    output = serializers.CharField()
    until = serializers.DateTimeField()


class ExplanationSerializer(serializers.Serializer[object]):
    """What a rule says of a key, now or at a record, and why."""

    rule = serializers.UUIDField()
    version = serializers.IntegerField(help_text="The version that judged.")
    in_effect = serializers.BooleanField(help_text="Whether the rule was on there.")
    key = serializers.CharField()
    record = serializers.CharField(help_text="Blank: the facts of now.")
    at = serializers.DateTimeField(help_text="Event time.")
    truth = serializers.BooleanField(allow_null=True, help_text="Null is unknown.")
    reason = serializers.CharField()
    verdict = serializers.DictField(
        help_text="The tree: `truth` with `kind` and `members`, or a condition with "
        "what was found and wanted, the margin, and how old the value was."
    )
    nearest_miss = MissSerializer(allow_null=True, help_text="Null if it is true.")
    held = serializers.ListField(
        child=serializers.CharField(), help_text="Why the rule did not run there."
    )
    alerts = AlertStepSerializer(many=True, help_text="Of a record alone.")
    cooling = CoolingSerializer(many=True, help_text="Of now alone.")
    notes = serializers.ListField(
        child=serializers.CharField(), help_text="What could not be rebuilt."
    )


class PreviewSerializer(serializers.Serializer[object]):
    """What a draft would be: its sentence, or the problems in its way."""

    sentence = serializers.CharField(allow_blank=True)
    problems = PreviewProblemSerializer(many=True)
