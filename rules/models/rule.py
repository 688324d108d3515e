"""What is watched: rules and their versions."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from typing import TYPE_CHECKING, ClassVar, Protocol

from django.conf import settings
from django.db import models

from datasets.exact import ExactJSONField
from datasets.models import Lane
from rules.engine import Counts
from rules.models.tally import Tally
from workspaces.models import Workspace

if TYPE_CHECKING:
    from rules.models.lane_rule import LaneRule


class Kind(models.TextChoices):
    """Fixed when a rule is made."""

    SIGNAL = "signal", "Signal: one alert per qualifying event"
    STATE = "state", "State: opens and resolves"


class Health(models.TextChoices):
    """Whether a rule can be judged; not a state."""

    OK = "ok", "OK"
    ERROR = "error", "Error"


class CountedApart(Protocol):
    """What a rule's row says of how it fared, beside what its tally has counted."""

    @property
    def ran_apart(self) -> int:
        """How often it ran."""

    @property
    def passed_apart(self) -> int:
        """How often it was true."""

    @property
    def unknown_apart(self) -> int:
        """How often it was unknown."""

    @property
    def tallied_truth(self) -> bool | None:
        """The truth that its runs in the tally have."""


def counts_with(tallied: int, rule: CountedApart) -> Counts:
    """Return how a rule fared, with so many runs that its tally has counted."""
    ran, passed, unknown = rule.ran_apart, rule.passed_apart, rule.unknown_apart
    ran += tallied
    if rule.tallied_truth is None:
        unknown += tallied
    elif rule.tallied_truth:
        passed += tallied
    return Counts(ran=ran, passed=passed, failed=ran - passed, unknown=unknown)


class RuleQuerySet(models.QuerySet["Rule"]):
    """Rules of a workspace."""

    def counted(self) -> RuleQuerySet:
        """Read what their counters need as well."""
        return self.select_related("tally").prefetch_related("lane_rules")

    def alive(self) -> RuleQuerySet:
        """Leave out what was deleted and waits for its purge."""
        return self.filter(deleted_at__isnull=True)


