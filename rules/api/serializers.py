"""How rules look in the native API."""

from __future__ import annotations

from django.urls import reverse
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from rules.models import BacktestRun, Rule, Version
from rules.services import (
    Backtest,
    Comparison,
    backtest_from_json,
    comparison_from_json,
)


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
            "done_at",
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


class TimerSerializer(serializers.Serializer[object]):
    """What is due by time alone; `lapse` is a value that leaves a window."""

    timer = serializers.CharField(
        help_text="`hold`, `recover`, `no_data`, `lapse`, `wake` or `remind`."
    )
    due_at = serializers.DateTimeField(help_text="Event time.")


class InstanceNowSerializer(serializers.Serializer[object]):
    """Where the rule stands for the key."""

    state = serializers.CharField(
        help_text="`inactive`, `pending`, `firing` or `recovering`."
    )
    since = serializers.DateTimeField(allow_null=True)
    timers = TimerSerializer(many=True)


class RungSerializer(serializers.Serializer[object]):
    """What was found of a step of the ladder: while it is true, it is so bad."""

    severity = serializers.CharField()
    truth = serializers.BooleanField(allow_null=True, help_text="Null is unknown.")
    reason = serializers.CharField()
    verdict = serializers.DictField()


class ExplanationSerializer(serializers.Serializer[object]):
    """What a rule says of a key, now or at a record, and why."""

    rule = serializers.UUIDField()
    version = serializers.IntegerField(help_text="The version that judged.")
    in_effect = serializers.BooleanField(help_text="Whether the rule was on there.")
    key = serializers.CharField()
    record = serializers.CharField(
        help_text="Blank: no event was judged, but the facts of the time `at`."
    )
    at = serializers.DateTimeField(help_text="Event time.")
    truth = serializers.BooleanField(allow_null=True, help_text="Null is unknown.")
    reason = serializers.CharField()
    verdict = serializers.DictField(
        help_text="The tree: `truth` with `kind` and `members`, or a condition with "
        "what was found and wanted, the margin, and how old the value was."
    )
    ladder = RungSerializer(many=True, help_text="As written; empty for none.")
    nearest_miss = MissSerializer(allow_null=True, help_text="Null if it is true.")
    held = serializers.ListField(
        child=serializers.CharField(),
        help_text="Why the rule did not run or tell there.",
    )
    alerts = AlertStepSerializer(many=True, help_text="Of a record alone.")
    standing = InstanceNowSerializer(allow_null=True, help_text="Of now alone.")
    cooling = CoolingSerializer(many=True, help_text="Of now alone.")
    earlier = serializers.CharField(
        help_text="The event before, of the keys that run the rule; blank for none."
    )
    later = serializers.CharField(help_text="The event after; blank for none.")
    notes = serializers.ListField(
        child=serializers.CharField(), help_text="What could not be rebuilt."
    )


class CarriedSerializer(serializers.Serializer[object]):
    """What an import did to a rule: `created`, `changed` or `unchanged`."""

    slug = serializers.CharField()
    name = serializers.CharField()
    action = serializers.CharField()
    sentence = serializers.CharField()


class MatchSerializer(serializers.Serializer[object]):
    """A key of which the draft is true now, with the facts that it reads."""

    key = serializers.CharField()
    values = serializers.DictField(child=serializers.JSONField())
    reason = serializers.CharField()


class MatchesSerializer(serializers.Serializer[object]):
    """Of how many keys the draft is true now: it raises at the next event of each."""

    keys = serializers.IntegerField(help_text="Keys that were looked at.")
    matching = serializers.IntegerField()
    first = MatchSerializer(many=True, help_text="The first 10, by key.")
    is_cut = serializers.BooleanField(help_text="Whether there are more keys.")


class PreviewSerializer(serializers.Serializer[object]):
    """What a draft would be: its sentence, or the problems in its way."""

    sentence = serializers.CharField(allow_blank=True)
    problems = PreviewProblemSerializer(many=True)
    cautions = PreviewProblemSerializer(
        many=True, help_text="What may not be meant so, and is not in the way."
    )
    matches = MatchesSerializer(allow_null=True, help_text="Null beside problems.")


class BacktestRequestSerializer(serializers.Serializer[object]):
    """A draft, and the stretch of event time of which to tell; open if left out.

    Days and naive times are in the dataset's zone.
    """

    definition = serializers.DictField()
    since = serializers.CharField(required=False, default="", allow_blank=True)
    until = serializers.CharField(required=False, default="", allow_blank=True)
    with_curve = serializers.BooleanField(
        required=False,
        default=False,
        help_text="Whether to say what other thresholds would have raised.",
    )


class HitSerializer(serializers.Serializer[object]):
    """A transition that would have come about, at its place in the lane's order."""

    kind = serializers.CharField()
    key = serializers.CharField()
    at = serializers.DateTimeField()
    seq = serializers.IntegerField(source="position.seq")
    ord = serializers.IntegerField(source="position.ord")
    value = serializers.JSONField(help_text="The value of the leading fact.")
    reason = serializers.CharField()
    told = serializers.ListField(child=serializers.CharField())


