"""Which rules columns can answer, and what has to be asked of them."""

from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from rules.columns.cuts import (
    Line,
    Number,
    above,
    at_or_above,
    at_or_below,
    below,
    is_number,
    line_of,
)
from rules.columns.history.tree_reading import tree_of
from rules.columns.history.trees import (
    Against,
    Counted,
    Following,
    Over,
    Tree,
    fields_of,
    nodes_of,
)
from rules.engine import (
    ActiveHours,
    Amount,
    Condition,
    Constant,
    FactPath,
    Group,
    Mode,
    Negation,
    Node,
    OnSilence,
    RuleKind,
    Span,
    Specification,
    blank_specification,
    feed_cool_down,
)

#: As many outputs have room in the bits of what was told.
MOST_OUTPUTS = 60
_MOMENT = timedelta(microseconds=1)
_MODES = frozenset({Mode.EVERY_MATCH, Mode.ON_ENTER, Mode.ONCE_PER_KEY})
#: Which ways an operator waits for: up, down.
_CROSSINGS = {
    "cross_up": (True, False),
    "cross_down": (False, True),
    "cross": (True, True),
}
_MOVES = frozenset({"rise", "fall", "change"})
_SIDES = {"gt": above, "gte": at_or_above, "lt": below, "lte": at_or_below}


@dataclass(frozen=True, slots=True, kw_only=True)
class Move:
    """How far a number went from the one before: up, down or either, or its share."""

    op: str
    is_percent: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Watch:
    """When a rule is awake: in its active hours, if it has any, until it expires."""

    active: ActiveHours | None
    expires_at: datetime | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Question:
    """What is asked of the columns.

    ``line`` is where the rule is true: on the value itself, or on its ``move``. A
    ``crossing`` says which ways count instead. ``level`` is the one constant that can
    be moved, none if there are several. ``ends`` is what ends an alert of a state
    rule, where that is not the line's contrary. Cool-downs and holds are microseconds.
    A rule of several conditions has a ``tree`` of them instead, and maybe one that ends
    it. Of one about a ``silence`` it is how long that must be. One that rests at times
    has a ``watch``.
    """

    kind: RuleKind
    mode: Mode
    fact: FactPath
    op: str
    line: Line
    level: Number | None
    move: Move | None = None
    crossing: tuple[bool, bool] | None = None
    is_negated: bool = False
    ends: Line | None = None
    outputs: tuple[str, ...] = ()
    cool_downs: tuple[int, ...] = ()
    feed_cool_down: int = 0
    announces: bool = False
    tree: Tree | None = None
    ends_tree: Tree | None = None
    hold: int = 0
    recover_hold: int = 0
    silence: int = 0
    watch: Watch | None = None

    @property
    def waits(self) -> bool:
        """Tell whether anything has to last."""
        return bool(self.hold or self.recover_hold)

    @property
    def fields(self) -> tuple[str, ...]:
        """Name the fields that are asked about, in one order."""
        if self.tree is None:
            return (self.fact.root,)
        return tuple(sorted(set().union(*map(fields_of, self._trees))))

    @property
    def remembering(self) -> tuple[Over | Counted | Following, ...]:
        """Name what remembers something from run to run."""
        nodes = [node for tree in self._trees for node in nodes_of(tree)]
        kinds = (Over, Counted, Following)
        return tuple(node for node in nodes if isinstance(node, kinds))

    @property
    def equated(self) -> frozenset[str]:
        """Name the fields that are to equal another, as texts do as well."""
        nodes = [node for tree in self._trees for node in nodes_of(tree)]
        found = [one for one in nodes if isinstance(one, Against)]
        return frozenset(one.field for one in found if one.op in ("eq", "ne"))

    @property
    def windows(self) -> tuple[Over, ...]:
        """Name the conditions over windows."""
        return tuple(one for one in self.remembering if isinstance(one, Over))

    @property
    def departing(self) -> tuple[Over, ...]:
        """Name the windows of a state rule that values leave by time alone."""
        if self.kind is not RuleKind.STATE:
            return ()
        return tuple(one for one in self.windows if _turns_by_time(one))

    @property
    def looks_back(self) -> bool:
        """Tell whether the rule must not see events that come late."""
        return (
            self.kind is RuleKind.STATE
            or self.mode is not Mode.EVERY_MATCH
            or self.needs_past
            or bool(self.remembering)
            or bool(self.silence)
        )

    @property
    def _trees(self) -> list[Tree]:
        return [one for one in (self.tree, self.ends_tree) if one is not None]

    @property
    def needs_past(self) -> bool:
        """Tell whether its truth depends on the values before."""
        return self.move is not None or self.crossing is not None

    def at_level(self, level: Number) -> "Question":
        """Ask the same of another level.

        Raises:
            ValueError: the rule has no one level, or columns cannot place this one.
        """
        line = _SIDES.get(self.op, at_or_above)(level)
        if self.is_negated:
            line = line.inverted()
        if self.level is None or line.cuts is None:
            raise ValueError(f"There is no level of {self.op} at {level}.")
        return replace(self, line=line, level=level)


