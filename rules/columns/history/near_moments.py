"""The event at which a rule that never was true came nearest to it."""

from dataclasses import dataclass

import numpy as np

from rules.columns.history.grounds import Ground
from rules.columns.history.joining import Logs, join
from rules.columns.history.moments import Moment
from rules.columns.history.nearness import Nearest, nearest_of_tree
from rules.columns.history.outlines import Outline
from rules.columns.history.resting import awake_at
from rules.columns.history.spans import within
from rules.columns.history.tree_reading import tree_of
from rules.columns.history.windows import LeftToEngine
from rules.engine import Group, Instance, Negation, Node, Program, Spell


@dataclass(frozen=True, slots=True, kw_only=True)
class NearMoment:
    """An event, the number that came nearest there, and the conditions of the moment.

    Those are the rule's, but for how long or how often they must be so.
    """

    moment: Moment
    nearest: Nearest
    node: Node


def nearest_moment(
    outline: Outline,
    logs: Logs,
    program: Program,
    rule_id: int,
    bounds: tuple[int | None, int | None],
) -> NearMoment | None:
    """Find where one number came nearest to making true what a rule asks.

    None if that once was true, or if no number alone would have made it so; where
    columns cannot follow all keys, and where windows are asked about.
    """
    rule = program.rule(rule_id)
    node = _of_moment(outline.spec.when)
    tree = None if node is None else tree_of(node, name=outline.sources.name)
    if node is None or tree is None or outline.question.windows:
        # What would have been taken of a window is not one number that is missed.
        return None
    try:
        joined = join(outline.sources, outline.question, logs, rule.own_key)
        parting = joined.history.parted_by(outline.need)
        if parting is None or parting.apart:
            return None
        together = joined.together(outline.question, parting.history)
        runs = together.runs
        asked = awake_at(outline.watch, runs.at) & within(runs.at, *bounds)
        nearest = nearest_of_tree(tree, together, asked)
    except LeftToEngine:
        return None
    if nearest is None:
        return None
    records, row = parting.history.records, int(runs.row[nearest.place])
    number = int(np.searchsorted(records.starts, row, side="right")) - 1
    ground, first = Ground(records, joined.sources, joined.beside), records.starts
    moment = Moment(
        program=program,
        ground=ground,
        row=row,
        first=int(first[number]),
        watermark=ground.latest(0, 0),
        instance=Instance(
            rule_id=rule_id, key=records.keys[number], version=rule.version
        ),
    )
    return NearMoment(moment=moment, nearest=nearest, node=node)


def _of_moment(node: Node) -> Node | None:
    """Leave out how long or how often something must be so; none if that is negated."""
    match node:
        case Spell():
            return _of_moment(node.member)
        case Group():
            members = [_of_moment(one) for one in node.members]
            known = tuple(one for one in members if one is not None)
            if len(known) < len(members):
                return None
            return Group(kind=node.kind, members=known)
        case Negation():
            inside = _of_moment(node.member)
            return node if inside == node.member else None
    return node
