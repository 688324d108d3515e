"""How alerts, outputs and deliveries look in the native API."""

from __future__ import annotations

from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from alerts.models import Alert, Attempt, Delivery, Output, Storm, Transition
from workspaces.api.serializers import StrictSerializer


@extend_schema_field(OpenApiTypes.OBJECT)
class ExactObjectField(serializers.JSONField):
    """An object whose numbers have the digits they were sent with."""


class AlertSerializer(serializers.ModelSerializer[Alert]):
    """An alert in a list."""

    rule = serializers.UUIDField(source="rule.uuid", read_only=True)
    rule_name = serializers.CharField(source="rule.name", read_only=True)
    values = ExactObjectField(read_only=True)
    historical = serializers.BooleanField(source="is_historical", read_only=True)
    simulated = serializers.BooleanField(source="is_simulated", read_only=True)
    acknowledged_by = serializers.CharField(
        source="acknowledged_by.email", read_only=True, default=None, allow_null=True
    )

    class Meta:
        model = Alert
        fields: tuple[str, ...] = (
            "id",
            "rule",
            "rule_name",
            "kind",
            "key",
            "state",
            "severity",
            "reason",
            "values",
            "opened_at",
            "ended_at",
            "recorded_at",
            "historical",
            "simulated",
            "acknowledged_by",
            "acknowledged_at",
        )
        read_only_fields = fields


class TransitionSerializer(serializers.ModelSerializer[Transition]):
    """One step of an alert, with the verdict that caused it."""

    verdict = ExactObjectField(read_only=True)

    class Meta:
        model = Transition
        fields = (
            "number",
            "kind",
            "at",
            "recorded_at",
            "seq",
            "ord",
            "reason",
            "verdict",
        )
        read_only_fields = fields


class AttemptSerializer(serializers.ModelSerializer[Attempt]):
    """One try of a delivery."""

    class Meta:
        model = Attempt
        fields = ("number", "started_at", "ended_at", "status_code", "answer", "error")
        read_only_fields = fields


class DeliverySerializer(serializers.ModelSerializer[Delivery]):
    """A delivery in a list."""

    output = serializers.CharField(source="output.slug", read_only=True)
    alert = serializers.UUIDField(source="transition.alert_id", read_only=True)
    transition = serializers.CharField(source="transition.kind", read_only=True)

    class Meta:
        model = Delivery
        fields: tuple[str, ...] = (
            "id",
            "output",
            "alert",
            "transition",
            "status",
            "reason",
            "summary",
            "attempts",
            "due_at",
            "created_at",
            "sent_at",
            "error",
        )
        read_only_fields = fields


class DeliveryDetailSerializer(DeliverySerializer):
    """A delivery with each of its tries."""

    tries = AttemptSerializer(many=True, read_only=True)

    class Meta(DeliverySerializer.Meta):
        fields = (*DeliverySerializer.Meta.fields, "tries")
        read_only_fields = fields


class AlertDetailSerializer(AlertSerializer):
    """An alert with its steps."""

    transitions = TransitionSerializer(many=True, read_only=True)

    class Meta(AlertSerializer.Meta):
        fields = (*AlertSerializer.Meta.fields, "transitions")
        read_only_fields = fields


class OutputSerializer(serializers.ModelSerializer[Output]):
    """An output; its signing secret is asked for apart."""

    config = ExactObjectField(read_only=True)
    enabled = serializers.BooleanField(source="is_enabled", read_only=True)

    class Meta:
        model = Output
        fields: tuple[str, ...] = (
            "slug",
            "name",
            "kind",
            "config",
            "enabled",
            "disabled_reason",
            "failures",
            "open_until",
            "created_at",
        )
        read_only_fields = fields


class StormSerializer(serializers.ModelSerializer[Storm]):
    """A rule that has too much for an output, which is told in summaries."""

    rule = serializers.UUIDField(source="rule.uuid", read_only=True)
    rule_name = serializers.CharField(source="rule.name", read_only=True)
    messages = serializers.IntegerField(
        source="told", read_only=True, help_text="In the newest minute that had any."
    )

    class Meta:
        model = Storm
        fields = ("rule", "rule_name", "messages")
        read_only_fields = fields


class OutputDetailSerializer(OutputSerializer):
    """An output with the storms of which it is told in summaries now."""

    storms = StormSerializer(many=True, read_only=True, source="raging")

    class Meta(OutputSerializer.Meta):
        fields = (*OutputSerializer.Meta.fields, "storms")
        read_only_fields = fields


class OutputRequestSerializer(StrictSerializer):
    """What is said about a new output."""

    kind = serializers.CharField(max_length=40)
    name = serializers.CharField(max_length=200, required=False, default="")
    config = ExactObjectField()


class OutputSecretSerializer(serializers.Serializer[object]):
    """What the receiver of a webhook verifies signatures with (Standard Webhooks)."""

    secret = serializers.CharField()


class FeedFrameSerializer(serializers.Serializer[object]):
    """What a feed tells, exactly as the WebSocket sends it."""

    type = serializers.CharField()
    seq = serializers.IntegerField(required=False)
    kind = serializers.CharField(required=False)
    at = serializers.DateTimeField(required=False)
    text = serializers.CharField(required=False, allow_blank=True)
    alert = ExactObjectField(required=False, allow_null=True)


class FeedSerializer(serializers.Serializer[object]):
    """Frames since a number, and the number up to which the feed is then known."""

    frames = FeedFrameSerializer(many=True)
    last = serializers.IntegerField()
