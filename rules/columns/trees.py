"""What the index makes of a rule: conditions over single numbers, in groups.

A rule that does not fit is left to the engine: ``compile_rule`` answers none. *Not* is
pushed down to the conditions, so a group is *all* or *any*, and alternates.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, fields
from decimal import Decimal

from rules.columns.cuts import CROSSING, OPEN, UP, Cut, Line, Number, line_of, place
from rules.columns.knowing import INDEXED, says_only
from rules.engine import (
    Condition,
    FactPath,
    Group,
    GroupKind,
    Mode,
    Negation,
    Node,
    Series,
    Specification,
    subject_of,
)


@dataclass(frozen=True, slots=True)
class Place:
    """A field of a series under a key; no key means any, each on its own."""

    series: str
    key: str | None
    field: str


@dataclass(frozen=True, slots=True)
class Leaf:
    """A condition over the number at one place."""

    place: Place
    cuts: tuple[Cut, ...]


@dataclass(frozen=True, slots=True)
class Branch:
    """Two or more members, of which all or any must be true."""

    is_all: bool
    members: tuple["Tree", ...]


Tree = Leaf | Branch

KnownSeries = Mapping[str, Series]

_PARTS = frozenset({"fact", "op", "wanted", "ignore_case", "zone", "read_time"})
"""What of a condition is followed, or means nothing to numbers."""


def compile_rule(specification: Specification, known: KnownSeries) -> Tree | None:
    """Compile a rule; none if it must be asked on every event that runs it.

    ``known`` tells what is to be known of the series that it reads.
    """
    if not says_only(specification, INDEXED) or specification.mode is Mode.ONCE:
        return None
    tree = _compile(specification.when, known, inverted=False)
    if tree is None or _is_ambiguous(tree):
        return None
    places = {leaf.place for leaf in leaves_of(tree)}
    if not places or not _places_of_its_life(specification, known) <= places:
        return None
    if any(place.key is None for place in places):
        # The event's key names the instance; another key's fact, or another dataset's,
        # is read without running the rule.
        one = {(place.series, place.key) for place in places}
        return tree if len(one) == 1 else None
    return tree


def follow(
    specification: Specification, known: KnownSeries, *, home: str
) -> Tree | None:
    """Compile a rule that reads one key of a series, or any, and nothing else."""
    tree = compile_rule(specification, known)
    if tree is None:
        return None
    places = {(leaf.place.series, leaf.place.key) for leaf in leaves_of(tree)}
    series, _ = next(iter(places))
    return tree if len(places) == 1 and series == home else None


def _places_of_its_life(
    specification: Specification, known: KnownSeries
) -> set[Place | None]:
    """Name what recovery and ladder read; none stands for what remembers something."""
    nodes = [step.when for step in specification.ladder]
    if specification.recover.when is not None:
        nodes.append(specification.recover.when)
    trees = [_compile(node, known, inverted=False) for node in nodes]
    return {
        leaf.place if leaf else None
        for tree in trees
        for leaf in (leaves_of(tree) if tree else [None])
    }


def leaves_of(tree: Tree) -> Iterator[Leaf]:
    """Walk the conditions in order."""
    if isinstance(tree, Leaf):
        yield tree
    else:
        for member in tree.members:
            yield from leaves_of(member)


def _is_plain(condition: Condition) -> bool:
    """Tell whether a condition says nothing beyond the parts known here."""
    return all(
        getattr(condition, part.name) == part.default
        for part in fields(condition)
        if part.name not in _PARTS
    )


def _is_ambiguous(tree: Tree) -> bool:
    """Tell whether two exact constants could not be told apart: they share a cut."""
    seen: dict[tuple[Place, float, int], Decimal] = {}
    for leaf in leaves_of(tree):
        for cut in leaf.cuts:
            if cut.exact is not None:
                known = seen.setdefault((leaf.place, cut.at, cut.kind), cut.exact)
                if known != cut.exact:
                    return True
    return False


def leaf_of(place: Place, line: Line) -> Leaf | None:
    """Compile one condition; none if a constant lies outside the range of doubles."""
    cuts = line.cuts
    return None if cuts is None else Leaf(place, cuts)


def crossing(at: Place, threshold: Number, *, up: bool, down: bool) -> Leaf | None:
    """Compile a rule that is true when the value crosses a threshold, and not after.

    A value equal to the threshold stays on the side it came from.
    """
    cuts = []
    for wanted, is_open in ((up, True), (down, False)):
        cut = place(threshold, is_open=is_open)
        if cut is None:
            return None
        if wanted:
            kind = cut.kind | CROSSING | (UP if is_open else 0)
            cuts.append(Cut(cut.at, kind, cut.exact))
    return Leaf(at, tuple(sorted(cuts, key=lambda cut: cut.kind & OPEN)))


def branch_of(members: list[Tree], *, is_all: bool) -> Tree:
    """Join members; groups of the same kind become one."""
    flat: list[Tree] = []
    for member in members:
        if isinstance(member, Branch) and member.is_all is is_all:
            flat.extend(member.members)
        else:
            flat.append(member)
    return flat[0] if len(flat) == 1 else Branch(is_all, tuple(flat))


def _compile(node: Node, known: KnownSeries, *, inverted: bool) -> Tree | None:
    if isinstance(node, Condition):
        return _compile_condition(node, known, inverted=inverted)
    if isinstance(node, Negation):
        return _compile(node.member, known, inverted=not inverted)
    if not isinstance(node, Group):
        return None
    members = []
    for one in node.members:
        member = _compile(one, known, inverted=inverted)
        if member is None:
            return None
        members.append(member)
    return branch_of(members, is_all=(node.kind is GroupKind.ALL) is not inverted)


def _compile_condition(
    condition: Condition, known: KnownSeries, *, inverted: bool
) -> Tree | None:
    line = line_of(condition)
    if line is None or condition.fact.steps or not _is_plain(condition):
        return None
    return leaf_of(
        _place_of(condition.fact, known), line.inverted() if inverted else line
    )


def _place_of(fact: FactPath, known: KnownSeries) -> Place:
    key = None if fact.any_key else subject_of(fact, "", known)[1]
    return Place(fact.series, key, fact.root)
