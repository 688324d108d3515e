"""What can be said against a rule that could be kept: never true, always true, deaf.

A node's *ways* to be true, or false, are sets of demands on single facts; a way whose
demands leave a fact no value is none. Ways may be more than there are, never fewer: so
what has none is never true.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from itertools import product

from rules.engine.errors import Problem
from rules.engine.nodes import (
    Condition,
    Group,
    GroupKind,
    InSequence,
    Negation,
    Node,
    Spell,
)
from rules.engine.operands import Amount, OtherFact
from rules.engine.regions import NOWHERE, Interval, complement, region_of
from rules.engine.rooms import Room, room_of
from rules.engine.specification import Specification
from rules.engine.values import FieldType, type_of

#: Ways that are followed at most; of what has more nothing is said.
MOST_WAYS = 1_000

_FLIPPED = {"gt": "lt", "lt": "gt", "gte": "lte", "lte": "gte"}
_APART = frozenset({"gt", "gte", "lt", "lte", "eq", "ne"})


def find_cautions(specification: Specification) -> list[Problem]:
    """Find what is never true, or always; and facts that do not run the rule.

    Pointers are into the canonical definition. "Always" means whenever what the
    conditions read has values that they can judge.
    """
    found = list(_cautions_of(specification.when, "/when", is_whole=True))
    recover = specification.recover.when
    if recover is not None:
        found += _cautions_of(recover, "/recover/when", is_whole=False)
    return [*found, *_deaf(specification)]


class _TooMany(Exception):
    """There are more ways than are followed."""


@dataclass(frozen=True, slots=True)
class _Way:
    """Demands that can be met together: rooms by fact, and truths by meaning."""

    rooms: Mapping[object, Room]
    truths: Mapping[str, bool]

    def join(self, other: "_Way") -> "_Way | None":
        """Demand both; ``None`` if that cannot be."""
        truths = {**self.truths, **other.truths}
        if any(truths[name] is not truth for name, truth in self.truths.items()):
            return None
        rooms = dict(self.rooms)
        for fact, room in other.rooms.items():
            known = rooms.get(fact)
            both = room if known is None else known.meet(room)
            if both.is_empty:
                return None
            rooms[fact] = both
        return _Way(rooms, truths)


_NO_DEMAND = _Way({}, {})


def _ways(node: Node, *, truth: bool) -> list[_Way]:
    match node:
        case Condition():
            return _ways_of_condition(node, truth=truth)
        case Negation():
            return _ways(node.member, truth=not truth)
        case Group():
            each = (_ways(member, truth=truth) for member in node.members)
            if (node.kind is GroupKind.ANY) is truth:
                return _counted(way for ways in each for way in ways)
            return _all_of(each)
    needed = node.steps if isinstance(node, InSequence) else (node.member,)
    # What lasts, or comes in turn, needs each part at its own time.
    if truth and not all(_ways(one, truth=True) for one in needed):
        return []
    return [_Way({}, {node.meaning: truth})]


def _all_of(each: Iterable[list[_Way]]) -> list[_Way]:
    together = [_NO_DEMAND]
    for ways in each:
        both = (one.join(other) for one, other in product(together, ways))
        together = _counted(way for way in both if way is not None)
    return together


def _counted(ways: Iterable[_Way]) -> list[_Way]:
    kept: list[_Way] = []
    for way in ways:
        if len(kept) == MOST_WAYS:
            raise _TooMany
        kept.append(way)
    return kept


def _ways_of_condition(condition: Condition, *, truth: bool) -> list[_Way]:
    rooms: dict[object, Room] = {}
    if _is_plain(condition):
        rooms[condition.fact.identity] = room_of(condition, truth=truth)
        rooms |= _apart(condition, truth=truth)
    way = _NO_DEMAND.join(_Way(rooms, {condition.meaning: truth}))
    return [] if way is None else [way]


def _is_plain(condition: Condition) -> bool:
    """Tell whether the left side is a fact's own value, and nothing made of it."""
    return condition == Condition(
        fact=condition.fact,
        op=condition.op,
        wanted=condition.wanted,
        ignore_case=condition.ignore_case,
        zone=condition.zone,
    )


