"""Which rules columns can answer, and what has to be asked of them."""

from dataclasses import replace
from datetime import timedelta

from rules.columns.cuts import Line, Number, at_or_above, is_number, line_of
from rules.columns.history.questions import SIDES, Move, Question, Watch
from rules.columns.history.tree_reading import tree_of
from rules.columns.history.trees import (
    Following,
    Over,
    Present,
    Tree,
    nodes_of,
    turns_by_time,
)
from rules.columns.knowing import ANSWERED, says_only
from rules.engine import (
    Amount,
    Condition,
    Constant,
    Group,
    Mode,
    Negation,
    Node,
    OnSilence,
    RuleKind,
    Span,
    Specification,
    feed_cool_down,
)

#: As many outputs have room in the bits of what was told.
MOST_OUTPUTS = 60
_MOMENT = timedelta(microseconds=1)
_MODES = frozenset({Mode.EVERY_MATCH, Mode.ON_ENTER, Mode.ONCE_PER_KEY, Mode.ONCE})
#: Which ways an operator waits for: up, down.
_CROSSINGS = {
    "cross_up": (True, False),
    "cross_down": (False, True),
    "cross": (True, True),
}
_MOVES = frozenset({"rise", "fall", "change"})


def question_of(spec: Specification) -> Question | None:
    """Say what a rule asks of the columns; none if they cannot answer it.

    They answer for signal rules and for state rules, also of what must last. Conditions
    are about numbers of one key of one dataset, or about windows of them, and their
    right sides are written out, or another field of the key; one that stands alone may
    also ask for a crossing, or for a move.
    """
    if not _is_plain(spec):
        return None
    is_resolved = spec.no_data is not None and spec.no_data.then is OnSilence.RESOLVE
    found = _of_several(spec) if is_resolved else _found(spec)
    waits = bool(spec.hold or spec.recover.hold)
    if found is None or (waits and _is_momentary(found)):
        return None
    if spec.only_new and not _begins_unknown(spec, found):
        return None
    watch = None
    if spec.active is not None or spec.expires_at is not None:
        watch = Watch(active=spec.active, expires_at=spec.expires_at)
        if waits or not _may_rest(found):
            return None
    quiet = 0
    if is_resolved and spec.no_data is not None:
        quiet = spec.no_data.after // _MOMENT
        if waits or watch is not None or found.tree is None or found.departing:
            return None
    return replace(
        found,
        watch=watch,
        quiet=quiet,
        only_new=spec.only_new,
        kind=spec.kind,
        mode=spec.mode,
        outputs=tuple(use.output for use in spec.outputs),
        cool_downs=tuple(use.cool_down // _MOMENT for use in spec.outputs),
        feed_cool_down=feed_cool_down(spec.outputs) // _MOMENT,
        announces=spec.announces_resolve,
        hold=spec.hold // _MOMENT,
        recover_hold=spec.recover.hold // _MOMENT,
    )


def _found(spec: Specification) -> Question | None:
    return _of_silence(spec) or _of_one(spec) or _of_several(spec)


def _of_silence(spec: Specification) -> Question | None:
    """Read a rule that only asks whether a key is silent.

    Of a signal rule each silence must be noticed by somebody, or by the feed.
    """
    when = spec.when
    if not isinstance(when, Condition) or not isinstance(when.wanted, Span):
        return None
    plain = Condition(fact=when.fact, op="silent", wanted=when.wanted)
    if when.fact.steps or when != replace(plain, zone=when.zone):
        return None
    if spec.hold or spec.recover.hold or spec.recover.when is not None:
        return None
    if spec.kind is RuleKind.SIGNAL and (
        spec.mode in (Mode.ONCE_PER_KEY, Mode.ONCE)
        or feed_cool_down(spec.outputs) > when.wanted.length
    ):
        return None
    return Question(
        kind=spec.kind,
        mode=spec.mode,
        fact=when.fact,
        op=when.op,
        line=Line(base=False, bounds=()),
        level=None,
        silence=when.wanted.length // _MOMENT,
    )


def _of_one(spec: Specification) -> Question | None:
    """Read a rule of one condition, and one that ends it."""
    found = _asked(spec.when) if len(spec.facts) == 1 else None
    if found is None or found.line.cuts is None:
        return None
    if spec.kind is RuleKind.STATE and found.crossing:
        return None
    if spec.recover.when is None:
        return found
    ending = _asked(spec.recover.when)
    if ending is None or ending.needs_past or ending.line.cuts is None:
        return None
    if ending.fact.identity != found.fact.identity or found.move:
        return None
    return replace(found, ends=ending.line)


def _of_several(spec: Specification) -> Question | None:
    """Read a rule of conditions that are joined, about fields of one key."""
    leading = spec.leading_fact
    own = [one for one in spec.facts if one.named_key == leading.named_key]
    if any(one.series != leading.series for one in spec.facts) or any(
        one.fact.named_key != leading.named_key for _, one in spec.conditions()
    ):
        return None
    tree = tree_of(spec.when)
    ends = spec.recover.when
    ends_tree = None if ends is None else tree_of(ends)
    if tree is None or (ends is not None and ends_tree is None):
        return None
    op, level = _level_of(spec.when, tree)
    question = Question(
        kind=spec.kind,
        mode=spec.mode,
        fact=spec.leading_fact,
        op=op,
        line=Line(base=False, bounds=()),
        level=level,
        tree=tree,
        ends_tree=ends_tree,
    )
    if spec.kind is RuleKind.STATE and not _can_depart(spec, question):
        return None
    if question.beside and not _is_timeless(spec, question):
        return None
    # What runs the rule and is not asked about would have to be looked at as well.
    beside = {(one.of_key, one.wanted.fact.root) for one in question.beside}
    others = {(one.named_key, one.root) for one in spec.facts if one not in own}
    is_all = {one.root for one in own} == set(question.fields) and beside == others
    return question if is_all else None


def _is_timeless(spec: Specification, question: Question) -> bool:
    """Tell whether no timer asks again what another key may have turned meanwhile."""
    no_data = spec.no_data is not None and spec.no_data.then is not OnSilence.KEEP
    waits = bool(spec.hold or spec.recover.hold)
    return not (waits or no_data or question.departing)


def _level_of(node: Node, tree: Tree) -> tuple[str, Number | None]:
    """Give the one level of a rule that compares what is taken of one window."""
    if not isinstance(node, Condition) or not isinstance(tree, Over):
        return "", None
    wanted = node.wanted
    if node.op not in SIDES or not isinstance(wanted, Constant):
        return "", None
    return (node.op, wanted.value) if is_number(wanted.value) else ("", None)


def _can_depart(spec: Specification, question: Question) -> bool:
    """Tell whether columns know all that happens where time alone turns something.

    What is counted there, or so at an event only, they do not; nor two timers at once.
    """
    if not any(map(turns_by_time, question.remembering)):
        return True
    waits = bool(spec.hold or spec.recover.hold)
    windows = [one for one in question.windows if not one.extends]
    return not waits and len(windows) == len(question.remembering)


def _begins_unknown(spec: Specification, question: Question) -> bool:
    """Tell whether no key can have been so before the rule first looks at it.

    Then that only what is new counts holds nothing back: before its first run a key has
    no facts, and only their absence says something without them.
    """
    if question.silence or spec.active is not None:
        return False
    trees = () if question.tree is None else nodes_of(question.tree)
    return not any(isinstance(one, Present) for one in trees)


def _is_momentary(question: Question) -> bool:
    """Tell whether anything asked is so at an event only, and lasts no time."""
    return question.needs_past or any(
        isinstance(one, Following) or (isinstance(one, Over) and one.extends)
        for one in question.remembering
    )


def _may_rest(question: Question) -> bool:
    """Tell whether nothing is remembered of runs but what the facts were.

    And no timer may come up that finds the rule at rest.
    """
    if question.needs_past or question.silence or question.departing:
        return False
    return all(isinstance(one, Over) for one in question.remembering)


def _is_plain(spec: Specification) -> bool:
    """Tell whether nothing decides but conditions, mode, cool-downs and hours."""
    if not says_only(spec, ANSWERED):
        return False
    if spec.kind is RuleKind.SIGNAL and spec.mode not in _MODES:
        return False
    names = [use.output for use in spec.outputs]
    if len(names) > MOST_OUTPUTS or len(set(names)) < len(names):
        return False
    if spec.no_data is None or spec.no_data.then is OnSilence.KEEP:
        return True
    return spec.no_data.then is OnSilence.RESOLVE and spec.kind is RuleKind.STATE


def _asked(node: Node) -> Question | None:
    """Read one condition, in as many groups of one as its author put it.

    What is asked over time is the engine's.
    """
    if isinstance(node, Group):
        return _asked(node.members[0]) if len(node.members) == 1 else None
    if isinstance(node, Negation):
        inside = _asked(node.member)
        if inside is None or inside.needs_past:
            return None
        inverted = replace(inside, line=inside.line.inverted())
        return replace(inverted, is_negated=not inside.is_negated)
    return _of_condition(node) if isinstance(node, Condition) else None


def _of_condition(condition: Condition) -> Question | None:
    wanted, op = condition.wanted, condition.op
    plain = Condition(fact=condition.fact, op=op, wanted=wanted)
    if condition.fact.steps or condition != replace(plain, zone=condition.zone):
        return None
    line, level, move = line_of(condition), None, None
    crossing = _CROSSINGS.get(op)
    if isinstance(wanted, Constant) and is_number(wanted.value):
        level = wanted.value if op in SIDES or crossing else None
        if crossing:
            line = at_or_above(wanted.value)
    elif isinstance(wanted, Amount) and op in _MOVES:
        if wanted != Amount(number=wanted.number, is_percent=wanted.is_percent):
            return None
        move = Move(op=op, is_percent=wanted.is_percent)
        line, level = at_or_above(wanted.number), wanted.number
    if line is None or (crossing and level is None):
        return None
    return Question(
        kind=RuleKind.SIGNAL,
        mode=Mode.EVERY_MATCH,
        fact=condition.fact,
        op=op,
        line=line,
        level=level,
        move=move,
        crossing=crossing,
    )
