"""How near conditions came to being true, where one number alone kept them from it."""

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal

import numpy as np

from rules.columns.buffers import Flags, Floats
from rules.columns.cuts import as_double, is_number
from rules.columns.history.together import Together
from rules.columns.history.trees import (
    Against,
    Branch,
    Leaf,
    Tree,
    fields_of,
    nodes_of,
)
from rules.columns.history.windows import LeftToEngine
from rules.engine import Value, distance

Compared = Leaf | Against


@dataclass(frozen=True, slots=True, kw_only=True)
class Nearest:
    """The run at which a number came nearest, that number, and what it missed by."""

    place: int
    value: Decimal
    margin: Decimal


def nearest_of_tree(tree: Tree, together: Together, asked: Flags) -> Nearest | None:
    """Find the number that came nearest to making conditions true, among some runs.

    None if they were true, or no one number would have made them so. Of one comparison
    the distance counts, of several its share of the larger of both numbers.

    Raises:
        LeftToEngine: columns cannot tell.
    """
    if not all(map(_is_apart, nodes_of(tree))):
        raise LeftToEngine("Several conditions ask for one number.")
    found = _Nearness(together, is_relative=not isinstance(tree, Leaf | Against))
    true, _ = together.judge(tree)
    if (true & asked).any():
        return None
    missed = np.where(asked, found.missed(tree), np.inf)
    place = int(missed.argmin()) if len(missed) else 0
    if not len(missed) or not np.isfinite(missed[place]):
        return None
    return found.tell(tree, place)


def _is_apart(node: Tree) -> bool:
    """Tell whether a number that is moved for one member matters to no other."""
    if not isinstance(node, Branch) or not node.is_all:
        return True
    named = [fields_of(member) for member in node.members]
    return sum(map(len, named)) == len(set().union(*named))


class _Nearness:
    """How far the runs were from what is asked of them."""

    def __init__(self, together: Together, *, is_relative: bool) -> None:
        self._together = together
        self._is_relative = is_relative

    def missed(self, tree: Tree) -> Floats:
        """Tell by how much each run missed it: 0 where true, else no number would do.

        Of conditions that all must be true only one may be missed.
        """
        true, _ = self._together.judge(tree)
        match tree:
            case Leaf() | Against():
                missed = self._missed_by(tree)
            case Branch(is_all=False):
                missed = np.minimum.reduce([self.missed(one) for one in tree.members])
            case Branch():
                missed = self._missed_by_all(tree.members)
            case _:
                missed = np.full(len(true), np.inf)
        return np.where(true, 0.0, missed)

    def _missed_by_all(self, members: Sequence[Tree]) -> Floats:
        missing = sum(
            (~self._together.judge(one)[0]).astype(np.int64) for one in members
        )
        total: Floats = np.sum([self.missed(one) for one in members], axis=0)
        return np.where(np.asarray(missing) > 1, np.inf, total)

    def _missed_by(self, leaf: Compared) -> Floats:
        value = self._together.values_of(leaf.field)
        with np.errstate(all="ignore"):
            away = [self._far(value, one) for one in self._bounds(leaf)]
        missed: Floats = np.fmin.reduce([np.full(len(value), np.inf), *away])
        return missed

    def _far(self, value: Floats, wanted: Floats) -> Floats:
        apart = np.abs(value - wanted)
        if not self._is_relative:
            return apart
        largest = np.maximum(np.abs(value), np.abs(wanted))
        return np.where(apart == 0, 0.0, apart / largest)

    def _bounds(self, leaf: Compared) -> list[Floats]:
        if isinstance(leaf, Leaf):
            return [np.array([as_double(one)]) for one, _ in leaf.line.bounds]
        beside = self._together.values_of(leaf.beside)
        times, plus = as_double(leaf.wanted.times), as_double(leaf.wanted.plus)
        return [beside * times + plus]

    def tell(self, tree: Tree, place: int) -> Nearest:
        """Tell of the one number that a run missed."""
        leaf = self._missing(tree, place)
        value = self._together.exact_of(leaf.field, place)
        wanted: list[Value] = []
        if isinstance(leaf, Leaf):
            wanted += [one for one, _ in leaf.line.bounds]
        else:
            wanted.append(leaf.wanted.of(self._together.exact_of(leaf.beside, place)))
        margin = min(distance(value, one) for one in wanted if is_number(one))
        return Nearest(place=place, value=value, margin=margin)

    def _missing(self, tree: Tree, place: int) -> Compared:
        """Find the comparison that was missed by least."""
        while isinstance(tree, Branch):
            members = tree.members
            if tree.is_all:
                members = tuple(
                    one for one in members if not self._together.judge(one)[0][place]
                )
            tree = min(members, key=lambda one: self.missed(one)[place])
        if not isinstance(tree, Leaf | Against):
            raise LeftToEngine("No number is asked about.")
        return tree
