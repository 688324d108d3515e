"""The unit of order: lanes, and the batches that wait in them."""

from __future__ import annotations

from typing import ClassVar

from django.db import models

from datasets.models.dataset import Dataset


class Lane(models.Model):
    """The unit of order: only its drain, one at a time, writes this row."""

    dataset = models.ForeignKey(Dataset, on_delete=models.CASCADE, related_name="lanes")
    shard = models.PositiveSmallIntegerField(default=0)
    next_seq = models.BigIntegerField(default=1)
    epoch = models.UUIDField()
    is_paused = models.BooleanField(default=False)
    moved_at = models.DateTimeField(
        null=True, blank=True, help_text="When batches of it were judged last."
    )
    crash_batch = models.BigIntegerField(null=True, blank=True)
    crash_tries = models.PositiveSmallIntegerField(default=0)

    class Meta:
        constraints = [models.UniqueConstraint("dataset", "shard", name="lane_unique")]

    def __str__(self) -> str:
        return f"lane {self.pk}"


class Origin(models.TextChoices):
    """Where a batch comes from."""

    API = "api", "API"
    SOURCE = "source", "Source"
    IMPORT = "import", "Import"
    OUTPUT = "output", "Output of a rule"
    FORWARD = "forward", "Facts of another lane"
    RULE = "rule", "Change of a rule"
    TIMER = "timer", "Timers of rules"
    SCHEMA = "schema", "Change of the schema"
    DELETE = "delete", "Deletion of records"


class BatchState(models.TextChoices):
    """How far a batch has come."""

    PENDING = "pending", "Pending"
    JUDGED = "judged", "Judged"
    REFUSED = "refused", "Refused"
    QUARANTINED = "quarantined", "Quarantined"


class BatchQuerySet(models.QuerySet["Batch"]):
    """Batches by state."""

    def pending(self) -> BatchQuerySet:
        """Those a drain has yet to judge, first come first."""
        return self.filter(state=BatchState.PENDING).order_by("id")


class Batch(models.Model):
    """What one request brought, or one change that has a place in the order."""

    id = models.BigAutoField(primary_key=True)
    lane = models.ForeignKey(Lane, on_delete=models.CASCADE, related_name="batches")
    origin = models.CharField(max_length=10, choices=Origin)
    is_live = models.BooleanField(default=True)
    size = models.PositiveIntegerField(help_text="Number of records.")
    hops = models.PositiveSmallIntegerField(default=0)
    received_at = models.DateTimeField()
    state = models.CharField(
        max_length=12, choices=BatchState, default=BatchState.PENDING
    )
    seq = models.BigIntegerField(null=True, blank=True)
    #: What this batch asks beside its records: duplicates, event, updateState, rule.
    options = models.JSONField(default=dict, blank=True)
    #: What became of it: accepted, replaced, ignored, late, and why it was refused.
    outcome = models.JSONField(default=dict, blank=True)

    objects: ClassVar[models.Manager[Batch]] = BatchQuerySet.as_manager()

    class Meta:
        verbose_name_plural = "batches"
        constraints = [models.UniqueConstraint("lane", "seq", name="batch_seq_unique")]
        indexes = [
            # The drain asks a lane for its first pending batches; sweeps ask all lanes.
            models.Index(
                fields=["lane", "id"],
                condition=models.Q(state=BatchState.PENDING),
                name="batch_pending",
            )
        ]

    def __str__(self) -> str:
        return f"batch {self.pk}"


class Quarantine(models.Model):
    """An event that could not be judged: set aside, visible, replayable."""

    batch = models.ForeignKey(
        Batch, on_delete=models.CASCADE, related_name="quarantined"
    )
    ord = models.PositiveIntegerField()
    reason = models.TextField()
    tries = models.PositiveSmallIntegerField(default=0)
    created_at = models.DateTimeField()

    class Meta:
        verbose_name_plural = "quarantine"
        constraints = [
            models.UniqueConstraint("batch", "ord", name="quarantine_unique")
        ]

    def __str__(self) -> str:
        return f"event {self.ord} of batch {self.batch_id}"
