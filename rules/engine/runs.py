"""One run of one rule on one event: what it is given, and what it answers."""

from collections.abc import Iterator
from datetime import datetime
from typing import NamedTuple

from rules.engine.events import Position, View
from rules.engine.instances import Instance
from rules.engine.program import CompiledRule
from rules.engine.specification import Severity, SeverityStep, Specification
from rules.engine.transitions import Counts, Transition, TransitionKind
from rules.engine.values import Truth, Value
from rules.engine.verdicts import Verdict, not_of

_ONE_RUN = {
    (truth, sent): Counts(
        ran=1,
        passed=int(truth is True),
        failed=int(truth is not True),
        unknown=int(truth is None),
        sent=int(sent),
    )
    for truth in (True, False, None)
    for sent in (True, False)
}
"""What one run counts, by its truth and whether an output was told of it."""

_NOTHING = Counts()

_BEGINNINGS = frozenset({TransitionKind.RAISED, TransitionKind.OPENED})


class Run(NamedTuple):
    """A rule, the instance it finds, the moment, and what it said of it.

    ``recovery`` is what its conditions for recovery said, where it has any. ``until``
    is the time of what happens now, where a timer is fired that was due before.
    ``steps`` are what was said of those of its ladder. ``closes`` tells that a tumbling
    window that its conditions ask about became final just now, ``is_old`` that they
    have been true since before the rule began, which it does not tell of.

    A tuple, as one is made for every run: a third of what a frozen dataclass costs.
    """

    rule: CompiledRule
    instance: Instance
    position: Position
    view: View
    verdict: Verdict
    until: datetime
    recovery: Verdict | None = None
    steps: tuple[Verdict, ...] = ()
    closes: bool = False
    is_old: bool = False

    @property
    def specification(self) -> Specification:
        """Give the rule's definition."""
        return self.rule.specification

    @property
    def at(self) -> datetime:
        """Give the time of the event, or that for which the timer was set."""
        return self.view.at

    @property
    def version(self) -> int:
        """Give the version of a change: while open, that under which it opened."""
        if self.instance.is_open:
            return self.instance.version
        return self.rule.version

    @property
    def has_recovered(self) -> Truth:
        """Tell whether what ends an alert is true."""
        if self.recovery is not None:
            return self.recovery.truth
        return not_of(self.verdict.truth)

    @property
    def severity(self) -> Severity:
        """Give how bad an alert is that begins here."""
        return self.severity_from(None)

    def severity_from(self, carried: Severity | None) -> Severity:
        """Give the highest step that is true, or unknown with the alert upon it."""
        found = [
            step.severity
            for step, verdict in self._ladder
            if verdict.truth or (verdict.truth is None and step.severity is carried)
        ]
        return max(found, key=lambda one: one.rank, default=self.specification.severity)

    def step_between(self, before: Severity, now: Severity) -> Verdict:
        """Give what was said of the step that is reached, else of the one left."""
        said = {step.severity: verdict for step, verdict in self._ladder}
        reached = said.get(now)
        if reached is not None and reached.truth:
            return reached
        return said.get(before, self.verdict)

    @property
    def _ladder(self) -> Iterator[tuple[SeverityStep, Verdict]]:
        return zip(self.specification.ladder, self.steps, strict=True)

    @property
    def leading_value(self) -> Value:
        """Give the value of the fact that an alert is about."""
        return self.view.value(self.specification.leading_fact, self.instance.key)

    def counts(self, *, sent: bool = False) -> Counts:
        """Count this run; unknown counts as failed, and apart as well."""
        return _ONE_RUN[self.verdict.truth, sent]

    def transition(
        self,
        kind: TransitionKind,
        *,
        told: tuple[str, ...],
        opening: Position | None = None,
        version: int | None = None,
        severity: Severity | None = None,
        reason: str = "",
    ) -> Transition:
        """Describe what happened; an alert that begins here opens at this position."""
        verdict = self.verdict
        if kind in _BEGINNINGS:
            severity = self.severity
        if kind is TransitionKind.RESOLVED and self.recovery is not None:
            verdict = self.recovery
        return Transition(
            rule_id=self.rule.rule_id,
            version=self.rule.version if version is None else version,
            key=self.instance.key,
            kind=kind,
            at=self.at,
            position=self.position,
            opening=opening or self.position,
            told=told,
            values=self._values(),
            set=self.specification.leading_fact.set_under(self.instance.key),
            verdict=verdict,
            reason=reason or verdict.reason,
            severity=severity,
        )

    def _values(self) -> dict[str, Value]:
        key = self.instance.key
        return {path.under(key): self.view.value(path, key) for path in self.rule.reads}


class Outcome(NamedTuple):
    """What a run changed: the instance as it is now, a transition if there was one."""

    instance: Instance
    counts: Counts = _NOTHING
    transition: Transition | None = None
