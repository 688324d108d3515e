"""Reminders: telling again of an alert that stays open.

By time (``remind_every``), or when the leading fact has moved so far since the alert
was told of last (``again_if_moved``). A reminder is told to each output whose cool-down
is over; the feed counts as one. If none is to be told, there is no reminder.
"""

from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

from rules.engine.cooldowns import (
    FEED,
    feed_cool_down,
    is_over,
    outputs_to_tell,
    tell,
)
from rules.engine.instances import Instance, InstanceState
from rules.engine.lifecycle import TOLD_OF_OPENING, told_of_opening
from rules.engine.runs import Outcome, Run
from rules.engine.signals import has_moved_since
from rules.engine.timers import Timer
from rules.engine.transitions import TransitionKind

_TOLD_AT_VALUE = "told_at_value"


def told_at(instance: Instance) -> Any:  # Any: what was kept
    """Give the value from which an open alert moves; ``None`` if none is known."""
    return instance.memory.get(_TOLD_AT_VALUE)


def watch_reminders(run: Run, instance: Instance) -> Instance:
    """Give the instance with what its reminders need, if its alert is open."""
    specification = run.specification
    every, moved = specification.remind_every, specification.again_if_moved
    if not instance.is_open:
        return instance.disarm(Timer.REMIND)
    if every is not None and Timer.REMIND not in instance.timers:
        instance = instance.arm(Timer.REMIND, run.at + every)
    if moved is not None and told_at(instance) is None:
        instance = _note_value(run, instance)
    has_opened = not run.instance.is_open
    if has_opened and (every is not None or moved is not None):
        told = tell(instance.told, (FEED,), run.at)
        instance = replace(instance, told=told)
    return instance


def remind_by_time(run: Run) -> Outcome:
    """Act on a timer for reminders.

    1. Of several that are due by now only the last is acted on: nobody is told late of
       what could not be told in time.
    2. If the alert is firing, those to be told are told.
    3. The timer is set anew, unless the rule does not remind any more.
    """
    instance, every = run.instance, run.specification.remind_every
    if every is None or not instance.is_open:
        return Outcome(instance=instance)
    instance = remind_next(instance, run.at, run.until, every)
    if instance.timers[Timer.REMIND] <= run.until:
        return Outcome(instance=instance)
    return _remind(run, instance)


def remind_if_moved(run: Run, outcome: Outcome) -> Outcome:
    """Remind of an alert that was open and still is, if its leading fact has moved."""
    moved = run.specification.again_if_moved
    if moved is None or not run.instance.is_open or outcome.transition is not None:
        return outcome
    if not has_moved_since(run, told_at(outcome.instance), moved):
        return outcome
    if outcome.instance.told.get(FEED) == run.at:
        # A timer has reminded of it at this very instant.
        return outcome
    reminded = _remind(run, outcome.instance)
    sent = bool(reminded.transition and reminded.transition.told)
    counts = run.counts(sent=sent and run.verdict.truth is True)
    return reminded._replace(counts=counts)


def remind_next(
    instance: Instance, at: datetime, until: datetime, every: timedelta
) -> Instance:
    """Set the timer for its last turn that is due by an instant, or for the next."""
    turns = max((until - at) // every, 1)
    return instance.arm(Timer.REMIND, at + turns * every)


def _remind(run: Run, instance: Instance) -> Outcome:
    """Tell those whose cool-down is over; they are told of the end too then."""
    if instance.state is not InstanceState.FIRING:
        return Outcome(instance=instance)
    outputs = run.specification.outputs
    told = outputs_to_tell(outputs, instance.told, run.at)
    feed = is_over(feed_cool_down(outputs), instance.told.get(FEED), run.at)
    if not told and not feed:
        return Outcome(instance=instance)
    knows = told_of_opening(instance)
    added = tuple(output for output in told if output not in knows)
    if added:
        memory = {**instance.memory, TOLD_OF_OPENING: [*knows, *added]}
        instance = replace(instance, memory=memory)
    return Outcome(
        instance=_note(run, instance, (*told, FEED) if feed else told),
        transition=run.transition(
            TransitionKind.REMINDED,
            told=told,
            opening=instance.opening,
            version=instance.version,
            reason=f"Still open: {run.verdict.reason}",
        ),
    )


def _note(run: Run, instance: Instance, told: tuple[str, ...]) -> Instance:
    """Note who was told, and at which value."""
    instance = replace(instance, told=tell(instance.told, told, run.at))
    if run.specification.again_if_moved is None:
        return instance
    return _note_value(run, instance)


def _note_value(run: Run, instance: Instance) -> Instance:
    memory = {**instance.memory, _TOLD_AT_VALUE: run.leading_value}
    return replace(instance, memory=memory)
