"""One run of one rule on one event: what it is given, and what it answers."""

from dataclasses import dataclass
from datetime import datetime

from rules.engine.events import Event, Position, View
from rules.engine.instances import Instance
from rules.engine.program import CompiledRule
from rules.engine.specification import Specification
from rules.engine.transitions import Counts, Transition, TransitionKind
from rules.engine.values import Value
from rules.engine.verdicts import Verdict


@dataclass(frozen=True, slots=True, kw_only=True)
class Run:
    """A rule, the instance it finds, the event, and what it said of it."""

    rule: CompiledRule
    instance: Instance
    event: Event
    view: View
    verdict: Verdict

    @property
    def specification(self) -> Specification:
        """Give the rule's definition."""
        return self.rule.specification

    @property
    def at(self) -> datetime:
        """Give the event's time."""
        return self.event.at

    def count(self, *, sent: bool = False) -> Counts:
        """Count this run; unknown counts as failed, and apart as well."""
        passed = self.verdict.truth is True
        return Counts(
            ran=1,
            passed=int(passed),
            failed=int(not passed),
            unknown=int(self.verdict.truth is None),
            sent=int(sent),
        )

    def transition(
        self,
        kind: TransitionKind,
        *,
        told: tuple[str, ...],
        opening: Position | None = None,
        version: int | None = None,
    ) -> Transition:
        """Describe what happened; an alert that begins here opens at this position."""
        return Transition(
            rule_id=self.rule.rule_id,
            version=self.rule.version if version is None else version,
            key=self.instance.key,
            kind=kind,
            at=self.event.at,
            position=self.event.position,
            opening=opening or self.event.position,
            told=told,
            values=self._values(),
            set=self.specification.leading_fact.set_under(self.instance.key),
            verdict=self.verdict,
            reason=self.verdict.reason,
        )

    def _values(self) -> dict[str, Value]:
        key = self.instance.key
        return {path.under(key): self.view.value(path, key) for path in self.rule.reads}


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """What a run changed: the instance as it is now, a transition if there was one."""

    instance: Instance
    counts: Counts
    transition: Transition | None = None
