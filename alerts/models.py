"""What people are told: alerts, transitions, outputs, deliveries and the feed."""

from __future__ import annotations

from datetime import datetime
from typing import ClassVar

from django.conf import settings
from django.db import models

from datasets.exact import ExactJSONField
from datasets.models import Lane
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
        return f"{self.key}: {self.reason}"


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


class OutputQuerySet(models.QuerySet["Output"]):
    """Outputs of a workspace."""

    def alive(self) -> OutputQuerySet:
        """Leave out what was deleted and waits for its purge."""
        return self.filter(deleted_at__isnull=True)


class Output(models.Model):
    """A configured destination."""

    workspace = models.ForeignKey(
        Workspace, on_delete=models.CASCADE, related_name="outputs"
    )
    slug = models.CharField(max_length=80)
    name = models.CharField(max_length=200)
    kind = models.CharField(max_length=40)
    config = models.JSONField(default=dict)
    #: Sealed with the workspace's id as associated data (`outbound.sealing`).
    sealed_secret = models.TextField(blank=True)
    is_enabled = models.BooleanField(default=True)
    disabled_reason = models.TextField(blank=True)
    failures = models.PositiveIntegerField(default=0, help_text="In a row.")
    open_until = models.DateTimeField(
        null=True, blank=True, help_text="The circuit is open until then."
    )
    max_in_flight = models.PositiveSmallIntegerField(default=4)
    created_at = models.DateTimeField()
    deleted_at = models.DateTimeField(null=True, blank=True)

    objects: ClassVar[models.Manager[Output]] = OutputQuerySet.as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint(
                "workspace",
                "slug",
                condition=models.Q(deleted_at__isnull=True),
                name="output_slug_unique",
            )
        ]

    def __str__(self) -> str:
        return self.name


class DeliveryStatus(models.TextChoices):
    """How far a delivery has come."""

    QUEUED = "queued", "Queued"
    SENDING = "sending", "Sending"
    SENT = "sent", "Sent"
    FAILED = "failed", "Failed, will be tried again"
    DEAD = "dead", "Given up"
    SUPPRESSED = "suppressed", "Held back"


class DeliveryQuerySet(models.QuerySet["Delivery"]):
    """Deliveries by what is due."""

    def due(self, now: datetime) -> DeliveryQuerySet:
        """Those to send now: waiting, or left behind by a worker whose lease ended."""
        waiting = models.Q(
            status__in=[DeliveryStatus.QUEUED, DeliveryStatus.FAILED], due_at__lte=now
        )
        left = models.Q(status=DeliveryStatus.SENDING, lease_until__lt=now)
        return self.filter(waiting | left)

    def undelivered(self) -> DeliveryQuerySet:
        """Those whose last try failed, whether another follows or not."""
        return self.filter(status__in=[DeliveryStatus.FAILED, DeliveryStatus.DEAD])


class Delivery(models.Model):
    """Telling one output about one transition; its id stays the same over retries."""

    id = models.UUIDField(primary_key=True)
    workspace = models.ForeignKey(
        Workspace, on_delete=models.CASCADE, related_name="deliveries"
    )
    output = models.ForeignKey(
        Output, on_delete=models.CASCADE, related_name="deliveries"
    )
    transition = models.ForeignKey(
        Transition, on_delete=models.CASCADE, related_name="deliveries"
    )
    status = models.CharField(
        max_length=10, choices=DeliveryStatus, default=DeliveryStatus.QUEUED
    )
    reason = models.CharField(max_length=200, blank=True)
    #: Subject and message as the rule gave them; rendered when sent.
    subject = models.TextField(blank=True)
    message = models.TextField(blank=True)
    due_at = models.DateTimeField()
    attempts = models.PositiveSmallIntegerField(default=0)
    lease_until = models.DateTimeField(null=True, blank=True)
    leased_by = models.CharField(max_length=64, blank=True)
    error = models.TextField(blank=True)
    created_at = models.DateTimeField()
    sent_at = models.DateTimeField(null=True, blank=True)

    objects: ClassVar[models.Manager[Delivery]] = DeliveryQuerySet.as_manager()

    class Meta:
        verbose_name_plural = "deliveries"
        constraints = [
            models.UniqueConstraint("transition", "output", name="delivery_once")
        ]
        indexes = [
            # Claims and sweeps ask what is due.
            models.Index(
                fields=["due_at"],
                condition=models.Q(
                    status__in=[
                        DeliveryStatus.QUEUED,
                        DeliveryStatus.FAILED,
                        DeliveryStatus.SENDING,
                    ]
                ),
                name="delivery_due",
            ),
            models.Index(
                fields=["workspace", "-created_at", "-id"], name="delivery_newest"
            ),
        ]

    def __str__(self) -> str:
        return f"delivery {self.pk}"


class Attempt(models.Model):
    """One try of a delivery."""

    delivery = models.ForeignKey(
        Delivery, on_delete=models.CASCADE, related_name="tries"
    )
    number = models.PositiveSmallIntegerField()
    started_at = models.DateTimeField()
    ended_at = models.DateTimeField()
    status_code = models.PositiveSmallIntegerField(null=True, blank=True)
    answer = models.TextField(blank=True, help_text="The first 4 kB of the answer.")
    error = models.TextField(blank=True)

    class Meta:
        constraints = [
            models.UniqueConstraint("delivery", "number", name="attempt_unique")
        ]

    def __str__(self) -> str:
        return f"attempt {self.number}"


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


class Heartbeat(models.Model):
    """When a part of the program last showed that it works, not merely lives."""

    part = models.CharField(max_length=60, primary_key=True)
    at = models.DateTimeField()

    def __str__(self) -> str:
        return self.part
