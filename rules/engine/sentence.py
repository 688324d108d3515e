"""Every definition renders to one plain English sentence.

``When MSFT latestPrice is at or below 310, raise a warning and tell email-me at most
once a minute.``
"""

from collections.abc import Iterator

from rules.engine.bands import call_unusual, say_scores
from rules.engine.durations import say_duration, say_every
from rules.engine.nodes import (
    Condition,
    Group,
    GroupKind,
    InSequence,
    Negation,
    Node,
    Spell,
)
from rules.engine.operands import Constant, Scores
from rules.engine.operators import WEEKDAYS, Operand
from rules.engine.paths import ONLY_KEY, FactPath
from rules.engine.specification import (
    Mode,
    OnSilence,
    OutputUse,
    Recovery,
    RuleKind,
    Severity,
    SeverityStep,
    Specification,
)
from rules.engine.values import type_of
from rules.engine.wording import DAYS, say_amount, say_list, say_wanted

Part = tuple[str, str]
"""A phrase, and the JSON Pointer of what it says in the canonical definition."""


def render_sentence(specification: Specification) -> str:
    """Say a rule in one sentence."""
    return "".join(text for text, _ in render_parts(specification))


def render_parts(specification: Specification) -> tuple[Part, ...]:
    """Say a rule in phrases, each with the place in the definition it speaks of."""
    return tuple(_sentence(specification))


def _sentence(specification: Specification) -> Iterator[Part]:
    yield "When ", ""
    namer = _Namer(specification)
    yield from _say(specification.when, "/when", namer)
    if specification.hold:
        yield f" for {say_duration(specification.hold)}", "/hold"
    yield from _say_active(specification)
    yield ", ", ""
    yield from _say_raise(specification, namer)
    if specification.only_new:
        yield ", but not where it is so already when the rule begins", "/raise/only_new"
    yield from _say_outputs(specification.outputs)
    if specification.outputs and specification.announces_resolve:
        yield ", and once more when it is over", "/raise/resolved"
    yield from _say_silence(specification)
    if specification.expires_at is not None:
        yield f", until {specification.expires_at:%Y-%m-%d %H:%M %Z}", "/expires_at"
    if specification.any_key:
        yield ", each key on its own", "/watch/facts"
    yield ".", ""


class _Namer:
    """Calls facts by as little as tells them apart."""

    def __init__(self, specification: Specification) -> None:
        self._several = len({fact.series for fact in specification.facts}) > 1

    def name(self, fact: FactPath) -> str:
        """Call a fact: ``MSFT latestPrice``, ``latestPrice of any key``."""
        dataset = fact.dataset
        if self._several:
            dataset = f"{fact.workspace}:{dataset}"
        if fact.any_key:
            return f"{fact.field} of any {dataset} key"
        if fact.named_key == ONLY_KEY:
            return f"{dataset} {fact.field}"
        where = f" in {dataset}" if self._several else ""
        return f"{fact.named_key} {fact.field}{where}"

    def name_beside(self, fact: FactPath, left: FactPath) -> str:
        """Call a right side; ``*`` on both sides means one and the same key."""
        if not (fact.any_key and left.any_key):
            return self.name(fact)
        if fact.series == left.series:
            return f"its {fact.field}"
        return f"its {fact.field} in {fact.workspace}:{fact.dataset}"


def _say(node: Node, pointer: str, namer: _Namer) -> Iterator[Part]:
    match node:
        case Condition():
            yield from _say_condition(node, pointer, namer)
        case Negation(member=member):
            yield from _say_negation(member, pointer, namer)
        case Spell(member=member, modifier=modifier):
            yield from _say_inside(member, pointer, namer)
            yield f" ({modifier.say()})", f"{pointer}/{modifier.name}"
        case InSequence():
            yield from _say_sequence(node, pointer, namer)
        case Group(kind=kind, members=members):
            between = " and " if kind is GroupKind.ALL else " or "
            for place, member in enumerate(members):
                if place:
                    yield between, pointer
                yield from _say_inside(member, f"{pointer}/{kind}/{place}", namer)


