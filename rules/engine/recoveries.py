"""Whether what ends an alert can be true while what opened it still is."""

from rules.engine.errors import Problem
from rules.engine.nodes import Condition, Group, Node
from rules.engine.operands import Constant
from rules.engine.specification import Specification
from rules.engine.values import Number, is_number, show

_ABOVE = frozenset({"gt", "gte"})
_BOUNDS = _ABOVE | {"lt", "lte"}


def find_wrong_side(specification: Specification) -> Problem | None:
    """Find a threshold for recovery on the wrong side of the rule's own.

    Only where both are one bound of one fact; for richer conditions nobody can tell
    without looking at the data.
    """
    opens, ends = _bound(specification.when), _bound(specification.recover.when)
    if opens is None or ends is None or opens[0].asks != ends[0].asks:
        return None
    if not _overlap(*opens, *ends):
        return None
    side = "at or above" if opens[0].op not in _ABOVE else "at or below"
    return Problem(
        pointer="/recover/when/value",
        code="wrong_side",
        detail=f"{show(ends[1])} is on the wrong side: the alert would end while what"
        f" opened it is still so. Recover {side} {show(opens[1])}.",
    )


def _bound(node: Node | None) -> tuple[Condition, Number] | None:
    while isinstance(node, Group) and len(node.members) == 1:
        node = node.members[0]
    if not isinstance(node, Condition) or node.op not in _BOUNDS:
        return None
    value = node.wanted.value if isinstance(node.wanted, Constant) else None
    return (node, value) if is_number(value) else None


def _overlap(opens: Condition, level: Number, ends: Condition, other: Number) -> bool:
    """Tell whether some number satisfies both bounds."""
    if (opens.op in _ABOVE) == (ends.op in _ABOVE):
        return True
    both_ends = opens.op.endswith("e") and ends.op.endswith("e")
    low, high = (level, other) if opens.op in _ABOVE else (other, level)
    return low < high or (low == high and both_ends)
