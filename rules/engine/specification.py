"""What a rule is, once it has been read: frozen values, independent of any spelling."""

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum

from rules.engine.modifiers import Modifier, OfLast
from rules.engine.operands import Amount, OtherFact, TimeReader, Wanted, read_iso_time
from rules.engine.operators import OPERATORS, Operator, Since
from rules.engine.paths import FactPath
from rules.engine.schedule import ActiveHours
from rules.engine.windows import Window


class RuleKind(StrEnum):
    """What a rule does when it is true; fixed when the rule is made.

    A *signal* rule raises an alert per qualifying event and keeps no lifecycle; a
    *state* rule opens an alert and resolves it.
    """

    SIGNAL = "signal"
    STATE = "state"


class Mode(StrEnum):
    """When a rule that is true raises again."""

    EVERY_MATCH = "every_match"
    ON_ENTER = "on_enter"
    AGAIN_IF_MOVED = "again_if_moved"
    ONCE_PER_KEY = "once_per_key"
    ONCE = "once"


class OnSilence(StrEnum):
    """What becomes of an open alert whose key is silent for too long."""

    KEEP = "keep"
    ALERT = "alert"
    RESOLVE = "resolve"


class Severity(StrEnum):
    """How much an alert matters."""

    CRITICAL = "critical"
    WARNING = "warning"
    INFO = "info"

    @property
    def rank(self) -> int:
        """Give how bad it is, worse being more."""
        return -list(Severity).index(self)


class GroupKind(StrEnum):
    """How the members of a group make its truth."""

    ALL = "all"
    ANY = "any"


@dataclass(frozen=True, slots=True, kw_only=True)
class Condition:
    """A fact, an operator, and what is wanted of it.

    ``zone`` names the zone in which naive times are read; blank means the dataset's.
    ``window`` is over what the left side is taken; without one it is the newest value.
    ``memory_id`` names what the condition remembers from run to run, blank if nothing:
    it follows the condition's meaning, wherever it stands in the tree. So does
    ``window_id``, of the window: conditions that ask about one window share it.
    ``since`` is where a move begins.
    """

    fact: FactPath
    op: str
    wanted: Wanted
    ignore_case: bool = False
    zone: str = ""
    since: Since | None = None
    read_time: TimeReader = field(default=read_iso_time, compare=False, repr=False)
    window: Window | None = None
    memory_id: str = field(default="", init=False, compare=False)
    window_id: str = field(default="", init=False, compare=False)

    def __post_init__(self) -> None:
        """Name the memories, once for all runs."""
        if self._remembers:
            object.__setattr__(self, "memory_id", _short(self.meaning))
        if self.window is not None:
            asked = f"{self.fact.identity} {self.window.meaning}"
            object.__setattr__(self, "window_id", _short(asked))

    @property
    def operator(self) -> Operator:
        """Find the operator in the table."""
        return OPERATORS[self.op]

    @property
    def facts(self) -> tuple[FactPath, ...]:
        """Name the facts that the condition reads, left side first."""
        if isinstance(self.wanted, OtherFact):
            return self.fact, self.wanted.fact
        return (self.fact,)

    @property
    def looks_back(self) -> bool:
        """Tell whether its truth depends on more than the values of the moment."""
        return self.operator.looks_back or bool(self.memory_id or self.window_id)

    @property
    def asks(self) -> tuple[object, ...]:
        """Name what its left side is: a fact, or what is taken of it over a window."""
        return self.fact.identity, self.window

    @property
    def meaning(self) -> str:
        """Give what two spellings of one condition have in common."""
        wanted = self.wanted.meaning if self.wanted else ""
        case = "~" if self.ignore_case else ""
        since = f" since {self.since}" if self.since else ""
        over = f" over {self.window.meaning}" if self.window else ""
        asked = f"{self.fact.identity} {self.op}{case} {wanted} {self.zone}"
        return f"({asked}{since}{over})"

    @property
    def _remembers(self) -> bool:
        """Of a plain constant the fact's own past tells the side, and all else."""
        if self.since is not None:
            return True
        if self.operator.remember is None:
            return False
        moves = isinstance(self.wanted, OtherFact) or self.window is not None
        return moves or bool(self.fact.steps)


