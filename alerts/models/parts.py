"""Whether the program works: what its parts last showed."""

from __future__ import annotations

from django.db import models


class Heartbeat(models.Model):
    """When a part of the program last showed that it works, not merely lives."""

    part = models.CharField(max_length=60, primary_key=True)
    at = models.DateTimeField()

    def __str__(self) -> str:
        return self.part
