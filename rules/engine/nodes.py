"""The tree of conditions: what is asked, and how the answers are put together."""

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import timedelta
from enum import StrEnum

from rules.engine.modifiers import Modifier
from rules.engine.operands import OtherFact, TimeReader, Wanted, read_iso_time
from rules.engine.operators import OPERATORS, Operator, Since
from rules.engine.paths import FactPath
from rules.engine.windows import Window


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
