"""Cuts that were passed, many at once: which rules and groups they change."""

from dataclasses import dataclass, field

import numpy as np

from rules.columns.buffers import Bytes, Flags, Longs
from rules.columns.cuts import BASE, CROSSING, EXACT, HEAD, MEMBER, OPEN, UP
from rules.columns.groups import Groups
from rules.columns.moving import Step, is_crossed
from rules.columns.segments import Segments, spread
from rules.columns.truth import CROSSED, FALSE, UNKNOWN, Changes


@dataclass(frozen=True, slots=True)
class Moves:
    """Values that moved among cuts, all of them numbers before and after.

    ``event`` and ``key`` say whose; ``base``, ``old`` and ``new`` (int64) where; one
    element a move.
    """

    event: Longs
    key: Longs
    base: Longs
    old: Longs
    new: Longs


@dataclass(slots=True)
class Passed:
    """What a batch changed so far: whole rules, and members of groups.

    ``shared`` are the groups of rules on any key.
    """

    segments: Segments
    groups: Groups
    shared: Groups
    rules: list[Changes] = field(default_factory=list)
    members: dict[bool, list[tuple[Longs, Longs, Bytes, Bytes]]] = field(
        default_factory=lambda: {False: [], True: []}
    )

    def move(self, moves: Moves, *, is_shared: bool) -> tuple[Longs, Longs] | None:
        """Note the cuts that values passed.

        Returns:
            The places of cuts that are crossings, and the move of each: they may have
            been crossed.
        """
        low = np.minimum(moves.old, moves.new)
        lengths = np.abs(moves.new - moves.old)
        places = spread(moves.base + low + 1, lengths)
        move = np.arange(len(lengths)).repeat(lengths)
        kind, target = self.segments.kind.array[places], self.segments.target.array
        turns_true = ((kind & UP) != 0) == (moves.new > moves.old)[move]
        event, of = moves.event[move], target[places].astype(np.int64)
        special = kind & (MEMBER | CROSSING)
        if not special.any():
            self._turn(event, of, turns_true)
            return None
        plain = special == 0
        self._turn(event[plain], of[plain], turns_true[plain])
        member = special == MEMBER
        true = np.where(turns_true[member], 1, -1).astype(np.int8)
        key = moves.key[move[member]]
        self._count(event[member], of[member], key, (true, -true), is_shared=is_shared)
        crossing = special == CROSSING
        if not crossing.any():
            return None
        return places[crossing], move[crossing]

    def take(self, event: int, key: int, step: Step) -> None:
        """Note what one value did, known or not."""
        base = int(self.segments.base.view[step.segment])
        if step.was is not step.now:
            self._reveal(event, key, step, base)
        elif step.new != step.old:
            one = np.array([[event, key, base, step.old, step.new]]).T
            self.move(Moves(*one), is_shared=step.standing.is_shared)
        for row in crossed_rows(step, self.segments):
            self.cross(event, row)

    def cross(self, event: int, row: int) -> None:
        """Note a rule that is true at one event alone."""
        one = Changes.of_list([(event, row, FALSE, CROSSED)])
        self.rules.append(one)

    def changes(self) -> Changes:
        """Count the members of groups; give all changes of whole rules."""
        for is_shared, groups in ((False, self.groups), (True, self.shared)):
            parts = self.members[is_shared]
            if parts:
                joined = map(np.concatenate, zip(*parts, strict=True))
                counted = groups.count(*joined)
                self.rules.append(
                    Changes(
                        counted.event,
                        groups.rows_of(counted.of),
                        counted.before,
                        counted.after,
                    )
                )
        return Changes.joined(self.rules)

    def _turn(self, event: Longs, row: Longs, turns_true: Flags) -> None:
        after = turns_true.view(np.int8)
        self.rules.append(Changes(event, row, 1 - after, after))

    def _count(
        self,
        event: Longs,
        node: Longs,
        key: Longs,
        counts: tuple[Bytes, Bytes],
        *,
        is_shared: bool,
    ) -> None:
        cell = node * self.shared.width + key if is_shared else node
        self.members[is_shared].append((event, cell, *counts))

    def _reveal(self, event: int, key: int, step: Step, base: int) -> None:
        """Turn every condition of a segment from unknown to its truth, or back.

        A condition of several cuts is known by its first; what it holds is the sum of
        the turns at the cuts passed.
        """
        length = self.segments.length.view[step.segment]
        run = slice(base + 1, base + 1 + length)
        kind = self.segments.kind.array[run]
        of = self.segments.target.array[run].astype(np.int64)
        passed = np.arange(1, length + 1) <= step.new
        is_head = (kind & HEAD) != 0
        true = (is_head & ((kind & BASE) != 0)).astype(np.int8)
        true += passed * np.where(kind & UP, 1, -1).astype(np.int8)
        false = is_head - true
        plain = (kind & (MEMBER | CROSSING)) == 0
        known = true[plain]
        unknown = np.full(len(known), UNKNOWN, dtype=np.int8)
        change = (unknown, known) if step.now else (known, unknown)
        self.rules.append(
            Changes(np.full(len(known), event), of[plain], *change),
        )
        member = (kind & (MEMBER | CROSSING)) == MEMBER
        sign = np.int8(1 if step.now else -1)
        number = int(member.sum())
        if number:
            self._count(
                np.full(number, event),
                of[member],
                np.full(number, key),
                (true[member] * sign, false[member] * sign),
                is_shared=step.standing.is_shared,
            )


def crossed_rows(step: Step, segments: Segments) -> list[int]:
    """Name the rules whose crossing one value made."""
    if step.last is None or step.new == step.old:
        return []
    low, high = sorted((step.old, step.new))
    base = segments.base.view[step.segment]
    rows = []
    for place in range(base + low + 1, base + high + 1):
        kind = segments.kind.view[place]
        if kind & CROSSING:
            bound = segments.exact_of(step.segment, place)
            if is_crossed(step, bound, kind):
                rows.append(segments.target.view[place])
    return rows


def ties(at: "np.ndarray", kind: Bytes, last: "np.ndarray") -> Flags:
    """Tell which cuts have their constant exactly at the number before."""
    constant = np.where(kind & OPEN, np.nextafter(at, -np.inf), at)
    equal: Flags = (constant == last) & ((kind & EXACT) == 0)
    return equal
