"""Places to fetch events from, and each fetch."""

from __future__ import annotations

from django.db import models

from datasets.models.dataset import Dataset


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