def question_of(spec: Specification) -> Question | None:
    """Say what a rule asks of the columns; none if they cannot answer it.

    They answer for signal rules and for state rules, also of what must last. Conditions
    are about numbers of one key of one dataset, or about windows of them, and their
    right sides are written out, or another field of the key; one that stands alone may
    also ask for a crossing, or for a move.
    """
    if not _is_plain(spec):
        return None
    found = _of_silence(spec) or _of_one(spec) or _of_several(spec)
    waits = bool(spec.hold or spec.recover.hold)
    if found is None or (waits and _is_momentary(found)):
        return None
    watch = None
    if spec.active is not None or spec.expires_at is not None:
        watch = Watch(active=spec.active, expires_at=spec.expires_at)
        if waits or not _may_rest(found):
            return None
    return replace(
        found,
        watch=watch,
        kind=spec.kind,
        mode=spec.mode,
        outputs=tuple(use.output for use in spec.outputs),
        cool_downs=tuple(use.cool_down // _MOMENT for use in spec.outputs),
        feed_cool_down=feed_cool_down(spec.outputs) // _MOMENT,
        announces=spec.announces_resolve,
        hold=spec.hold // _MOMENT,
        recover_hold=spec.recover.hold // _MOMENT,
    )


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
        spec.mode is Mode.ONCE_PER_KEY
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
    first, *others = spec.facts
    if any(
        (one.series, one.named_key) != (first.series, first.named_key) for one in others
    ):
        return None
    tree = tree_of(spec.when)
    ends = spec.recover.when
    ends_tree = None if ends is None else tree_of(ends)
    if tree is None or (ends is not None and ends_tree is None):
        return None
    question = Question(
        kind=spec.kind,
        mode=spec.mode,
        fact=spec.leading_fact,
        op="",
        line=Line(base=False, bounds=()),
        level=None,
        tree=tree,
        ends_tree=ends_tree,
    )
    if spec.kind is RuleKind.STATE and not _can_depart(spec, question):
        return None
    # What runs the rule and is not asked about would have to be looked at as well.
    is_all = {one.root for one in spec.facts} == set(question.fields)
    return question if is_all else None


def _turns_by_time(one: Over | Counted | Following) -> bool:
    """Tell whether time alone turns it, where what it counts grows too old."""
    if isinstance(one, Over):
        return one.length is not None and not one.extends
    return isinstance(one, Counted) and bool(one.within)


def _can_depart(spec: Specification, question: Question) -> bool:
    """Tell whether columns know all that happens where time alone turns something.

    What is counted there, or so at an event only, they do not; nor two timers at once.
    """
    if not any(map(_turns_by_time, question.remembering)):
        return True
    waits = bool(spec.hold or spec.recover.hold)
    windows = [one for one in question.windows if not one.extends]
    return not waits and len(windows) == len(question.remembering)


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
    """Tell whether nothing decides but conditions, mode, cool-downs and active hours.

    What a definition may say besides some day is not known here: a rule that says more
    than these members is the engine's.
    """
    if spec != replace(
        blank_specification(spec.kind, name=spec.name),
        facts=spec.facts,
        when=spec.when,
        mode=spec.mode,
        announces_resolve=spec.announces_resolve,
        severity=spec.severity,
        include=spec.include,
        outputs=spec.outputs,
        hold=spec.hold,
        recover=spec.recover,
        no_data=spec.no_data,
        active=spec.active,
        expires_at=spec.expires_at,
    ):
        return False
    if spec.kind is RuleKind.SIGNAL and spec.mode not in _MODES:
        return False
    names = [use.output for use in spec.outputs]
    if len(names) > MOST_OUTPUTS or len(set(names)) < len(names):
        return False
    return spec.no_data is None or spec.no_data.then is OnSilence.KEEP


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
        level = wanted.value if op in _SIDES or crossing else None
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
