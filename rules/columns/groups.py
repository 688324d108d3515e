"""Groups of conditions: how many members of each are true, and how many are false.

A *node* is a group of a rule. Its counts lie in a *cell*: one a node, or for rules on
any key one a node and key. A group is true if it has the true members that it needs,
all of them or one; it is false if more are false than it can spare; else unknown. A
group that changes counts as a member of its parent, so changes rise level by level, the
deepest first.
"""

from collections.abc import Iterable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from rules.columns.buffers import Buffer, Bytes, Longs
from rules.columns.trees import Branch, Leaf, Tree
from rules.columns.truth import FALSE, TRUE, UNKNOWN, Changes

ROOT = -1

Counts = NDArray[np.signedinteger[Any]]  # Any: of either width

Added = tuple[int, int, int]
"""A cell, and what is added to its true members and to its false ones."""

_EVENT_BITS = 24
MOST_EVENTS = 1 << (_EVENT_BITS - 1)
"""The most events of one batch."""


class Groups:
    """Nodes and their counts.

    ``parent`` (int32, ``ROOT`` for a whole rule), ``row`` (int32), ``needed`` and
    ``spare`` (int16: members) and ``depth`` (int16) have one element a node; ``true``
    and ``false`` (int16) one a cell, which is ``node * width + key``.
    """

    def __init__(self, *, width: int) -> None:
        self.width = width
        self.parent = Buffer(np.int32, ROOT)
        self.row = Buffer(np.int32)
        self.needed = Buffer(np.int16)
        self.spare = Buffer(np.int16)
        self.depth = Buffer(np.int16)
        self.true = Buffer(np.int16)
        self.false = Buffer(np.int16)
        self.deepest = 0
        self._number = 0
        self._free: list[int] = []

    def add(self, tree: Tree, row: int) -> list[tuple[int, Leaf]]:
        """Make the nodes of a rule; give the node of each condition, in order."""
        return list(self._add(tree, row, ROOT, 0))

    def add_flat(self, rows: Longs, is_all: "np.ndarray", members: Longs) -> Longs:
        """Make one node for each of many rules that are one group."""
        first = self._number
        nodes = np.arange(first, first + len(rows))
        self._number += len(rows)
        self._reach()
        self.row.array[nodes] = rows
        self.needed.array[nodes] = np.where(is_all, members, 1)
        self.spare.array[nodes] = np.where(is_all, 0, members - 1)
        return nodes

    def remove(self, nodes: list[int]) -> None:
        """Forget the nodes of a rule; they are made use of again."""
        for node in nodes:
            first = node * self.width
            self.true.array[first : first + self.width] = 0
            self.false.array[first : first + self.width] = 0
            self.parent.view[node] = ROOT
            self._free.append(node)

    def lineage(self, node: int) -> list[int]:
        """Name a node and those above it, the whole rule's last."""
        nodes = [node]
        while self.parent.view[nodes[-1]] != ROOT:
            nodes.append(self.parent.view[nodes[-1]])
        return nodes

    def widen(self, width: int) -> None:
        """Have room for so many keys."""
        for buffer in (self.true, self.false):
            old = buffer.array[: self._number * self.width]
            wider = np.zeros((self._number, width), dtype=np.int16)
            wider[:, : self.width] = old.reshape(self._number, self.width)
            buffer.replace(wider.reshape(-1))
        self.width = width

    def truths(self, node: int, keys: Longs) -> Bytes:
        """Give the truth of a node under some keys."""
        cells = node * self.width + keys
        return self._truths(cells, self.true.array[cells], self.false.array[cells])

    def begin(self, node: int, keys: Longs, truths: Bytes) -> None:
        """Count a member that is new, by its truth under some keys."""
        cells = node * self.width + keys
        self.true.array[cells] += truths == TRUE
        self.false.array[cells] += truths == FALSE

    def settle_parents(self, nodes: list[int], keys: Longs) -> None:
        """Count new groups as members of their parents, the deepest first."""
        for node in sorted(nodes, key=self.depth.view.__getitem__, reverse=True):
            parent = self.parent.view[node]
            if parent != ROOT:
                self.begin(parent, keys, self.truths(node, keys))

    def count(self, event: Longs, cell: Longs, true: Bytes, false: Bytes) -> Changes:
        """Count changes of members over a batch; give the changes of whole rules.

        ``true`` and ``false`` (each -1, 0 or 1) are what an event adds to a cell; there
        may be several of one event and cell. What changes *of* is a cell.
        """
        if not self.deepest:
            return self._count_level(event, cell, true, false)
        whole = []
        depth = self.depth.array[cell // self.width]
        rising: list[tuple[Longs, Longs, Bytes, Bytes]] = []
        for level in range(self.deepest, -1, -1):
            here = depth == level
            parts = [(event[here], cell[here], true[here], false[here]), *rising]
            changes = self._count_level(*map(np.concatenate, zip(*parts, strict=True)))
            node = changes.of // self.width
            parent = self.parent.array[node]
            top = parent == ROOT
            whole.append(changes.where(top))
            rising = [self._rise(changes.where(~top))]
        return Changes.joined(whole)

    def deepest_of(self, added: list[Added]) -> tuple[list[Added], list[Added]]:
        """Split off what is added on the deepest level: those above may still grow."""
        depths = [self.depth.view[cell // self.width] for cell, _, _ in added]
        deepest = max(depths)
        level: list[Added] = []
        above: list[Added] = []
        for one, depth in zip(added, depths, strict=True):
            (level if depth == deepest else above).append(one)
        return level, above

    def count_few(self, added: list[Added]) -> list[tuple[int, int, int]]:
        """Count what one event adds to the cells of one level.

        Returns:
            The cells that changed, with their truth before and after.
        """
        changed = []
        true, false = self.true.view, self.false.view
        for cell, more_true, more_false in _added_up(added):
            node = cell // self.width
            needed, spare = self.needed.view[node], self.spare.view[node]
            before = _truth(true[cell] - needed, spare - false[cell])
            true[cell] += more_true
            false[cell] += more_false
            after = _truth(true[cell] - needed, spare - false[cell])
            if after != before:
                changed.append((cell, before, after))
        return changed

    def rows_of(self, cells: Longs) -> Longs:
        """Give the row of the rule of each cell."""
        return self.row.array[cells // self.width].astype(np.int64)

    @property
    def nbytes(self) -> int:
        """Give the size of the memory."""
        buffers = (self.parent, self.row, self.needed, self.spare, self.depth)
        counts = self.true.nbytes + self.false.nbytes
        return sum(buffer.nbytes for buffer in buffers) + counts

    def _add(
        self, tree: Tree, row: int, parent: int, depth: int
    ) -> "list[tuple[int, Leaf]]":
        if isinstance(tree, Leaf):
            tree = Branch(is_all=True, members=(tree,))
        node = self._node(tree, row, parent, depth)
        placed: list[tuple[int, Leaf]] = []
        for member in tree.members:
            if isinstance(member, Leaf):
                placed.append((node, member))
            else:
                placed += self._add(member, row, node, depth + 1)
        return placed

    def _node(self, branch: Branch, row: int, parent: int, depth: int) -> int:
        if self._free:
            node = self._free.pop()
        else:
            node = self._number
            self._number += 1
            self._reach()
        self.parent.view[node] = parent
        self.row.view[node] = row
        members = len(branch.members)
        self.needed.view[node] = members if branch.is_all else 1
        self.spare.view[node] = 0 if branch.is_all else members - 1
        self.depth.view[node] = depth
        self.deepest = max(self.deepest, depth)
        return node

    def _reach(self) -> None:
        for buffer in (self.parent, self.row, self.needed, self.spare, self.depth):
            buffer.reach(self._number)
        for counts in (self.true, self.false):
            counts.reach(self._number * self.width)

    def _count_level(
        self, event: Longs, cell: Longs, true: Bytes, false: Bytes
    ) -> Changes:
        """Count on one level.

        1. What one event adds to one cell is added up.
        2. Along the events of a cell the sums run on from what the cell holds.
        3. The cell keeps the last; where its truth changed on the way is told.
        """
        if not len(event):
            return Changes.none()
        # Packed into one number a change sorts several times faster than by its parts.
        packed = (cell << _EVENT_BITS | event) << 4
        packed |= (true + 1).astype(np.int64) << 2 | (false + 1)
        packed.sort()
        place = packed >> 4
        starts = _starts(place)
        event = place[starts] & ((1 << _EVENT_BITS) - 1)
        cell = place[starts] >> _EVENT_BITS
        run = _starts(cell)
        true = _run_on(self.true, ((packed >> 2) & 3) - 1, starts, cell, run)
        false = _run_on(self.false, (packed & 3) - 1, starts, cell, run)
        before, after = self._truths(cell, true, false)
        changed = (before != after).nonzero()[0]
        return Changes(event[changed], cell[changed], before[changed], after[changed])

    def _truths(self, cell: Longs, true: Counts, false: Counts) -> Bytes:
        """Give the truth of cells by their counts, in one row or several."""
        node = cell // self.width
        truths = np.full(true.shape, UNKNOWN, dtype=np.int8)
        truths[false > self.spare.array[node]] = FALSE
        truths[true >= self.needed.array[node]] = TRUE
        return truths

    def _rise(self, changes: Changes) -> tuple[Longs, Longs, Bytes, Bytes]:
        """Say what changes of groups add to their parents."""
        node, key = np.divmod(changes.of, self.width or 1)
        cell = self.parent.array[node].astype(np.int64) * self.width + key
        true = (changes.after == TRUE).astype(np.int8) - (changes.before == TRUE)
        false = (changes.after == FALSE).astype(np.int8) - (changes.before == FALSE)
        return changes.event, cell, true, false


def _truth(true_left: int, spare_left: int) -> int:
    """Give the truth of a group by the members that it has beyond those it needs."""
    if true_left >= 0:
        return TRUE
    return FALSE if spare_left < 0 else UNKNOWN


def _added_up(added: list[Added]) -> Iterable[Added]:
    """Add up what is added to the same cell."""
    if len(added) == 1:
        return added
    sums: dict[int, Added] = {}
    for one in added:
        cell, true, false = one
        known = sums.get(cell)
        sums[cell] = one if known is None else (cell, known[1] + true, known[2] + false)
    return sums.values()


def _starts(values: Longs) -> Longs:
    """Give the places where sorted values change, the first among them."""
    new = np.empty(len(values), dtype=np.bool_)
    new[0] = True
    np.not_equal(values[1:], values[:-1], out=new[1:])
    return new.nonzero()[0]


def _run_on(
    held: Buffer[np.int16], added: Longs, starts: Longs, cell: Longs, run: Longs
) -> "np.ndarray":
    """Let counts run on from what their cells hold, and have those keep the last.

    ``starts`` begins the additions of one event to one cell, ``run`` the events of one
    cell. Gives the counts before each event, and in a second row those after it.
    """
    steps = np.add.reduceat(added, starts)
    last = np.empty_like(run)
    last[:-1] = run[1:] - 1
    last[-1] = len(cell) - 1
    counts = np.empty((2, len(cell)), dtype=np.int64)
    before, after = counts
    steps.cumsum(out=after)
    own = cell[run]
    after += (held.array[own] - after[run] + steps[run]).repeat(last - run + 1)
    np.subtract(after, steps, out=before)
    held.array[own] = after[last]
    return counts
