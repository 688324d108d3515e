"""What each of the lanes keeps of a rule that several of them judge."""

from __future__ import annotations

from django.db import models

from datasets.models import Lane
from rules.models.rule import Rule, Version


class LaneRule(models.Model):
    """A rule on any key of a divided dataset, in one of the lanes that judge it.

    Only the lane's drain writes it. Its counters are of the lane's own keys; those of
    the rule are the sum (`Rule.ran` and its like).
    """

    rule = models.ForeignKey(Rule, on_delete=models.CASCADE, related_name="lane_rules")
    lane = models.ForeignKey(Lane, on_delete=models.CASCADE, related_name="lane_rules")
    #: By which the lane judges now; none if it does not.
    version = models.ForeignKey(
        Version, on_delete=models.SET_NULL, null=True, blank=True, related_name="+"
    )
    #: The newest change of the rule that the lane has reached.
    change = models.PositiveIntegerField(default=0)
    ran = models.BigIntegerField(default=0)
    passed = models.BigIntegerField(default=0)
    unknown = models.BigIntegerField(default=0)
    sent = models.BigIntegerField(default=0)
    evaluated_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        constraints = [models.UniqueConstraint("rule", "lane", name="lane_rule_unique")]

    def __str__(self) -> str:
        return f"rule {self.rule_id} in lane {self.lane_id}"
