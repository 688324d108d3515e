"""State rules: an alert that opens when the conditions hold, and resolves after.

==========  =====================================  ==========  ==========
from        when                                   to          transition
==========  =====================================  ==========  ==========
inactive    true, and nothing need hold            firing      opened
inactive    true                                   pending
pending     true for as long as it must hold       firing      opened
pending     false                                  inactive
firing      recovered, and nothing need hold       inactive    resolved
firing      recovered                              recovering
recovering  recovered for as long as it must hold  inactive    resolved
recovering  no longer recovered                    firing
any         unknown                                the same
==========  =====================================  ==========  ==========

In mode ``on_window_close`` what is inactive stays so but where a window becomes final.
Where only what is new counts, it stays so as long as it has been since before the rule.

What must hold is seen to hold by an event, or by a timer where none comes.
"""

from dataclasses import replace
from datetime import timedelta

from rules.engine.cooldowns import outputs_to_tell, tell
from rules.engine.instances import Instance, InstanceState
from rules.engine.runs import Outcome, Run
from rules.engine.specification import Mode
from rules.engine.timers import Timer
from rules.engine.transitions import TransitionKind

TOLD_OF_OPENING = "told_of_opening"


def run_state(run: Run) -> Outcome:
    """Run a state rule: open, resolve, wait, or leave the instance as it was."""
    match run.instance.state:
        case InstanceState.INACTIVE:
            return _when_inactive(run)
        case InstanceState.PENDING:
            return _when_pending(run)
        case InstanceState.FIRING:
            return _when_firing(run)
    return _when_recovering(run)


def rest(instance: Instance) -> Instance:
    """Give the instance outside of the rule's active hours: what waits, begins anew."""
    nodes = {
        name: one for name, one in instance.nodes.items() if not name.startswith("held")
    }
    if len(nodes) < len(instance.nodes):
        instance = replace(instance, nodes=nodes)
    match instance.state:
        case InstanceState.PENDING:
            return _stop_waiting(instance, InstanceState.INACTIVE, Timer.HOLD)
        case InstanceState.RECOVERING:
            return _stop_waiting(instance, InstanceState.FIRING, Timer.RECOVER)
    return instance


def told_of_opening(instance: Instance) -> tuple[str, ...]:
    """Name the outputs that were told when the alert opened."""
    outputs = instance.memory.get(TOLD_OF_OPENING)
    return tuple(outputs) if isinstance(outputs, list | tuple) else ()


def _when_inactive(run: Run) -> Outcome:
    waits = run.specification.mode is Mode.ON_WINDOW_CLOSE and not run.closes
    if run.verdict.truth is not True or waits or run.is_old:
        return Outcome(instance=run.instance, counts=run.counts())
    if not run.specification.hold:
        return _open(run)
    return _wait(run, InstanceState.PENDING, Timer.HOLD, run.specification.hold)


def _when_pending(run: Run) -> Outcome:
    if run.verdict.truth is False:
        calmed = _stop_waiting(run.instance, InstanceState.INACTIVE, Timer.HOLD)
        return Outcome(instance=calmed, counts=run.counts())
    if run.verdict.truth and _has_held(run, run.specification.hold):
        return _open(run)
    return Outcome(instance=run.instance, counts=run.counts())


def _when_firing(run: Run) -> Outcome:
    if run.has_recovered is not True:
        return Outcome(instance=run.instance, counts=run.counts())
    hold = run.specification.recover.hold
    if not hold:
        return resolve(run)
    return _wait(run, InstanceState.RECOVERING, Timer.RECOVER, hold)


def _when_recovering(run: Run) -> Outcome:
    if run.has_recovered is False:
        again = _stop_waiting(run.instance, InstanceState.FIRING, Timer.RECOVER)
        return Outcome(instance=again, counts=run.counts())
    if run.has_recovered and _has_held(run, run.specification.recover.hold):
        return resolve(run)
    return Outcome(instance=run.instance, counts=run.counts())


def _has_held(run: Run, hold: timedelta) -> bool:
    since = run.instance.since
    return since is not None and run.at - since >= hold


def _wait(run: Run, state: InstanceState, timer: Timer, hold: timedelta) -> Outcome:
    waiting = replace(run.instance, version=run.version, state=state, since=run.at).arm(
        timer, run.at + hold
    )
    return Outcome(instance=waiting, counts=run.counts())


def _stop_waiting(instance: Instance, state: InstanceState, timer: Timer) -> Instance:
    return replace(instance, state=state, since=None).disarm(timer)


def _open(run: Run) -> Outcome:
    """Open an alert; a cool-down holds back the telling, never the alert."""
    told = outputs_to_tell(run.specification.outputs, run.instance.told, run.at)
    opened = replace(
        run.instance,
        version=run.rule.version,
        state=InstanceState.FIRING,
        since=run.at,
        opening=run.position,
        told=tell(run.instance.told, told, run.at),
        memory={TOLD_OF_OPENING: list(told)},
    ).disarm(Timer.HOLD)
    return Outcome(
        instance=opened,
        counts=run.counts(sent=bool(told)),
        transition=run.transition(TransitionKind.OPENED, told=told),
    )


def resolve(run: Run, *, reason: str = "") -> Outcome:
    """Resolve the alert; whoever was told that it opened is told, cool-down or not."""
    before = run.instance
    told = told_of_opening(before) if run.specification.announces_resolve else ()
    resolved = replace(
        before, state=InstanceState.INACTIVE, since=None, opening=None, memory={}
    )
    for timer in (Timer.RECOVER, Timer.NO_DATA, Timer.REMIND):
        resolved = resolved.disarm(timer)
    return Outcome(
        instance=resolved,
        counts=run.counts(),
        transition=run.transition(
            TransitionKind.RESOLVED,
            told=told,
            opening=before.opening,
            version=before.version,
            reason=reason,
        ),
    )
