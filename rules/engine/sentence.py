"""Every definition renders to one plain English sentence.

``When MSFT latestPrice is at or below 310, raise a warning and tell email-me at most
once every minute.``
"""

from collections.abc import Iterator

from rules.engine.durations import say_duration
from rules.engine.paths import ONLY_KEY, FactPath
from rules.engine.specification import (
    Condition,
    Constant,
    Group,
    GroupKind,
    Mode,
    Negation,
    Node,
    OutputUse,
    RuleKind,
    Severity,
    Specification,
)
from rules.engine.values import show, type_of

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
    yield from _say(specification.when, "/when", _Namer(specification))
    yield ", ", ""
    yield from _say_raise(specification)
    yield from _say_outputs(specification.outputs)
    if specification.any_key:
        yield ", each key on its own", "/watch/facts"
    yield ".", ""


class _Namer:
    """Calls facts by as little as tells them apart."""

    def __init__(self, specification: Specification) -> None:
        self._several = len({fact.series for fact in specification.facts}) > 1

    def name(self, fact: FactPath) -> str:
        """Call a fact: ``MSFT latestPrice``, ``latestPrice of any key``."""
        whose = f" in {fact.workspace}:{fact.dataset}" if self._several else ""
        if fact.any_key:
            return f"{fact.field} of any {fact.dataset} key{whose}"
        if fact.subject == ONLY_KEY:
            return f"{fact.dataset} {fact.field}{whose}"
        return f"{fact.subject} {fact.field}{whose}"


def _say(node: Node, pointer: str, namer: _Namer) -> Iterator[Part]:
    match node:
        case Condition():
            yield from _say_condition(node, pointer, namer)
        case Negation(member=member):
            yield "it is not so that ", pointer
            yield from _say_inside(member, f"{pointer}/not", namer)
        case Group(kind=kind, members=members):
            between = " and " if kind is GroupKind.ALL else " or "
            for place, member in enumerate(members):
                if place:
                    yield between, pointer
                yield from _say_inside(member, f"{pointer}/{kind}/{place}", namer)


def _say_inside(node: Node, pointer: str, namer: _Namer) -> Iterator[Part]:
    """Say a member; a group of several stands in brackets, so that it is clear."""
    bracketed = isinstance(node, Group) and len(node.members) > 1
    if bracketed:
        yield "(", pointer
    yield from _say(node, pointer, namer)
    if bracketed:
        yield ")", pointer


def _say_condition(condition: Condition, pointer: str, namer: _Namer) -> Iterator[Part]:
    yield namer.name(condition.fact), f"{pointer}/fact"
    wanted = condition.wanted
    if isinstance(wanted, Constant):
        label = condition.operator.label_for(type_of(wanted.value))
        yield f" {label} ", f"{pointer}/op"
        yield show(wanted.value), f"{pointer}/value"
    else:
        yield f" {condition.operator.label} ", f"{pointer}/op"
        yield namer.name(wanted), f"{pointer}/value"


def _say_raise(specification: Specification) -> Iterator[Part]:
    if specification.kind is RuleKind.STATE:
        yield "open ", "/kind"
    else:
        yield "raise ", "/kind"
    yield _SEVERITY_SAID[specification.severity], "/severity"
    if specification.kind is RuleKind.STATE:
        yield " until it is no longer so", "/kind"
    elif specification.mode is Mode.ON_ENTER:
        yield " when it becomes so", "/raise/mode"


_SEVERITY_SAID = {
    Severity.CRITICAL: "a critical alert",
    Severity.WARNING: "a warning",
    Severity.INFO: "a notice",
}


def _say_outputs(outputs: tuple[OutputUse, ...]) -> Iterator[Part]:
    for place, use in enumerate(outputs):
        yield " and tell " if place == 0 else " and ", "/outputs"
        yield use.output, f"/outputs/{place}/output"
        if use.cool_down:
            often = f" at most once every {say_duration(use.cool_down)}"
        else:
            often = " every time"
        yield often.replace("every 1 ", "every "), f"/outputs/{place}/at_most_every"
