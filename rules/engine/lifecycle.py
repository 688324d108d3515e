"""State rules: an alert that opens when the conditions hold, and resolves after.

========  =========  ========  ==========
from      when       to        transition
========  =========  ========  ==========
inactive  true       firing    opened
firing    false      inactive  resolved
any       unknown    the same  none
========  =========  ========  ==========
"""

from dataclasses import replace

from rules.engine.cooldowns import outputs_to_tell, tell
from rules.engine.instances import Instance, InstanceState
from rules.engine.runs import Outcome, Run
from rules.engine.transitions import TransitionKind

_TOLD_OF_OPENING = "told_of_opening"


def run_state(run: Run) -> Outcome:
    """Run a state rule: open, resolve, or leave the instance as it was."""
    truth = run.verdict.truth
    if truth is True and not run.instance.is_open:
        return _open(run)
    if truth is False and run.instance.is_open:
        return _resolve(run)
    return Outcome(instance=run.instance, counts=run.count())


def _open(run: Run) -> Outcome:
    """Open an alert; a cool-down holds back the telling, never the alert."""
    told = outputs_to_tell(run.specification.outputs, run.instance.told, run.at)
    opened = replace(
        run.instance,
        version=run.rule.version,
        state=InstanceState.FIRING,
        since=run.at,
        opening=run.event.position,
        told=tell(run.instance.told, told, run.at),
        memory={_TOLD_OF_OPENING: list(told)},
    )
    return Outcome(
        instance=opened,
        counts=run.count(sent=bool(told)),
        transition=run.transition(TransitionKind.OPENED, told=told),
    )


def _resolve(run: Run) -> Outcome:
    """Resolve the alert; whoever was told that it opened is told, cool-down or not."""
    before = run.instance
    told = _told_of_opening(before) if run.specification.announces_resolve else ()
    resolved = replace(
        before, state=InstanceState.INACTIVE, since=None, opening=None, memory={}
    )
    return Outcome(
        instance=resolved,
        counts=run.count(),
        transition=run.transition(
            TransitionKind.RESOLVED,
            told=told,
            opening=before.opening,
            version=before.version,
        ),
    )


def _told_of_opening(instance: Instance) -> tuple[str, ...]:
    outputs = instance.memory.get(_TOLD_OF_OPENING)
    return tuple(outputs) if isinstance(outputs, list | tuple) else ()
