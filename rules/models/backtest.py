"""What a rule would have done: back-tests that are judged in the background."""

from __future__ import annotations

from django.conf import settings
from django.db import models

from datasets.exact import ExactJSONField
from workspaces.models import Workspace


class BacktestState(models.TextChoices):
    """How far a back-test in the background has come."""

    QUEUED = "queued", "Waiting"
    RUNNING = "running", "Running"
    DONE = "done", "Done"
    FAILED = "failed", "Failed"


class BacktestRun(models.Model):
    """A draft that is judged over the past in the background, and what it found so far.

    `read` events of `total` are behind. Who drops it stops it: a worker that finds its
    row gone goes no further.
    """

    id = models.UUIDField(primary_key=True)
    workspace = models.ForeignKey(
        Workspace, on_delete=models.CASCADE, related_name="backtests"
    )
    #: The definition, the period and the outputs still to be made, as they were sent.
    request = ExactJSONField()
    #: Of the request: the same question has one run.
    digest = models.CharField(max_length=64)
    state = models.CharField(
        max_length=8, choices=BacktestState, default=BacktestState.QUEUED
    )
    read = models.PositiveIntegerField(default=0)
    total = models.PositiveIntegerField(default=0)
    found = ExactJSONField(null=True, blank=True)
    #: Of an edit: how it differs from the rule as it stands.
    compared = ExactJSONField(null=True, blank=True)
    error = models.TextField(blank=True)
    #: Workers that took the run; all but the last died of it, or with it.
    tries = models.PositiveSmallIntegerField(default=0)
    created_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.SET_NULL, null=True, blank=True
    )
    created_at = models.DateTimeField(db_index=True)
    started_at = models.DateTimeField(null=True, blank=True)
    ended_at = models.DateTimeField(null=True, blank=True)
    lease_until = models.DateTimeField(null=True, blank=True)

    class Meta:
        indexes = [
            # The sweep asks what waits or was left by a dead worker.
            models.Index(
                fields=["created_at"],
                condition=models.Q(
                    state__in=[BacktestState.QUEUED, BacktestState.RUNNING]
                ),
                name="backtest_unfinished",
            )
        ]

    def __str__(self) -> str:
        return f"back-test {self.pk}"

    @property
    def is_moving(self) -> bool:
        """Say whether there is more to come."""
        return self.state in {BacktestState.QUEUED, BacktestState.RUNNING}

    @property
    def percent(self) -> int:
        """Return how much of the way is behind, 0 to 100."""
        if self.state == BacktestState.DONE:
            return 100
        return 100 * self.read // self.total if self.total else 0
