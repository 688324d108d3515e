"""A table of predicates: plain rules as numbers, so that many are loaded at once.

Only thresholds that a double places exactly, each rule one condition or one flat group.
A condition of two bounds is written as the two thresholds that bound it.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import groupby
from math import inf, nextafter
from operator import itemgetter
from typing import NamedTuple

import numpy as np

from rules.columns.buffers import Bytes, Flags, Floats, Ints, Longs
from rules.columns.cuts import BASE, HEAD, MOST, OPEN, UP, Cut
from rules.columns.trees import Branch, Leaf, Place, Tree

OPERATORS = ("gt", "gte", "lt", "lte")
"""What a table of predicates can say, by number."""

KINDS = np.array(
    [UP | OPEN | HEAD, UP | HEAD, HEAD | BASE, HEAD | BASE | OPEN], np.int8
)
"""The cut of each operator."""

_OPERATOR_OF = {int(kind) & (UP | OPEN): op for op, kind in enumerate(KINDS)}
_ROW = np.dtype(
    [
        ("rule", np.int64),
        ("place", np.int64),
        ("op", np.int8),
        ("constant", np.float64),
        ("is_all", np.bool_),
    ]
)
_HEADER, _TRAILER = 19, 2
_COPIED = np.dtype(
    [("columns", ">i2")]
    + [
        part
        for name, kind in (
            ("rule", ">i8"),
            ("place", ">i8"),
            ("op", ">i2"),
            ("constant", ">f8"),
            ("is_all", "?"),
        )
        for part in ((f"size_of_{name}", ">i4"), (name, kind))
    ]
)


class Predicate(NamedTuple):
    """One row: a place, an operator by number, and a constant.

    ``is_all`` says how the predicates of the rule are joined.
    """

    place: Place
    op: int
    constant: float
    is_all: bool


@dataclass(frozen=True, slots=True)
class Predicates:
    """A table of predicates, those of one rule together.

    ``rule`` (int64) is its id; ``place`` (int32) counts in ``places``; ``op`` (int8)
    counts in ``OPERATORS``; ``constant`` (float64) is its own shortest decimal;
    ``is_all`` (bool) says how the predicates of the rule are joined.
    """

    places: Sequence[Place]
    rule: Longs
    place: Ints
    op: Bytes
    constant: Floats
    is_all: Flags

    @classmethod
    def of_rows(
        cls, places: Sequence[tuple[int, Place]], rows: Iterable[tuple[object, ...]]
    ) -> "Predicates":
        """Take in rows of rule, place, operator, constant and how they are joined.

        Those of one rule come together; ``places`` say what the numbers of places mean.
        """
        return cls._of_table(places, np.fromiter(rows, dtype=_ROW))

    @classmethod
    def of_copy(
        cls, places: Sequence[tuple[int, Place]], written: bytes
    ) -> "Predicates":
        """Take in the same rows as PostgreSQL copies them out, in its binary format."""
        rows = np.frombuffer(
            written,
            dtype=_COPIED,
            count=(len(written) - _HEADER - _TRAILER) // _COPIED.itemsize,
            offset=_HEADER,
        )
        return cls._of_table(places, rows)

    @classmethod
    def _of_table(
        cls, places: Sequence[tuple[int, Place]], table: "np.ndarray"
    ) -> "Predicates":
        numbers = np.array([number for number, _ in places], dtype=np.int64)
        order = numbers.argsort()
        found = order[numbers.searchsorted(table["place"], sorter=order)]
        return cls(
            places=[place for _, place in places],
            rule=table["rule"].astype(np.int64),
            place=found.astype(np.int32),
            op=table["op"].astype(np.int8),
            constant=table["constant"].astype(np.float64),
            is_all=table["is_all"].astype(np.bool_),
        )

    def __len__(self) -> int:
        return len(self.rule)


def write_predicates(tree: Tree) -> list[Predicate]:
    """Write a compiled rule as rows of a table; none if it does not fit in one."""
    is_all, members = _joined(tree)
    rows = []
    for leaf in members:
        if not isinstance(leaf, Leaf) or not _fits(leaf, is_all=is_all):
            return []
        rows += [_write(leaf.place, cut, is_all=is_all) for cut in leaf.cuts]
    return rows


def _joined(tree: Tree) -> tuple[bool, Sequence[Tree]]:
    """Give the members of a rule, and whether all of them are to be true."""
    if isinstance(tree, Branch):
        return tree.is_all, tree.members
    # Between two bounds is above one and below the other; outside is either.
    is_outside = len(tree.cuts) > 1 and bool(tree.cuts[0].kind & BASE)
    return not is_outside, (tree,)


def _fits(leaf: Leaf, *, is_all: bool) -> bool:
    """Tell whether a condition is one threshold, or two that are joined as the rule."""
    is_plain = all(cut.exact is None and abs(cut.at) < MOST for cut in leaf.cuts)
    has_head = bool(leaf.cuts[0].kind & HEAD)
    is_inside = not leaf.cuts[0].kind & BASE
    is_few = len(leaf.cuts) == 1 or (len(leaf.cuts) == 2 and is_inside is is_all)
    return is_plain and has_head and is_few


def _write(place: Place, cut: Cut, *, is_all: bool) -> Predicate:
    constant = nextafter(cut.at, -inf) if cut.kind & OPEN else cut.at
    op = _OPERATOR_OF[cut.kind & (UP | OPEN)]
    return Predicate(place, op, constant, is_all)


def rules_in(table: Predicates) -> Iterator[tuple[int, list[Predicate]]]:
    """Walk the rules of a table."""
    parts = (table.rule, table.place, table.op, table.constant, table.is_all)
    rows = zip(*(part.tolist() for part in parts), strict=True)
    for rule, own in groupby(rows, key=itemgetter(0)):
        yield rule, [Predicate(table.places[place], *rest) for _, place, *rest in own]