def _apart(condition: Condition, *, truth: bool) -> dict[object, Room]:
    """Demand of how far two facts lie apart that it is above, below or at 0."""
    wanted, op = condition.wanted, condition.op
    if not isinstance(wanted, OtherFact) or op not in _APART or condition.ignore_case:
        return {}
    if (wanted.times, wanted.plus) != (1, 0):
        return {}
    one, other = condition.fact.identity, wanted.fact.identity
    if str(other) < str(one):
        one, other, op = other, one, _FLIPPED.get(op, op)
    region = region_of(op, 0) or NOWHERE
    region = region if truth else complement(region)
    if one == other:
        at_zero = any(interval.holds(0) for interval in region)
        region = (Interval(low=0, high=0),) if at_zero else NOWHERE
    return {(one, other): Room(numbers=region)}


def _cautions_of(node: Node, pointer: str, *, is_whole: bool) -> Iterator[Problem]:
    """Say it of the smallest parts, and whether the whole is so."""
    never, always = _is_never(node), _is_always(node)
    for part, where in _smallest(node, pointer):
        impossible = _is_never(part)
        decides = is_whole and (never if impossible else always)
        code, detail = _SAID[impossible, decides]
        yield Problem(pointer=where, code=code, detail=detail)


def _smallest(node: Node, pointer: str) -> Iterator[tuple[Node, str]]:
    inside = [
        found
        for member, where in _members(node, pointer)
        for found in _smallest(member, where)
    ]
    if inside:
        yield from inside
    elif _is_never(node) or _is_always(node):
        yield node, pointer


def _members(node: Node, pointer: str) -> Iterator[tuple[Node, str]]:
    match node:
        case Negation():
            yield node.member, f"{pointer}/not"
        case Spell():
            yield node.member, pointer
        case Group():
            for place, member in enumerate(node.members):
                yield member, f"{pointer}/{node.kind}/{place}"
        case InSequence():
            for place, member in enumerate(node.steps):
                yield member, f"{pointer}/sequence/{place}"


def _is_never(node: Node) -> bool:
    try:
        return not _ways(node, truth=True)
    except _TooMany:
        return False


def _is_always(node: Node) -> bool:
    """Never false, and all that is asked of a fact can be judged at once."""
    if isinstance(node, Spell | InSequence) or _asks_types(node):
        return False
    try:
        return not _ways(node, truth=False)
    except _TooMany:
        return False


def _asks_types(node: Node) -> bool:
    """Tell whether a fact is compared with values of several types."""
    types: dict[object, set[FieldType | None]] = {}
    for condition in _conditions(node):
        wanted = condition.wanted
        if wanted is None or isinstance(wanted, OtherFact | Amount):
            continue
        given = wanted.to_json()
        named = given if isinstance(given, list) else [given]
        types.setdefault(condition.fact.identity, set()).update(map(type_of, named))
    return any(len(several) > 1 for several in types.values())


def _conditions(node: Node) -> Iterator[Condition]:
    if isinstance(node, Condition):
        yield node
    for member, _ in _members(node, ""):
        yield from _conditions(member)


def _deaf(specification: Specification) -> Iterator[Problem]:
    """Find the facts of single keys beside those of any key."""
    seen = set(specification.triggers)
    for pointer, condition in specification.conditions():
        places = zip(condition.facts, ("fact", "value"), strict=False)
        for fact, place in places if specification.any_key else ():
            if fact in seen:
                continue
            seen.add(fact)
            yield Problem(
                pointer=f"{pointer}/{place}",
                code="does_not_run",
                detail=f"{fact} is read and does not run the rule: it is judged when an"
                " event of any key comes that carries one of the facts of any key.",
            )


_SAID = {
    (True, True): (
        "impossible",
        "No values make this true, so the rule would never raise.",
    ),
    (True, False): (
        "part_impossible",
        "No values make this part true; mend it, or leave it out.",
    ),
    (False, True): (
        "always_true",
        "This is true of all values that can be compared, so every event would pass.",
    ),
    (False, False): (
        "part_always_true",
        "This part is true of all values that can be compared; it decides nothing.",
    ),
}
