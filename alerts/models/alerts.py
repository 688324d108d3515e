"""What rules found out: alerts, and the steps they take."""

from __future__ import annotations

from typing import ClassVar

from django.conf import settings
from django.db import models

from datasets.exact import ExactJSONField
from datasets.models import Lane
from rules.engine import key_name
from rules.models import Kind, Rule, Version
from workspaces.models import Workspace


class Severity(models.TextChoices):
    """How bad it is."""

    CRITICAL = "critical", "Critical"
    WARNING = "warning", "Warning"
    INFO = "info", "Info"


class AlertState(models.TextChoices):
    """A signal's alert is one moment; a state rule's alert opens and ends."""

    RAISED = "raised", "Raised"
    OPEN = "open", "Open"
    RESOLVED = "resolved", "Resolved"
    CLOSED = "closed", "Closed"


class AlertQuerySet(models.QuerySet["Alert"]):
    """Alerts by what people still have to do with them."""

    def unacknowledged(self) -> AlertQuerySet:
        """Those nobody took on yet."""
        return self.filter(acknowledged_at__isnull=True)

    def waiting(self) -> AlertQuerySet:
        """The feed's first view: what is open or not acknowledged."""
        return self.filter(
            models.Q(state=AlertState.OPEN) | models.Q(acknowledged_at__isnull=True)
        )


class Alert(models.Model):
    """The episode of one instance, from opened to resolved.

    Its id derives from rule, version, key and opening position, so a replay makes the
    same alerts.
    """

    id = models.UUIDField(primary_key=True)
    workspace = models.ForeignKey(
        Workspace, on_delete=models.CASCADE, related_name="alerts"
    )
    rule = models.ForeignKey(Rule, on_delete=models.CASCADE, related_name="alerts")
    version = models.ForeignKey(Version, on_delete=models.PROTECT, related_name="+")
    kind = models.CharField(max_length=6, choices=Kind)
    key = models.CharField(max_length=1500)
    state = models.CharField(max_length=8, choices=AlertState)
    severity = models.CharField(
        max_length=8, choices=Severity, default=Severity.WARNING
    )
    reason = models.TextField(help_text="The finding in one sentence.")
    #: Full fact path -> value, condition facts first.
    values = ExactJSONField(default=dict)
    #: The fact path without its last part, as Apperate's webhook names it.
    subject = models.CharField(max_length=1700)
    opened_at = models.DateTimeField(help_text="Event time.")
    ended_at = models.DateTimeField(null=True, blank=True)
    recorded_at = models.DateTimeField()
    is_historical = models.BooleanField(default=False)
    is_simulated = models.BooleanField(default=False)
    acknowledged_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.SET_NULL, null=True, blank=True
    )
    acknowledged_at = models.DateTimeField(null=True, blank=True)

    objects: ClassVar[models.Manager[Alert]] = AlertQuerySet.as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint(
                "rule",
                "key",
                condition=models.Q(state=AlertState.OPEN),
                name="alert_one_open_per_instance",
            )
        ]
        indexes = [
            # Lists of a workspace and of a rule, newest first.
            models.Index(
                fields=["workspace", "-recorded_at", "-id"], name="alert_newest"
            ),
            models.Index(fields=["rule", "-recorded_at", "-id"], name="alert_of_rule"),
        ]

    def __str__(self) -> str:
        key = key_name(self.key)
        return f"{key}: {self.reason}" if key else self.reason


class TransitionKind(models.TextChoices):
    """The steps an alert can take."""

    RAISED = "raised", "Raised"
    OPENED = "opened", "Opened"
    RESOLVED = "resolved", "Resolved"
    CLOSED = "closed", "Closed"
    NO_DATA = "no_data", "Went silent"
    REMINDED = "reminded", "Reminded"
    ESCALATED = "escalated", "Escalated"
    EASED = "eased", "Eased"


class Transition(models.Model):
    """An immutable step of an alert, at its position in the lane's order."""

    alert = models.ForeignKey(
        Alert, on_delete=models.CASCADE, related_name="transitions"
    )
    number = models.PositiveIntegerField()
    kind = models.CharField(max_length=12, choices=TransitionKind)
    rule = models.ForeignKey(Rule, on_delete=models.CASCADE, related_name="+")
    key = models.CharField(max_length=1500)
    lane = models.ForeignKey(Lane, on_delete=models.CASCADE, related_name="+")
    seq = models.BigIntegerField()
    ord = models.PositiveIntegerField()
    at = models.DateTimeField(help_text="Event time.")
    recorded_at = models.DateTimeField()
    reason = models.TextField(blank=True)
    verdict = ExactJSONField(default=dict)

    class Meta:
        constraints = [
            models.UniqueConstraint("alert", "number", name="transition_number_unique"),
            models.UniqueConstraint(
                "rule",
                "lane",
                "seq",
                "ord",
                "key",
                "kind",
                # An event may find a reminder due, and be one itself.
                "at",
                name="transition_once",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.kind} {self.number}"