@dataclass(frozen=True, slots=True, kw_only=True)
class Group:
    """Conditions of which all, or any, must be true."""

    kind: GroupKind
    members: tuple["Node", ...]

    @property
    def meaning(self) -> str:
        """Give the members' meanings: their order and their nesting mean nothing."""
        members = sorted({member.meaning for member in self._flat(self.kind)})
        return members[0] if len(members) == 1 else f"{self.kind}[{''.join(members)}]"

    def _flat(self, kind: GroupKind) -> Iterator["Node"]:
        """Walk the members, and those of groups of the same kind directly inside."""
        for member in self.members:
            if isinstance(member, Group) and (
                member.kind is kind or len(member.members) == 1
            ):
                yield from member._flat(kind)  # noqa: SLF001 - a group like this one
            else:
                yield member


@dataclass(frozen=True, slots=True, kw_only=True)
class Negation:
    """What must not be true; the negation of unknown is unknown."""

    member: "Node"

    @property
    def meaning(self) -> str:
        """Negate the member's meaning; twice is not at all, of unknown too."""
        inside = self.member.meaning
        if inside.startswith("not "):
            return inside.removeprefix("not ")
        return f"not {inside}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Spell:
    """What must be true for some time, or at several events.

    ``memory_id`` names what it remembers from run to run, by its meaning.
    """

    member: "Node"
    modifier: Modifier
    memory_id: str = field(default="", init=False, compare=False)

    def __post_init__(self) -> None:
        """Name the memory, once for all runs."""
        name = f"{self.modifier.name}-{_short(self.meaning)}"
        object.__setattr__(self, "memory_id", name)

    @property
    def meaning(self) -> str:
        """Give the member's meaning, and what is asked of it over time."""
        return f"{self.modifier.meaning} {{{self.member.meaning}}}"


@dataclass(frozen=True, slots=True, kw_only=True)
class InSequence:
    """Things that must come one after the other within a span, each at its own event.

    ``without`` is what must not come between. ``memory_id`` names what is remembered
    from run to run, by its meaning.
    """

    steps: tuple["Node", ...]
    within: timedelta
    without: "Node | None" = None
    memory_id: str = field(default="", init=False, compare=False)

    def __post_init__(self) -> None:
        """Name the memory, once for all runs."""
        object.__setattr__(self, "memory_id", f"sequence-{_short(self.meaning)}")

    @property
    def meaning(self) -> str:
        """Give the steps' meanings in their order, the span, what must not come."""
        steps = " ".join(f"{{{step.meaning}}}" for step in self.steps)
        between = f" without {{{self.without.meaning}}}" if self.without else ""
        return f"sequence {self.within // timedelta(microseconds=1)} {steps}{between}"


Node = Condition | Group | Negation | Spell | InSequence
"""A condition, or what holds conditions."""


def _short(meaning: str) -> str:
    """Shorten a meaning to a name that two of a rule's conditions hardly share."""
    return hashlib.blake2b(meaning.encode(), digest_size=8).hexdigest()


@dataclass(frozen=True, slots=True, kw_only=True)
class Recovery:
    """What ends an alert, and for how long it must last.

    Without conditions of its own an alert ends when the rule's no longer hold.
    """

    when: Node | None = None
    hold: timedelta = timedelta()


@dataclass(frozen=True, slots=True, kw_only=True)
class SeverityStep:
    """How bad an alert is while something is so."""

    when: Node
    severity: Severity


@dataclass(frozen=True, slots=True, kw_only=True)
class NoData:
    """After how much silence of the key something is done about an open alert."""

    after: timedelta
    then: OnSilence


