"""What a lane keeps of a rule and a key."""

from __future__ import annotations

from django.db import models

from datasets.exact import ExactJSONField
from rules.models.rule import Rule


class InstanceState(models.TextChoices):
    """Where one rule stands for one key."""

    INACTIVE = "inactive", "Inactive"
    PENDING = "pending", "Pending"
    FIRING = "firing", "Firing"
    RECOVERING = "recovering", "Recovering"


class Instance(models.Model):
    """One rule for one key: state of the lane, kept only where something happened."""

    rule = models.ForeignKey(Rule, on_delete=models.CASCADE, related_name="instances")
    key = models.CharField(max_length=1500)
    state = models.CharField(
        max_length=10, choices=InstanceState, default=InstanceState.INACTIVE
    )
    #: The engine's own record of the instance (`rules.engine.Instance.to_json`).
    memory = ExactJSONField(default=dict)
    #: Its earliest timer, in event time: an event of the key from then on fires it.
    due_at = models.DateTimeField(null=True, blank=True)
    #: When the sweep has it fired if no such event came; none for what history armed.
    wake_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        constraints = [models.UniqueConstraint("rule", "key", name="instance_unique")]
        indexes = [
            # A drain asks for the armed instances of the keys that its events touch.
            models.Index(
                "key",
                "due_at",
                condition=models.Q(due_at__isnull=False),
                name="instance_armed",
            ),
            # The sweep asks for those whose time has come.
            models.Index(
                "wake_at",
                condition=models.Q(wake_at__isnull=False),
                name="instance_waking",
            ),
        ]

    def __str__(self) -> str:
        return self.key
