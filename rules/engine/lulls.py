"""Where runs that say what the run before said change nothing, and what ends that.

As long as each of its conditions says the same again, no run of a rule turns an
instance that the run before it left as it was, but for these: what waits without a
timer may have waited long enough, and what is told may be told again, once cool-downs
are over and the leading fact has moved as far as is asked. What time alone ends has a
timer. ``told`` and what is counted over events may change all the while.
"""

from dataclasses import dataclass
from fractions import Fraction

from rules.engine.instances import Instance, InstanceState
from rules.engine.newness import is_held_back
from rules.engine.operators.moves import least_move
from rules.engine.reminders import told_at
from rules.engine.signals import alerted_at, is_done
from rules.engine.specification import Mode, RuleKind, Specification
from rules.engine.timers import Timer
from rules.engine.values import Value, is_number

_TIMERS = {InstanceState.PENDING: Timer.HOLD, InstanceState.RECOVERING: Timer.RECOVER}


@dataclass(frozen=True, slots=True, kw_only=True)
class Lull:
    """What ends a lull besides time, and conditions that say something else.

    Where it ``tells``, that is a run at which a cool-down is over, and the leading fact
    at least so far from a value, if there is one to move from. ``goes_on`` says that
    the lull does, whoever is told: the pass is one like those before it.
    """

    tells: bool = False
    goes_on: bool = False
    moves_from: Value = None
    least: Fraction = Fraction(0)


_NOTHING = Lull()


def lull_of(
    specification: Specification, instance: Instance, *, passed: bool
) -> Lull | None:
    """Say what ends the lull of an instance; ``None`` if the next run may do so.

    ``passed`` tells that the rule was true at the last run.
    """
    timer = _TIMERS.get(instance.state)
    if timer is not None and timer not in instance.timers:
        return None
    if specification.kind is RuleKind.STATE:
        return _of_state(specification, instance)
    if specification.mode is Mode.ON_ENTER or is_held_back(instance):
        return _NOTHING
    match specification.mode:
        case Mode.ONCE_PER_KEY:
            return Lull(tells=passed and not is_done(specification, instance))
        case Mode.AGAIN_IF_MOVED if passed and alerted_at(instance) is not None:
            return _moving(specification, alerted_at(instance))
    return Lull(tells=passed, goes_on=passed and specification.mode is Mode.EVERY_MATCH)


def _of_state(specification: Specification, instance: Instance) -> Lull | None:
    if specification.again_if_moved is None or not instance.is_open:
        return _NOTHING
    if told_at(instance) is None:
        return None
    if instance.state is not InstanceState.FIRING:
        return _NOTHING
    return _moving(specification, told_at(instance))


def _moving(specification: Specification, value: Value) -> Lull:
    amount = specification.again_if_moved
    least = least_move(value, amount) if amount and is_number(value) else None
    if least is None:
        return _NOTHING
    return Lull(tells=True, moves_from=value, least=least)
