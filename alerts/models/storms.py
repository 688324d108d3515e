"""How much of a rule an output is told: more than it bears goes into summaries."""

from __future__ import annotations

from datetime import datetime
from typing import ClassVar

from django.conf import settings
from django.db import models

from alerts.models.outputs import Delivery, Output
from rules.models import Rule

_MINUTE_SECONDS = 60


class StormQuerySet(models.QuerySet["Storm"]):
    """Storms by whether they still go on."""

    def raging(self, now: datetime) -> StormQuerySet:
        """Those whose messages are held for a summary now."""
        limit = settings.BELLWETHER_STORM_MESSAGES
        this = minute_of(now)
        is_over = models.Q(told__gt=limit) | models.Q(earlier__gt=limit, minute=this)
        return self.filter(is_over, minute__gte=this - 1)


class Storm(models.Model):
    """The messages of one rule to one output, counted by the minute.

    A row there is for every rule and output of which something was told; it is a storm
    while this minute or the one before had more than is told by itself.
    """

    rule = models.ForeignKey(Rule, on_delete=models.CASCADE, related_name="+")
    output = models.ForeignKey(Output, on_delete=models.CASCADE, related_name="storms")
    minute = models.BigIntegerField(help_text="Since 1970.")
    told = models.PositiveIntegerField(help_text="In that minute, held ones included.")
    earlier = models.PositiveIntegerField(default=0, help_text="In the minute before.")
    #: The summary that takes in what is held until it is sent.
    gathering = models.ForeignKey(
        Delivery,
        on_delete=models.SET_NULL,
        null=True,
        blank=True,
        related_name="+",
        db_index=False,
    )
    next_at = models.DateTimeField(
        null=True, blank=True, help_text="No summary leaves before."
    )

    objects: ClassVar[models.Manager[Storm]] = StormQuerySet.as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint("rule", "output", name="storm_of_rule_and_output")
        ]
        indexes = [
            # A claim ends the gathering of the summary that it sends.
            models.Index(
                fields=["gathering"],
                condition=models.Q(gathering__isnull=False),
                name="storm_gathering",
            )
        ]

    def __str__(self) -> str:
        return f"{self.told} in a minute"


def minute_of(at: datetime) -> int:
    """Return the number of the minute that this instant is in."""
    return int(at.timestamp()) // _MINUTE_SECONDS
