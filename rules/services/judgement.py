"""What judging some batches of a lane decided: all that its drain has to commit."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime

from datasets.models import Batch
from rules.engine import Counts, Instance, KeyFacts, Transition
from rules.services.counting import Counted
from rules.services.in_effect import RuleInEffect
from rules.services.lane_state import FactKey, InstanceKey
from rules.services.predicates import Tabled


# Not frozen, as others here of which one event may bring very many: thrice as fast.
@dataclass(slots=True, kw_only=True)
class JudgedTransition:
    """A transition, the rule as it was then, and the batch that caused it."""

    transition: Transition
    rule: RuleInEffect
    batch: Batch


@dataclass(slots=True, kw_only=True)
class Streak:
    """How a rule fared: errors in a row up to now, and whether it was well before."""

    errors: int = 0
    last: str = ""
    began_well: bool = False

    def add(self, error: str) -> None:
        """Count one more event of which the rule could not judge."""
        self.errors += 1
        self.last = error

    def end(self) -> None:
        """Note that the rule judged an event."""
        self.errors, self.last, self.began_well = 0, "", True


@dataclass(slots=True, kw_only=True)
class Evaluated:
    """Runs of rules that the engine has judged, by what came of them."""

    passed: int = 0
    failed: int = 0
    unknown: int = 0
    error: int = 0

    def add(self, counts: Counts) -> None:
        """Add the runs of a rule at an event."""
        self.passed += counts.passed
        self.unknown += counts.unknown
        self.failed += counts.failed - counts.unknown


@dataclass(frozen=True, slots=True, kw_only=True)
class Effect:
    """A change of a rule that its lane has reached; no version: it is judged no more.

    `change` is its number among the changes of the rule.
    """

    rule_id: int
    version_id: int | None
    seq: int
    change: int


@dataclass(slots=True, kw_only=True)
class Judgement:
    """Everything that a drain has to commit after judging some batches."""

    transitions: list[JudgedTransition] = field(default_factory=list)
    facts: dict[FactKey, KeyFacts] = field(default_factory=dict)
    instances: dict[InstanceKey, Instance] = field(default_factory=dict)
    #: When the sweep is to look at an instance, if no event has fired its timers.
    wakes: dict[InstanceKey, datetime | None] = field(default_factory=dict)
    #: What to add to the counters of rules, beside what is counted by key.
    counts: dict[int, Counts] = field(default_factory=dict)
    #: Rules that other lanes of the dataset judge as well, now or before their change.
    shared: set[int] = field(default_factory=set)
    counted: Counted = field(default_factory=Counted)
    evaluated: Evaluated = field(default_factory=Evaluated)
    streaks: dict[int, Streak] = field(default_factory=dict)
    #: Rules of the lane that cannot be read, and the sentences that say so.
    unreadable: dict[int, str] = field(default_factory=dict)
    #: What the lane's table of predicates is to say of rules that came or went.
    tabled: Tabled = field(default_factory=dict)
    effects: list[Effect] = field(default_factory=list)
    #: By position, what of the facts had changed where the lane began to forward.
    stands: dict[int, Mapping[FactKey, KeyFacts]] = field(default_factory=dict)