@dataclass(frozen=True, slots=True, kw_only=True)
class OutputUse:
    """A configured output that a rule tells, and the least event time between tellings.

    An empty subject or message means the output's own template.
    """

    output: str
    cool_down: timedelta
    subject: str = ""
    message: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Specification:
    """A rule's definition, parsed once and evaluated many times.

    ``facts`` are those that conditions read, in the author's order: without ``*`` the
    first names the instance, and all of them stand first in what is delivered.
    ``include`` are delivered beside them and never run the rule.
    """

    kind: RuleKind
    name: str
    facts: tuple[FactPath, ...]
    when: Node
    mode: Mode
    announces_resolve: bool
    severity: Severity
    include: tuple[FactPath, ...]
    outputs: tuple[OutputUse, ...]
    again_if_moved: Amount | None = None
    remind_every: timedelta | None = None
    ladder: tuple[SeverityStep, ...] = ()
    hold: timedelta = timedelta()
    recover: Recovery = Recovery()
    no_data: NoData | None = None
    active: ActiveHours | None = None
    expires_at: datetime | None = None

    @property
    def any_key(self) -> bool:
        """Tell whether the rule watches every key, each on its own."""
        return any(fact.any_key for fact in self.facts)

    @property
    def triggers(self) -> tuple[FactPath, ...]:
        """Name the facts whose arrival runs the rule.

        Concrete facts beside a ``*`` are read but do not run it: one of them moving
        would otherwise run every key.
        """
        if not self.any_key:
            return self.facts
        return tuple(fact for fact in self.facts if fact.any_key)

    @property
    def listens_to(self) -> frozenset[FactPath]:
        """Name the facts of whose keys any event runs the rule, ending silence."""
        return frozenset(
            one.fact for _, one in self.conditions() if one.operator.wake is not None
        )

    @property
    def looks_back(self) -> bool:
        """Tell whether the rule must not see events that come late."""
        if self.kind is RuleKind.STATE or self.mode is not Mode.EVERY_MATCH:
            return True
        if any(isinstance(one, Spell | InSequence) for one in self.nodes()):
            return True
        return any(one.looks_back for _, one in self.conditions())

    @property
    def meaning(self) -> tuple[object, ...]:
        """Give what instances keep their state by: all that decides when one opens."""
        subject = None
        if not self.any_key:
            subject = (self.leading_fact.series, self.leading_fact.named_key)
        recovers = self.recover.when.meaning if self.recover.when else ""
        return (
            self.kind,
            subject,
            self.when.meaning,
            self.hold,
            recovers,
            self.recover.hold,
            self.no_data,
            self.active,
        )

    @property
    def keeps_time(self) -> bool:
        """Tell whether time alone may change an instance, so that it needs timers."""
        if self.hold or self.recover.hold or self.no_data is not None:
            return True
        if self.remind_every is not None:
            return True
        spells = [one for one in self.nodes() if isinstance(one, Spell)]
        if any(not isinstance(one.modifier, OfLast) for one in spells):
            return True
        return any(
            one.operator.wake is not None or one.window is not None
            for _, one in self.conditions()
        )

    def nodes(self) -> Iterator[Node]:
        """Walk all conditions, and all that holds any, in reading order."""
        for _, top in self._tops():
            yield from nodes_of(top)

    def conditions(self) -> Iterator[tuple[str, Condition]]:
        """Walk all conditions in reading order, each with its JSON Pointer."""
        for pointer, top in self._tops():
            yield from conditions_of(top, pointer)

    def _tops(self) -> Iterator[tuple[str, Node]]:
        yield "/when", self.when
        if self.recover.when is not None:
            yield "/recover/when", self.recover.when
        for place, step in enumerate(self.ladder):
            yield f"/ladder/{place}/when", step.when

    def is_active(self, at: datetime) -> bool:
        """Tell whether the rule watches at an instant."""
        if self.expires_at is not None and at >= self.expires_at:
            return False
        return self.active is None or self.active.hold(at)

    @property
    def leading_fact(self) -> FactPath:
        """Name the fact that says what an alert is about."""
        return self.triggers[0]


def blank_specification(kind: str, *, name: str) -> Specification:
    """Stand in for a definition that cannot be read: it watches and tells nothing."""
    return Specification(
        kind=RuleKind(kind),
        name=name,
        facts=(),
        when=Group(kind=GroupKind.ANY, members=()),
        mode=Mode.ON_ENTER,
        announces_resolve=False,
        severity=Severity.WARNING,
        include=(),
        outputs=(),
    )


def conditions_of(
    node: Node, pointer: str = "/when"
) -> Iterator[tuple[str, Condition]]:
    """Walk the conditions in reading order, each with its JSON Pointer."""
    if isinstance(node, Condition):
        yield pointer, node
    for step, member in _inside(node):
        yield from conditions_of(member, pointer + step)


def nodes_of(node: Node) -> Iterator[Node]:
    """Walk a tree in reading order, what holds others before those."""
    yield node
    for _, member in _inside(node):
        yield from nodes_of(member)


def _inside(node: Node) -> Iterator[tuple[str, Node]]:
    """Give the nodes directly inside, each with the step of the pointer to it."""
    match node:
        case Negation():
            yield "/not", node.member
        case Spell():
            # A modifier is a member of what it modifies.
            yield "", node.member
        case Group():
            for place, member in enumerate(node.members):
                yield f"/{node.kind}/{place}", member
        case InSequence():
            for place, member in enumerate(node.steps):
                yield f"/sequence/{place}", member
            if node.without is not None:
                yield "/without", node.without
