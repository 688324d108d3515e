"""What is asked of the columns."""

from dataclasses import dataclass, replace
from datetime import datetime

from rules.columns.cuts import (
    Line,
    Number,
    above,
    at_or_above,
    at_or_below,
    below,
)
from rules.columns.history.trees import (
    Against,
    Counted,
    Following,
    Over,
    Tree,
    Worded,
    fields_of,
    memories_of,
    nodes_of,
    turns_by_time,
)
from rules.engine import (
    ActiveHours,
    FactPath,
    Mode,
    RuleKind,
)

SIDES = {"gt": above, "gte": at_or_above, "lt": below, "lte": at_or_below}


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
    it. Of one about a ``silence`` it is how long that must be; ``quiet`` is after which
    one an alert resolves. One that rests at times has a ``watch``; one for which
    ``only_new`` counts finds all keys unknown.
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
    quiet: int = 0
    watch: Watch | None = None
    only_new: bool = False

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
    def beside(self) -> tuple[Against, ...]:
        """Name the conditions on a fact of a key that is named, beside any key."""
        nodes = [node for tree in self._trees for node in nodes_of(tree)]
        return tuple(one for one in nodes if isinstance(one, Against) and one.of_key)

    @property
    def columns(self) -> tuple[str, ...]:
        """Name the columns that are asked about, in one order, of whatever key."""
        roots = {one.wanted.fact.root for one in self.beside}
        return tuple(sorted({*self.fields, *roots}))

    @property
    def remembering(self) -> tuple[Over | Counted | Following, ...]:
        """Name what remembers something from run to run."""
        return tuple(node for tree in self._trees for node in memories_of(tree))

    @property
    def equated(self) -> frozenset[str]:
        """Name the fields that are to equal another, as texts do as well."""
        nodes = [node for tree in self._trees for node in nodes_of(tree)]
        found = [one for one in nodes if isinstance(one, Against)]
        return frozenset(one.field for one in found if one.op in ("eq", "ne"))

    @property
    def worded(self) -> frozenset[str]:
        """Name the fields of which words are asked."""
        nodes = [node for tree in self._trees for node in nodes_of(tree)]
        return frozenset(one.field for one in nodes if isinstance(one, Worded))

    @property
    def windows(self) -> tuple[Over, ...]:
        """Name the conditions over windows."""
        return tuple(one for one in self.remembering if isinstance(one, Over))

    @property
    def departing(self) -> tuple[Over, ...]:
        """Name the windows of a state rule that values leave by time alone."""
        if self.kind is not RuleKind.STATE:
            return ()
        return tuple(one for one in self.windows if turns_by_time(one))

    @property
    def looks_back(self) -> bool:
        """Tell whether the rule must not see events that come late."""
        return (
            self.kind is RuleKind.STATE
            or self.mode is not Mode.EVERY_MATCH
            or self.only_new
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
        line = SIDES.get(self.op, at_or_above)(level)
        if self.is_negated:
            line = line.inverted()
        if self.level is None or line.cuts is None:
            raise ValueError(f"There is no level of {self.op} at {level}.")
        if isinstance(self.tree, Over):
            return replace(self, tree=replace(self.tree, line=line), level=level)
        return replace(self, line=line, level=level)