class ClosestSerializer(serializers.Serializer[object]):
    """What came nearest to making a rule true: a value, or a move it waited for.

    A move is in percent where the rule says so.
    """

    key = serializers.CharField()
    at = serializers.DateTimeField()
    value = serializers.DecimalField(
        max_digits=None, decimal_places=None, coerce_to_string=False
    )
    margin = serializers.DecimalField(
        max_digits=None, decimal_places=None, coerce_to_string=False
    )


class CurvePointSerializer(serializers.Serializer[object]):
    """How many alerts another threshold would have raised."""

    value = serializers.DecimalField(
        max_digits=None, decimal_places=None, coerce_to_string=False
    )
    alerts = serializers.IntegerField()
    per_week = serializers.DecimalField(
        max_digits=None,
        decimal_places=None,
        coerce_to_string=False,
        allow_null=True,
        help_text="Null where less than a day was looked at.",
    )


class BacktestSerializer(serializers.Serializer[Backtest]):
    """What a draft would have done, had it been on all the time."""

    alerts = serializers.IntegerField()
    told = serializers.IntegerField(
        help_text="Transitions of which an output is told after its cool-down."
    )
    told_by_output = serializers.DictField(child=serializers.IntegerField())
    passes = serializers.IntegerField()
    per_day = serializers.SerializerMethodField(
        help_text="Alerts by day in the dataset's zone."
    )
    per_key = serializers.SerializerMethodField(
        help_text="Alerts of the keys that have most."
    )
    keys = serializers.IntegerField(help_text="Keys that have alerts.")
    events = serializers.IntegerField(help_text="Events judged in this stretch.")
    earliest = serializers.DateTimeField(allow_null=True)
    latest = serializers.DateTimeField(allow_null=True)
    is_cut = serializers.BooleanField(
        help_text="Whether older events are stored that were not judged."
    )
    failed = serializers.IntegerField(
        source="errors", help_text="Events that the draft could not judge."
    )
    error = serializers.CharField(allow_blank=True)
    hits = HitSerializer(many=True, help_text="The newest transitions, at most 200.")
    closest = ClosestSerializer(
        allow_null=True,
        help_text="Of a rule of one plain condition that was never true.",
    )
    curve = CurvePointSerializer(
        many=True,
        allow_null=True,
        help_text="If asked for, of a rule whose one condition has one threshold.",
    )

    def get_per_day(self, backtest: Backtest) -> dict[str, int]:
        """Return alerts by day."""
        return {day.isoformat(): number for day, number in backtest.per_day.items()}

    def get_per_key(self, backtest: Backtest) -> dict[str, int]:
        """Return alerts by key, most first."""
        return dict(backtest.per_key)


class CompareRequestSerializer(serializers.Serializer[object]):
    """An edit, and the stretch of event time to compare over; the last 30 days if open.

    Days and naive times are in the dataset's zone.
    """

    definition = serializers.DictField()
    since = serializers.CharField(required=False, default="", allow_blank=True)
    until = serializers.CharField(required=False, default="", allow_blank=True)


class ComparisonSerializer(serializers.Serializer[Comparison]):
    """What a rule would do as it stands and as edited, alert by alert."""

    added = serializers.IntegerField(help_text="Alerts that the edit alone would have.")
    removed = serializers.IntegerField(help_text="Alerts that it would not have.")
    kept = serializers.IntegerField(help_text="Alerts of the same moment in both.")
    added_hits = HitSerializer(many=True, help_text="The newest, at most 50.")
    removed_hits = HitSerializer(many=True, help_text="The newest, at most 50.")
    before = BacktestSerializer()
    after = BacktestSerializer()


class BacktestRunSerializer(serializers.ModelSerializer[BacktestRun]):
    """A back-test in the background: how far it is, and what it found so far."""

    url = serializers.SerializerMethodField(help_text="Where to ask again.")
    found = serializers.SerializerMethodField(
        help_text="Of the events that were read; whole once `state` is `done`."
    )

    compared = serializers.SerializerMethodField(
        help_text="Of an edit: how it differs from the rule as it stands; else null."
    )

    class Meta:
        model = BacktestRun
        fields = (
            "id",
            "url",
            "state",
            "read",
            "total",
            "found",
            "compared",
            "error",
            "created_at",
            "started_at",
            "ended_at",
        )
        read_only_fields = fields

    def get_url(self, run: BacktestRun) -> str:
        """Return the run's address."""
        names = {"workspace": run.workspace.slug, "run": run.pk}
        return reverse("backtest-run", kwargs=names)

    @extend_schema_field(BacktestSerializer(allow_null=True))
    def get_found(self, run: BacktestRun) -> object:
        """Return what was found; null before the first events were read."""
        if run.found is None:
            return None
        return BacktestSerializer(backtest_from_json(run.found)).data

    @extend_schema_field(ComparisonSerializer(allow_null=True))
    def get_compared(self, run: BacktestRun) -> object:
        """Return what an edit adds and removes, of the events that were read."""
        if run.compared is None:
            return None
        return ComparisonSerializer(comparison_from_json(run.compared)).data
