"""What comes out of the engine: transitions, counts, and the changed parts of state."""

from collections.abc import Mapping, Set
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum

from rules.engine.events import KeyFacts, Position, Subject
from rules.engine.instances import Instance
from rules.engine.specification import Severity
from rules.engine.values import Value
from rules.engine.verdicts import Verdict

InstanceId = tuple[int, str]
"""A rule's id and a key."""


class TransitionKind(StrEnum):
    """What happened to an alert; a signal's is raised, and that is all."""

    RAISED = "raised"
    OPENED = "opened"
    RESOLVED = "resolved"
    CLOSED = "closed"
    NO_DATA = "no_data"
    REMINDED = "reminded"
    ESCALATED = "escalated"
    EASED = "eased"


@dataclass(frozen=True, slots=True, kw_only=True)
class Transition:
    """An immutable step of an alert.

    ``opening`` is the position at which the alert began and ``version`` the one it was
    opened under: together with rule and key they name the alert. ``told`` are the
    outputs to tell, the feed not among them. ``values`` are the facts of the
    conditions, then those included, under their full names; ``set`` is the leading fact
    without its field. A closed transition has no values and no verdict: no event caused
    it. ``severity`` is that of the alert from here on, where this decides it.
    """

    rule_id: int
    version: int
    key: str
    kind: TransitionKind
    at: datetime
    position: Position
    opening: Position
    told: tuple[str, ...]
    values: Mapping[str, Value]
    set: str
    verdict: Verdict | None
    reason: str
    severity: Severity | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Counts:
    """How often a rule ran, and with what end: ``ran = passed + failed``.

    Unknown runs are among the failed and are counted apart as well. ``sent`` are passes
    told to at least one output other than the feed.
    """

    ran: int = 0
    passed: int = 0
    failed: int = 0
    unknown: int = 0
    sent: int = 0

    def __add__(self, other: "Counts") -> "Counts":
        """Add two counts of one rule."""
        return Counts(
            ran=self.ran + other.ran,
            passed=self.passed + other.passed,
            failed=self.failed + other.failed,
            unknown=self.unknown + other.unknown,
            sent=self.sent + other.sent,
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Slice:
    """The part of a lane's state that an event can touch; ``Program.needs`` names it.

    More may be in it. What is not in it was never seen. ``armed`` names, by the subject
    whose events fire them, the instances that have timers; all of them are in
    ``instances``.
    """

    facts: Mapping[Subject, KeyFacts] = field(default_factory=dict)
    instances: Mapping[InstanceId, Instance] = field(default_factory=dict)
    armed: Mapping[Subject, Set[InstanceId]] = field(default_factory=dict)

    def after(self, result: "StepResult") -> "Slice":
        """Give the state with the changed parts of a step put in."""
        return Slice(
            facts={**self.facts, **result.facts},
            instances={**self.instances, **result.instances},
            armed=self.armed,
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class StepResult:
    """What one step changed, and what it decided, rules in the order of their ids.

    ``errors`` names the rules that could not be judged; they neither count nor change.
    """

    facts: Mapping[Subject, KeyFacts] = field(default_factory=dict)
    instances: Mapping[InstanceId, Instance] = field(default_factory=dict)
    transitions: tuple[Transition, ...] = ()
    counts: Mapping[int, Counts] = field(default_factory=dict)
    late: bool = False
    errors: Mapping[int, str] = field(default_factory=dict)
