"""Answers that a repeated request gets again."""

from __future__ import annotations

from django.db import models

from datasets.exact import ExactJSONField


class Idempotency(models.Model):
    """The answer that was given under an idempotency key; kept for 72 hours."""

    scope = models.CharField(max_length=120, help_text="Token and route.")
    key = models.CharField(max_length=255)
    body_hash = models.CharField(max_length=64)
    status = models.PositiveSmallIntegerField(null=True)
    answer = ExactJSONField(null=True)
    created_at = models.DateTimeField()

    class Meta:
        verbose_name_plural = "idempotency keys"
        constraints = [
            models.UniqueConstraint("scope", "key", name="idempotency_unique")
        ]

    def __str__(self) -> str:
        return self.key
