"""What a rule says of an event, in three values, with the reasons kept.

``True``, ``False`` or ``None``. A field that is missing, null or of another type is
unknown, and so is every comparison with it; the negation of unknown is unknown; ``any``
is true if one member is, else unknown if one is; ``all`` mirrors it.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from decimal import Decimal

from rules.engine.events import View
from rules.engine.paths import FactPath
from rules.engine.specification import Condition, Group, GroupKind, Node
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
    """What was found of one condition.

    ``margin`` is how far two numbers lie apart; ``doubt`` says why a verdict is
    unknown. ``name`` and ``wanted_name`` are what people call the facts;
    ``wanted_fact`` and ``wanted_name`` are empty beside a constant.
    """

    truth: Truth
    fact: str
    name: str
    found: Value
    op: str
    phrase: str
    wanted: Value
    wanted_fact: str = ""
    wanted_name: str = ""
    margin: Decimal | None = None
    doubt: str = ""

    def to_json(self) -> dict[str, object]:
        """Write the verdict as plain values; numbers stay exact."""
        return {
            "truth": self.truth,
            "fact": self.fact,
            "found": self.found,
            "op": self.op,
            "wanted": self.wanted,
            "wanted_fact": self.wanted_fact,
            "margin": self.margin,
            "doubt": self.doubt,
            "reason": self.reason,
        }

    @property
    def reason(self) -> str:
        """Say it: ``latestPrice is 309.20, at or below 310 (by 0.80)``."""
        if self.truth is None:
            return self.doubt
        if self.op == "eq" and self.truth and not self.wanted_fact:
            return f"{self.name} is {self._wanted}"
        relation = self.phrase if self.truth else f"not {self.phrase}"
        apart = f" (by {show(self.margin)})" if self.margin else ""
        return f"{self.name} is {show(self.found)}, {relation} {self._wanted}{apart}"

    @property
    def _wanted(self) -> str:
        return f"{self.wanted_name} {show(self.wanted)}".strip()


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
    wanted: Value
    if isinstance(condition.wanted, FactPath):
        wanted = view.value(condition.wanted, key)
        wanted_fact = condition.wanted.under(key)
        wanted_name = _name(condition.wanted, key, beside=condition.fact)
    else:
        wanted, wanted_fact, wanted_name = condition.wanted.value, "", ""
    name = _name(condition.fact, key)
    doubt = _doubt(condition, name, found, wanted_name, wanted)
    truth: Truth = None
    margin = None
    if not doubt:
        truth = condition.operator.holds(found, wanted)  # type: ignore[arg-type]
        if is_number(found):
            margin = distance(found, wanted)  # type: ignore[arg-type]
    return ConditionVerdict(
        truth=truth,
        fact=condition.fact.under(key),
        name=name,
        found=found,
        op=condition.op,
        phrase=condition.operator.phrase,
        wanted=wanted,
        wanted_fact=wanted_fact,
        wanted_name=wanted_name,
        margin=margin,
        doubt=doubt,
    )


def _doubt(
    condition: Condition, name: str, found: Value, wanted_name: str, wanted: Value
) -> str:
    """Say why two sides cannot be compared; nothing if they can."""
    for called, value in ((name, found), (wanted_name, wanted)):
        if value is None:
            return f"{called} has no value"
        if not _is_comparable(condition, value):
            types = " or ".join(sorted(condition.operator.types))
            return f"{called or 'The value'} is {show(value)}, which is no {types}"
    if type_of(found) is not type_of(wanted):
        return (
            f"{name} is a {type_of(found)} and"
            f" {wanted_name or show(wanted)} is a {type_of(wanted)}"
        )
    return ""


def _is_comparable(condition: Condition, value: Value) -> bool:
    field_type = type_of(value)
    if field_type is FieldType.NUMBER:
        return is_number(value)
    return field_type in condition.operator.types


def _name(path: FactPath, key: str, *, beside: FactPath | None = None) -> str:
    """Call a fact by its field, and by key and dataset where those are others."""
    words = [path.field]
    if path.named_key not in (None, key):
        words.insert(0, f"{path.named_key}")
    if beside is not None and beside.series != path.series:
        words.insert(0, path.dataset)
    return " ".join(words)
