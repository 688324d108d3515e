"""``step``: the engine's one truth. Everything that judges events calls it."""

from dataclasses import dataclass, field, replace

from rules.engine.events import NO_FACTS, Event, View
from rules.engine.instances import Instance
from rules.engine.lifecycle import run_state
from rules.engine.memory import Memory
from rules.engine.program import CompiledRule, Program
from rules.engine.runs import Outcome, Run
from rules.engine.signals import run_signal
from rules.engine.specification import RuleKind
from rules.engine.transitions import (
    Counts,
    InstanceId,
    Slice,
    StepResult,
    Transition,
)
from rules.engine.verdicts import judge


def step(program: Program, state: Slice, event: Event) -> StepResult:
    """Judge one event, and give what it changes; nothing given is altered.

    1. The event's fields are taken in, all of them, before any rule looks.
    2. An event that is late, or says so, leaves the facts as they were.
    3. An event that raises nothing runs no rule; its facts have moved, so a rule that
       became true so fires on the key's next event.
    4. The rules that read one of its fields run, in the order of their ids. Those with
       a memory do not see late events; the others judge them over the current facts.
    5. A rule that cannot be judged is noted, and stops no other.
    """
    before = state.facts.get(event.subject, NO_FACTS)
    late = before.is_late(event.at, program.lateness_of(event.series))
    taken = before.take_in(event)
    view = View(
        facts=state.facts,
        subject=event.subject,
        own=taken,
        before=before,
        carried=event.fields.keys(),
        at=event.at,
        series=program.series,
    )
    decided = _Decided()
    for rule in program.rules_on(event) if event.raises else ():
        if not late or rule.sees_late_events:
            _run_safely(rule, state, event, view, decided)
    return StepResult(
        facts={event.subject: taken} if event.moves_facts and not late else {},
        instances=decided.instances,
        transitions=tuple(decided.transitions),
        counts=decided.counts,
        late=late,
        errors=decided.errors,
    )


@dataclass(slots=True)
class _Decided:
    """What the rules of one step decided so far."""

    instances: dict[InstanceId, Instance] = field(default_factory=dict)
    transitions: list[Transition] = field(default_factory=list)
    counts: dict[int, Counts] = field(default_factory=dict)
    errors: dict[int, str] = field(default_factory=dict)


def _run_safely(
    rule: CompiledRule, state: Slice, event: Event, view: View, decided: _Decided
) -> None:
    try:
        before = _instance(rule, state, event)
        outcome = _run(rule, before, event, view)
    except Exception as error:  # noqa: BLE001 - one rule must never stop its lane
        decided.errors[rule.rule_id] = f"{type(error).__name__}: {error}"
        return
    decided.counts[rule.rule_id] = outcome.counts
    if outcome.instance is not before:
        decided.instances[rule.rule_id, before.key] = outcome.instance
    if outcome.transition is not None:
        decided.transitions.append(outcome.transition)


def _instance(rule: CompiledRule, state: Slice, event: Event) -> Instance:
    key = rule.key_of(event)
    known = state.instances.get((rule.rule_id, key))
    if known is not None:
        return known
    return Instance(rule_id=rule.rule_id, key=key, version=rule.version)


def _run(rule: CompiledRule, instance: Instance, event: Event, view: View) -> Outcome:
    memory = Memory(instance.nodes)
    verdict = judge(rule.specification.when, view, instance.key, memory)
    if memory.has_changed:
        instance = replace(instance, version=rule.version, nodes=memory.kept)
    run = Run(rule=rule, instance=instance, event=event, view=view, verdict=verdict)
    if rule.specification.kind is RuleKind.STATE:
        return run_state(run)
    return run_signal(run)
