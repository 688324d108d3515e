"""The ladder of severities: how bad an alert is, as long as it fires.

An alert carries the highest severity whose step is true, and the rule's own where none
is. A step that is unknown leaves an alert that stands on it there. What is worse than
the alert has been yet is told at once, to every output; a step that it has taken before
is told to those whose cool-down is over; that it has eased is told to none, and stands
in history and feed.
"""

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

from rules.engine.cooldowns import outputs_to_tell, tell
from rules.engine.instances import Instance, InstanceState
from rules.engine.lifecycle import TOLD_OF_OPENING, told_of_opening
from rules.engine.nodes import Node
from rules.engine.places import Place
from rules.engine.runs import Outcome, Run
from rules.engine.specification import Severity, SeverityStep
from rules.engine.transitions import TransitionKind

_CARRIED, _WORST = "severity", "worst_severity"


def change_severity(run: Run, outcome: Outcome) -> Outcome:
    """Note the severity of an alert that opens, and change that of one that fires."""
    specification, instance = run.specification, outcome.instance
    if not specification.ladder:
        return outcome
    if outcome.transition is not None:
        if outcome.transition.kind is TransitionKind.OPENED:
            carried = _carry(instance, run.severity, run.severity)
            return outcome._replace(instance=carried)
        return outcome
    if not run.instance.is_open or instance.state is not InstanceState.FIRING:
        return outcome
    before = _read(instance, _CARRIED, specification.severity)
    now = run.severity_from(before)
    return outcome if now is before else _change(run, outcome, before, now)


def _change(run: Run, outcome: Outcome, before: Severity, now: Severity) -> Outcome:
    """Tell of another severity, and remember the worst there was."""
    instance = outcome.instance
    worst = _read(instance, _WORST, before)
    told: tuple[str, ...] = ()
    kind = TransitionKind.EASED
    if now.rank > before.rank:
        kind = TransitionKind.ESCALATED
        uses = run.specification.outputs
        told = outputs_to_tell(uses, instance.told, run.at)
        if now.rank > worst.rank:
            told = tuple(use.output for use in uses)
    worst = max(worst, now, key=lambda one: one.rank)
    instance = _tell(run, _carry(instance, now, worst), told)
    return outcome._replace(
        instance=instance,
        counts=run.counts(sent=bool(told) and run.verdict.truth is True),
        transition=run.transition(
            kind,
            told=told,
            opening=instance.opening,
            version=instance.version,
            severity=now,
            reason=f"{_SAID[now]} now: {run.step_between(before, now).reason}",
        ),
    )


_SAID = {
    Severity.CRITICAL: "Critical",
    Severity.WARNING: "A warning",
    Severity.INFO: "A notice",
}


def _tell(run: Run, instance: Instance, told: tuple[str, ...]) -> Instance:
    """Note who was told; they are told of the end too then."""
    knows = told_of_opening(instance)
    added = [output for output in told if output not in knows]
    memory = {**instance.memory, TOLD_OF_OPENING: [*knows, *added]}
    return replace(instance, memory=memory, told=tell(instance.told, told, run.at))


def _carry(instance: Instance, now: Severity, worst: Severity) -> Instance:
    memory = {**instance.memory, _CARRIED: str(now), _WORST: str(worst)}
    return replace(instance, memory=memory)


def _read(instance: Instance, name: str, otherwise: Severity) -> Severity:
    kept: Any = instance.memory.get(name)  # Any: what was kept
    return otherwise if kept is None else Severity(kept)


def read_ladder(
    place: Place | None, read_node: Callable[[Place], Node | None]
) -> tuple[SeverityStep, ...]:
    """Read ``[{"when": <condition>, "is": "critical"}]``, each severity once."""
    found: dict[Severity, SeverityStep] = {}
    listed = [] if place is None or place.value is None else place.items()
    for step in listed:
        members = step.members(("when", "is"))
        if members is None:
            continue
        if members.keys() != {"when", "is"}:
            step.refuse("missing", 'Say "when", a condition, "is" which severity.')
            continue
        when, severity = read_node(members["when"]), members["is"].choice(Severity)
        if severity in found:
            members["is"].refuse(
                "duplicate_step",
                f"There is a step for {severity} already; put both conditions into one,"
                ' {"any": [...]}.',
            )
        elif when is not None and severity is not None:
            found[severity] = SeverityStep(when=when, severity=severity)
    return tuple(found.values())


def write_ladder(
    ladder: tuple[SeverityStep, ...], write_node: Callable[[Node], object]
) -> Mapping[str, object]:
    """Write the steps; nothing where there are none."""
    if not ladder:
        return {}
    steps = [
        {"when": write_node(step.when), "is": str(step.severity)} for step in ladder
    ]
    return {"ladder": steps}
