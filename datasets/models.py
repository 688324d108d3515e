"""What happened: datasets, their lanes, the batches in them, and records."""

from __future__ import annotations

from typing import ClassVar

from django.conf import settings
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
    schema = models.JSONField(default=dict)
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
            )
        ]

    def __str__(self) -> str:
        return self.slug

    @property
    def has_identity(self) -> bool:
        """Say whether a record can repeat another: a date or a subkey tells them."""
        return bool(self.date_field or self.subkey_field)


class Lane(models.Model):
    """The unit of order: only its drain, one at a time, writes this row."""

    dataset = models.ForeignKey(Dataset, on_delete=models.CASCADE, related_name="lanes")
    shard = models.PositiveSmallIntegerField(default=0)
    next_seq = models.BigIntegerField(default=1)
    epoch = models.UUIDField()
    is_paused = models.BooleanField(default=False)
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


class RecordQuerySet(models.QuerySet["Record"]):
    """Records as readers see them."""

    def current(self) -> RecordQuerySet:
        """Leave out superseded, unpersisted and refused records."""
        return self.filter(is_current=True)


class Record(models.Model):
    """One stored event; immutable but for the mark that a later one superseded it.

    No foreign key points here or leaves from here to `Batch`: the table is
    partitioned by ranges of batch in large installations.
    """

    pk = models.CompositePrimaryKey("batch_id", "ord")
    batch_id = models.BigIntegerField()
    ord = models.PositiveIntegerField(help_text="Place inside the batch.")
    dataset = models.ForeignKey(
        Dataset, on_delete=models.CASCADE, related_name="records", db_constraint=False
    )
    key = models.CharField(max_length=1500)
    subkey = models.CharField(max_length=1500, blank=True)
    event_time = models.DateTimeField()
    body = ExactJSONField()
    is_current = models.BooleanField(default=True)
    is_late = models.BooleanField(default=False)
    #: The batch whose record took this one's place, or already stood in it.
    superseded_by = models.BigIntegerField(null=True, blank=True)

    objects: ClassVar[models.Manager[Record]] = RecordQuerySet.as_manager()

    class Meta:
        indexes = [
            # Reads of one key, newest first, and the search for a record's identity.
            models.Index(
                fields=["dataset", "key", "-event_time", "-batch_id", "-ord"],
                condition=models.Q(is_current=True),
                name="record_of_key",
            ),
            # Reads of a whole dataset, newest first.
            models.Index(
                fields=["dataset", "-event_time", "-batch_id", "-ord"],
                condition=models.Q(is_current=True),
                name="record_newest",
            ),
        ]

    def __str__(self) -> str:
        return f"record {self.batch_id}.{self.ord}"


class Fact(models.Model):
    """The last values of one key: state of the lane that judges by them."""

    lane = models.ForeignKey(Lane, on_delete=models.CASCADE, related_name="facts")
    dataset = models.ForeignKey(Dataset, on_delete=models.CASCADE, related_name="facts")
    key = models.CharField(max_length=1500)
    #: Per field: [value, previous value, event time].
    fields = ExactJSONField()
    watermark = models.DateTimeField(
        null=True, help_text="The greatest event time of the key."
    )

    class Meta:
        constraints = [
            models.UniqueConstraint("lane", "dataset", "key", name="fact_unique")
        ]

    def __str__(self) -> str:
        return self.key


class Idempotency(models.Model):
    """The answer that was given under an idempotency key; kept for 72 hours."""

    scope = models.CharField(max_length=120, help_text="Token and route.")
    key = models.CharField(max_length=255)
    body_hash = models.CharField(max_length=64)
    status = models.PositiveSmallIntegerField(null=True)
    answer = models.JSONField(null=True)
    created_at = models.DateTimeField()

    class Meta:
        verbose_name_plural = "idempotency keys"
        constraints = [
            models.UniqueConstraint("scope", "key", name="idempotency_unique")
        ]

    def __str__(self) -> str:
        return self.key


