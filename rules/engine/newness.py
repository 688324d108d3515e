"""Only what becomes so from now on: what was so when a rule began is not told.

What a rule asks of values alone can have been so before it began. What it asks over a
time begins with it, and is unknown of the time before; what must last, or come several
times, is looked at as if once were enough.
"""

from rules.engine.events import View
from rules.engine.instances import Instance, InstanceState
from rules.engine.memory import Memory
from rules.engine.nodes import Condition, Group, GroupKind, Negation, Node, Spell
from rules.engine.specification import Specification
from rules.engine.values import Truth
from rules.engine.verdicts import all_of, any_of, judge, not_of

_STILL = "still"


def is_still_so(
    specification: Specification,
    instance: Instance,
    view: View,
    memory: Memory,
    *,
    truth: Truth,
) -> bool:
    """Tell whether a key is as the rule found it when it began: true already.

    1. At the first run of a key its conditions are asked of the facts as they were
       before, at the time of the event that left them so. True is what was so already.
    2. It is so still until it is false once. After that nothing is held back.
    3. Where that is unknown of values alone, it is false if ``truth`` is, which is
       what the rule says of the moment.
    """
    if not specification.only_new:
        return False
    when, key = specification.when, instance.key
    was_so = memory.recall(_STILL)
    if was_so is None:
        is_begun = instance.state is not InstanceState.INACTIVE
        was_so = not is_begun and _ask(when, _before(view), key) is True
    now = _ask(when, view, key)
    is_so = was_so is True and (truth if now is None else now) is not False
    memory.keep(_STILL, is_so)
    return is_so


def is_held_back(instance: Instance) -> bool:
    """Tell whether what is true of a key is not told, as it was so from the first."""
    return instance.nodes.get(_STILL) is True


def _before(view: View) -> View:
    """See the facts as they were before what happens now."""
    at = view.before.watermark or view.at
    return View.standing(view.facts, view.subject, at=at, series=view.series)


def _ask(node: Node, view: View, key: str) -> Truth:
    """Judge what is asked of values alone; the rest is unknown."""
    match node:
        case Spell(member=member):
            return _ask(member, view, key)
        case Negation(member=member):
            return not_of(_ask(member, view, key))
        case Group(kind=kind, members=members):
            truths = [_ask(one, view, key) for one in members]
            return all_of(truths) if kind is GroupKind.ALL else any_of(truths)
        case Condition(looks_back=False) if not node.operator.asks_event:
            return judge(node, view, key, Memory({})).truth
    return None
