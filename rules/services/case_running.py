"""Running rule tests: the events and timers of a case through the engine."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from datetime import datetime, timedelta

from rules.engine import (
    Event,
    Instance,
    KeyFacts,
    Position,
    Program,
    Series,
    Slice,
    Specification,
    Subject,
    Tick,
    Transition,
    step,
)
from rules.services.case_files import (
    Case,
    CaseEvent,
    CaseFile,
    Expected,
    read_case_file,
)

#: The rule has no id of its own in a file.
_RULE = 1


@dataclass(frozen=True, slots=True, kw_only=True)
class CaseResult:
    """What became of a case: what did not come, and what came unasked.

    `errors` are the engine's sentences about events that the rule could not judge.
    """

    case: Case
    missing: list[Expected]
    unexpected: list[Expected]
    errors: list[str]

    @property
    def has_passed(self) -> bool:
        """Say whether exactly what was expected came."""
        return not (self.missing or self.unexpected or self.errors)


def run_rule_tests(*, text: bytes) -> list[CaseResult]:
    """Run every case of a file, each over an empty state; stores nothing.

    Raises:
        CaseFileInvalid: with every mistake that was found, each at its line.
    """
    file = read_case_file(text)
    return [_run_case(file, case) for case in file.cases]


def _run_case(file: CaseFile, case: Case) -> CaseResult:
    run = _Run(file.specification, file.lateness, case.start)
    for event in case.events:
        run.send(event, case.start + event.at)
    run.pass_until(case.start + case.until)
    came = Counter(
        Expected(at=one.at - case.start, key=one.key, kind=one.kind.value)
        for one in run.transitions
    )
    expected = Counter(case.expected)
    return CaseResult(
        case=case,
        missing=sorted((expected - came).elements()),
        unexpected=sorted((came - expected).elements()),
        errors=run.errors,
    )


class _Run:
    """A lane of one rule that is judged as it happens, and its clock."""

    def __init__(
        self, specification: Specification, lateness: timedelta | None, start: datetime
    ) -> None:
        self.transitions: list[Transition] = []
        self.errors: list[str] = []
        self._program = Program()
        if lateness is not None:
            reads = specification.facts + specification.include
            for path in reads:
                self._program.series[path.series] = Series(lateness=lateness)
        self._program.put(_RULE, 1, specification)
        self._facts: dict[Subject, KeyFacts] = {}
        self._instances: dict[tuple[int, str], Instance] = {}
        self._armed: dict[Subject, set[tuple[int, str]]] = {}
        #: When the sweep looks at an instance, by its key.
        self._wakes: dict[str, datetime] = {}
        self._clock = start
        self._seq = 0

    def send(self, event: CaseEvent, at: datetime) -> None:
        """Judge an event; one of the past is received now."""
        self.pass_until(at)
        self._judge(
            Event(
                series=event.series,
                key=event.key,
                fields=event.fields,
                at=at,
                position=self._next_position(),
            )
        )

    def pass_until(self, instant: datetime) -> None:
        """Let time pass, and fire the timers whose time comes, in its order."""
        while due := [(at, key) for key, at in self._wakes.items() if at <= instant]:
            at, key = min(due)
            self._clock = max(self._clock, at)
            del self._wakes[key]
            timer_at = self._instances[_RULE, key].wakes_at or at
            position = self._next_position()
            self._judge(Tick(rule_id=_RULE, key=key, at=timer_at, position=position))
        self._clock = max(self._clock, instant)

    def _next_position(self) -> Position:
        self._seq += 1
        return Position(self._seq, 0)

    def _judge(self, happening: Event | Tick) -> None:
        state = Slice(facts=self._facts, instances=self._instances, armed=self._armed)
        result = step(self._program, state, happening)
        for instance in result.instances.values():
            self._set_wake(instance, happening.at)
            self._know(instance)
        self._facts.update(result.facts)
        self.transitions += result.transitions
        self.errors += result.errors.values()

    def _know(self, instance: Instance) -> None:
        named = (_RULE, instance.key)
        self._instances[named] = instance
        rule = self._program.rule(_RULE)
        subject = self._program.subject_of(rule, instance.key)
        armed = self._armed.setdefault(subject, set())
        if instance.timers:
            armed.add(named)
        else:
            armed.discard(named)

    def _set_wake(self, instance: Instance, at: datetime) -> None:
        """Let the sweep look as long after receipt as the timer is after the event."""
        key, due_at = instance.key, instance.wakes_at
        known = self._instances.get((_RULE, key))
        if due_at is None:
            self._wakes.pop(key, None)
        elif known is None or known.wakes_at != due_at or key not in self._wakes:
            self._wakes[key] = self._clock + (due_at - at)
