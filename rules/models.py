"""What it means: rules, their versions, and one instance per rule and key."""

from __future__ import annotations

from datetime import datetime
from typing import ClassVar

from django.conf import settings
from django.db import models

from datasets.exact import ExactJSONField
from datasets.models import Lane
from workspaces.models import Workspace


class Kind(models.TextChoices):
    """Fixed when a rule is made (DESIGN.md 3.3)."""

    SIGNAL = "signal", "Signal: one alert per qualifying event"
    STATE = "state", "State: opens and resolves"


class Health(models.TextChoices):
    """Whether a rule can be judged; not a state."""

    OK = "ok", "OK"
    ERROR = "error", "Error"


class Tally(models.Model):
    """How often events of a key ran the rules on some of its fields: lane state.

    It counts for all these rules at once, so that one that stays as it is costs
    nothing when it runs (DESIGN.md 3.5). `interest` stands for the fields.
    """

    lane = models.ForeignKey(Lane, on_delete=models.CASCADE, related_name="+")
    key = models.CharField(max_length=1500)
    interest = models.CharField(max_length=16)
    runs = models.BigIntegerField()
    run_at = models.DateTimeField()

    class Meta:
        constraints = [
            models.UniqueConstraint("lane", "key", "interest", name="tally_unique")
        ]

    def __str__(self) -> str:
        return f"{self.key}: {self.runs}"


class RuleQuerySet(models.QuerySet["Rule"]):
    """Rules of a workspace."""

    def counted(self) -> RuleQuerySet:
        """Read what their counters need as well, in the same query."""
        return self.select_related("tally")

    def alive(self) -> RuleQuerySet:
        """Leave out what was deleted and waits for its purge."""
        return self.filter(deleted_at__isnull=True)


class Rule(models.Model):
    """What to watch, in its current version.

    `latest` is what its author last saved. `in_effect` is what its lane judges by;
    only that lane's drain writes it, together with the counters.

    A rule with a `tally` is counted by it: what it ran since its truth changed last is
    in the tally alone, and its own columns hold the rest.
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
    sent = models.BigIntegerField(default=0)
    evaluated_apart_at = models.DateTimeField(null=True, blank=True)
    tally = models.ForeignKey(
        Tally, on_delete=models.SET_NULL, null=True, blank=True, related_name="+"
    )
    #: The truth that its runs in the tally have: true, false, or none for unknown.
    tallied_truth = models.BooleanField(null=True, blank=True)
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
            )
        ]

    def __str__(self) -> str:
        return self.name

    @property
    def ran(self) -> int:
        """Return how often an event ran it; `ran = passed + failed`."""
        return self.ran_apart + self._tallied

    @property
    def passed(self) -> int:
        """Return how often it was true."""
        return self.passed_apart + self._tallied * (self.tallied_truth is True)

    @property
    def failed(self) -> int:
        """Return how often it was false or unknown."""
        return self.ran - self.passed

    @property
    def unknown(self) -> int:
        """Return how often it was unknown; part of failed."""
        return self.unknown_apart + self._tallied * (self.tallied_truth is None)

    @property
    def evaluated_at(self) -> datetime | None:
        """Return when an event last ran it."""
        tallied_at = self.tally.run_at if self.tally and self.ran else None
        known = [at for at in (self.evaluated_apart_at, tallied_at) if at]
        return max(known, default=None)

    @property
    def _tallied(self) -> int:
        return self.tally.runs if self.tally else 0

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
    created_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.SET_NULL, null=True, blank=True
    )
    created_at = models.DateTimeField()

    class Meta:
        constraints = [models.UniqueConstraint("rule", "number", name="version_unique")]

    def __str__(self) -> str:
        return f"version {self.number}"


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


class InstanceState(models.TextChoices):
    """Where one rule stands for one key (DESIGN.md 3.3)."""

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


class BacktestState(models.TextChoices):
    """How far a back-test in the background has come."""

    QUEUED = "queued", "Waiting"
    RUNNING = "running", "Running"
    DONE = "done", "Done"
    FAILED = "failed", "Failed"


class BacktestRun(models.Model):
    """A draft that is judged over the past in the background, and what it found so far.

    `read` events of `total` are behind. Who drops it stops it: a worker that finds its
    row gone goes no further.
    """

    id = models.UUIDField(primary_key=True)
    workspace = models.ForeignKey(
        Workspace, on_delete=models.CASCADE, related_name="backtests"
    )
    #: The definition, the period and the outputs still to be made, as they were sent.
    request = ExactJSONField()
    #: Of the request: the same question has one run.
    digest = models.CharField(max_length=64)
    state = models.CharField(
        max_length=8, choices=BacktestState, default=BacktestState.QUEUED
    )
    read = models.PositiveIntegerField(default=0)
    total = models.PositiveIntegerField(default=0)
    found = ExactJSONField(null=True, blank=True)
    error = models.TextField(blank=True)
    #: Workers that took the run; all but the last died of it, or with it.
    tries = models.PositiveSmallIntegerField(default=0)
    created_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.SET_NULL, null=True, blank=True
    )
    created_at = models.DateTimeField(db_index=True)
    started_at = models.DateTimeField(null=True, blank=True)
    ended_at = models.DateTimeField(null=True, blank=True)
    lease_until = models.DateTimeField(null=True, blank=True)

    class Meta:
        indexes = [
            # The sweep asks what waits or was left by a dead worker.
            models.Index(
                fields=["created_at"],
                condition=models.Q(
                    state__in=[BacktestState.QUEUED, BacktestState.RUNNING]
                ),
                name="backtest_unfinished",
            )
        ]

    def __str__(self) -> str:
        return f"back-test {self.pk}"

    @property
    def is_moving(self) -> bool:
        """Say whether there is more to come."""
        return self.state in {BacktestState.QUEUED, BacktestState.RUNNING}

    @property
    def percent(self) -> int:
        """Return how much of the way is behind, 0 to 100."""
        if self.state == BacktestState.DONE:
            return 100
        return 100 * self.read // self.total if self.total else 0
