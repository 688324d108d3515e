"""Whether the program works: what its parts showed, and how the canary came through."""

from __future__ import annotations

from datetime import timedelta

from django.db import models

from datasets.models import Dataset


class Heartbeat(models.Model):
    """When a part of the program last showed that it works, not merely lives."""

    part = models.CharField(max_length=60, primary_key=True)
    at = models.DateTimeField()

    def __str__(self) -> str:
        return self.part


class Canary(models.Model):
    """The one row that says where the canary flies, and when it sets out again."""

    dataset = models.ForeignKey(Dataset, on_delete=models.CASCADE, related_name="+")
    due_at = models.DateTimeField()

    class Meta:
        verbose_name_plural = "canary"
        constraints = [
            models.CheckConstraint(condition=models.Q(pk=1), name="canary_is_single")
        ]

    def __str__(self) -> str:
        return "The canary"


class Proof(models.Model):
    """An event of the canary that came all the way; its id is the delivery's."""

    id = models.UUIDField(primary_key=True)
    sent_at = models.DateTimeField(help_text="When the event was received.")
    delivered_at = models.DateTimeField()

    class Meta:
        # Those of the last hour are asked, newest first.
        indexes = [models.Index(fields=["sent_at"], name="proof_newest")]

    def __str__(self) -> str:
        return f"proof of {self.sent_at:%H:%M:%S}"

    @property
    def length(self) -> timedelta:
        """Return how long it took from receipt to delivery."""
        return max(self.delivered_at - self.sent_at, timedelta())