class Source(models.Model):
    """A configured place to fetch events from, and when."""

    dataset = models.ForeignKey(
        Dataset, on_delete=models.CASCADE, related_name="sources"
    )
    name = models.CharField(max_length=120)
    kind = models.CharField(max_length=40)
    config = models.JSONField(default=dict, blank=True)
    every_seconds = models.PositiveIntegerField(default=60)
    is_enabled = models.BooleanField(default=True)
    next_run_at = models.DateTimeField()
    runs_kept = models.PositiveIntegerField(default=10_000)
    created_at = models.DateTimeField()

    class Meta:
        indexes = [
            # The sources sweep asks what is due.
            models.Index(
                fields=["next_run_at"],
                condition=models.Q(is_enabled=True),
                name="source_due",
            )
        ]

    def __str__(self) -> str:
        return self.name


class RunState(models.TextChoices):
    """How a fetch ended."""

    RUNNING = "running", "Running"
    DONE = "done", "Done"
    FAILED = "failed", "Failed"


class Run(models.Model):
    """One fetch of one slot; the unique pair makes each slot run once."""

    source = models.ForeignKey(Source, on_delete=models.CASCADE, related_name="runs")
    slot = models.DateTimeField()
    state = models.CharField(max_length=8, choices=RunState, default=RunState.RUNNING)
    started_at = models.DateTimeField()
    ended_at = models.DateTimeField(null=True, blank=True)
    rows = models.PositiveIntegerField(default=0)
    skipped_slots = models.PositiveIntegerField(default=0)
    error = models.TextField(blank=True)

    class Meta:
        constraints = [models.UniqueConstraint("source", "slot", name="run_unique")]

    def __str__(self) -> str:
        return f"run {self.pk}"


class JobState(models.TextChoices):
    """How far a job has come."""

    QUEUED = "queued", "Waiting"
    RUNNING = "running", "Running"
    DONE = "done", "Done"
    FAILED = "failed", "Failed"


class Job(models.Model):
    """An import that runs in the background and shows its progress."""

    id = models.UUIDField(primary_key=True)
    dataset = models.ForeignKey(Dataset, on_delete=models.CASCADE, related_name="jobs")
    state = models.CharField(max_length=8, choices=JobState, default=JobState.QUEUED)
    is_live = models.BooleanField(default=False)
    duplicates = models.CharField(max_length=8, choices=Duplicates, blank=True)
    file = models.CharField(max_length=300, help_text="Below the upload directory.")
    file_name = models.CharField(max_length=200, blank=True)
    content_type = models.CharField(max_length=100, blank=True)
    total_bytes = models.BigIntegerField(default=0)
    read_bytes = models.BigIntegerField(default=0)
    rows_total = models.PositiveIntegerField(default=0)
    rows_done = models.PositiveIntegerField(default=0)
    rows_rejected = models.PositiveIntegerField(default=0)
    #: The first rejected rows: line, excerpt, reason.
    rejected = models.JSONField(default=list, blank=True)
    error = models.TextField(blank=True)
    created_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.SET_NULL, null=True, blank=True
    )
    created_at = models.DateTimeField()
    started_at = models.DateTimeField(null=True, blank=True)
    ended_at = models.DateTimeField(null=True, blank=True)
    lease_until = models.DateTimeField(null=True, blank=True)

    class Meta:
        indexes = [
            # The jobs sweep asks what waits or was left by a dead worker.
            models.Index(
                fields=["created_at"],
                condition=models.Q(state__in=[JobState.QUEUED, JobState.RUNNING]),
                name="job_unfinished",
            )
        ]

    def __str__(self) -> str:
        return f"import {self.file_name or self.pk}"

    @property
    def percent(self) -> int:
        """Return how much of the rows is stored, 0 to 100."""
        if self.state == JobState.DONE:
            return 100
        return 100 * self.rows_done // self.rows_total if self.rows_total else 0


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
