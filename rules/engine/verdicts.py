"""What a rule says of an event, in three values, with the reasons kept.

``True``, ``False`` or ``None``. A field that is missing, null or of another type is
unknown, and so is every comparison with it; the negation of unknown is unknown; ``any``
is true if one member is, else unknown if one is; ``all`` mirrors it.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from zoneinfo import ZoneInfo

from rules.engine.closing import ask_closed, watch_closing
from rules.engine.contents import Contents
from rules.engine.events import View
from rules.engine.kept import Kept
from rules.engine.memory import Memory
from rules.engine.nodes import Condition, Group, GroupKind, InSequence, Node, Spell
from rules.engine.operands import OtherFact, Scores, Wanted
from rules.engine.operators import Sides
from rules.engine.operators.moves import base_since_alert, side_before
from rules.engine.reasons import Reason
from rules.engine.sequences import Steps, awaited_step, judge_sequence
from rules.engine.spells import Progress, judge_modifier
from rules.engine.values import Truth, Value, distance, is_number
from rules.engine.windowed import (
    look_over,
    sides_of_record,
    sides_over,
    watch_leaving,
)
from rules.engine.windows import Window


@dataclass(frozen=True, slots=True, kw_only=True)
class ConditionVerdict:
    """What was found of one condition, under a key; the words are made when asked for.

    ``found`` and ``wanted`` are the values of its two sides as JSON writes them; null
    is also what was never seen. ``before`` is what the left side was before the event,
    and ``sides`` all that the operator saw. ``contents`` tells what was in the window,
    where the left side is taken over one.
    """

    truth: Truth
    condition: Condition
    key: str
    found: Value
    before: Value
    wanted: Value
    sides: Sides = field(compare=False, repr=False)
    contents: Contents | None = None
    _said: str = field(default="", init=False, compare=False, repr=False)

    def to_json(self) -> dict[str, object]:
        """Write the verdict as plain values; numbers stay exact."""
        side = {} if self.condition.operator.remember is None else {"side": self.side}
        return {
            "truth": self.truth,
            "fact": self.condition.fact.under(self.key),
            "found": self.found,
            "before": self.before,
            "op": self.condition.op,
            "wanted": self.wanted,
            "wanted_fact": self.wanted_fact,
            **side,
            **self._over,
            "margin": self.margin,
            "reason": self.reason,
        }

    @property
    def _over(self) -> dict[str, object]:
        window, wanted = self.condition.window, self.condition.wanted
        if window is None or self.contents is None:
            return {}
        if isinstance(wanted, Scores):
            band = self._describe_band(wanted)
            return {"direction": wanted.direction, **window.to_json(), "band": band}
        return {**window.to_json(), "contents": self.contents.to_json()}

    def _describe_band(self, scores: Scores) -> dict[str, object] | None:
        """Write between what an unusual value does not lie; null if that is unknown."""
        baseline, found = self.sides.baseline, self.found
        if baseline is None or not is_number(found):
            return None
        return baseline.describe(found, scores)

    @property
    def wanted_fact(self) -> str:
        """Name the fact on the right side in full; empty beside a constant."""
        wanted = self.condition.wanted
        return wanted.fact.under(self.key) if isinstance(wanted, OtherFact) else ""

    @property
    def side(self) -> str | None:
        """Tell on which side of what it may cross the fact was; ``None`` if unknown."""
        if self.condition.operator.remember is None:
            return None
        return _SIDES.get(side_before(self.sides))

    @property
    def margin(self) -> Decimal | None:
        """Give how far two numbers lie apart: the sides, or the left one and a band."""
        scores = self.condition.wanted
        if not is_number(self.found) or not is_number(self.wanted):
            return None
        if not isinstance(scores, Scores):
            return distance(self.found, self.wanted)
        baseline = self.sides.baseline
        band = None if baseline is None else baseline.band(scores)
        if band is None:
            return None
        return distance(self.found, band.edge(scores.direction, self.found))

    @property
    def reason(self) -> str:
        """Say it: ``latestPrice is 309.20, at or below 310 (by 0.80)``.

        An alert asks twice, so the words are kept.
        """
        if not self._said:
            object.__setattr__(self, "_said", self._say())
        return self._said

    def _say(self) -> str:
        return Reason(
            condition=self.condition,
            key=self.key,
            truth=self.truth,
            found=self.found,
            before=self.before,
            wanted=self.wanted,
            contents=self.contents,
            baseline=self.sides.baseline,
        ).say()


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


@dataclass(frozen=True, slots=True, kw_only=True)
class SpellVerdict(GroupVerdict):
    """What was found over time; ``kind`` names what was asked.

    ``last`` is the place of the member that was found last, or that is awaited.
    """

    progress: Progress
    last: int = 0

    def to_json(self) -> dict[str, object]:
        """Write the tree as plain values, with what was counted."""
        written = GroupVerdict.to_json(self)
        said = self.progress.words.removeprefix(", ")
        return {**written, "progress": {"said": said, **self.progress.figures}}

    @property
    def reason(self) -> str:
        """Say what was found last, and what was counted."""
        return f"{self.members[self.last].reason}{self.progress.words}"


Verdict = ConditionVerdict | GroupVerdict
_SIDES: Mapping[int | None, str] = {-1: "below", 1: "above"}


def judge(node: Node, view: View, key: str, memory: Memory) -> Verdict:
    """Judge a rule's conditions for one key, keeping what was found of each.

    Every condition is judged, also where others have decided: each has its reason, and
    may have to remember what it saw.
    """
    match node:
        case Condition():
            return _judge_condition(node, view, key, memory)
        case Group():
            members = tuple(judge(one, view, key, memory) for one in node.members)
            truths = [member.truth for member in members]
            truth = all_of(truths) if node.kind is GroupKind.ALL else any_of(truths)
            return GroupVerdict(truth=truth, kind=str(node.kind), members=members)
        case Spell():
            return _judge_spell(node, view, key, memory)
        case InSequence():
            return _judge_sequence(node, view, key, memory)
    member = judge(node.member, view, key, memory)
    return GroupVerdict(truth=not_of(member.truth), kind="not", members=(member,))


def _judge_spell(node: Spell, view: View, key: str, memory: Memory) -> Verdict:
    member = judge(node.member, view, key, memory)
    progress = judge_modifier(
        node.modifier, node.memory_id, member.truth, memory, view.at
    )
    return SpellVerdict(
        truth=progress.truth,
        kind=node.modifier.name,
        members=(member,),
        progress=progress,
    )


def _judge_sequence(node: InSequence, view: View, key: str, memory: Memory) -> Verdict:
    steps = tuple(judge(step, view, key, memory) for step in node.steps)
    without = node.without and judge(node.without, view, key, memory)
    said = Steps(
        truths=[step.truth for step in steps],
        between=without.truth if without else False,
        at=view.at,
        within=node.within,
    )
    progress = judge_sequence(said, node.memory_id, memory)
    return SpellVerdict(
        truth=progress.truth,
        kind="sequence",
        members=(*steps, without) if without else steps,
        progress=progress,
        last=awaited_step(progress),
    )


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


def _judge_condition(
    condition: Condition, view: View, key: str, memory: Memory
) -> ConditionVerdict:
    sides = _sides(condition, view, key, memory)
    if condition.window is not None and condition.window.tumbles:
        return _judge_closed(condition, condition.window, sides, view, key, memory)
    if condition.window is not None:
        return _judge_window(condition, condition.window, sides, view, key, memory)
    operator = condition.operator
    if condition.since is not None:
        sides = sides._replace(before=base_since_alert(sides))
        memory.keep(condition.memory_id, sides.before)
    elif operator.remember and condition.memory_id:
        memory.keep(condition.memory_id, operator.remember(sides))
    if operator.wake:
        memory.wake(operator.wake(sides), now=view.at)
    return ConditionVerdict(
        truth=operator.judge(sides),
        condition=condition,
        key=key,
        found=sides.found,
        before=sides.before,
        wanted=_write_wanted(condition.wanted, sides),
        sides=sides,
    )


def _judge_window(
    condition: Condition,
    window: Window,
    sides: Sides,
    view: View,
    key: str,
    memory: Memory,
) -> ConditionVerdict:
    """Judge what is taken over a window, in place of the newest value."""
    operator = condition.operator
    look = look_over(condition, window, view, view.look(condition.fact, key), memory)

    if operator.extends:
        tried = sides_of_record(condition, sides, look)
    else:
        tried = sides_over(condition, sides, look.seen)
    answers = [operator.judge(one) for one in tried]
    truth = any_of(answers)

    def ask(kept: Kept) -> Truth:
        if kept is look.seen:
            return truth
        return any_of(map(operator.judge, sides_over(condition, sides, kept)))

    watch_leaving(condition, look, memory, ask)
    asked = tried[answers.index(True) if True in answers else 0]
    if operator.remember and condition.memory_id:
        memory.keep(condition.memory_id, operator.remember(asked))
    return ConditionVerdict(
        truth=truth,
        condition=condition,
        key=key,
        found=asked.found,
        before=asked.before,
        wanted=_write_wanted(condition.wanted, sides),
        sides=asked,
        contents=look.contents,
    )


def _judge_closed(
    condition: Condition,
    window: Window,
    sides: Sides,
    view: View,
    key: str,
    memory: Memory,
) -> ConditionVerdict:
    """Judge what is taken of the newest window that is final, or will not change."""
    sight = view.look(condition.fact, key)
    seen = watch_closing(condition, window, view, sight, memory)
    asked = ask_closed(condition, sides, seen, memory, view.at)
    remember = condition.operator.remember
    if remember and condition.memory_id:
        told = asked.contents.is_final
        memory.keep(
            condition.memory_id, remember(asked.sides) if told else sides.memory
        )
    return ConditionVerdict(
        truth=asked.truth,
        condition=condition,
        key=key,
        found=asked.sides.found,
        before=None,
        wanted=_write_wanted(condition.wanted, sides),
        sides=asked.sides,
        contents=asked.contents,
    )


def _sides(condition: Condition, view: View, key: str, memory: Memory) -> Sides:
    path = condition.fact
    sight = view.look(path, key)
    found = sight.now.past(path.steps)[0] if sight.now else None
    before = last = other = None
    if sight.before is not None:
        before, last, other = sight.before.past(path.steps)
    zone = ZoneInfo(condition.zone) if condition.zone else view.zone_of(path)
    return Sides(
        found=found,
        wanted=_read_wanted(condition.wanted, view, key),
        before=before,
        last=last,
        other=other,
        carried=sight.carried,
        at=view.at,
        zone=zone,
        read_time=condition.read_time,
        ignore_case=condition.ignore_case,
        memory=memory.recall(condition.memory_id),
        seen=sight.seen,
    )


def _write_wanted(wanted: Wanted, sides: Sides) -> Value:
    if isinstance(wanted, OtherFact):
        value: Value = sides.wanted
        return value
    return None if wanted is None else wanted.to_json()


def _read_wanted(wanted: Wanted, view: View, key: str) -> object:
    """Give the right side as its operator takes it."""
    if isinstance(wanted, OtherFact):
        return wanted.of(view.value(wanted.fact, key))
    return None if wanted is None else wanted.given
