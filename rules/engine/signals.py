"""Signal rules: an alert per qualifying event, and no lifecycle."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime
from fractions import Fraction
from typing import Any

from rules.engine.cooldowns import (
    FEED,
    feed_cool_down,
    is_over,
    outputs_to_tell,
    tell,
)
from rules.engine.instances import Instance
from rules.engine.operands import Amount
from rules.engine.operators.moves import least_move
from rules.engine.runs import Outcome, Run
from rules.engine.specification import Mode, Specification
from rules.engine.transitions import TransitionKind
from rules.engine.values import Value, is_number

_WAS_TRUE = "was_true"
_ALERTED = "alerted"


def run_signal(run: Run) -> Outcome:
    """Run a signal rule.

    1. If its conditions are true, the rule passes.
    2. In mode ``on_enter`` a pass is told only if the run before was false or unknown,
       in ``again_if_moved`` only if the leading fact has moved so far since the last
       alert of the key, and in ``once_per_key`` only if none was raised yet. In mode
       ``once`` the rule does not run any more once it has raised an alert.
    3. Where only what is new counts, a pass is not told that was one before the rule
       began.
    4. A pass is told to each output whose cool-down is over; the feed counts as one.
    5. If at least one is told, the pass raises an alert; otherwise it is only counted.
    """
    instance = _remember(run)
    if not _is_to_be_told(run):
        return Outcome(instance=instance, counts=run.counts())
    telling = tell_pass(run.specification, instance, run.at)
    if telling is None:
        return Outcome(instance=instance, counts=run.counts())
    instance, told = telling
    return Outcome(
        instance=replace(
            instance, version=run.rule.version, memory=_remember_alert(run, instance)
        ),
        counts=run.counts(sent=bool(told)),
        transition=run.transition(TransitionKind.RAISED, told=told),
    )


def tell_pass(
    specification: Specification, instance: Instance, at: datetime
) -> tuple[Instance, tuple[str, ...]] | None:
    """Note who is told of a pass, and name the outputs; ``None`` if nobody is."""
    outputs = specification.outputs
    told = outputs_to_tell(outputs, instance.told, at)
    feed = is_over(feed_cool_down(outputs), instance.told.get(FEED), at)
    if not told and not feed:
        return None
    noted = (*told, FEED) if feed else told
    return replace(instance, told=tell(instance.told, noted, at)), told


def is_done(specification: Specification, instance: Instance) -> bool:
    """Tell whether a rule has raised all the alerts that it may under this key."""
    once = specification.mode is Mode.ONCE_PER_KEY
    return once and _ALERTED in instance.memory


def alerted_at(instance: Instance) -> Any:  # Any: what was kept
    """Give the value at which a key was last told of, where the mode asks for it."""
    return instance.memory.get(_ALERTED)


def is_finished(shared: Instance) -> bool:
    """Tell, of the instance that its keys share, whether a rule's one alert is out."""
    return _ALERTED in shared.memory


def finish(shared: Instance) -> Instance:
    """Note that a rule has raised its one alert, and runs no more."""
    return replace(shared, memory={_ALERTED: True})


def _is_to_be_told(run: Run) -> bool:
    if run.verdict.truth is not True or run.is_old:
        return False
    match run.specification.mode:
        case Mode.ON_ENTER:
            return not _was_true(run)
        case Mode.AGAIN_IF_MOVED:
            return _has_moved(run)
        case Mode.ONCE_PER_KEY:
            return not is_done(run.specification, run.instance)
    return True


def _has_moved(run: Run) -> bool:
    """Tell whether the leading fact has moved far enough since the last alert."""
    amount = run.specification.again_if_moved
    last = alerted_at(run.instance)
    if last is None:
        return True
    return amount is not None and has_moved_since(run, last, amount)


def has_moved_since(run: Run, last: Value, amount: Amount) -> bool:
    """Tell whether the leading fact has moved so far from a value."""
    now = run.leading_value
    if not (is_number(now) and is_number(last)):
        return False
    least = least_move(last, amount)
    return least is not None and abs(Fraction(now) - Fraction(last)) >= least


def _remember_alert(run: Run, instance: Instance) -> Mapping[str, object]:
    """Keep, where the mode asks for it, at which value the key was last told of."""
    match run.specification.mode:
        case Mode.AGAIN_IF_MOVED:
            return {**instance.memory, _ALERTED: run.leading_value}
        case Mode.ONCE_PER_KEY:
            return {**instance.memory, _ALERTED: True}
    return instance.memory


def _was_true(run: Run) -> bool:
    return run.instance.memory.get(_WAS_TRUE) is True


def _remember(run: Run) -> Instance:
    """Keep, for ``on_enter``, whether this run was true."""
    is_true = run.verdict.truth is True
    if run.specification.mode is not Mode.ON_ENTER or is_true is _was_true(run):
        return run.instance
    memory = {_WAS_TRUE: True} if is_true else {}
    return replace(run.instance, version=run.rule.version, memory=memory)
