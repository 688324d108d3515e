"""What a rule reads, by which it is found: places, predicates, forwards."""

from __future__ import annotations

from typing import ClassVar

from django.db import models

from datasets.models import Lane
from rules.models.rule import Rule, Version

KEY_LENGTH, FIELD_LENGTH = 1500, 200


class Place(models.Model):
    """A field of a lane's own dataset under a key, as predicates name it.

    No key means any: no event's key is blank.
    """

    lane = models.ForeignKey(Lane, on_delete=models.CASCADE, related_name="+")
    key = models.CharField(max_length=KEY_LENGTH, blank=True)
    field = models.CharField(max_length=FIELD_LENGTH)

    class Meta:
        constraints = [
            models.UniqueConstraint("lane", "key", "field", name="place_unique")
        ]

    def __str__(self) -> str:
        return f"{self.key}:{self.field}"


class Operator(models.IntegerChoices):
    """What a predicate compares by; the columns number them so."""

    GT = 0, "above"
    GTE = 1, "at or above"
    LT = 2, "below"
    LTE = 3, "at or below"


class Predicate(models.Model):
    """A comparison of a rule in effect: lane state, from which a program is loaded.

    Only the lane's drain writes it, in the commit in which the version comes into
    effect. It repeats what the definition says, for rules that are one comparison or a
    flat group of them; `is_all` says how the comparisons of the rule are joined.
    """

    lane = models.ForeignKey(
        Lane, on_delete=models.CASCADE, related_name="+", db_index=False
    )
    rule = models.ForeignKey(Rule, on_delete=models.CASCADE, related_name="+")
    #: Both go with their lane; a constraint would want an index to look rows up by.
    place = models.ForeignKey(
        Place,
        on_delete=models.DO_NOTHING,
        related_name="+",
        db_index=False,
        db_constraint=False,
    )
    operator = models.SmallIntegerField(choices=Operator)
    constant = models.FloatField()
    is_all = models.BooleanField()

    class Meta:
        # A program is loaded by lane, in the order of rules.
        indexes = [models.Index("lane", "rule", name="predicate_by_lane")]

    def __str__(self) -> str:
        return f"{Operator(self.operator).label} {self.constant}"


class ForwardQuerySet(models.QuerySet["Forward"]):
    """What lanes forward."""

    def in_effect(self) -> ForwardQuerySet:
        """Leave out what is not forwarded, or whose rule is past it."""
        return self.filter(change__gte=models.F("version__rule__judged_change"))


class Forward(models.Model):
    """A lane whose facts a version reads, although another lane judges it.

    While `change` is set, the lane forwards what the version reads: since that change
    of the rule. Only the lane's drain writes it.
    """

    version = models.ForeignKey(
        Version, on_delete=models.CASCADE, related_name="forwards"
    )
    lane = models.ForeignKey(Lane, on_delete=models.CASCADE, related_name="forwards")
    change = models.PositiveIntegerField(null=True, blank=True)

    objects: ClassVar[models.Manager[Forward]] = ForwardQuerySet.as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint("version", "lane", name="forward_unique")
        ]

    def __str__(self) -> str:
        return f"version {self.version_id} from lane {self.lane_id}"
