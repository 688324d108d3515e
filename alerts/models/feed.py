"""The numbered list of what happened in a workspace."""

from __future__ import annotations

from django.db import models

from alerts.models.alerts import Alert
from workspaces.models import Workspace


class EntryKind(models.TextChoices):
    """What a feed entry tells."""

    RAISED = "raised", "Raised"
    OPENED = "opened", "Opened"
    RESOLVED = "resolved", "Resolved"
    CLOSED = "closed", "Closed"
    NO_DATA = "no_data", "Went silent"
    REMINDED = "reminded", "Reminded"
    ESCALATED = "escalated", "Escalated"
    EASED = "eased", "Eased"
    ACKNOWLEDGED = "acknowledged", "Acknowledged"
    IMPORTED = "imported", "History imported"


class FeedEntry(models.Model):
    """One change of one alert, numbered densely per workspace after its commit."""

    workspace = models.ForeignKey(
        Workspace, on_delete=models.CASCADE, related_name="feed_entries"
    )
    seq = models.BigIntegerField(null=True, blank=True)
    kind = models.CharField(max_length=12, choices=EntryKind)
    alert = models.ForeignKey(
        Alert, on_delete=models.CASCADE, null=True, blank=True, related_name="entries"
    )
    details = models.JSONField(default=dict, blank=True)
    at = models.DateTimeField()

    class Meta:
        verbose_name_plural = "feed entries"
        constraints = [
            models.UniqueConstraint("workspace", "seq", name="feed_seq_unique")
        ]
        indexes = [
            # Numbering asks for the entries that have none yet.
            models.Index(
                fields=["workspace", "id"],
                condition=models.Q(seq__isnull=True),
                name="feed_unnumbered",
            )
        ]

    def __str__(self) -> str:
        return f"entry {self.seq or 'without number'}"


class FeedHead(models.Model):
    """The next number of a workspace's feed; a new epoch forbids old cursors."""

    workspace = models.OneToOneField(
        Workspace, on_delete=models.CASCADE, primary_key=True, related_name="feed_head"
    )
    next_seq = models.BigIntegerField(default=1)
    epoch = models.UUIDField()

    def __str__(self) -> str:
        return f"head {self.next_seq}"