def _say_negation(member: Node, pointer: str, namer: _Namer) -> Iterator[Part]:
    inside = f"{pointer}/not"
    if isinstance(member, Condition) and _is_flag(member):
        yield from _say_condition(member, inside, namer, is_so=False)
    else:
        yield "it is not so that ", pointer
        yield from _say_inside(member, inside, namer)


def _say_sequence(node: InSequence, pointer: str, namer: _Namer) -> Iterator[Part]:
    for place, step in enumerate(node.steps):
        if place:
            yield ", then at a later event ", f"{pointer}/sequence"
        yield from _say_inside(step, f"{pointer}/sequence/{place}", namer)
    yield f" within {say_duration(node.within)}", f"{pointer}/within"
    if node.without is not None:
        yield ", and at no event between them ", f"{pointer}/without"
        yield from _say_inside(node.without, f"{pointer}/without", namer)


def _say_inside(node: Node, pointer: str, namer: _Namer) -> Iterator[Part]:
    """Say a member; what holds more than one condition or a "not" goes in brackets."""
    bracketed = not isinstance(node, Condition | Spell) and not _is_single(node)
    if bracketed:
        yield "(", pointer
    yield from _say(node, pointer, namer)
    if bracketed:
        yield ")", pointer


def _is_single(node: Group | Negation | InSequence) -> bool:
    if isinstance(node, Negation):
        return isinstance(node.member, Condition) and _is_flag(node.member)
    return isinstance(node, Group) and len(node.members) == 1


def _is_flag(condition: Condition) -> bool:
    """Tell whether it says ``is true``, of which the opposite is ``is not true``."""
    wanted = condition.wanted
    is_boolean = isinstance(wanted, Constant) and isinstance(wanted.value, bool)
    return condition.op == "eq" and is_boolean


def _say_condition(
    condition: Condition, pointer: str, namer: _Namer, *, is_so: bool = True
) -> Iterator[Part]:
    yield from _say_left(condition, pointer, namer)
    operator, wanted = condition.operator, condition.wanted
    if isinstance(wanted, Scores):
        yield from _say_unusual(condition, wanted, pointer)
        return

    of_type = type_of(wanted.value) if isinstance(wanted, Constant) else None
    opposite = "" if is_so else " not"
    yield f" {operator.label_for(of_type)}{opposite}", f"{pointer}/op"

    def name(fact: FactPath) -> str:
        return namer.name_beside(fact, condition.fact)

    said = say_wanted(operator, wanted, name)
    if said:
        yield " ", f"{pointer}/op"
        place = "by" if operator.operand is Operand.AMOUNT else "value"
        yield said, f"{pointer}/{place}"
    if condition.ignore_case:
        yield " in any case", f"{pointer}/ignore_case"
    if condition.zone:
        yield f" ({condition.zone} time)", f"{pointer}/zone"
    yield from _say_within(condition, pointer)
    if condition.since is not None:
        since = " since the last alert, at first since the first value"
        yield since, f"{pointer}/since"


def _say_unusual(condition: Condition, scores: Scores, pointer: str) -> Iterator[Part]:
    yield f" is {call_unusual(scores)} (", f"{pointer}/op"
    yield say_scores(scores), f"{pointer}/value"
    if condition.window is not None:
        before = f" the median of {condition.window.say_before()}"
        yield before, f"{pointer}/over"
    yield ")", f"{pointer}/op"


def _say_left(condition: Condition, pointer: str, namer: _Namer) -> Iterator[Part]:
    name, window = namer.name(condition.fact), condition.window
    if window is None or condition.operator.reaches or condition.operator.deviates:
        yield name, f"{pointer}/fact"
    else:
        yield window.say(name), f"{pointer}/over"


def _say_within(condition: Condition, pointer: str) -> Iterator[Part]:
    window, operator = condition.window, condition.operator
    if window is None or not operator.reaches:
        return
    if operator.extends:
        yield f" {window.say_extent()}", f"{pointer}/within"
    else:
        yield f" from {window.say_base(operator.id)}", f"{pointer}/within"


