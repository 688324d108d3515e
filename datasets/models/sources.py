"""Places to fetch events from, and each fetch."""

from __future__ import annotations

from typing import ClassVar

from django.db import models

from datasets.models.dataset import Dataset


class SourceQuerySet(models.QuerySet["Source"]):
    """Sources by what keeps them from running."""

    def running(self) -> SourceQuerySet:
        """Leave out what is turned off, held or without a dataset."""
        return self.filter(is_enabled=True, is_held=False, dataset__deleted_at=None)


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
    is_held = models.BooleanField(
        default=False,
        help_text="Kept from running by the installation's settings, switch or not.",
    )
    next_run_at = models.DateTimeField(
        help_text="When to look next: its slot, or while its past is being written, "
        "when whoever writes it is taken for dead.",
    )
    past_until = models.DateTimeField(
        null=True,
        blank=True,
        help_text="What it brings of the past, up to here, is still being written; "
        "its slots begin after that.",
    )
    runs_kept = models.PositiveIntegerField(default=10_000)
    created_at = models.DateTimeField()

    objects: ClassVar[models.Manager[Source]] = SourceQuerySet.as_manager()

    class Meta:
        indexes = [
            # The sources sweep asks what is due.
            models.Index(
                fields=["next_run_at"],
                condition=models.Q(is_enabled=True, is_held=False),
                name="source_due",
            )
        ]

    def __str__(self) -> str:
        return self.name

    @property
    def is_running(self) -> bool:
        """Say whether it fetches at its slots."""
        return self.is_enabled and not self.is_held

    @property
    def is_writing_past(self) -> bool:
        """Say whether its past is being written, so that its slots wait."""
        return self.is_running and self.past_until is not None


class RunState(models.TextChoices):
    """How a fetch ended."""

    RUNNING = "running", "Running"
    DONE = "done", "Done"
    FAILED = "failed", "Failed"


class Run(models.Model):
    """One fetch: of one slot, or of the past, up to that instant; each runs once."""

    source = models.ForeignKey(Source, on_delete=models.CASCADE, related_name="runs")
    slot = models.DateTimeField()
    is_history = models.BooleanField(default=False)
    state = models.CharField(max_length=8, choices=RunState, default=RunState.RUNNING)
    started_at = models.DateTimeField()
    ended_at = models.DateTimeField(null=True, blank=True)
    rows = models.PositiveIntegerField(default=0)
    skipped_slots = models.PositiveIntegerField(default=0)
    error = models.TextField(blank=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                "source", "slot", "is_history", name="run_of_slot_unique"
            )
        ]

    def __str__(self) -> str:
        return f"run {self.pk}"
