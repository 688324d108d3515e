"""Conditions joined by all and any; what negates them stands in their lines."""

from dataclasses import dataclass

from rules.columns.cuts import Line


@dataclass(frozen=True, slots=True, kw_only=True)
class Leaf:
    """A condition on one field: where on the line of numbers it is true."""

    field: str
    line: Line


@dataclass(frozen=True, slots=True, kw_only=True)
class Branch:
    """Conditions of which all must be true, or any."""

    is_all: bool
    members: "tuple[Tree, ...]"


Tree = Leaf | Branch


def fields_of(tree: Tree) -> set[str]:
    """Name the fields that conditions are about."""
    if isinstance(tree, Leaf):
        return {tree.field}
    return set().union(*map(fields_of, tree.members))