def _say_raise(specification: Specification, namer: _Namer) -> Iterator[Part]:
    if specification.kind is RuleKind.STATE:
        yield "open ", "/kind"
    else:
        yield "raise ", "/kind"
    yield _SEVERITY_SAID[specification.severity], "/severity"
    yield from _say_ladder(specification.ladder, namer)
    if specification.mode is Mode.ON_WINDOW_CLOSE:
        yield " once a window is final", "/raise/mode"
    if specification.kind is RuleKind.STATE:
        yield from _say_recovery(specification.recover, namer)
        yield from _say_reminders(specification)
    elif specification.mode is Mode.ON_ENTER:
        yield " when it becomes so", "/raise/mode"
    elif specification.mode is Mode.ONCE:
        yield " once, then turn off", "/raise/mode"
    elif specification.mode is Mode.ONCE_PER_KEY:
        once = " once for each key" if specification.any_key else " once"
        yield once, "/raise/mode"
    elif specification.again_if_moved is not None:
        far = say_amount(specification.again_if_moved)
        yield f" and another when it has moved by {far}", "/raise/again_if_moved"


def _say_ladder(ladder: tuple[SeverityStep, ...], namer: _Namer) -> Iterator[Part]:
    for place, step in enumerate(ladder):
        pointer = f"/ladder/{place}"
        yield " (" if place == 0 else "; ", pointer
        yield f"{_STEP_SAID[step.severity]} while ", f"{pointer}/is"
        yield from _say(step.when, f"{pointer}/when", namer)
    if ladder:
        yield ")", "/ladder"


_STEP_SAID = {
    Severity.CRITICAL: "critical",
    Severity.WARNING: "a warning",
    Severity.INFO: "a notice",
}


def _say_reminders(specification: Specification) -> Iterator[Part]:
    """Say when an alert that stays open is told of again."""
    every, moved = specification.remind_every, specification.again_if_moved
    if every is None and moved is None:
        return
    yield ", reminding", "/raise"
    if every is not None:
        yield f" once {say_every(every)}", "/raise/remind_every"
    if moved is not None:
        both = " and" if every is not None else ""
        far = say_amount(moved)
        yield f"{both} whenever it has moved by {far}", "/raise/again_if_moved"


def _say_recovery(recover: Recovery, namer: _Namer) -> Iterator[Part]:
    if recover.when is None:
        yield " until it is no longer so", "/kind"
    else:
        yield " until ", "/recover/when"
        yield from _say(recover.when, "/recover/when", namer)
    if recover.hold:
        yield f" for {say_duration(recover.hold)}", "/recover/hold"


def _say_active(specification: Specification) -> Iterator[Part]:
    active = specification.active
    if active is None:
        return
    words = []
    if active.hours is not None:
        words.append(f"from {active.hours.start:%H:%M} to {active.hours.end:%H:%M}")
    if active.days != WEEKDAYS:
        words.append(f"on {say_list([DAYS[day] for day in active.days], 'and')}")
    if active.holidays:
        holidays = len(active.holidays)
        words.append(f"except {holidays} holiday{'' if holidays == 1 else 's'}")
    yield f" ({', '.join([*words, f'{active.zone} time'])})", "/active"


def _say_silence(specification: Specification) -> Iterator[Part]:
    no_data = specification.no_data
    if no_data is None or no_data.then is OnSilence.KEEP:
        return
    does = "tell" if no_data.then is OnSilence.ALERT else "resolve"
    yield f", and {does} when silent for {say_duration(no_data.after)}", "/no_data"


_SEVERITY_SAID = {
    Severity.CRITICAL: "a critical alert",
    Severity.WARNING: "a warning",
    Severity.INFO: "a notice",
}


def _say_outputs(outputs: tuple[OutputUse, ...]) -> Iterator[Part]:
    for place, use in enumerate(outputs):
        yield " and tell " if place == 0 else " and ", "/outputs"
        yield use.output, f"/outputs/{place}/output"
        often = f"at most once {say_every(use.cool_down)}"
        if not use.cool_down:
            often = "every time"
        yield f" {often}", f"/outputs/{place}/at_most_every"
