"""What is declared: a schema-checked series of records."""

from __future__ import annotations

from typing import ClassVar

from django.db import models
from django.db.models.functions import Upper

from datasets.exact import ExactJSONField
from workspaces.models import Workspace


class KeyForm(models.TextChoices):
    """How keys are stored and asked."""

    EXACT = "exact", "As sent"
    UPPER = "upper", "In capitals"


class Duplicates(models.TextChoices):
    """What happens to a record whose identity is stored already."""

    IGNORE = "ignore", "Keep the first"
    REPLACE = "replace", "Keep the last"
    REFUSE = "refuse", "Refuse the whole batch"


class DatasetQuerySet(models.QuerySet["Dataset"]):
    """Datasets by name and state."""

    def alive(self) -> DatasetQuerySet:
        """Leave out what was deleted and waits for its purge."""
        return self.filter(deleted_at__isnull=True)

    def named(self, slug: str) -> DatasetQuerySet:
        """Match the name without regard to case."""
        return self.alias(upper=Upper("slug")).filter(upper=slug.upper())


class Dataset(models.Model):
    """A schema-checked series of records, named by the second part of a fact path."""

    workspace = models.ForeignKey(
        Workspace, on_delete=models.CASCADE, related_name="datasets"
    )
    slug = models.CharField(max_length=64)
    title = models.CharField(max_length=200, blank=True)
    description = models.TextField(blank=True)
    supplier = models.CharField(
        max_length=200, blank=True, help_text="Who supplies the data, in free words."
    )
    #: Apperate's JSON Schema object; the order of its properties is shown to people.
    schema = ExactJSONField(default=dict)
    key_field = models.CharField(max_length=200, blank=True)
    subkey_field = models.CharField(max_length=200, blank=True)
    date_field = models.CharField(max_length=200, blank=True)
    zone = models.CharField(max_length=64, default="UTC")
    key_form = models.CharField(max_length=8, choices=KeyForm, default=KeyForm.EXACT)
    duplicates = models.CharField(
        max_length=8, choices=Duplicates, default=Duplicates.IGNORE
    )
    lateness_seconds = models.PositiveIntegerField(default=60)
    retention_seconds = models.PositiveBigIntegerField(
        null=True, blank=True, help_text="How long records are kept; empty: for ever."
    )
    #: Lanes among which its keys are divided; fixed when it is made.
    shards = models.PositiveSmallIntegerField(default=1, db_default=1)
    is_simulated = models.BooleanField(default=False)
    created_at = models.DateTimeField()
    updated_at = models.DateTimeField()
    deleted_at = models.DateTimeField(null=True, blank=True)

    objects: ClassVar[models.Manager[Dataset]] = DatasetQuerySet.as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint(
                "workspace",
                Upper("slug"),
                condition=models.Q(deleted_at__isnull=True),
                name="dataset_slug_unique",
            ),
            models.CheckConstraint(
                condition=models.Q(shards=1) | ~models.Q(duplicates=Duplicates.REFUSE),
                name="dataset_shards_refuse_apart",
            ),
        ]

    def __str__(self) -> str:
        return self.slug

    @property
    def has_identity(self) -> bool:
        """Say whether a record can repeat another: a date or a subkey tells them."""
        return bool(self.date_field or self.subkey_field)
