"""Imports of files that run in the background."""

from __future__ import annotations

from django.conf import settings
from django.db import models

from datasets.models.dataset import Dataset, Duplicates


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
    errors_allowed = models.PositiveIntegerField(
        null=True,
        blank=True,
        help_text="Rows that may be set aside until it fails; empty: any number.",
    )
    error = models.TextField(blank=True)
    #: Workers in a row that took the job and brought it no further.
    tries = models.PositiveSmallIntegerField(default=0)
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
