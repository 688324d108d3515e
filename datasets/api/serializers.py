"""How datasets, records, batches and facts look outside, and what makes a dataset."""

from __future__ import annotations

from typing import Any

from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from datasets.models import BatchState, Duplicates, JobState, KeyForm
from datasets.schemas import FieldType, Index
from datasets.services import MOST_SHARDS, DatasetDraft
from workspaces.api.serializers import StrictSerializer

_LONGEST_LATENESS = 90 * 24 * 3600
_LONGEST_RETENTION = 100 * 366 * 24 * 3600


class IndexSerializer(StrictSerializer):
    """Which fields tell records apart; blank where there is none."""

    key = serializers.CharField(
        source="key_field", max_length=200, allow_blank=True, default=""
    )
    subkey = serializers.CharField(
        source="subkey_field", max_length=200, allow_blank=True, default=""
    )
    date = serializers.CharField(
        source="date_field", max_length=200, allow_blank=True, default=""
    )


class DatasetSerializer(serializers.Serializer[Any]):  # any: a model or nothing
    """A dataset as it is stored."""

    slug = serializers.CharField()
    title = serializers.CharField()
    description = serializers.CharField()
    supplier = serializers.CharField()
    schema = serializers.DictField()
    index = IndexSerializer(source="*")
    zone = serializers.CharField()
    keys = serializers.ChoiceField(choices=KeyForm.choices, source="key_form")
    duplicates = serializers.ChoiceField(choices=Duplicates.choices)
    lateness_seconds = serializers.IntegerField()
    retention_seconds = serializers.IntegerField(allow_null=True)
    shards = serializers.IntegerField()
    is_simulated = serializers.BooleanField()
    created_at = serializers.DateTimeField()
    updated_at = serializers.DateTimeField()


class DatasetRequestSerializer(StrictSerializer):
    """What is said about a new dataset; all but its name may be left out."""

    slug = serializers.CharField(max_length=64)
    title = serializers.CharField(max_length=200, allow_blank=True, default="")
    description = serializers.CharField(allow_blank=True, default="", max_length=10_000)
    supplier = serializers.CharField(max_length=200, allow_blank=True, default="")
    schema = serializers.DictField(
        default=dict, help_text='A JSON Schema: {"type": "object", "properties": ...}.'
    )
    index = IndexSerializer(default=dict)
    zone = serializers.CharField(
        max_length=64,
        allow_blank=True,
        default="",
        help_text="The time zone of naive times; blank: the workspace's.",
    )
    keys = serializers.ChoiceField(choices=KeyForm.choices, default=KeyForm.EXACT)
    duplicates = serializers.ChoiceField(
        choices=Duplicates.choices, default=Duplicates.IGNORE
    )
    lateness_seconds = serializers.IntegerField(
        min_value=0, max_value=_LONGEST_LATENESS, default=60
    )
    retention_seconds = serializers.IntegerField(
        min_value=60, max_value=_LONGEST_RETENTION, allow_null=True, default=None
    )
    shards = serializers.IntegerField(
        min_value=1,
        max_value=MOST_SHARDS,
        default=1,
        help_text="Lanes among which the keys are divided; cannot be changed later.",
    )

    def to_draft(self) -> DatasetDraft:
        """Return the validated body as the service takes it."""
        said = dict(self.validated_data)
        index = said.pop("index")
        return DatasetDraft(
            index=Index(
                key=index.get("key_field", ""),
                subkey=index.get("subkey_field", ""),
                date=index.get("date_field", ""),
            ),
            key_form=KeyForm(said.pop("keys")),
            duplicates=Duplicates(said.pop("duplicates")),
            **said,
        )


class RecordSerializer(serializers.Serializer[Any]):  # any: only described by it
    """A stored event."""

    id = serializers.CharField(help_text="Batch and place in it.")
    key = serializers.CharField()
    subkey = serializers.CharField()
    event_time = serializers.DateTimeField()
    is_late = serializers.BooleanField()
    fields = serializers.DictField()  # type: ignore[assignment] # the glossary's word


class AcceptedSerializer(serializers.Serializer[Any]):  # any: only described by it
    """A batch that is stored, and how far it has come."""

    batch = serializers.IntegerField()
    accepted = serializers.IntegerField(help_text="Number of records.")
    state = serializers.ChoiceField(choices=BatchState.choices)


class BatchSerializer(serializers.Serializer[Any]):  # any: a model or nothing
    """What one request brought, and what became of it."""

    batch = serializers.IntegerField()
    dataset = serializers.CharField()
    accepted = serializers.IntegerField()
    state = serializers.ChoiceField(choices=BatchState.choices)
    is_live = serializers.BooleanField()
    seq = serializers.IntegerField(
        allow_null=True,
        help_text="None while it waits, and of records divided among shards.",
    )
    received_at = serializers.DateTimeField()
    outcome = serializers.DictField()


class RejectedRowSerializer(serializers.Serializer[Any]):  # any: only described by it
    """A row of a file that was left out, and why."""

    line = serializers.IntegerField()
    excerpt = serializers.CharField()
    reason = serializers.CharField()


class JobSerializer(serializers.Serializer[Any]):  # any: a model or nothing
    """An import of a file, and how far it has come."""

    job = serializers.UUIDField(source="id")
    dataset = serializers.CharField(source="dataset.slug")
    state = serializers.ChoiceField(choices=JobState.choices)
    progress = serializers.IntegerField(source="percent", help_text="0 to 100.")
    is_live = serializers.BooleanField()
    rows = serializers.IntegerField(source="rows_done")
    rejected = serializers.IntegerField(source="rows_rejected")
    rejected_rows = RejectedRowSerializer(source="rejected", many=True)
    error = serializers.CharField()
    created_at = serializers.DateTimeField()
    ended_at = serializers.DateTimeField(allow_null=True)


@extend_schema_field({})  # whatever JSON holds, null included
class AnyValueField(serializers.JSONField):
    """A value of the type that its field is declared with."""


class FactSerializer(serializers.Serializer[Any]):  # any: only described by it
    """The last value of one field of one key."""

    fact = serializers.CharField(help_text="WORKSPACE:DATASET:KEY:FIELD")
    workspace = serializers.CharField()
    dataset = serializers.CharField()
    dataset_title = serializers.CharField()
    is_simulated = serializers.BooleanField()
    key = serializers.CharField()
    field = serializers.CharField()
    type = serializers.ChoiceField(
        choices=[(one.value, one.value) for one in FieldType]
    )
    value = AnyValueField()
    event_time = serializers.DateTimeField()