class Rule(models.Model):
    """What to watch, in its current version.

    `latest` is what its author last saved. `in_effect` is what its lane judges by;
    only that lane's drain writes it, together with the counters.

    A rule with a `tally` is counted by it: what it ran since its truth changed last is
    in the tally alone, and its own columns hold the rest. One on any key of a divided
    dataset is counted by each of its lanes (`LaneRule`); what it ran before is here.
    """

    #: Apperate names rules by such ids; so does our API.
    uuid = models.UUIDField(unique=True)
    workspace = models.ForeignKey(
        Workspace, on_delete=models.CASCADE, related_name="rules"
    )
    slug = models.CharField(max_length=80)
    name = models.CharField(max_length=200)
    kind = models.CharField(max_length=6, choices=Kind)
    is_enabled = models.BooleanField(default=True)
    latest = models.ForeignKey(
        "Version", on_delete=models.SET_NULL, null=True, related_name="+"
    )
    in_effect = models.ForeignKey(
        "Version", on_delete=models.SET_NULL, null=True, blank=True, related_name="+"
    )
    health = models.CharField(max_length=5, choices=Health, default=Health.OK)
    error = models.TextField(blank=True)
    errors_in_a_row = models.PositiveIntegerField(default=0)
    ran_apart = models.BigIntegerField(default=0)
    passed_apart = models.BigIntegerField(default=0)
    unknown_apart = models.BigIntegerField(default=0)
    sent_apart = models.BigIntegerField(default=0, db_column="sent")
    evaluated_apart_at = models.DateTimeField(null=True, blank=True)
    tally = models.ForeignKey(
        Tally, on_delete=models.SET_NULL, null=True, blank=True, related_name="+"
    )
    #: The truth that its runs in the tally have: true, false, or none for unknown.
    tallied_truth = models.BooleanField(null=True, blank=True)
    #: Lanes of a divided dataset judge it, or did; each counts for itself.
    is_divided = models.BooleanField(default=False, db_default=False)
    #: Its lane's table of predicates says what the version in effect watches.
    is_tabled = models.BooleanField(default=False)
    last_alert_at = models.DateTimeField(null=True, blank=True)
    #: When the one alert of a rule of mode *once* turned it off; none once it is on.
    done_at = models.DateTimeField(null=True, blank=True)
    #: When its newest version ends; the sweep turns it off then.
    expires_at = models.DateTimeField(null=True, blank=True, db_index=True)
    #: How often it was made, edited, turned or deleted: its changes are numbered so.
    changes = models.PositiveIntegerField(default=0)
    #: The newest change that a lane which judges it has reached.
    judged_change = models.PositiveIntegerField(default=0)
    created_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.SET_NULL, null=True, blank=True
    )
    created_at = models.DateTimeField()
    updated_at = models.DateTimeField()
    deleted_at = models.DateTimeField(null=True, blank=True)

    objects: ClassVar[models.Manager[Rule]] = RuleQuerySet.as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint(
                "workspace",
                "slug",
                condition=models.Q(deleted_at__isnull=True),
                name="rule_slug_unique",
            )
        ]
        indexes = [
            # A lane that is loaded asks for the rules that its table does not say.
            models.Index(
                "in_effect",
                condition=models.Q(is_tabled=False, in_effect__isnull=False),
                name="rule_untabled",
            ),
            # Owners are told of rules that cannot be judged.
            models.Index(
                "id", condition=models.Q(health=Health.ERROR), name="rule_in_error"
            ),
        ]

    def __str__(self) -> str:
        return self.name

    @property
    def ran(self) -> int:
        """Return how often an event ran it; `ran = passed + failed`."""
        return self.counted_here.ran + sum(one.ran for one in self._shares)

    @property
    def passed(self) -> int:
        """Return how often it was true."""
        return self.counted_here.passed + sum(one.passed for one in self._shares)

    @property
    def failed(self) -> int:
        """Return how often it was false or unknown."""
        return self.ran - self.passed

    @property
    def unknown(self) -> int:
        """Return how often it was unknown; part of failed."""
        return self.counted_here.unknown + sum(one.unknown for one in self._shares)

    @property
    def sent(self) -> int:
        """Return how often it was true and told to an output other than the feed."""
        return self.sent_apart + sum(one.sent for one in self._shares)

    @property
    def evaluated_at(self) -> datetime | None:
        """Return when an event last ran it."""
        tallied_at = self.tally.run_at if self.tally and self.counted_here.ran else None
        times = [one.evaluated_at for one in self._shares]
        known = [at for at in (self.evaluated_apart_at, tallied_at, *times) if at]
        return max(known, default=None)

    @property
    def counted_here(self) -> Counts:
        """Return how it fared, but for what lanes of a divided dataset count of it."""
        return counts_with(self.tally.runs if self.tally else 0, self)

    @property
    def _shares(self) -> Iterable[LaneRule]:
        return self.lane_rules.all() if self.is_divided else ()

    @property
    def is_in_effect(self) -> bool:
        """Say whether the lane has reached the rule's last change."""
        return self.in_effect_id == (self.latest_id if self.is_enabled else None)

    @property
    def etag(self) -> str:
        """Return the mark of the newest version, for `If-Match`."""
        return f'"{self.latest.number}"' if self.latest else '"0"'


class Version(models.Model):
    """One saved definition; immutable but for the position at which it took effect."""

    rule = models.ForeignKey(Rule, on_delete=models.CASCADE, related_name="versions")
    number = models.PositiveIntegerField()
    definition = ExactJSONField()
    sentence = models.TextField()
    #: The lane that judges it, and the position from which on it does.
    lane = models.ForeignKey(Lane, on_delete=models.CASCADE, related_name="versions")
    effective_seq = models.BigIntegerField(null=True, blank=True)
    #: All lanes of that one's dataset judge it, each its own keys.
    is_spread = models.BooleanField(default=False, db_default=False)
    created_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.SET_NULL, null=True, blank=True
    )
    created_at = models.DateTimeField()

    class Meta:
        constraints = [models.UniqueConstraint("rule", "number", name="version_unique")]

    def __str__(self) -> str:
        return f"version {self.number}"

    @property
    def lanes(self) -> list[Lane]:
        """Return the lanes that judge it, by shard."""
        if not self.is_spread:
            return [self.lane]
        lanes = self.lane.dataset.lanes.select_related("dataset__workspace")
        return list(lanes.order_by("shard"))
