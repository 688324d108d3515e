"""Keys that fall silent while an alert of theirs is open."""

from dataclasses import replace
from datetime import datetime

from rules.engine.durations import say_duration
from rules.engine.events import subject_of
from rules.engine.instances import Instance
from rules.engine.lifecycle import resolve, told_of_opening
from rules.engine.runs import Outcome, Run
from rules.engine.specification import NoData, OnSilence
from rules.engine.timers import Timer
from rules.engine.transitions import Counts, TransitionKind

_SAID = "said_no_data"


def watch_silence(run: Run, instance: Instance) -> Instance:
    """Give the instance with its timer for silence set, if its alert is open.

    An event ends the silence, so that the next one is told again.
    """
    no_data = run.specification.no_data
    if no_data is None or no_data.then is OnSilence.KEEP or not instance.is_open:
        return instance
    if _SAID in instance.memory:
        heard = {name: one for name, one in instance.memory.items() if name != _SAID}
        instance = replace(instance, memory=heard)
    if Timer.NO_DATA in instance.timers:
        return instance
    return instance.arm(Timer.NO_DATA, run.at + no_data.after)


def note_silence(run: Run) -> Outcome:
    """Act on a timer for silence: sleep on, tell, or resolve.

    1. If the key was heard of since the timer was set, it is set anew.
    2. Else the alert resolves with that reason, or those who were told that it opened
       are told of the silence, once until the key is heard of again.
    """
    instance = run.instance.disarm(Timer.NO_DATA)
    no_data, seen = run.specification.no_data, _seen(run)
    if no_data is None or not instance.is_open or seen is None:
        return Outcome(instance=instance)
    if seen + no_data.after > run.at:
        return Outcome(instance=instance.arm(Timer.NO_DATA, seen + no_data.after))
    reason = _say(run, no_data)
    run = run._replace(instance=instance)
    if no_data.then is OnSilence.RESOLVE:
        return resolve(run, reason=reason)._replace(counts=Counts())
    return Outcome(
        instance=replace(instance, memory={**instance.memory, _SAID: True}),
        transition=run.transition(
            TransitionKind.NO_DATA,
            told=told_of_opening(instance),
            opening=instance.opening,
            version=instance.version,
            reason=reason,
        ),
    )


def _seen(run: Run) -> datetime | None:
    leading = run.specification.leading_fact
    return run.view.seen(leading, run.instance.key)


def _say(run: Run, no_data: NoData) -> str:
    leading = run.specification.leading_fact
    _, key = subject_of(leading, run.instance.key, run.view.series)
    return say_silence(key, no_data)


def say_silence(key: str, no_data: NoData) -> str:
    """Say why an alert resolved, or who was told: nothing was heard of a key."""
    return f"Nothing was heard of {key} for {say_duration(no_data.after)}."
