"""Conditions joined by all and any; what negates them stands in their lines."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta

from rules.columns.cuts import Line
from rules.engine import Amount, Condition, OtherFact, Scores, Window


@dataclass(frozen=True, slots=True, kw_only=True)
class Leaf:
    """A condition on one field: where on the line of numbers it is true."""

    field: str
    line: Line


@dataclass(frozen=True, slots=True, kw_only=True)
class Present:
    """A condition on whether a field has a value, whatever that is."""

    field: str
    is_inverted: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Worded:
    """A condition on one field that is about words: the engine is asked of each."""

    field: str
    condition: Condition
    is_inverted: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Against:
    """A condition on one field and another of the same key, or of one that is named.

    ``beside`` names what it is compared with.
    """

    field: str
    op: str
    wanted: OtherFact
    beside: str
    of_key: str = ""
    is_inverted: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Over:
    """A condition on a window of one field.

    It is true where what is taken lies on the ``line``, where it moved by so much from
    an extreme there (``amount``), where it is unusual by so much (``scores``), or where
    it sets a new extreme.
    """

    field: str
    op: str
    window: Window
    name: str
    line: Line | None = None
    amount: Amount | None = None
    scores: Scores | None = None
    is_inverted: bool = False

    @property
    def extends(self) -> bool:
        """Tell whether it asks for a new extreme, which an event brings or none."""
        return self.line is None and self.amount is None and self.scores is None

    @property
    def length(self) -> int | None:
        """Give how far back it reaches, in microseconds; none if by number."""
        length = self.window.length
        return None if length is None else length // timedelta(microseconds=1)


@dataclass(frozen=True, slots=True, kw_only=True)
class Branch:
    """Conditions of which all must be true, or any."""

    is_all: bool
    members: "tuple[Tree, ...]"


@dataclass(frozen=True, slots=True, kw_only=True)
class Counted:
    """Something that is so at so many events: of the last few, or within a span."""

    member: "Tree"
    at_least: int
    name: str
    of: int = 0
    within: int = 0
    is_inverted: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Following:
    """Things that come one after the other within a span, and what not between."""

    steps: "tuple[Tree, ...]"
    within: int
    name: str
    without: "Tree | None" = None
    is_inverted: bool = False


Tree = Leaf | Present | Worded | Against | Over | Branch | Counted | Following


def fields_of(tree: Tree) -> set[str]:
    """Name the fields that conditions are about."""
    fields = set()
    for one in nodes_of(tree):
        if isinstance(one, Leaf | Present | Worded | Against | Over):
            fields.add(one.field)
        if isinstance(one, Against) and not one.of_key:
            fields.add(one.beside)
    return fields


def nodes_of(tree: Tree) -> Iterator[Tree]:
    """Walk a tree in reading order, what holds others before those."""
    yield tree
    inside: tuple[Tree | None, ...] = ()
    match tree:
        case Branch():
            inside = tree.members
        case Counted():
            inside = (tree.member,)
        case Following():
            inside = (*tree.steps, tree.without)
    for member in inside:
        if member is not None:
            yield from nodes_of(member)


def memories_of(tree: Tree) -> "Iterator[Over | Counted | Following]":
    """Walk what remembers something from run to run."""
    return (
        one for one in nodes_of(tree) if isinstance(one, Over | Counted | Following)
    )


def turns_by_time(one: Over | Counted | Following) -> bool:
    """Tell whether time alone turns it, where what it counts grows too old."""
    if isinstance(one, Over):
        return one.length is not None and not (one.extends or one.scores)
    return isinstance(one, Counted) and bool(one.within)
