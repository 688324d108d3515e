"""What a rule says of an event, in three values, with the reasons kept.

``True``, ``False`` or ``None``. A field that is missing, null or of another type is
unknown, and so is every comparison with it; the negation of unknown is unknown; ``any``
is true if one member is, else unknown if one is; ``all`` mirrors it.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from decimal import Decimal

from rules.engine.events import View
from rules.engine.operators import Operator
from rules.engine.paths import FactPath
from rules.engine.specification import Condition, Constant, Group, GroupKind, Node
from rules.engine.values import (
    FieldType,
    Value,
    distance,
    is_number,
    show,
    type_of,
)

Truth = bool | None


@dataclass(frozen=True, slots=True, kw_only=True)
class ConditionVerdict:
    """What was found of one condition, under a key; the words are made when asked for.

    ``found`` and ``wanted`` are the values of its two sides; null is also what was
    never seen.
    """

    truth: Truth
    condition: Condition
    key: str
    found: Value
    wanted: Value

    def to_json(self) -> dict[str, object]:
        """Write the verdict as plain values; numbers stay exact."""
        return {
            "truth": self.truth,
            "fact": self.condition.fact.under(self.key),
            "found": self.found,
            "op": self.condition.op,
            "wanted": self.wanted,
            "wanted_fact": self.wanted_fact,
            "margin": self.margin,
            "reason": self.reason,
        }

    @property
    def wanted_fact(self) -> str:
        """Name the fact on the right side in full; empty beside a constant."""
        wanted = self.condition.wanted
        return wanted.under(self.key) if isinstance(wanted, FactPath) else ""

    @property
    def margin(self) -> Decimal | None:
        """Give how far two numbers lie apart."""
        if is_number(self.found) and is_number(self.wanted):
            return distance(self.found, self.wanted)
        return None

    @property
    def reason(self) -> str:
        """Say it: ``latestPrice is 309.20, at or below 310 (by 0.80)``."""
        if self.truth is None:
            return self._doubt
        if self.truth and self.condition.op == "eq" and not self.wanted_fact:
            return f"{self._name} is {show(self.wanted)}"
        phrase = self.condition.operator.phrase
        relation = phrase if self.truth else f"not {phrase}"
        wanted = f"{self._wanted_name} {show(self.wanted)}".strip()
        apart = f" (by {show(self.margin)})" if self.margin else ""
        return f"{self._name} is {show(self.found)}, {relation} {wanted}{apart}"

    @property
    def _name(self) -> str:
        return _name(self.condition.fact, self.key)

    @property
    def _wanted_name(self) -> str:
        """Call the fact on the right side, by its dataset too where that is another."""
        wanted = self.condition.wanted
        if isinstance(wanted, Constant):
            return ""
        name = _name(wanted, self.key)
        same = wanted.series == self.condition.fact.series
        return name if same else f"{wanted.dataset} {name}"

    @property
    def _doubt(self) -> str:
        """Say why the two sides cannot be compared."""
        operator = self.condition.operator
        sides = ((self._name, self.found), (self._wanted_name, self.wanted))
        for name, value in sides:
            if value is None:
                return f"{name} has no value"
            if not _is_comparable(operator, value):
                types = " or ".join(sorted(operator.types))
                return f"{name} is {show(value)}, which is no {types}"
        name, wanted = self._name, self._wanted_name or show(self.wanted)
        return (
            f"{name} is a {type_of(self.found)} and {wanted} a {type_of(self.wanted)}"
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class GroupVerdict:
    """What was found of a group; ``kind`` is ``all``, ``any`` or ``not``."""

    truth: Truth
    kind: str
    members: tuple["Verdict", ...]

    def to_json(self) -> dict[str, object]:
        """Write the tree as plain values."""
        return {
            "truth": self.truth,
            "kind": self.kind,
            "members": [member.to_json() for member in self.members],
        }

    @property
    def reason(self) -> str:
        """Say what made the group what it is: the members that decided it."""
        if self.kind == "not":
            return self.members[0].reason
        deciding = [member for member in self.members if member.truth is self.truth]
        return " and ".join(member.reason for member in deciding)


Verdict = ConditionVerdict | GroupVerdict


def judge(node: Node, view: View, key: str) -> Verdict:
    """Judge a rule's conditions for one key, keeping what was found of each."""
    match node:
        case Condition():
            return _judge_condition(node, view, key)
        case Group():
            members = tuple(judge(member, view, key) for member in node.members)
            truths = [member.truth for member in members]
            truth = all_of(truths) if node.kind is GroupKind.ALL else any_of(truths)
            return GroupVerdict(truth=truth, kind=str(node.kind), members=members)
    member = judge(node.member, view, key)
    return GroupVerdict(truth=not_of(member.truth), kind="not", members=(member,))


def all_of(truths: Iterable[Truth]) -> Truth:
    """False if one is false, else unknown if one is unknown, else true."""
    known = list(truths)
    if False in known:
        return False
    return None if None in known else True


def any_of(truths: Iterable[Truth]) -> Truth:
    """Answer true if one is true, else unknown if one is unknown, else false."""
    known = list(truths)
    if True in known:
        return True
    return None if None in known else False


def not_of(truth: Truth) -> Truth:
    """Turn true and false; unknown stays unknown."""
    return None if truth is None else not truth


def _judge_condition(condition: Condition, view: View, key: str) -> ConditionVerdict:
    found = view.value(condition.fact, key)
    wanted = condition.wanted
    value = wanted.value if isinstance(wanted, Constant) else view.value(wanted, key)
    return ConditionVerdict(
        truth=_compare(condition.operator, found, value),
        condition=condition,
        key=key,
        found=found,
        wanted=value,
    )


def _compare(operator: Operator, found: Value, wanted: Value) -> Truth:
    """Compare two sides; unknown unless both have a value of one type it compares."""
    if found is None or wanted is None or type_of(found) is not type_of(wanted):
        return None
    if not (_is_comparable(operator, found) and _is_comparable(operator, wanted)):
        return None
    return operator.holds(found, wanted)


def _is_comparable(operator: Operator, value: Value) -> bool:
    field_type = type_of(value)
    if field_type is FieldType.NUMBER:
        return is_number(value)
    return field_type in operator.labels


def _name(path: FactPath, key: str) -> str:
    """Call a fact by its field, and by its key too where that is another one."""
    if path.named_key in (None, key):
        return path.field
    return f"{path.named_key} {path.field}"
