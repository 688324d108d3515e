"""From a rule's conditions to the tree that columns judge, where they can."""

from collections.abc import Callable, Iterable
from dataclasses import replace
from datetime import timedelta

from rules.columns.cuts import line_of
from rules.columns.history.trees import (
    Against,
    Branch,
    Counted,
    Following,
    Leaf,
    Over,
    Present,
    Tree,
    Worded,
)
from rules.engine import (
    Amount,
    Condition,
    FactPath,
    FieldType,
    Group,
    GroupKind,
    InSequence,
    Negation,
    Node,
    OfLast,
    OtherFact,
    Scores,
    Spell,
    Times,
    Window,
)

_COMPARED = frozenset({"gt", "gte", "lt", "lte", "eq", "ne"})
_MOMENT = timedelta(microseconds=1)
_MOVES = frozenset({"rise", "fall", "change"})
_PRESENCE = frozenset({"is_present", "is_missing"})
_WORDS = frozenset({FieldType.TEXT, FieldType.BOOLEAN})
_RECORDS = frozenset({"new_high", "new_low"})

Naming = Callable[[FactPath], str]
"""Names the column of a fact."""


def tree_of(
    node: Node, *, is_inverted: bool = False, name: Naming | None = None
) -> Tree | None:
    """Read joined conditions; what negates them goes down to their lines.

    None if there is one that columns do not know. Unless they are named otherwise,
    columns are called as the fields are, all of one key; and that of a named key, with
    which any is compared, stands beside.
    """
    match node:
        case Negation():
            return tree_of(node.member, is_inverted=not is_inverted, name=name)
        case Group():
            members = _all_of(node.members, name, is_inverted=is_inverted)
            is_all = (node.kind is GroupKind.ALL) != is_inverted
            return Branch(is_all=is_all, members=members) if members else None
        case Spell():
            return _counted(node, name, is_inverted=is_inverted)
        case InSequence():
            return _following(node, name, is_inverted=is_inverted)
    return _of_condition(node, name, is_inverted=is_inverted)


def _of_condition(
    node: Condition, name: Naming | None, *, is_inverted: bool
) -> Tree | None:
    field = _column(node.fact, name)
    if node.window is not None:
        return _over(node, node.window, field, is_inverted=is_inverted)
    if isinstance(node.wanted, OtherFact):
        return _against(node, node.wanted, name, is_inverted=is_inverted)
    if node.op in _PRESENCE:
        return _present(node, field, is_inverted=is_inverted)
    if _is_of_words(node):
        return Worded(field=field, condition=node, is_inverted=is_inverted)
    return _leaf(node, field, is_inverted=is_inverted)


def _column(fact: FactPath, name: Naming | None) -> str:
    return fact.root if name is None else name(fact)


def _is_of_words(condition: Condition) -> bool:
    """Tell whether a text or a boolean of the moment decides, and nothing else."""
    operator, wanted = condition.operator, condition.wanted
    if condition.looks_back or operator.asks_event or condition.fact.steps:
        return False
    if isinstance(wanted, OtherFact) or line_of(condition) is not None:
        return False
    return bool(operator.types & _WORDS)


def _all_of(
    nodes: Iterable[Node], name: Naming | None, *, is_inverted: bool = False
) -> tuple[Tree, ...] | None:
    trees = [tree_of(one, is_inverted=is_inverted, name=name) for one in nodes]
    known = tuple(one for one in trees if one is not None)
    return known if len(known) == len(trees) else None


def _leaf(condition: Condition, field: str, *, is_inverted: bool) -> Leaf | None:
    plain = Condition(fact=condition.fact, op=condition.op, wanted=condition.wanted)
    line = line_of(condition)
    if condition.fact.steps or condition != replace(plain, zone=condition.zone):
        return None
    if line is None or line.cuts is None:
        return None
    return Leaf(field=field, line=line.inverted() if is_inverted else line)


def _present(condition: Condition, field: str, *, is_inverted: bool) -> Present | None:
    plain = Condition(fact=condition.fact, op=condition.op, wanted=condition.wanted)
    if condition.fact.steps or condition != replace(plain, zone=condition.zone):
        return None
    return Present(
        field=field,
        is_inverted=(condition.op == "is_missing") != is_inverted,
    )


def _against(
    condition: Condition,
    wanted: OtherFact,
    name: Naming | None,
    *,
    is_inverted: bool,
) -> Against | None:
    """Read one fact beside another; whose that is, whoever asks has to see to."""
    plain = Condition(fact=condition.fact, op=condition.op, wanted=wanted)
    if condition.fact.steps or condition != replace(plain, zone=condition.zone):
        return None
    if wanted.fact.steps or condition.op not in _COMPARED:
        return None
    named, root = wanted.fact.named_key or "", wanted.fact.root
    of_key = named if name is None and condition.fact.any_key else ""
    return Against(
        field=_column(condition.fact, name),
        op=condition.op,
        wanted=wanted,
        # No field of the key itself is called that.
        beside=f"{of_key}:{root}" if of_key else _column(wanted.fact, name),
        of_key=of_key,
        is_inverted=is_inverted,
    )


def _over(
    condition: Condition, window: Window, field: str, *, is_inverted: bool
) -> Over | None:
    """Read a condition over a window of numbers."""
    wanted, op = condition.wanted, condition.op
    plain = Condition(fact=condition.fact, op=op, wanted=wanted, window=window)
    if condition.fact.steps or condition != replace(plain, zone=condition.zone):
        return None
    line, amount = line_of(condition), wanted if isinstance(wanted, Amount) else None
    scores = wanted if isinstance(wanted, Scores) else None
    if line is not None and line.cuts is None:
        return None
    is_asked = op in _RECORDS or (op in _MOVES and amount is not None)
    if window.tumbles or not (line or scores or is_asked):
        return None
    return Over(
        field=field,
        op=op,
        window=window,
        name=condition.window_id,
        line=line,
        amount=amount,
        scores=scores,
        is_inverted=is_inverted,
    )


def _counted(spell: Spell, name: Naming | None, *, is_inverted: bool) -> Counted | None:
    """Read what is to be so at several events."""
    member, modifier = tree_of(spell.member, name=name), spell.modifier
    if member is None:
        return None
    match modifier:
        case Times():
            return Counted(
                member=member,
                at_least=modifier.at_least,
                within=modifier.within // _MOMENT,
                name=spell.memory_id,
                is_inverted=is_inverted,
            )
        case OfLast():
            return Counted(
                member=member,
                at_least=modifier.at_least,
                of=modifier.of,
                name=spell.memory_id,
                is_inverted=is_inverted,
            )
    return None


def _following(
    node: InSequence, name: Naming | None, *, is_inverted: bool
) -> Following | None:
    steps = _all_of(node.steps, name)
    without = None if node.without is None else tree_of(node.without, name=name)
    if steps is None or (node.without is not None and without is None):
        return None
    return Following(
        steps=steps,
        without=without,
        within=node.within // _MOMENT,
        name=node.memory_id,
        is_inverted=is_inverted,
    )
