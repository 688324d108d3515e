"""Where people are told: outputs, deliveries and their attempts."""

from __future__ import annotations

from datetime import datetime
from typing import ClassVar

from django.db import models

from alerts.models.alerts import Transition
from config.prepared import Given
from workspaces.models import Workspace


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
    opened_at = models.DateTimeField(
        null=True, blank=True, help_text="Since then no send went well."
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

    def due(self, now: datetime | Given) -> DeliveryQuerySet:
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
    #: In a storm: the delivery that tells of this one too. It is in its own summary.
    summary = models.ForeignKey(
        "self",
        on_delete=models.SET_NULL,
        null=True,
        blank=True,
        related_name="gathered",
        db_index=False,
    )
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
            # A summary asks for all that it tells of.
            models.Index(
                fields=["summary", "transition"],
                condition=models.Q(summary__isnull=False),
                name="delivery_gathered",
            ),
        ]

    def __str__(self) -> str:
        return f"delivery {self.pk}"

    @property
    def is_summary(self) -> bool:
        """Say whether it tells of all that a storm has gathered into it."""
        return self.summary_id is not None and self.summary_id == self.pk


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
