"""How often the rules of a lane ran, counted for many at once."""

from __future__ import annotations

from django.db import models

from datasets.models import Lane


class Tally(models.Model):
    """How often events of a key ran the rules on some of its fields: lane state.

    It counts for all these rules at once, so that one that stays as it is costs
    nothing when it runs. `interest` stands for the fields.
    """

    lane = models.ForeignKey(Lane, on_delete=models.CASCADE, related_name="+")
    key = models.CharField(max_length=1500)
    interest = models.CharField(max_length=16)
    runs = models.BigIntegerField()
    run_at = models.DateTimeField()

    class Meta:
        constraints = [
            models.UniqueConstraint("lane", "key", "interest", name="tally_unique")
        ]

    def __str__(self) -> str:
        return f"{self.key}: {self.runs}"
